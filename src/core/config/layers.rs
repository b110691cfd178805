//! One source of settings: the variables, or a file. Each value keeps where it was said.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::keys::{KEYS, Key, Kind, NAMED};
use super::unknown_key;
use crate::core::device::Choice;
use crate::core::error::{Fault, nearest};
use crate::core::name::Name;

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
    pub(super) fn path(&self) -> PathBuf {
        let path = PathBuf::from(self.data.as_str().unwrap_or_default());
        match &self.origin {
            Origin::File { path: file, .. } if path != Path::new("-") => {
                file.parent().unwrap_or(Path::new("")).join(path)
            }
            _ => path,
        }
    }
}

/// The settings of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer(BTreeMap<String, Value>);

impl Layer {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// What is said of single breakers and experiments: full names, and what it says in general.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &'static Key)> {
        self.0.keys().filter_map(|name| {
            // A name may contain dots, a setting does not.
            let (one, setting) = name.rsplit_once('.')?;
            let (section, _) = one.split_once('.')?;
            let key = KEYS.iter().find(|k| k.name == format!("{section}.{setting}"))?;
            Some((name.as_str(), key))
        })
    }

    /// The names that a section has tables for.
    pub(super) fn names_in(&self, section: &str) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(move |name| {
            let (one, _) = name.rsplit_once('.')?;
            one.strip_prefix(section)?.strip_prefix('.')
        })
    }

    /// With what is said of one of a section in the place of what is said of all.
    pub(super) fn for_one(&self, section: &str, name: &str) -> Self {
        let mut own = self.clone();
        for key in KEYS {
            let setting = key.name.strip_prefix(section).unwrap_or_default();
            if let Some(value) = self.0.get(&format!("{section}.{name}{setting}")) {
                own.0.insert(key.name.to_owned(), value.clone());
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
                        layer.insert(known(&full, &at)?, full, owned(value), at)?;
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

    /// `name` is the key's, or that of one breaker's.
    fn insert(
        &mut self,
        key: &'static Key,
        name: String,
        data: toml::Value,
        origin: Origin,
    ) -> Result<(), Fault> {
        check(key, &data).map_err(|wrong| {
            let fault = Fault::usage(format!("{origin}: `{name}` {}", wrong.what));
            wrong.hint.into_iter().fold(fault, Fault::hint)
        })?;
        self.0.insert(name, Value { data, origin });
        Ok(())
    }
}

fn known(name: &str, at: &Origin) -> Result<&'static Key, Fault> {
    KEYS.iter().find(|k| k.name == name).ok_or_else(|| unknown_key(name, at))
}

/// A variable's text as the kind wants it; what does not fit stays text, for [`check`] to refuse.
fn from_text(kind: Kind, text: &str) -> toml::Value {
    let as_text = || toml::Value::String(text.to_owned());
    match kind {
        Kind::Path | Kind::Text | Kind::Choice(_) | Kind::Duration | Kind::Device => as_text(),
        Kind::Named | Kind::NamedTwice => {
            let table = toml::from_str::<toml::Table>(&format!("all = {text}"));
            table.ok().and_then(|mut table| table.remove("all")).unwrap_or_else(as_text)
        }
        Kind::CountOrShare => text.parse().map_or_else(|_| as_text(), toml::Value::Integer),
        Kind::Texts => toml::Value::Array(
            text.split(',').map(|part| toml::Value::String(part.trim().to_owned())).collect(),
        ),
        Kind::Count | Kind::Whole | Kind::CountUpTo(_) => {
            text.parse().map_or_else(|_| as_text(), toml::Value::Integer)
        }
        Kind::Between(..) => text.parse().map_or_else(|_| as_text(), toml::Value::Float),
        Kind::Switch => match text {
            "1" | "true" => toml::Value::Boolean(true),
            "0" | "false" => toml::Value::Boolean(false),
            _ => as_text(),
        },
        Kind::Fractions => text
            .split(',')
            .map(|part| part.trim().parse().map(toml::Value::Float))
            .collect::<Result<_, _>>()
            .map_or_else(|_| as_text(), toml::Value::Array),
    }
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

/// A number, whole or not.
pub(super) fn number(value: &toml::Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|i| i as f64))
}

/// A text that says something.
fn is_said(value: &toml::Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

struct Wrong {
    what: String,
    hint: Option<String>,
}

/// Whether a value fits its key.
fn check(key: &Key, data: &toml::Value) -> Result<(), Wrong> {
    let wrong =
        |wanted: &str| Wrong { what: format!("is {data}, {wanted} was expected"), hint: None };
    let text = data.as_str();
    match key.kind {
        Kind::Path => match text {
            Some(text) if !text.is_empty() => Ok(()),
            _ => Err(wrong("a path")),
        },
        Kind::Choice(allowed) => match text {
            Some(text) if allowed.contains(&text) => Ok(()),
            other => Err(Wrong {
                hint: other
                    .and_then(|t| nearest(t, allowed.iter().copied()))
                    .map(|near| format!("did you mean \"{near}\"?")),
                ..wrong(&format!("one of {}", allowed.join(", ")))
            }),
        },
        Kind::Text => match text {
            Some(text) if !text.trim().is_empty() => Ok(()),
            _ => Err(wrong("a text")),
        },
        Kind::Texts => match data.as_array() {
            Some(list) if list.iter().all(toml::Value::is_str) => Ok(()),
            _ => Err(wrong("a list of texts")),
        },
        Kind::Whole => match data.as_integer() {
            Some(0..=4_294_967_295) => Ok(()),
            _ => Err(wrong("a whole number")),
        },
        Kind::CountOrShare => match (data.as_integer(), text.and_then(|t| t.strip_suffix('%'))) {
            (Some(0..), _) => Ok(()),
            (_, Some(share)) if share.trim().parse().is_ok_and(|x| (0.0..=100.0).contains(&x)) => {
                Ok(())
            }
            _ => Err(wrong("a number, or a share such as \"20%\"")),
        },
        Kind::Count => match data.as_integer() {
            Some(1..) => Ok(()),
            _ => Err(wrong("a whole number of at least 1")),
        },
        Kind::CountUpTo(most) => match data.as_integer() {
            Some(n) if (1..=most).contains(&n) => Ok(()),
            _ => Err(wrong(&format!("a whole number from 1 to {most}"))),
        },
        Kind::Between(least, most) => match number(data) {
            Some(x) if (least..=most).contains(&x) => Ok(()),
            _ => Err(wrong(&format!("a number from {least} to {most}"))),
        },
        Kind::Switch => match data.as_bool() {
            Some(_) => Ok(()),
            None => Err(wrong("true or false")),
        },
        Kind::Device => match text.map(str::parse::<Choice>) {
            Some(Ok(_)) => Ok(()),
            _ => Err(wrong("auto, cpu, cuda or cuda:N")),
        },
        Kind::Duration => match text.map(humantime::parse_duration) {
            Some(Ok(_)) => Ok(()),
            _ => Err(wrong("a length of time such as 30min")),
        },
        Kind::Named => match data.as_table() {
            Some(table) if table.values().all(is_said) => Ok(()),
            _ => Err(wrong("a text for each name")),
        },
        Kind::NamedTwice => {
            let is_named = |value: &toml::Value| {
                value.as_table().is_some_and(|table| table.values().all(is_said))
            };
            match data.as_table() {
                Some(table) if table.values().all(is_named) => Ok(()),
                _ => Err(wrong("`{ CODE = { NAME = \"reason\" } }`")),
            }
        }
        Kind::Fractions => match data.as_array() {
            Some(list)
                if list.iter().all(|v| number(v).is_some_and(|x| (0.0..=1.0).contains(&x))) =>
            {
                Ok(())
            }
            _ => Err(wrong("a list of numbers between 0 and 1")),
        },
    }
}
