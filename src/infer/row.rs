//! One row's fields, read and checked. The buffers are used from row to row.

use super::bad_row::Wrong;
use super::records::Records;
use crate::core::time::parse_time;
use crate::model::tft::{CategoricalColumn, Inputs, Row, TimeColumn};

/// The values of the row read last.
#[derive(Debug, Default)]
pub(super) struct RowReader {
    reals: Vec<f32>,
    categoricals: Vec<u32>,
    time_text: String,
    time: i64,
    step: i64,
}

impl RowReader {
    /// Reads the fields after the labels of the groups. New labels go into the dictionaries.
    pub(super) fn read(
        &mut self,
        inputs: &Inputs,
        fields: &[&str],
        records: &mut Records,
    ) -> Result<(), Wrong> {
        let rest = self.time(&inputs.time, fields)?;
        let (reals, categoricals) = rest.split_at(inputs.reals.len());
        self.reals.clear();
        for (column, text) in inputs.reals.iter().zip(reals) {
            self.reals.push(number(column, text)?);
        }
        self.categoricals.clear();
        for (index, (column, text)) in inputs.categoricals.iter().zip(categoricals).enumerate() {
            self.categoricals.push(code(records, index, column, text)?);
        }
        Ok(())
    }

    pub(super) fn row(&self) -> Row<'_> {
        let Self { reals, categoricals, time, step, .. } = self;
        Row { step: *step, time: *time, reals, categoricals }
    }

    /// Reads the time columns; the fields after them.
    fn time<'f, 't>(
        &mut self,
        column: &TimeColumn,
        fields: &'f [&'t str],
    ) -> Result<&'f [&'t str], Wrong> {
        match column {
            TimeColumn::Timestamp { column, grid } => {
                self.timestamp(column, fields[0])?;
                self.step = grid.index(self.time);
                Ok(&fields[1..])
            }
            TimeColumn::Both { timestamp, index, .. } => {
                self.timestamp(timestamp, fields[0])?;
                self.step = whole(index, fields[1])?;
                Ok(&fields[2..])
            }
            TimeColumn::Index { column } => {
                self.step = whole(column, fields[0])?;
                Ok(&fields[1..])
            }
        }
    }

    /// All servers of a step usually have the same timestamp: it is read once.
    fn timestamp(&mut self, column: &str, text: &str) -> Result<(), Wrong> {
        if self.time_text != text {
            let expected = "a time such as 2025-06-01T12:00:00Z";
            self.time = parse_time(text).ok_or_else(|| Wrong::value(column, text, expected))?;
            text.clone_into(&mut self.time_text);
        }
        Ok(())
    }
}

/// A label that is in the dictionary has been found good before.
fn code(
    records: &mut Records,
    index: usize,
    column: &CategoricalColumn,
    text: &str,
) -> Result<u32, Wrong> {
    match records.dictionaries[index].get(text) {
        Some(code) => Ok(code),
        None if column.code(text).is_some() => Ok(records.code(index, text)),
        None => Err(Wrong::unknown_label(column, text)),
    }
}

fn number(column: &str, text: &str) -> Result<f32, Wrong> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Wrong::Empty(column.to_owned()));
    }
    match trimmed.parse::<f64>() {
        Ok(x) if x.abs() <= f64::from(f32::MAX) => Ok(x as f32),
        Ok(x) if x.is_finite() => Err(Wrong::value(column, text, "a number below 3.4e38")),
        Ok(_) => Err(Wrong::value(column, text, "a finite number")),
        Err(_) => Err(Wrong::value(column, text, "a number")),
    }
}

/// A step number. Bounded, so that distances between steps cannot overflow.
fn whole(column: &str, text: &str) -> Result<i64, Wrong> {
    let number = text.trim().parse::<i64>().ok().filter(|n| n.unsigned_abs() < 1 << 53);
    number.ok_or_else(|| Wrong::value(column, text, "a whole number below 2^53"))
}
