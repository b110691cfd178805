//! Whether what is said is what a setting holds.

use super::keys::Kind;
use super::value::number;
use crate::core::device::Choice;
use crate::core::error::nearest;

/// A variable's text as the kind wants it; what does not fit stays text, for [`check`] to refuse.
pub(super) fn from_text(kind: Kind, text: &str) -> toml::Value {
    let as_text = || toml::Value::String(text.to_owned());
    match kind {
        Kind::Path
        | Kind::Text
        | Kind::Secret
        | Kind::Choice(_)
        | Kind::Duration
        | Kind::Device => as_text(),
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

/// A text that says something.
fn is_said(value: &toml::Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// Why a value does not fit.
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) hint: Option<String>,
}

/// Whether a value is of this kind.
pub(super) fn check(kind: Kind, data: &toml::Value) -> Result<(), Wrong> {
    let wrong = |wanted: &str| {
        let said = if kind == Kind::Secret { "…".to_owned() } else { data.to_string() };
        Wrong { what: format!("is {said}, {wanted} was expected"), hint: None }
    };
    let text = data.as_str();
    match kind {
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
        Kind::Text | Kind::Secret => match text {
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
