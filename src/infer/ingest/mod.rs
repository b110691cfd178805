//! Reading metrics, row by row, in bounded memory.

mod csv;
mod jsonl;
mod metered;

use std::io::Read;

use super::history::{BadRow, History};
use crate::core::error::{Fault, nearest};
use crate::core::output::Progress;
use crate::model::tft::Inputs;

/// How an input is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Jsonl,
}

/// What to do about a row that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBadRow {
    Fail,
    Skip,
}

/// What came of an input.
#[derive(Debug)]
pub struct Ingested<'a> {
    pub history: History<'a>,
    /// Good and bad.
    pub rows: u64,
    pub skipped: u64,
    /// Of the skipped.
    pub first_bad: Option<BadRow>,
    /// Columns that the model does not use.
    pub ignored_columns: Vec<String>,
}

/// Why an input cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("no data: a head line with column names was expected")]
    Empty,
    #[error("the column {column} is missing{more}{near}")]
    MissingColumn { column: String, more: String, near: String },
    #[error("the column {0} appears twice in the head")]
    RepeatedColumn(String),
    #[error("line {line} does not end within 1 MiB: this is not a file of rows")]
    EndlessLine { line: u64 },
    #[error(transparent)]
    Bad(#[from] BadRow),
    #[error("it broke off after line {line}")]
    Read { line: u64, source: std::io::Error },
}

impl IngestError {
    /// As the failure to use `name`.
    pub fn into_fault(self, name: &str) -> Fault {
        let fault = Fault::failed(format!("cannot forecast from {name}: {self}"));
        match self {
            Self::Empty | Self::RepeatedColumn(_) | Self::EndlessLine { .. } => fault,
            Self::MissingColumn { .. } => {
                fault.hint("`ut infer model show` lists the columns that the model needs")
            }
            Self::Bad(_) => fault.hint("--on-bad-row skip leaves such rows out and counts them"),
            Self::Read { source, .. } => fault.because(source),
        }
    }
}

/// Reads all of `input`. `wanted` names the servers to keep; none means all.
pub fn read<'a>(
    input: impl Read,
    format: Format,
    inputs: &'a Inputs,
    wanted: Vec<String>,
    on_bad_row: OnBadRow,
    progress: &Progress,
) -> Result<Ingested<'a>, IngestError> {
    let history = History::new(inputs, wanted);
    let (rows, skipped, first_bad, ignored_columns) = (0, 0, None, Vec::new());
    let mut to = Ingested { history, rows, skipped, first_bad, ignored_columns };
    let columns = History::columns(inputs);
    match format {
        Format::Csv => csv::read(input, &columns, &mut to, on_bad_row, progress)?,
        Format::Jsonl => jsonl::read(input, &columns, &mut to, on_bad_row, progress)?,
    }
    for (bad, rows) in to.history.finish() {
        to.leave_out(bad, rows, on_bad_row)?;
    }
    Ok(to)
}

impl Ingested<'_> {
    fn add(
        &mut self,
        line: u64,
        fields: Result<&[&str], super::history::Wrong>,
        on_bad_row: OnBadRow,
    ) -> Result<(), IngestError> {
        self.rows += 1;
        let pushed = match fields {
            Ok(fields) => self.history.push(line, fields),
            Err(wrong) => Err(BadRow { line, wrong }),
        };
        pushed.or_else(|bad| self.leave_out(bad, 1, on_bad_row))
    }

    fn leave_out(
        &mut self,
        bad: BadRow,
        rows: u64,
        on_bad_row: OnBadRow,
    ) -> Result<(), IngestError> {
        if on_bad_row == OnBadRow::Fail {
            return Err(bad.into());
        }
        self.skipped += rows;
        if self.first_bad.as_ref().is_none_or(|first| bad.line < first.line) {
            self.first_bad = Some(bad);
        }
        Ok(())
    }
}

/// Where the wanted columns stand among those of the head.
fn positions(wanted: &[String], head: &[String]) -> Result<Vec<usize>, IngestError> {
    if let Some((_, twice)) = head.iter().enumerate().find(|(i, c)| head[..*i].contains(c)) {
        return Err(IngestError::RepeatedColumn(twice.clone()));
    }
    let position = |column: &String| head.iter().position(|c| c == column);
    let mut missing: Vec<&String> = Vec::new();
    for column in wanted.iter().filter(|c| position(c).is_none()) {
        if !missing.contains(&column) {
            missing.push(column);
        }
    }
    let Some((first, others)) = missing.split_first() else {
        return Ok(wanted.iter().filter_map(position).collect());
    };
    let others: Vec<&str> = others.iter().map(|c| c.as_str()).collect();
    let more =
        if others.is_empty() { String::new() } else { format!(" (and {})", others.join(", ")) };
    let near = nearest(first, head.iter().map(String::as_str));
    let near = near.map(|near| format!("; there is {near}")).unwrap_or_default();
    Err(IngestError::MissingColumn { column: (*first).clone(), more, near })
}

/// The columns of a head that nobody wants.
fn ignored(wanted: &[String], head: &[String]) -> Vec<String> {
    head.iter().filter(|c| !wanted.contains(c)).cloned().collect()
}
