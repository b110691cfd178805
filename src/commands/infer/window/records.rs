//! A window's records as rows of text, oldest first, server after server.

use serde_json::{Map, Value};

use super::super::rows::number;
use crate::core::time::format_time;
use crate::infer::window::Window;
use crate::model::tft::{Series, TimeColumn};

/// A head line and a line per record.
pub(super) fn csv(window: &Window, wanted: &[String]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(names(window))?;
    for series in window.records.of(wanted) {
        for row in 0..series.len() {
            let labels = series.labels.iter().map(String::as_str);
            let time = times(window, series, row);
            let values = series.reals().iter().map(|column| column[row].to_string());
            for field in labels {
                writer.write_field(field)?;
            }
            for field in time.iter().map(text_of).chain(values) {
                writer.write_field(field)?;
            }
            writer.write_record(codes(window, series, row))?;
        }
    }
    Ok(writer.into_inner()?)
}

/// The same as objects.
pub(super) fn jsonl(window: &Window, wanted: &[String]) -> anyhow::Result<Vec<u8>> {
    let names = names(window);
    let mut bytes = Vec::new();
    for series in window.records.of(wanted) {
        for row in 0..series.len() {
            let labels = series.labels.iter().map(|l| Value::from(l.as_str()));
            let values = series.reals().iter().map(|column| number(column[row]));
            let codes = codes(window, series, row).map(Value::from);
            let fields = labels.chain(times(window, series, row)).chain(values).chain(codes);
            let object: Map<String, Value> = names.iter().cloned().zip(fields).collect();
            serde_json::to_writer(&mut bytes, &object)?;
            bytes.push(b'\n');
        }
    }
    Ok(bytes)
}

/// The columns, each once.
fn names(window: &Window) -> Vec<String> {
    let columns = &window.columns;
    let time = columns.time.columns().into_iter().map(str::to_owned);
    let labels = columns.own_categoricals().map(|(_, name)| name.clone());
    columns.groups.iter().cloned().chain(time).chain(columns.reals.clone()).chain(labels).collect()
}

/// The fields of the time columns.
fn times(window: &Window, series: &Series, row: usize) -> Vec<Value> {
    let (step, time) = series.moment(row);
    match window.columns.time {
        TimeColumn::Timestamp { .. } => vec![format_time(time).into()],
        TimeColumn::Both { .. } => vec![format_time(time).into(), step.into()],
        TimeColumn::Index { .. } => vec![step.into()],
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn codes<'a>(window: &'a Window, series: &'a Series, row: usize) -> impl Iterator<Item = &'a str> {
    window.columns.own_categoricals().map(move |(column, _)| {
        let code = series.categoricals()[column][row];
        window.records.dictionaries[column].labels()[code as usize].as_str()
    })
}
