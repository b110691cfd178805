//! The window: the recent rows of all servers, kept from run to run.

mod file;
mod format;
mod header;
mod merge;
mod wire;

pub use file::{LoadError, load, save, set_aside};
pub use format::{DecodeError, VERSION, decode, encode};

use std::collections::HashMap;
use std::time::Duration;

use super::columns::Columns;
use super::records::Records;
use crate::model::tft::{Model, Series, TimeColumn};

/// Steps of a server that are kept where nothing else is said.
pub const STEPS: usize = 300;
/// Age from which on a window is warned of where nothing else is said.
pub const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// The recent rows of all servers.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub columns: Columns,
    pub records: Records,
    /// Of the model that the rows were last forecast with.
    pub model: ModelNeeds,
    /// Steps seen since the window began.
    pub tick: u64,
    /// Steps of each server that are kept.
    pub steps: usize,
    /// Microseconds since 1970; none if it never was.
    pub saved: Option<i64>,
}

/// What a model needs of each server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelNeeds {
    pub name: String,
    /// Steps from which a forecast is possible.
    pub required: usize,
    /// Steps from which a server is warm.
    pub wanted: usize,
    /// Whether missing steps may be bridged.
    pub allows_gaps: bool,
}

impl ModelNeeds {
    pub fn of(model: &Model) -> Self {
        let inputs = &model.inputs;
        Self {
            name: model.name.clone(),
            required: inputs.required_steps(),
            wanted: inputs.capacity(),
            allows_gaps: inputs.allow_missing_steps,
        }
    }

    /// Recent steps of a server that the model can use.
    pub fn usable(&self, series: &Series) -> usize {
        match (self.allows_gaps, series.first(), series.last()) {
            (true, Some((first, _)), Some((last, _))) => (last - first) as usize + 1,
            _ => series.unbroken(self.wanted),
        }
    }
}

/// What became of rows that were given to a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Newer than the server's newest.
    pub new: u64,
    /// Taken in between, at a step that the window lacked.
    pub late: u64,
    /// Left out: the window has the step already.
    pub known: u64,
    /// Left out: from before the window.
    pub outdated: u64,
}

/// Why a window is of no use to a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its rows {0}")]
pub struct Misfit(String);

/// A limit would leave servers too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{steps} steps a server are fewer than the {required} that a forecast needs")]
pub struct TooNarrow {
    pub steps: usize,
    pub required: usize,
}

impl Window {
    /// Without rows, for those that a model needs.
    pub fn new(model: &Model, steps: usize) -> Self {
        Self {
            columns: Columns::of(&model.inputs),
            records: Records::new(model.inputs.categoricals.len()),
            model: ModelNeeds::of(model),
            tick: 0,
            steps,
            saved: None,
        }
    }

    /// Makes the rows ready for a model, if they have the columns that it needs and no others.
    pub fn fit(&mut self, model: &Model) -> Result<(), Misfit> {
        let wanted = Columns::of(&model.inputs);
        let pairs = [
            (&self.columns.groups, &wanted.groups),
            (&self.columns.reals, &wanted.reals),
            (&self.columns.categoricals, &wanted.categoricals),
        ];
        for (own, wanted) in pairs {
            if let Some(missing) = wanted.iter().find(|c| !own.contains(c)) {
                return Err(Misfit(format!("lack its column {missing}")));
            }
            if let Some(unknown) = own.iter().find(|c| !wanted.contains(c)) {
                return Err(Misfit(format!("have the column {unknown}, which it does not know")));
            }
        }
        if self.columns.groups != wanted.groups {
            return Err(Misfit("have its group columns in another order".to_owned()));
        }
        self.fit_time(&wanted.time)?;
        self.reorder(&wanted);
        (self.columns, self.model) = (wanted, ModelNeeds::of(model));
        Ok(())
    }

    fn fit_time(&mut self, wanted: &TimeColumn) -> Result<(), Misfit> {
        let own = &self.columns.time;
        if own.columns() != wanted.columns() {
            let (own, wanted) = (own.columns().join(" and "), wanted.columns().join(" and "));
            return Err(Misfit(format!("tell the time by {own}, it wants {wanted}")));
        }
        if own.step() != wanted.step() {
            return Err(Misfit("are of another step length".to_owned()));
        }
        // The same steps, but numbered from another origin.
        if let (TimeColumn::Timestamp { grid, .. }, true) = (wanted, own != wanted) {
            for series in &mut self.records.servers {
                *series = merge::renumbered(series, |time| grid.index(time));
            }
        }
        Ok(())
    }

    /// Brings the columns into another order.
    fn reorder(&mut self, wanted: &Columns) {
        let order = |own: &[String], wanted: &[String]| -> Vec<usize> {
            wanted.iter().filter_map(|c| own.iter().position(|o| o == c)).collect()
        };
        let reals = order(&self.columns.reals, &wanted.reals);
        let categoricals = order(&self.columns.categoricals, &wanted.categoricals);
        if reals.is_sorted() && categoricals.is_sorted() {
            return;
        }
        self.records.servers.iter_mut().for_each(|s| s.reorder(&reals, &categoricals));
        let dictionaries = &self.records.dictionaries;
        self.records.dictionaries = categoricals.iter().map(|i| dictionaries[*i].clone()).collect();
    }

    /// Takes rows in, each at its place. A step that the window has stays as it is; what is older
    /// than a full window's oldest step is left out.
    pub fn extend(&mut self, mut rows: Records) -> Taken {
        for (column, from) in rows.dictionaries.iter().enumerate() {
            let to = &mut self.records.dictionaries[column];
            let codes: Vec<u32> = from.labels().iter().map(|label| to.code(label)).collect();
            rows.servers.iter_mut().for_each(|s| s.recode(column, &codes));
        }
        let servers = &mut self.records.servers;
        let mut index: HashMap<Vec<String>, usize> =
            servers.iter().enumerate().map(|(i, s)| (s.labels.clone(), i)).collect();
        let newest = servers.iter().filter_map(Series::last).map(|(step, _)| step).max();
        let (mut taken, mut ticks) = (Taken::default(), Vec::new());
        for from in &rows.servers {
            let own = *index.entry(from.labels.clone()).or_insert_with(|| {
                servers.push(Series::new(from.labels.clone(), self.steps));
                servers.len() - 1
            });
            let steps = from.moments().map(|(step, _)| step);
            ticks.extend(steps.filter(|step| newest.is_none_or(|newest| *step > newest)));
            taken.add(merge::merge(&mut servers[own], from));
        }
        ticks.sort_unstable();
        ticks.dedup();
        self.tick += ticks.len() as u64;
        taken
    }

    /// Keeps so many steps of each server.
    pub fn set_steps(&mut self, steps: usize) {
        self.steps = steps;
        self.records.servers.iter_mut().for_each(|s| s.set_capacity(steps));
    }

    /// Keeps no more than `max_records` rows, of each server alike, unless that is too few for a
    /// forecast.
    pub fn limit(&mut self, max_records: Option<usize>) -> Result<(), TooNarrow> {
        let share = max_records.map(|max| max / self.records.servers.len().max(1));
        let (steps, required) = (share.unwrap_or(usize::MAX), self.model.required);
        if steps < required {
            return Err(TooNarrow { steps, required });
        }
        if steps < self.steps {
            self.set_steps(steps);
        }
        Ok(())
    }
}

impl Taken {
    fn add(&mut self, other: Self) {
        self.new += other.new;
        self.late += other.late;
        self.known += other.known;
        self.outdated += other.outdated;
    }

    /// Whether the window is another one than before.
    pub fn any(&self) -> bool {
        self.new + self.late > 0
    }
}
