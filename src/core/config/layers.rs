//! One source of settings: the variables, or a file. Each value keeps where it was said.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::fit::{check, from_text};
use super::keys::{KEYS, Key, LISTS, List, NAMED};
use super::unknown_key;
use super::value::{Item, Origin, Value};
use crate::core::error::{Fault, nearest};
use crate::core::name::Name;

/// The settings of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    values: BTreeMap<String, Value>,
    /// What each list holds, in the order of the file.
    items: BTreeMap<&'static str, Vec<Item>>,
}

impl Layer {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    pub(super) fn items(&self, list: &str) -> Option<&[Item]> {
        self.items.get(list).map(Vec::as_slice)
    }

    /// What is said of single breakers and experiments: full names, and what it says in general.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &'static Key)> {
        self.values.keys().filter_map(|name| {
            // A name may contain dots, a setting does not.
            let (one, setting) = name.rsplit_once('.')?;
            let (section, _) = one.split_once('.')?;
            let key = KEYS.iter().find(|k| k.name == format!("{section}.{setting}"))?;
            Some((name.as_str(), key))
        })
    }

    /// The names that a section has tables for.
    pub(super) fn names_in(&self, section: &str) -> impl Iterator<Item = &str> {
        self.values.keys().filter_map(move |name| {
            let (one, _) = name.rsplit_once('.')?;
            one.strip_prefix(section)?.strip_prefix('.')
        })
    }

    /// With what is said of one of a section in the place of what is said of all.
    pub(super) fn for_one(&self, section: &str, name: &str) -> Self {
        let mut own = self.clone();
        for key in KEYS {
            let setting = key.name.strip_prefix(section).unwrap_or_default();
            if let Some(value) = self.values.get(&format!("{section}.{name}{setting}")) {
                own.values.insert(key.name.to_owned(), value.clone());
            }
        }
        own
    }

    /// The `UT_…` variables that name a key. Others may belong to other programs and are left alone.
    pub(super) fn from_variables(env: &Environment) -> Result<Self, Fault> {
        let mut layer = Self::default();
        for key in KEYS {
            let variable = key.variable();
            if let Some(text) = env.get(&variable) {
                let data = from_text(key.kind, &text);
                layer.insert(key, key.name.to_owned(), data, Origin::Variable(variable))?;
            }
        }
        Ok(layer)
    }

    pub(super) fn from_file(path: &Path) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Fault::usage(format!("cannot read the configuration {}", path.display())).because(e)
        })?;
        let line_of = |offset: usize| {
            1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..offset.min(text.len())]).count()
        };
        let origin = |offset| Origin::File { path: path.to_path_buf(), line: line_of(offset) };
        let tables = DeTable::parse(&text).map_err(|e| {
            let at = origin(e.span().map_or(0, |span| span.start));
            Fault::usage(format!("{at}: {}", e.message().trim_end()))
        })?;
        let mut layer = Self::default();
        for (section, table) in tables.get_ref() {
            let at = origin(section.span().start);
            let DeValue::Table(table) = table.get_ref() else {
                return Err(unknown_key(section.get_ref(), &at));
            };
            for (name, value) in table {
                let at = origin(name.span().start);
                match value.get_ref() {
                    DeValue::Table(own) if NAMED.contains(&section.get_ref().as_ref()) => {
                        layer.insert_named(section.get_ref(), name.get_ref(), own, &at, origin)?;
                    }
                    value => {
                        let full = format!("{}.{}", section.get_ref(), name.get_ref());
                        match LISTS.iter().find(|list| list.name == full) {
                            Some(list) => layer.insert_items(list, value, &at, origin)?,
                            None => layer.insert(known(&full, &at)?, full, owned(value), at)?,
                        }
                    }
                }
            }
        }
        Ok(layer)
    }

    /// The settings of one breaker or experiment.
    fn insert_named(
        &mut self,
        section: &str,
        name: &str,
        table: &DeTable<'_>,
        at: &Origin,
        origin: impl Fn(usize) -> Origin,
    ) -> Result<(), Fault> {
        if section == "breakers"
            && let Err(wrong) = name.parse::<Name>()
        {
            return Err(Fault::usage(format!("{at}: \"{name}\" cannot be a breaker: {wrong}")));
        }
        for (setting, value) in table {
            let at = origin(setting.span().start);
            let key = known(&format!("{section}.{}", setting.get_ref()), &at)?;
            if !key.is_for_one() {
                let all = format!("{at}: `{}` holds for all experiments", key.name);
                return Err(Fault::usage(all).hint(format!("it belongs in [{section}]")));
            }
            let full = format!("{section}.{name}.{}", setting.get_ref());
            self.insert(key, full, owned(value.get_ref()), at)?;
        }
        Ok(())
    }

    /// The tables of a list: `[[health.check]]`.
    fn insert_items(
        &mut self,
        list: &'static List,
        value: &DeValue<'_>,
        at: &Origin,
        origin: impl Fn(usize) -> Origin,
    ) -> Result<(), Fault> {
        let wrong = || {
            let fault = Fault::usage(format!("{at}: `{}` is no list of tables", list.name));
            fault.hint(format!("begin each one with [[{}]]", list.name))
        };
        let DeValue::Array(tables) = value else { return Err(wrong()) };
        let mut items = Vec::new();
        for table in tables {
            let DeValue::Table(fields) = table.get_ref() else { return Err(wrong()) };
            let mut item = Item::new(origin(table.span().start));
            for (name, value) in fields {
                let at = origin(name.span().start);
                let key = list.field(name.get_ref()).ok_or_else(|| {
                    let fault = Fault::usage(format!(
                        "{at}: there is no setting `{}` in [[{}]]",
                        name.get_ref(),
                        list.name
                    ));
                    match nearest(name.get_ref(), list.fields.iter().map(|key| key.name)) {
                        Some(near) => fault.hint(format!("did you mean `{near}`?")),
                        None => fault,
                    }
                })?;
                item.insert(key.name, fitting(key, key.name, owned(value.get_ref()), at)?);
            }
            items.push(item);
        }
        self.items.insert(list.name, items);
        Ok(())
    }

    /// `name` is the key's, or that of one breaker's.
    fn insert(
        &mut self,
        key: &'static Key,
        name: String,
        data: toml::Value,
        origin: Origin,
    ) -> Result<(), Fault> {
        let value = fitting(key, &name, data, origin)?;
        self.values.insert(name, value);
        Ok(())
    }
}

fn fitting(
    key: &'static Key,
    name: &str,
    data: toml::Value,
    origin: Origin,
) -> Result<Value, Fault> {
    check(key.kind, &data).map_err(|wrong| {
        let fault = Fault::usage(format!("{origin}: `{name}` {}", wrong.what));
        wrong.hint.into_iter().fold(fault, Fault::hint)
    })?;
    Ok(Value { data, origin })
}

fn known(name: &str, at: &Origin) -> Result<&'static Key, Fault> {
    KEYS.iter().find(|k| k.name == name).ok_or_else(|| unknown_key(name, at))
}

/// A value out of a parsed file. Dates have no use in any setting: they stay text.
fn owned(value: &DeValue<'_>) -> toml::Value {
    match value {
        DeValue::String(s) => toml::Value::String(s.to_string()),
        DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix())
            .map_or_else(|_| toml::Value::String(i.to_string()), toml::Value::Integer),
        DeValue::Float(x) => x
            .as_str()
            .parse()
            .map_or_else(|_| toml::Value::String(x.to_string()), toml::Value::Float),
        DeValue::Boolean(b) => toml::Value::Boolean(*b),
        DeValue::Datetime(d) => toml::Value::String(d.to_string()),
        DeValue::Array(a) => toml::Value::Array(a.iter().map(|v| owned(v.get_ref())).collect()),
        DeValue::Table(t) => toml::Value::Table(
            t.iter().map(|(k, v)| (k.get_ref().to_string(), owned(v.get_ref()))).collect(),
        ),
    }
}
