//! Reading metrics, row by row, in bounded memory.

mod csv;
mod jsonl;
mod metered;

use std::collections::BTreeMap;
use std::io::Read;

use super::bad_row::{BadRow, Wrong};
use super::columns::Columns;
use super::history::{History, Keep};
use super::records::{Records, UnknownServer};
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

/// What of an input is wanted.
#[derive(Debug)]
pub struct Wanted {
    /// Only these servers (labels of the first group column), unless empty.
    pub servers: Vec<String>,
    pub keep: Keep,
    pub on_bad_row: OnBadRow,
}

/// What came of an input.
#[derive(Debug, Default)]
pub struct Ingested {
    pub records: Records,
    pub counts: Counts,
    /// Rows that were left out, by [`Wrong::kind`].
    pub left_out: BTreeMap<&'static str, u64>,
    /// The first of them.
    pub first_bad: Option<BadRow>,
    /// Columns that the model does not use.
    pub ignored_columns: Vec<String>,
    pub unknown_servers: Vec<UnknownServer>,
}

/// How many rows an input had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Good and bad.
    pub rows: u64,
    pub skipped: u64,
}

/// An input being read.
struct Reading<'a> {
    history: History<'a>,
    tally: Tally,
    ignored_columns: Vec<String>,
}

/// Counts rows, and those that are left out.
struct Tally {
    on_bad_row: OnBadRow,
    counts: Counts,
    left_out: BTreeMap<&'static str, u64>,
    first_bad: Option<BadRow>,
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
    #[error("{bad}")]
    Bad {
        bad: BadRow,
        /// Those that were read until then, with it.
        rows: u64,
    },
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
            Self::Bad { .. } => {
                fault.hint("--on-bad-row skip leaves such rows out and counts them")
            }
            Self::Read { source, .. } => fault.because(source),
        }
    }
}

/// Reads all of `input`.
pub fn read(
    input: impl Read,
    format: Format,
    inputs: &Inputs,
    wanted: Wanted,
    progress: &Progress,
) -> Result<Ingested, IngestError> {
    let tally = Tally {
        on_bad_row: wanted.on_bad_row,
        counts: Counts::default(),
        left_out: BTreeMap::new(),
        first_bad: None,
    };
    let history = History::new(inputs, wanted.servers, wanted.keep);
    let mut to = Reading { history, tally, ignored_columns: Vec::new() };
    let columns = Columns::of(inputs).names();
    match format {
        Format::Csv => csv::read(input, &columns, &mut to, progress)?,
        Format::Jsonl => jsonl::read(input, &columns, &mut to, progress)?,
    }
    let Reading { history, mut tally, ignored_columns } = to;
    let found = history.finish();
    for (bad, rows) in found.bad {
        tally.leave_out(bad, rows)?;
    }
    Ok(Ingested {
        records: found.records,
        counts: tally.counts,
        left_out: tally.left_out,
        first_bad: tally.first_bad,
        ignored_columns,
        unknown_servers: found.unknown_servers,
    })
}

impl Reading<'_> {
    fn add(&mut self, line: u64, fields: Result<&[&str], Wrong>) -> Result<(), IngestError> {
        self.tally.counts.rows += 1;
        let pushed = match fields {
            Ok(fields) => self.history.push(line, fields),
            Err(wrong) => Err(BadRow { line, wrong }),
        };
        pushed.or_else(|bad| self.tally.leave_out(bad, 1))
    }
}

impl Tally {
    fn leave_out(&mut self, bad: BadRow, rows: u64) -> Result<(), IngestError> {
        if self.on_bad_row == OnBadRow::Fail {
            return Err(IngestError::Bad { bad, rows: self.counts.rows });
        }
        self.counts.skipped += rows;
        *self.left_out.entry(bad.wrong.kind()).or_default() += rows;
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
