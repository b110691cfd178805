//! A value of a YAML document that knows where it was written.

use std::fmt::Write as _;
use std::rc::Rc;

use indexmap::IndexMap;

use super::finding::{Code, Finding};
use super::source::Span;

pub(super) type Text = Rc<str>;
pub(super) type Map = IndexMap<Text, Entry>;

/// A value, the place it was written at, and how it came to where it is used.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub value: Value,
    pub span: Span,
    pub via: Option<Via>,
    /// Marked `!override`: takes the place of what other files say.
    pub is_override: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// From the least of 64 bits with a sign to the largest without.
    Int(i128),
    Float(f64),
    Text(Text),
    /// A date or a time without quotes, which Compose takes for one; as Go prints it.
    Time(Text),
    List(Vec<Node>),
    Map(Map),
    /// Marked `!reset`: takes away what other files say.
    Reset,
    /// Something was wrong with it, which has been said: nothing more is asked of it.
    Bad,
}

/// The value of a key.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Where the key was written.
    pub key: Span,
    pub node: Node,
}

/// Another place that a value came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Via {
    pub span: Span,
    pub how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Alias,
    Merge,
    Variable,
    Extends,
}

impl How {
    /// What a finding says at that place.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Alias => "the anchor is used here",
            Self::Merge => "merged from here",
            Self::Variable => "the variable is set here",
            Self::Extends => "extended here",
        }
    }
}

impl Node {
    pub(super) fn new(value: Value, span: Span) -> Self {
        Self { value, span, via: None, is_override: false }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    pub(super) fn is_bad(&self) -> bool {
        matches!(self.value, Value::Bad)
    }

    /// A finding at this value, which tells what it came through.
    pub(super) fn finding(&self, code: &'static Code, text: impl Into<String>) -> Finding {
        let finding = Finding::new(code, self.span, text);
        match self.via {
            Some(via) => finding.note(via.span, via.how.text()),
            None => finding,
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.get(key).map(|entry| &entry.node)
    }

    /// The value at the end of these keys.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }
}

impl Entry {
    /// A key that nobody wrote, put where it belongs to.
    pub(super) fn implied(value: Value, span: Span) -> Self {
        Self { key: span, node: Node::new(value, span) }
    }
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// What it is, as a message names it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::Time(_) => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
            Self::Reset | Self::Bad => "unknown",
        }
    }

    /// As Go's `fmt.Sprint` writes it, which is how Compose makes texts of scalars.
    pub(super) fn sprint(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => sprint_float(*value),
            Self::Text(text) | Self::Time(text) => text.to_string(),
            Self::Null | Self::Reset | Self::Bad => "<nil>".to_owned(),
            Self::List(list) => {
                let each: Vec<String> = list.iter().map(|node| node.value.sprint()).collect();
                format!("[{}]", each.join(" "))
            }
            Self::Map(map) => {
                let mut each: Vec<String> = map
                    .iter()
                    .map(|(key, entry)| format!("{key}:{}", entry.node.value.sprint()))
                    .collect();
                each.sort();
                format!("map[{}]", each.join(" "))
            }
        }
    }
}

/// `%v`: the fewest digits that tell it, with an exponent below 1e-4 and from 1e6.
fn sprint_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let mut text = digits.to_owned();
    let _ = write!(text, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    text
}

/// How many values a mapping has, at any depth.
pub(super) fn count(map: &Map) -> usize {
    fn of(node: &Node) -> usize {
        match &node.value {
            Value::Map(map) => 1 + count(map),
            Value::List(list) => 1 + list.iter().map(of).sum::<usize>(),
            _ => 1,
        }
    }
    map.values().map(|entry| of(&entry.node)).sum()
}

/// Whether JSON would take the two for the same value.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        #[expect(clippy::float_cmp, reason = "the very same number is meant")]
        (Value::Float(a), Value::Float(b)) => a == b,
        #[expect(clippy::float_cmp, reason = "the very same number is meant")]
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (Value::Text(a), Value::Text(b)) | (Value::Time(a), Value::Time(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.value, &b.value))
        }
        (Value::Map(a), Value::Map(b)) => {
            let is_in_b = |(key, entry): (&Text, &Entry)| {
                b.get(key).is_some_and(|other| same(&entry.node.value, &other.node.value))
            };
            a.len() == b.len() && a.iter().all(is_in_b)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (value, text) in [
            (1.5, "1.5"),
            (1e6, "1e+06"),
            (100_000.0, "100000"),
            (123_456_789.0, "1.23456789e+08"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (-2.0, "-2"),
            (1e21, "1e+21"),
        ] {
            assert_eq!(sprint_float(value), text);
        }
    }
}
