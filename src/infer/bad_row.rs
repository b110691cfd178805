//! What can be wrong with a row, in words.

use crate::core::error::nearest;
use crate::model::tft::{CategoricalColumn, Inputs, MICROS};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Wrong {
    #[error("{got} fields, the head has {expected}")]
    Fields { got: usize, expected: usize },
    #[error("no field {0}")]
    NoField(String),
    #[error("not an object of JSON: {0}")]
    NotJson(String),
    #[error("column {0} is not UTF-8 text")]
    NotText(String),
    #[error("column {0} is empty, a number was expected")]
    Empty(String),
    #[error("column {column} is \"{text}\", {expected} was expected")]
    Value { column: String, text: String, expected: &'static str },
    #[error(
        "{column} \"{text}\" is unknown to the model, which was trained on {known} of them{near}"
    )]
    UnknownLabel { column: String, text: String, known: usize, near: String },
    #[error("{server} has two rows in one step: {earlier} and {this}{step}")]
    Repeated { server: String, earlier: String, this: String, step: String },
    #[error("{server} goes back in time, from {earlier} to {this}")]
    Backwards { server: String, earlier: String, this: String },
    #[error("{server} misses {missing} before this row{step}, and the model allows no gaps")]
    Gap { server: String, missing: String, step: String },
    #[error("{server} has a row every {every}, the model was trained on one every {step}")]
    Sparse { server: String, every: String, step: String },
}

/// A row that cannot be used, and where it stands.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct BadRow {
    pub line: u64,
    pub wrong: Wrong,
}

impl Wrong {
    /// The same in a word, for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Repeated { .. } => "duplicate",
            Self::Backwards { .. } => "late",
            Self::Gap { .. } | Self::Sparse { .. } => "gap",
            _ => "invalid",
        }
    }

    pub(super) fn value(column: &str, text: &str, expected: &'static str) -> Self {
        Self::Value { column: column.to_owned(), text: shortened(text), expected }
    }

    pub(super) fn unknown_label(column: &CategoricalColumn, text: &str) -> Self {
        let near = nearest(text, column.names()).map(|near| format!(" (did you mean {near}?)"));
        Self::UnknownLabel {
            column: column.name.clone(),
            text: shortened(text),
            known: column.known(),
            near: near.unwrap_or_default(),
        }
    }
}

/// A hostile field must not fill the screen.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// ` (a step is 5 s)`, where the model knows.
pub(super) fn trained_step(inputs: &Inputs) -> String {
    inputs.time.step().map_or_else(String::new, |s| format!(" (a step is {})", seconds(s)))
}

pub(super) fn seconds(micros: i64) -> String {
    format!("{} s", micros as f64 / MICROS as f64)
}

pub(super) fn count(n: i64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
