//! The recent rows of every server, checked as they come.

use std::collections::{BTreeSet, HashMap};

use super::time::{format_time, parse_time};
use crate::core::error::nearest;
use crate::model::tft::{
    CategoricalColumn, Inputs, Labels, MICROS, PushError, Row, Series, TimeColumn,
};

/// Names remembered for a "did you mean".
const SEEN_MAX: usize = 1000;

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

/// The servers seen so far. Memory is bounded by their number: each keeps what a forecast can use.
#[derive(Debug)]
pub struct History<'a> {
    inputs: &'a Inputs,
    /// Only these (labels of the first group column), unless empty.
    wanted: Vec<String>,
    /// Some of the others.
    seen: BTreeSet<String>,
    servers: Vec<Server>,
    index: HashMap<String, usize>,
    row: Scratch,
}

/// A server's rows and how they came.
#[derive(Debug)]
struct Server {
    series: Series,
    /// Smallest distance between two rows, in steps.
    closest: Option<i64>,
    /// The last gap, while rows before it are still wanted.
    gap: Option<BadRow>,
    /// Rows forgotten because of such gaps.
    forgotten: u64,
    /// Of the newest row.
    line: u64,
}

impl Server {
    fn new(labels: Vec<String>, inputs: &Inputs) -> Self {
        let series = Series::new(labels, inputs.capacity());
        Self { series, closest: None, gap: None, forgotten: 0, line: 0 }
    }
}

/// Reused from row to row.
#[derive(Debug, Default)]
struct Scratch {
    key: String,
    reals: Vec<f64>,
    categoricals: Vec<u32>,
    time_text: String,
    time: i64,
}

impl<'a> History<'a> {
    /// Servers named in `wanted` (labels of the first group column) are the only ones kept; those
    /// that the model knows are there from the start, even if no row ever comes.
    pub fn new(inputs: &'a Inputs, wanted: Vec<String>) -> Self {
        let (servers, index, row) = (Vec::new(), HashMap::new(), Scratch::default());
        let seen = BTreeSet::new();
        let mut history = Self { inputs, wanted, seen, servers, index, row };
        if let [order] = inputs.group_order.as_slice() {
            for name in history.wanted.clone() {
                if order.get(&name).is_some() {
                    history.server(&[&name]);
                }
            }
        }
        history
    }

    /// The wanted servers that neither the rows nor the model know.
    pub fn unknown(&self) -> Vec<&str> {
        let known = |w: &String| self.servers.iter().any(|s| &s.series.labels[0] == w);
        self.wanted.iter().filter(|w| !known(w)).map(String::as_str).collect()
    }

    /// The server seen whose name is most like this one.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.seen.iter().map(String::as_str))
    }

    /// The columns that rows must have, in the order that [`Self::push`] wants them.
    pub fn columns(inputs: &Inputs) -> Vec<String> {
        let mut columns = inputs.groups.clone();
        match &inputs.time {
            TimeColumn::Timestamp { column, .. } | TimeColumn::Index { column } => {
                columns.push(column.clone());
            }
            TimeColumn::Both { timestamp, index, .. } => {
                columns.extend([timestamp.clone(), index.clone()]);
            }
        }
        columns.extend(inputs.reals.iter().cloned());
        columns.extend(inputs.categoricals.iter().map(|c| c.name.clone()));
        columns
    }

    /// Adds a row; `fields` as in [`Self::columns`].
    pub fn push(&mut self, line: u64, fields: &[&str]) -> Result<(), BadRow> {
        self.try_push(line, fields).map_err(|wrong| BadRow { line, wrong })
    }

    fn try_push(&mut self, line: u64, fields: &[&str]) -> Result<(), Wrong> {
        let inputs = self.inputs;
        let (labels, rest) = fields.split_at(inputs.groups.len());
        if !self.wanted.is_empty() && !self.wanted.iter().any(|w| w == labels[0]) {
            self.see(labels[0]);
            return Ok(());
        }
        let read = self.row.read(inputs, rest);
        if let Err(wrong @ Wrong::UnknownLabel { column, .. }) = &read
            && inputs.groups.contains(column)
        {
            return Err(wrong.clone());
        }
        // A server of which only bad rows come is still listed.
        let server = self.server(labels);
        let step = read?;
        let row = Row {
            step,
            time: self.row.time,
            reals: &self.row.reals,
            categoricals: &self.row.categoricals,
        };
        self.servers[server].push(inputs, line, row)
    }

    /// Remembers a server that is not wanted, in case a wanted one does not come.
    fn see(&mut self, name: &str) {
        if self.seen.len() < SEEN_MAX && !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
        }
    }

    fn server(&mut self, labels: &[&str]) -> usize {
        let key = &mut self.row.key;
        key.clear();
        for label in labels {
            key.push_str(label);
            key.push('\u{1f}');
        }
        if let Some(index) = self.index.get(key.as_str()) {
            return *index;
        }
        let labels = labels.iter().map(|l| (*l).to_owned()).collect();
        self.servers.push(Server::new(labels, self.inputs));
        self.index.insert(key.clone(), self.servers.len() - 1);
        self.servers.len() - 1
    }

    /// What is wrong with whole servers, now that all rows are there: gaps that leave a forecast
    /// fewer rows than it could use, and rows farther apart than the model's steps. The number of
    /// rows that each costs goes with it. Servers with rows too far apart are forgotten.
    pub fn finish(&mut self) -> Vec<(BadRow, u64)> {
        let mut found = Vec::new();
        self.servers.retain_mut(|server| {
            if let Some(gap) = server.gap.take() {
                found.push((gap, server.forgotten));
            } else if let Some(wrong) = server.too_sparse(self.inputs) {
                let rows = server.series.len() as u64;
                found.push((BadRow { line: server.line, wrong }, rows));
                return false;
            }
            true
        });
        found.sort_by_key(|(bad, _)| bad.line);
        found
    }

    /// The servers in the order of their labels in the model; unknown ones last, by name.
    pub fn into_series(self) -> Vec<Series> {
        let rank = |(order, label): (&Labels<u32>, &String)| {
            (order.get(label).copied().unwrap_or(u32::MAX), label.clone())
        };
        let groups = &self.inputs.group_order;
        let mut series: Vec<Series> = self.servers.into_iter().map(|s| s.series).collect();
        series.sort_by_cached_key(|s| groups.iter().zip(&s.labels).map(rank).collect::<Vec<_>>());
        series
    }
}

impl Server {
    fn push(&mut self, inputs: &Inputs, line: u64, row: Row<'_>) -> Result<(), Wrong> {
        let last = self.series.last();
        let distance = last.map(|(step, _)| row.step.saturating_sub(step)).filter(|d| *d > 0);
        if let Some(missing) = distance.filter(|d| *d > 1 && !inputs.allow_missing_steps) {
            let wrong = Wrong::Gap {
                server: self.name(),
                missing: count(missing - 1, "step"),
                step: trained_step(inputs),
            };
            self.gap = Some(BadRow { line, wrong });
            self.forgotten += self.series.len() as u64;
            self.series.clear();
        }
        self.series.push(row).map_err(|error| self.out_of_order(inputs, error, row))?;
        if let Some(distance) = distance {
            self.closest = Some(self.closest.map_or(distance, |c| c.min(distance)));
        }
        if self.series.is_full() {
            (self.gap, self.forgotten) = (None, 0);
        }
        self.line = line;
        Ok(())
    }

    fn name(&self) -> String {
        self.series.labels.join("/")
    }

    fn out_of_order(&self, inputs: &Inputs, error: PushError, row: Row<'_>) -> Wrong {
        let server = self.name();
        let when = |time: i64, step: i64| match inputs.time {
            TimeColumn::Index { .. } => format!("step {step}"),
            _ => format_time(time),
        };
        let earlier = |time| when(time, self.series.last().map_or(0, |(step, _)| step));
        let this = when(row.time, row.step);
        match error {
            PushError::Repeated { time } => {
                Wrong::Repeated { server, earlier: earlier(time), this, step: trained_step(inputs) }
            }
            PushError::Backwards { time } => {
                Wrong::Backwards { server, earlier: earlier(time), this }
            }
        }
    }

    /// Where every second step is missing at best, the rows come at another pace than the model's.
    fn too_sparse(&self, inputs: &Inputs) -> Option<Wrong> {
        let every = self.closest.filter(|c| *c > 1 && self.series.len() > 2)?;
        let length = |steps: i64| match inputs.time.step() {
            Some(step) => seconds(step.saturating_mul(steps)),
            None => count(steps, "step"),
        };
        Some(Wrong::Sparse { server: self.name(), every: length(every), step: length(1) })
    }
}

impl Scratch {
    /// Reads the time columns; the step, and the fields after them.
    fn time<'f, 't>(
        &mut self,
        column: &TimeColumn,
        fields: &'f [&'t str],
    ) -> Result<(i64, &'f [&'t str]), Wrong> {
        match column {
            TimeColumn::Timestamp { column, grid } => {
                self.timestamp(column, fields[0])?;
                Ok((grid.index(self.time), &fields[1..]))
            }
            TimeColumn::Both { timestamp, index, .. } => {
                self.timestamp(timestamp, fields[0])?;
                Ok((whole(index, fields[1])?, &fields[2..]))
            }
            TimeColumn::Index { column } => Ok((whole(column, fields[0])?, &fields[1..])),
        }
    }

    /// All servers of a step usually have the same timestamp: it is read once.
    fn timestamp(&mut self, column: &str, text: &str) -> Result<(), Wrong> {
        if self.time_text != text {
            let expected = "a time such as 2025-06-01T12:00:00Z";
            self.time = parse_time(text).ok_or_else(|| value(column, text, expected))?;
            text.clone_into(&mut self.time_text);
        }
        Ok(())
    }

    /// Reads all fields after the labels; the row's step.
    fn read(&mut self, inputs: &Inputs, fields: &[&str]) -> Result<i64, Wrong> {
        let (step, rest) = self.time(&inputs.time, fields)?;
        let (reals, categoricals) = rest.split_at(inputs.reals.len());
        self.reals.clear();
        for (column, text) in inputs.reals.iter().zip(reals) {
            self.reals.push(number(column, text)?);
        }
        self.categoricals.clear();
        for (column, text) in inputs.categoricals.iter().zip(categoricals) {
            let code = column.code(text).ok_or_else(|| unknown_label(column, text))?;
            self.categoricals.push(code);
        }
        Ok(step)
    }
}

fn value(column: &str, text: &str, expected: &'static str) -> Wrong {
    Wrong::Value { column: column.to_owned(), text: shortened(text), expected }
}

fn number(column: &str, text: &str) -> Result<f64, Wrong> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Wrong::Empty(column.to_owned()));
    }
    match trimmed.parse::<f64>() {
        Ok(x) if x.abs() <= f64::from(f32::MAX) => Ok(x),
        Ok(x) if x.is_finite() => Err(value(column, text, "a number below 3.4e38")),
        Ok(_) => Err(value(column, text, "a finite number")),
        Err(_) => Err(value(column, text, "a number")),
    }
}

/// A step number. Bounded, so that distances between steps cannot overflow.
fn whole(column: &str, text: &str) -> Result<i64, Wrong> {
    let number = text.trim().parse::<i64>().ok().filter(|n| n.unsigned_abs() < 1 << 53);
    number.ok_or_else(|| value(column, text, "a whole number below 2^53"))
}

fn unknown_label(column: &CategoricalColumn, text: &str) -> Wrong {
    let near = nearest(text, column.names()).map(|near| format!(" (did you mean {near}?)"));
    Wrong::UnknownLabel {
        column: column.name.clone(),
        text: shortened(text),
        known: column.known(),
        near: near.unwrap_or_default(),
    }
}

/// A hostile field must not fill the screen.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn trained_step(inputs: &Inputs) -> String {
    inputs.time.step().map_or_else(String::new, |s| format!(" (a step is {})", seconds(s)))
}

fn seconds(micros: i64) -> String {
    format!("{} s", micros as f64 / MICROS as f64)
}

fn count(n: i64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
