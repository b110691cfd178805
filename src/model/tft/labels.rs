//! Category labels: the text of an input file, matched against a model's typed label tables.

use std::collections::HashMap;

use serde::Deserialize;

/// A label as `model.json` types it. "1" and 1 are different labels; `null` is the missing one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Label {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Missing,
}

impl Label {
    /// Stands for no label; the library writes that as "nan" in columns of text.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Text(text) => text == "nan",
            _ => false,
        }
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(b) => b.fmt(f),
            Self::Int(i) => i.fmt(f),
            Self::Float(x) => x.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Missing => f.write_str("nan"),
        }
    }
}

/// How the labels of a column are typed, which decides how a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool,
    Number,
    Text,
}

/// What a text means in a column of some type; equal keys are equal labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Bool(bool),
    /// Bits of the float that equals the number: labels 1 and 1.0 are one.
    Number(u64),
    Text(String),
    Missing,
}

/// Looks texts up in a table of labels.
#[derive(Debug, Clone)]
pub struct Labels<T> {
    kind: Type,
    table: HashMap<Key, T>,
}

impl<T> Labels<T> {
    pub fn new(entries: impl IntoIterator<Item = (Label, T)>) -> Self {
        let entries: Vec<_> = entries.into_iter().collect();
        let all = |f: fn(&Label) -> bool| {
            let mut typed = entries.iter().map(|(l, _)| l).filter(|l| !l.is_missing()).peekable();
            typed.peek().is_some() && typed.all(f)
        };
        let kind = if all(|l| matches!(l, Label::Bool(_))) {
            Type::Bool
        } else if all(|l| matches!(l, Label::Int(_) | Label::Float(_))) {
            Type::Number
        } else {
            Type::Text
        };
        let table = entries.into_iter().map(|(label, value)| (key_of(label), value)).collect();
        Self { kind, table }
    }

    /// The entry of a text; an empty text is the missing label.
    pub fn get(&self, text: &str) -> Option<&T> {
        if text.is_empty() {
            let spelled = || self.table.get(&Key::Text("nan".to_owned()));
            return self.table.get(&Key::Missing).or_else(spelled);
        }
        let key = match self.kind {
            Type::Bool => match text {
                "true" | "True" | "TRUE" => Key::Bool(true),
                "false" | "False" | "FALSE" => Key::Bool(false),
                _ => return None,
            },
            Type::Number => Key::Number(text.trim().parse::<f64>().ok()?.to_bits()),
            Type::Text => Key::Text(text.to_owned()),
        };
        self.table.get(&key)
    }
}

fn key_of(label: Label) -> Key {
    match label {
        Label::Bool(b) => Key::Bool(b),
        Label::Int(i) => Key::Number((i as f64).to_bits()),
        Label::Float(x) => Key::Number(x.to_bits()),
        Label::Text(text) => Key::Text(text),
        Label::Missing => Key::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(json: &str) -> Labels<u32> {
        Labels::new(serde_json::from_str::<Vec<(Label, u32)>>(json).unwrap())
    }

    #[test]
    fn a_text_is_read_as_the_table_is_typed() {
        let numbers = labels(r#"[["nan",0],[2,1],[10,2]]"#);
        assert_eq!(numbers.get("10"), Some(&2));
        assert_eq!(numbers.get("2.0"), Some(&1));
        assert_eq!(numbers.get("two"), None);
        let texts = labels(r#"[["10",0],["2",1]]"#);
        assert_eq!(texts.get("10"), Some(&0));
        assert_eq!(texts.get("10.0"), None);
        let flags = labels("[[false,0],[true,1]]");
        assert_eq!(flags.get("True"), Some(&1));
    }

    #[test]
    fn an_empty_text_is_the_missing_label() {
        assert_eq!(labels("[[null,0],[1.5,1]]").get(""), Some(&0));
        assert_eq!(labels(r#"[["nan",0],["a",1]]"#).get(""), Some(&0));
        assert_eq!(labels(r#"[["a",0]]"#).get(""), None);
    }
}
