//! What a store holds, as far as a decision needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::policy::Policy;

/// Milliseconds since 1970, UTC: MLflow's unit.
pub type Millis = i64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Experiment {
    pub id: Box<str>,
    pub name: Box<str>,
    /// Where its runs' artifacts lie by default: a URI or a path.
    pub location: Box<str>,
}

/// An experiment with what was asked of it.
#[derive(Debug, Clone)]
pub struct Scope {
    pub experiment: Experiment,
    pub policy: Arc<Policy>,
    /// Whether its runs are decided on. Those of the others are only looked at, for relatives' sake.
    pub is_selected: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Running,
    Scheduled,
    /// Finished, failed, killed.
    Ended,
}

impl Status {
    pub fn parse(text: &str) -> Self {
        match text {
            // The file store has numbers.
            "SCHEDULED" | "2" => Self::Scheduled,
            "FINISHED" | "FAILED" | "KILLED" | "3" | "4" | "5" => Self::Ended,
            // What is not known is not touched either.
            _ => Self::Running,
        }
    }
}

/// Where a run's artifacts are said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uri {
    /// `<location of the experiment>/<run>/artifacts`
    Usual,
    Other(Box<str>),
}

impl Uri {
    /// One of a run, or of a logged model (`folder` is then `models/`).
    pub fn new(text: &str, location: &str, folder: &str, id: &str) -> Self {
        let rest = text.strip_prefix(location.strip_suffix('/').unwrap_or(location));
        let rest = rest.and_then(|rest| rest.strip_prefix('/')?.strip_prefix(folder));
        match rest.and_then(|rest| rest.strip_prefix(id)) {
            Some("/artifacts") => Self::Usual,
            _ => Self::Other(text.into()),
        }
    }

    pub fn text(&self, location: &str, folder: &str, id: &str) -> String {
        match self {
            Self::Usual => {
                format!("{}/{folder}{id}/artifacts", location.strip_suffix('/').unwrap_or(location))
            }
            Self::Other(text) => text.to_string(),
        }
    }
}

/// Times that are not known are 0, so that a million runs fit into memory.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: Box<str>,
    /// Index of its [`Scope`].
    pub experiment: u32,
    /// Not soft-deleted.
    pub is_active: bool,
    pub status: Status,
    pub start: Millis,
    pub end: Millis,
    pub deleted_at: Millis,
    /// The newest value of the policy's metric; NaN where there is none.
    pub metric: f64,
    /// Which of the policy's protecting tags it has, as bits.
    pub tags: u64,
    pub parent: Option<Box<str>>,
    pub uri: Uri,
}

impl Run {
    /// Nothing has changed.
    pub fn is_same(&self, other: &Self) -> bool {
        let facts = |run: &Self| {
            (run.is_active, run.status, run.start, run.end, run.metric.to_bits(), run.tags)
        };
        facts(self) == facts(other) && self.parent == other.parent && self.uri == other.uri
    }
}

/// MLflow 3's own folder for a model that a run logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedModel {
    pub id: Box<str>,
    pub experiment: u32,
    pub is_active: bool,
    pub source_run: Option<Box<str>>,
    pub uri: Uri,
}

/// A run that has a logged model as input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub run: Box<str>,
    pub model: Box<str>,
}

/// A version in the model registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Version {
    pub model: String,
    pub version: String,
    pub stage: Option<String>,
    pub aliases: Vec<String>,
    pub run: Option<String>,
    /// Source, storage location, model id: every text that may lead to a run.
    pub sources: Vec<String>,
}

/// Everything at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub scopes: Vec<Scope>,
    pub runs: Vec<Run>,
    pub models: Vec<LoggedModel>,
    pub links: Vec<Link>,
    pub versions: Vec<Version>,
    /// Locations of experiments that are deleted: nothing of theirs may lie in what is removed.
    pub other_locations: Vec<Box<str>>,
    /// The metrics of experiments in which no run has the policy's: its index, and names.
    pub metric_names: Vec<(u32, BTreeSet<String>)>,
    /// Runs that could not be read, and why: they stay.
    pub unreadable: BTreeMap<u32, String>,
}

impl Snapshot {
    pub fn scope(&self, run: &Run) -> &Scope {
        &self.scopes[run.experiment as usize]
    }

    /// The logged models that a run made and that are not deleted. Models are in the order of their runs.
    pub fn models_of(&self, run: &Run) -> &[LoggedModel] {
        let of = |model: &LoggedModel| model.source_run.as_deref().cmp(&Some(&*run.id));
        let start = self.models.partition_point(|model| of(model).is_lt());
        let end = self.models.partition_point(|model| of(model).is_le());
        &self.models[start..end]
    }

    /// What a store does at the end of reading.
    pub fn sort_models(&mut self) {
        self.models.sort_unstable_by(|a, b| (&a.source_run, &a.id).cmp(&(&b.source_run, &b.id)));
    }
}
