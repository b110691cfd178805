//! One effective value per key, and where it came from: flag, then `UT_…` variable, then the
//! nearest `ut.toml`, then the user's file, then the default.

mod environment;
mod fit;
mod keys;
mod layers;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
pub use environment::Environment;
pub use keys::{KEYS, Key, Kind, LISTS, List};
pub use value::{Item, Origin, Value};

use super::device::{Choice, Precision};
use super::error::{Fault, nearest};
use super::name::Name;
use layers::Layer;

/// The configuration as read: the layers, strongest first.
#[derive(Debug, Clone)]
pub struct Config {
    layers: Vec<Layer>,
    files: Vec<PathBuf>,
}

/// A key with all the values it has been given, the effective one first.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The key's, or for one breaker or experiment: `breakers.db.threshold`.
    pub name: &'a str,
    pub key: &'static Key,
    pub values: Vec<&'a Value>,
}

impl Config {
    /// Reads the variables and files. `explicit` replaces the search for `ut.toml`.
    pub fn load(env: &Environment, explicit: Option<&Path>) -> Result<Self, Fault> {
        let project = match explicit {
            Some(path) => Some(path.to_path_buf()),
            None => env.find_upward("ut.toml"),
        };
        let files: Vec<_> = project.into_iter().chain(env.user_config_file()).collect();
        let mut layers = vec![Layer::from_variables(env)?];
        for file in &files {
            layers.push(Layer::from_file(file)?);
        }
        Ok(Self { layers, files })
    }

    /// The configuration as it is for one breaker: what is said of it goes before what is said of all.
    #[must_use]
    pub fn for_breaker(&self, name: &Name) -> Self {
        self.for_one("breakers", name.as_str())
    }

    /// The same for one experiment.
    #[must_use]
    pub fn for_experiment(&self, name: &str) -> Self {
        self.for_one("cleanup", name)
    }

    fn for_one(&self, section: &str, name: &str) -> Self {
        let layers = self.layers.iter().map(|layer| layer.for_one(section, name)).collect();
        Self { layers, files: self.files.clone() }
    }

    /// The experiments that the configuration names.
    pub fn experiments(&self) -> BTreeSet<&str> {
        self.layers.iter().flat_map(|layer| layer.names_in("cleanup")).collect()
    }

    /// The breakers that the configuration names.
    pub fn breakers(&self) -> BTreeSet<Name> {
        let names = self.layers.iter().flat_map(|layer| layer.names_in("breakers"));
        names.filter_map(|name| name.parse().ok()).collect()
    }

    /// The configuration files that were read, the strongest first.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Every key that the catalogue knows, with its values; then what is said of single breakers.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let all = KEYS.iter().map(|key| (key.name, key));
        let named: BTreeMap<_, _> = self.layers.iter().flat_map(Layer::named).collect();
        all.chain(named).map(|(name, key)| Entry { name, key, values: self.values(name).collect() })
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.layers.iter().filter_map(move |layer| layer.get(name))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        debug_assert!(KEYS.iter().any(|k| k.name == name), "{name} is not in the catalogue");
        self.values(name).next()
    }

    /// A path, relative ones resolved against the folder of the file that named them.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.value(name).map(Value::path)
    }

    /// A text, or one of a choice.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::text)
    }

    /// A whole number of at least one.
    pub fn count(&self, name: &str) -> Option<usize> {
        self.value(name).and_then(Value::count)
    }

    /// A whole number.
    pub fn whole(&self, name: &str) -> Option<u32> {
        self.value(name).and_then(|v| v.data.as_integer()).and_then(|n| n.try_into().ok())
    }

    /// A number of things, or a share of them, as it is written.
    pub fn count_or_share(&self, name: &str) -> Option<String> {
        let data = &self.value(name)?.data;
        data.as_str().map(str::to_owned).or_else(|| Some(data.as_integer()?.to_string()))
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.value(name).and_then(Value::texts)
    }

    /// The tables of a list. A list is one value: the strongest source that has it has all of it.
    pub fn items(&self, list: &str) -> &[Item] {
        self.layers.iter().find_map(|layer| layer.items(list)).unwrap_or_default()
    }

    /// What is said of each name.
    pub fn table(&self, name: &str) -> Option<&toml::Table> {
        self.value(name)?.data.as_table()
    }

    /// Where the effective value was said.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.value(name).map(|value| &value.origin)
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.value(name).and_then(Value::number)
    }

    /// Whether something is switched on.
    pub fn is_on(&self, name: &str) -> bool {
        self.value(name).and_then(Value::is_on).unwrap_or(false)
    }

    /// A length of time.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.value(name).and_then(Value::duration)
    }

    /// What to compute on.
    pub fn device(&self, name: &str) -> Option<Choice> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    /// How a GPU multiplies.
    pub fn precision(&self, name: &str) -> Option<Precision> {
        self.text(name).and_then(|text| Precision::from_str(text, false).ok())
    }

    /// A list of numbers.
    pub fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let list = self.value(name)?.data.as_array()?;
        Some(list.iter().filter_map(value::number).collect())
    }
}

/// The complaint about a key that the catalogue lacks.
fn unknown_key(name: &str, at: &Origin) -> Fault {
    let fault = Fault::usage(format!("{at}: there is no setting `{name}`"));
    match nearest(name, KEYS.iter().map(|k| k.name)) {
        Some(known) => fault.hint(format!("did you mean `{known}`?")),
        None => fault.hint("`ut config show --all` lists every setting"),
    }
}
