//! Values, and where they were said.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Variable(String),
    File { path: PathBuf, line: usize },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// A value that fits its key, and its origin.
#[derive(Debug, Clone)]
pub struct Value {
    pub data: toml::Value,
    pub origin: Origin,
}

impl Value {
    /// As a path; a relative one in a file is relative to the file. `-` stays what it is.
    pub fn path(&self) -> PathBuf {
        let path = PathBuf::from(self.data.as_str().unwrap_or_default());
        match &self.origin {
            Origin::File { path: file, .. } if path != Path::new("-") => {
                file.parent().unwrap_or(Path::new("")).join(path)
            }
            _ => path,
        }
    }

    /// A text, or one of a choice.
    pub fn text(&self) -> Option<&str> {
        self.data.as_str()
    }

    /// A whole number of at least one.
    pub fn count(&self) -> Option<usize> {
        self.data.as_integer()?.try_into().ok()
    }

    /// A list of texts.
    pub fn texts(&self) -> Option<Vec<String>> {
        Some(self.data.as_array()?.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
    }

    /// A number.
    pub fn number(&self) -> Option<f64> {
        number(&self.data)
    }

    /// Whether something is switched on.
    pub fn is_on(&self) -> Option<bool> {
        self.data.as_bool()
    }

    /// A length of time.
    pub fn duration(&self) -> Option<Duration> {
        humantime::parse_duration(self.text()?).ok()
    }
}

/// A table of a list, such as one `[[health.check]]`.
#[derive(Debug, Clone)]
pub struct Item {
    pub origin: Origin,
    fields: BTreeMap<&'static str, Value>,
}

impl Item {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, fields: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, field: &'static str, value: Value) {
        self.fields.insert(field, value);
    }

    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    /// What is said, and the value.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.fields.iter().map(|(name, value)| (*name, value))
    }
}

/// A number, whole or not.
pub(super) fn number(value: &toml::Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|i| i as f64))
}
