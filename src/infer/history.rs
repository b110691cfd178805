//! The recent rows of every server, checked as they come.

use std::collections::{BTreeSet, HashMap};

use super::bad_row::{BadRow, Wrong, count, seconds, trained_step};
use super::records::{Records, UnknownServer};
use super::row::RowReader;
use crate::core::time::format_time;
use crate::model::tft::{Inputs, PushError, Row, Series, TimeColumn};

/// Names remembered for a "did you mean".
const SEEN_MAX: usize = 1000;

/// What rows are kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// A forecast: as many as it can use. A gap among them is a bad row.
    Forecast,
    /// A window of so many steps, which may know the rows that fill a gap.
    Window(usize),
}

/// The servers seen so far. Memory is bounded by their number: each keeps what is wanted of it.
#[derive(Debug)]
pub struct History<'a> {
    inputs: &'a Inputs,
    keep: Keep,
    /// Only these (labels of the first group column), unless empty.
    wanted: Vec<String>,
    /// Some of the others.
    seen: BTreeSet<String>,
    records: Records,
    /// As many as servers in `records`.
    arrivals: Vec<Arrivals>,
    index: HashMap<String, usize>,
    key: String,
    row: RowReader,
}

/// All that came of the rows.
#[derive(Debug)]
pub struct Finished {
    /// Servers with rows farther apart than the model's steps are not in.
    pub records: Records,
    /// What is wrong with whole servers, and how many rows that costs: rows too far apart, and gaps
    /// that leave a forecast fewer rows than it could use.
    pub bad: Vec<(BadRow, u64)>,
    pub unknown_servers: Vec<UnknownServer>,
}

/// How the rows of a server came.
#[derive(Debug, Default)]
struct Arrivals {
    /// Smallest distance between two rows, in steps.
    closest: Option<i64>,
    /// The last gap, and the rows since.
    gap: Option<(BadRow, usize)>,
    /// Of the newest row.
    line: u64,
}

impl<'a> History<'a> {
    /// Servers named in `wanted` (labels of the first group column) are the only ones kept.
    pub fn new(inputs: &'a Inputs, wanted: Vec<String>, keep: Keep) -> Self {
        Self {
            inputs,
            keep,
            wanted,
            seen: BTreeSet::new(),
            records: Records::new(inputs.categoricals.len()),
            arrivals: Vec::new(),
            index: HashMap::new(),
            key: String::new(),
            row: RowReader::default(),
        }
    }

    /// Adds a row; `fields` in the order of [`super::Columns::names`].
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
        let read = self.row.read(inputs, rest, &mut self.records);
        if let Err(wrong @ Wrong::UnknownLabel { column, .. }) = &read
            && inputs.groups.contains(column)
        {
            return Err(wrong.clone());
        }
        // A server of which only bad rows come is still listed.
        let server = self.server(labels);
        read?;
        let series = &mut self.records.servers[server];
        self.arrivals[server].push(series, inputs, line, self.row.row())
    }

    /// Remembers a server that is not wanted, in case a wanted one does not come.
    fn see(&mut self, name: &str) {
        if self.seen.len() < SEEN_MAX && !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
        }
    }

    fn server(&mut self, labels: &[&str]) -> usize {
        self.key.clear();
        for label in labels {
            self.key.push_str(label);
            self.key.push('\u{1f}');
        }
        if let Some(index) = self.index.get(self.key.as_str()) {
            return *index;
        }
        let capacity = match self.keep {
            Keep::Forecast => self.inputs.capacity(),
            Keep::Window(steps) => steps,
        };
        let labels = labels.iter().map(|l| (*l).to_owned()).collect();
        self.records.servers.push(Series::new(labels, capacity));
        self.arrivals.push(Arrivals::default());
        self.index.insert(self.key.clone(), self.arrivals.len() - 1);
        self.arrivals.len() - 1
    }

    /// All rows are there.
    pub fn finish(self) -> Finished {
        let (inputs, mut records) = (self.inputs, self.records);
        let unknown_servers = records.admit(&self.wanted, inputs, &self.seen);
        let mut bad = Vec::new();
        let arrivals = self.arrivals.into_iter().chain(std::iter::repeat_with(Arrivals::default));
        let servers = std::mem::take(&mut records.servers).into_iter().zip(arrivals);
        for (series, arrivals) in servers {
            let sparse = arrivals.too_sparse(&series, inputs);
            let gap = arrivals.gap.filter(|(_, since)| *since < inputs.capacity());
            match (gap.filter(|_| self.keep == Keep::Forecast), sparse) {
                (Some((gap, since)), _) => bad.push((gap, (series.len() - since) as u64)),
                (None, Some(wrong)) => {
                    bad.push((BadRow { line: arrivals.line, wrong }, series.len() as u64));
                    continue;
                }
                (None, None) => {}
            }
            records.servers.push(series);
        }
        records.sort(inputs);
        bad.sort_by_key(|(bad, _)| bad.line);
        Finished { records, bad, unknown_servers }
    }
}

impl Arrivals {
    fn push(
        &mut self,
        series: &mut Series,
        inputs: &Inputs,
        line: u64,
        row: Row<'_>,
    ) -> Result<(), Wrong> {
        let distance = series.last().map(|(step, _)| row.step.saturating_sub(step));
        series.push(row).map_err(|error| out_of_order(series, inputs, error, row))?;
        if let Some((_, since)) = &mut self.gap {
            *since += 1;
        }
        if let Some(distance) = distance {
            self.closest = Some(self.closest.map_or(distance, |c| c.min(distance)));
            if distance > 1 && !inputs.allow_missing_steps {
                let missing = count(distance - 1, "step");
                let (server, step) = (name(series), trained_step(inputs));
                let wrong = Wrong::Gap { server, missing, step };
                self.gap = Some((BadRow { line, wrong }, 1));
            }
        }
        self.line = line;
        Ok(())
    }

    /// Where every second step is missing at best, the rows come at another pace than the model's.
    fn too_sparse(&self, series: &Series, inputs: &Inputs) -> Option<Wrong> {
        let every = self.closest.filter(|c| *c > 1 && series.len() > 2)?;
        let length = |steps: i64| match inputs.time.step() {
            Some(step) => seconds(step.saturating_mul(steps)),
            None => count(steps, "step"),
        };
        Some(Wrong::Sparse { server: name(series), every: length(every), step: length(1) })
    }
}

fn name(series: &Series) -> String {
    series.labels.join("/")
}

fn out_of_order(series: &Series, inputs: &Inputs, error: PushError, row: Row<'_>) -> Wrong {
    let server = name(series);
    let when = |time: i64, step: i64| match inputs.time {
        TimeColumn::Index { .. } => format!("step {step}"),
        _ => format_time(time),
    };
    let earlier = |time| when(time, series.last().map_or(0, |(step, _)| step));
    let this = when(row.time, row.step);
    match error {
        PushError::Repeated { time } => {
            Wrong::Repeated { server, earlier: earlier(time), this, step: trained_step(inputs) }
        }
        PushError::Backwards { time } => Wrong::Backwards { server, earlier: earlier(time), this },
    }
}
