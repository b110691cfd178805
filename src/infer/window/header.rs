//! The head of a window's file: what its columns are, as JSON.

use serde::{Deserialize, Serialize};

use super::{ModelNeeds, Window};
use crate::infer::columns::Columns;
use crate::model::tft::{Dictionary, Grid, Series, TimeColumn};

/// As documented in docs/window-format.md.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub saved_us: Option<i64>,
    pub tick: u64,
    pub steps: usize,
    pub model: ModelPart,
    pub groups: Vec<String>,
    pub time: TimePart,
    /// Distinct moments.
    pub moments: usize,
    pub reals: Vec<String>,
    pub categoricals: Vec<CategoricalPart>,
    pub servers: Vec<ServerPart>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ModelPart {
    pub name: String,
    pub required_steps: usize,
    pub wanted_steps: usize,
    pub allows_gaps: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TimePart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_us: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_us: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CategoricalPart {
    pub name: String,
    /// None for a group column: its labels are the servers'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ServerPart {
    pub labels: Vec<String>,
    pub rows: usize,
    pub seen: u64,
}

impl Header {
    pub(super) fn of(window: &Window, moments: usize) -> Self {
        let Window { columns, records, model, tick, steps, saved } = window;
        let categorical = |(name, dictionary): (&String, &Dictionary)| CategoricalPart {
            name: name.clone(),
            labels: (!columns.groups.contains(name)).then(|| dictionary.labels().to_vec()),
        };
        let server =
            |s: &Series| ServerPart { labels: s.labels.clone(), rows: s.len(), seen: s.seen() };
        Self {
            saved_us: *saved,
            tick: *tick,
            steps: *steps,
            model: ModelPart {
                name: model.name.clone(),
                required_steps: model.required,
                wanted_steps: model.wanted,
                allows_gaps: model.allows_gaps,
            },
            groups: columns.groups.clone(),
            time: TimePart::of(&columns.time),
            moments,
            reals: columns.reals.clone(),
            categoricals: columns
                .categoricals
                .iter()
                .zip(&records.dictionaries)
                .map(categorical)
                .collect(),
            servers: records.servers.iter().filter(|s| !s.is_empty()).map(server).collect(),
        }
    }

    /// The position of a column of labels among the group columns, if it is one.
    pub(super) fn group(&self, categorical: &CategoricalPart) -> Option<usize> {
        let is_group = categorical.labels.is_none();
        self.groups.iter().position(|g| is_group && *g == categorical.name)
    }

    pub(super) fn columns(&self) -> Option<Columns> {
        Some(Columns {
            groups: self.groups.clone(),
            time: self.time.column()?,
            reals: self.reals.clone(),
            categoricals: self.categoricals.iter().map(|c| c.name.clone()).collect(),
        })
    }

    pub(super) fn model(&self) -> ModelNeeds {
        let part = &self.model;
        ModelNeeds {
            name: part.name.clone(),
            required: part.required_steps,
            wanted: part.wanted_steps,
            allows_gaps: part.allows_gaps,
        }
    }

    /// Rows of all servers; none if that is no number of rows.
    pub(super) fn rows(&self) -> Option<usize> {
        self.servers.iter().try_fold(0_usize, |sum, s| sum.checked_add(s.rows))
    }

    /// Bytes of all columns.
    pub(super) fn bytes(&self) -> Option<u64> {
        let per_moment = match (&self.time.timestamp, &self.time.index) {
            (Some(_), Some(_)) => 16,
            _ => 8,
        };
        let stored = self.categoricals.iter().filter(|c| c.labels.is_some()).count();
        let per_row = 4 * (1 + self.reals.len() + stored) as u64;
        let moments = (self.moments as u64).checked_mul(per_moment)?;
        (self.rows()? as u64).checked_mul(per_row)?.checked_add(moments)
    }
}

impl TimePart {
    fn of(time: &TimeColumn) -> Self {
        match time.clone() {
            TimeColumn::Timestamp { column, grid } => Self {
                timestamp: Some(column),
                index: None,
                origin_us: Some(grid.origin),
                step_us: Some(grid.step),
            },
            TimeColumn::Both { timestamp, index, step } => Self {
                timestamp: Some(timestamp),
                index: Some(index),
                origin_us: None,
                step_us: Some(step),
            },
            TimeColumn::Index { column } => {
                Self { timestamp: None, index: Some(column), origin_us: None, step_us: None }
            }
        }
    }

    fn column(&self) -> Option<TimeColumn> {
        let step = self.step_us.filter(|step| *step > 0);
        Some(match (self.timestamp.clone(), self.index.clone()) {
            (Some(column), None) => {
                let grid = Grid { origin: self.origin_us?, step: step? };
                TimeColumn::Timestamp { column, grid }
            }
            (Some(timestamp), Some(index)) => TimeColumn::Both { timestamp, index, step: step? },
            (None, Some(column)) => TimeColumn::Index { column },
            (None, None) => return None,
        })
    }
}
