//! What is under way, in the state's database: whoever comes after a process that was killed finds it here.

use std::path::PathBuf;

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use super::place::Place;
use super::store::Deletable;
use crate::core::error::Fault;
use crate::core::metrics::{Changes, catalogue};
use crate::core::state::State;

/// The version of the state's tables from which on there is one.
const JOURNAL: u32 = 2;

/// How far the removal of a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its archive is being written; the store is as it was.
    Archiving,
    /// It is being soft-deleted; its files are all there.
    Deleting,
    /// It is soft-deleted; its files are being removed.
    Removing,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Archiving => "archiving",
            Self::Deleting => "deleting",
            Self::Removing => "removing",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Archiving, Self::Deleting, Self::Removing].into_iter().find(|s| s.name() == text)
    }
}

/// A run that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub experiment: String,
    pub run: String,
    /// It was not soft-deleted before.
    pub was_active: bool,
    pub parts: Vec<TaskPart>,
    /// Folder of archives, where it is archived.
    pub archive: Option<PathBuf>,
    /// What its removal frees.
    #[serde(default)]
    pub bytes: u64,
}

/// A folder of it: its own, or a logged model's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPart {
    pub model: Option<String>,
    pub place: Place,
}

impl Task {
    /// Counts it as removed.
    pub fn count(&self, counted: &mut Changes) {
        let action = if self.archive.is_some() { "archive" } else { "delete" };
        counted.add(&catalogue::CLEANUP_REMOVED, &[action], 1.0);
        counted.add(&catalogue::CLEANUP_RECLAIMED, &[action], self.bytes as f64);
    }

    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| part.model.as_deref())
    }

    /// What it is to the store.
    pub fn what(&self) -> Deletable<'_> {
        Deletable {
            experiment: &self.experiment,
            run: self.was_active.then_some(self.run.as_str()),
            models: self.models().collect(),
        }
    }
}

/// The journal of one store.
#[derive(Debug)]
pub struct Journal<'s> {
    state: &'s State,
    store: String,
}

impl<'s> Journal<'s> {
    pub fn new(state: &'s State, store: &str) -> Self {
        Self { state, store: store.to_owned() }
    }

    /// Records how far these have come, all at once.
    pub fn record<'t>(
        &self,
        step: Step,
        tasks: impl IntoIterator<Item = &'t Task>,
    ) -> Result<(), Fault> {
        self.change(|transaction| {
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO cleanup_journal VALUES (?, ?, ?, ?)")?;
            for task in tasks {
                let json = serde_json::to_string(task).expect("a task is plain data");
                insert.execute(params![self.store, task.run, step.name(), json])?;
            }
            Ok(())
        })
    }

    /// These are done, or were not begun; and what is counted of them.
    pub fn forget<'t>(
        &self,
        runs: impl IntoIterator<Item = &'t str>,
        counted: &Changes,
    ) -> Result<(), Fault> {
        self.change(|transaction| {
            let mut delete = transaction
                .prepare_cached("DELETE FROM cleanup_journal WHERE store = ? AND run = ?")?;
            for run in runs {
                delete.execute([&self.store, run])?;
            }
            counted.store(transaction)
        })
    }

    fn change(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), Fault> {
        Ok(self.state.write(|transaction| f(transaction).map_err(|e| self.state.error(e)))?)
    }

    /// What an earlier process left unfinished.
    pub fn unfinished(&self) -> Result<Vec<(Step, Task)>, Fault> {
        if self.state.version()? < JOURNAL {
            return Ok(Vec::new());
        }
        let error = |e| Fault::from(self.state.error(e));
        let sql = "SELECT run, step, task FROM cleanup_journal WHERE store = ? ORDER BY run";
        let mut statement = self.state.connection().prepare(sql).map_err(error)?;
        let rows = statement
            .query_map([&self.store], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })
            .map_err(error)?;
        let mut all = Vec::new();
        for row in rows {
            let (run, step, task) = row.map_err(error)?;
            match (Step::parse(&step), serde_json::from_str(&task)) {
                (Some(step), Ok(task)) => all.push((step, task)),
                _ => {
                    return Err(Fault::failed(format!(
                        "the journal of run {run} in {} cannot be read",
                        self.state.path().display()
                    )));
                }
            }
        }
        Ok(all)
    }
}
