//! What a cleanup that was killed left behind: finished, or undone.

use super::archive;
use super::artifacts;
use super::facts::{Run, Scope, Status, Uri, Version};
use super::journal::{Journal, Step, Task};
use super::registry::is_named;
use super::restore::{make_active, put_back};
use super::store::Store;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::metrics::Changes;

/// How a run that was found in the journal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Its files are gone now.
    Finished,
    /// It is as it was before.
    Undone,
    /// It could not be finished, and is still in the journal.
    Failed(String),
    /// Somebody else has changed it: it is left alone.
    LeftAlone(&'static str),
}

/// Goes through the journal. Nothing else may clean the store meanwhile.
pub fn recover(
    store: &mut dyn Store,
    scopes: &[Scope],
    versions: &[Version],
    journal: &Journal<'_>,
    ctx: &Context,
) -> Result<Vec<(String, Ended)>, Fault> {
    let mut all = Vec::new();
    for (step, task) in journal.unfinished()? {
        let ended = match one(store, scopes, versions, step, &task, ctx) {
            Ok(ended) => ended,
            Err(fault) => Ended::Failed(format!("{:#}", anyhow::Error::from(fault))),
        };
        if !matches!(ended, Ended::Failed(_)) {
            let mut counted = Changes::default();
            if ended == Ended::Finished {
                task.count(&mut counted);
            }
            journal.forget([task.run.as_str()], &counted)?;
        }
        all.push((task.run, ended));
    }
    Ok(all)
}

fn one(
    store: &mut dyn Store,
    scopes: &[Scope],
    versions: &[Version],
    step: Step,
    task: &Task,
    ctx: &Context,
) -> Result<Ended, Fault> {
    if let Some(folder) = &task.archive {
        archive::discard_unfinished(folder, &task.experiment, &task.run);
    }
    if step == Step::Archiving {
        return Ok(Ended::Undone);
    }
    let index = scopes.iter().position(|scope| *scope.experiment.id == *task.experiment);
    let Some(index) = index else { return Ok(Ended::LeftAlone("its experiment is gone")) };
    let stub = stub(task, index as u32);
    let now = store.look(scopes, &[&stub], ctx)?.into_iter().next().flatten();
    let is_protected = now.as_ref().is_some_and(|run| run.tags != 0) || {
        let ids: Vec<&str> = task.models().chain([task.run.as_str()]).collect();
        is_named(&ids, versions)
    };
    match (&now, step) {
        (Some(run), Step::Deleting) if run.is_active => Ok(Ended::Undone),
        (Some(run), _) if run.is_active => {
            Ok(Ended::LeftAlone("it was brought back before all of its files were gone"))
        }
        // Whether it was soft-deleted cannot be told any more.
        (None, Step::Deleting) => Ok(Ended::LeftAlone("the store cannot tell what it is")),
        (Some(_), _) if is_protected && task.was_active => undo(store, step, task, ctx),
        _ if is_protected => Ok(Ended::LeftAlone("it is protected now")),
        _ => {
            for part in &task.parts {
                // The way may be another than it was.
                artifacts::inspect(&part.place, store, ctx).map_err(Fault::failed)?;
                artifacts::remove(&part.place, store, ctx)?;
            }
            Ok(Ended::Finished)
        }
    }
}

/// It is protected by now: back to what it was.
fn undo(store: &mut dyn Store, step: Step, task: &Task, ctx: &Context) -> Result<Ended, Fault> {
    let mut ended = Ended::Undone;
    if step == Step::Removing {
        let path =
            task.archive.as_ref().map(|folder| archive::path(folder, &task.experiment, &task.run));
        match path.filter(|path| archive::verify(path).is_ok()) {
            Some(path) => put_back(&path, &task.parts, store, ctx)?,
            None => ended = Ended::LeftAlone("it is protected now, but some of its files are gone"),
        }
    }
    make_active(&task.what(), store, ctx)?;
    Ok(ended)
}

fn stub(task: &Task, experiment: u32) -> Run {
    Run {
        id: task.run.as_str().into(),
        experiment,
        is_active: false,
        status: Status::Ended,
        start: 0,
        end: 0,
        deleted_at: 0,
        metric: f64::NAN,
        tags: 0,
        parent: None,
        uri: Uri::Usual,
    }
}
