//! One JSON object a line, its fields named as columns.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};

use serde_json::Value;

use super::super::bad_row::Wrong;
use super::metered::Metered;
use super::{IngestError, Reading, ignored};
use crate::core::output::Progress;

pub(super) fn read(
    input: impl Read,
    columns: &[String],
    to: &mut Reading<'_>,
    progress: &Progress,
) -> Result<(), IngestError> {
    let (input, meter) = Metered::new(input);
    let mut reader = BufReader::with_capacity(1 << 16, input);
    let (mut text, mut line) = (Vec::new(), 0);
    loop {
        text.clear();
        let read = reader.read_until(b'\n', &mut text);
        meter.line_ended();
        match read {
            Ok(0) if line == 0 => return Err(IngestError::Empty),
            Ok(0) => return Ok(()),
            Ok(_) => line += 1,
            Err(_) if meter.is_endless() => {
                return Err(IngestError::EndlessLine { line: line + 1 });
            }
            Err(source) => return Err(IngestError::Read { line, source }),
        }
        let content = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text).trim_ascii();
        if content.is_empty() {
            continue;
        }
        add(content, line, columns, to)?;
        progress.at(meter.total());
    }
}

fn add(
    content: &[u8],
    line: u64,
    columns: &[String],
    to: &mut Reading<'_>,
) -> Result<(), IngestError> {
    let object: BTreeMap<String, Value> = match serde_json::from_slice(content) {
        Ok(object) => object,
        Err(error) => return to.add(line, Err(Wrong::NotJson(error.to_string()))),
    };
    if to.tally.counts.rows == 0 {
        to.ignored_columns = ignored(columns, &object.keys().cloned().collect::<Vec<_>>());
    }
    let texts: Result<Vec<String>, Wrong> = columns
        .iter()
        .map(|c| object.get(c).map(text_of).ok_or_else(|| Wrong::NoField(c.clone())))
        .collect();
    match texts {
        Ok(texts) => {
            let fields: Vec<&str> = texts.iter().map(String::as_str).collect();
            to.add(line, Ok(&fields))
        }
        Err(wrong) => to.add(line, Err(wrong)),
    }
}

/// A value as it would stand in a CSV; `null` is an empty field.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
