//! Carrying a plan out. For each run: look again, archive, soft-delete, remove the files; each step is in the journal
//! before it is taken.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use super::archive::{self, Manifest, Part};
use super::artifacts;
use super::facts::{Millis, Run, Snapshot, Version};
use super::journal::{Journal, Step, Task, TaskPart};
use super::place::{Access, Place, Places};
use super::planfile::fingerprint;
use super::registry::references;
use super::stage::{Stage, Took};
use super::store::Store;
use crate::core::clock::{self, Stopwatch};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::tree::Size;
use crate::core::metrics::Changes;
use crate::core::output::Progress;
use crate::core::shutdown;
use crate::core::time::format_time;

/// Runs that are taken through the steps together: a transaction of the store, and two of the journal.
const BATCH: usize = 64;
/// The same where each is archived, which takes longer.
const ARCHIVED_BATCH: usize = 8;

/// Why a run was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It is not what it was when it was decided on.
    Changed(String),
    /// Its files cannot be removed safely.
    Refused(String),
    /// Something went wrong, in this stage.
    Failed(Stage, String),
}

/// What became of the runs that were to go.
#[derive(Debug, Default)]
pub struct Applied {
    pub deleted: BTreeMap<u32, Size>,
    pub left: BTreeMap<u32, Left>,
    pub took: Took,
}

/// Everything that is needed to carry out a plan.
pub struct Apply<'a> {
    pub store: &'a mut dyn Store,
    /// Where the model registry is another store.
    pub registry: Option<&'a mut dyn Store>,
    pub snapshot: &'a Snapshot,
    pub access: &'a Access,
    pub journal: &'a Journal<'a>,
    pub archive: Option<PathBuf>,
    /// What was found in the folders of runs when the plan was made.
    pub sizes: &'a BTreeMap<u32, Size>,
    /// What the runs of a written plan were, by id.
    pub fingerprints: Option<&'a HashMap<String, String>>,
    pub ctx: &'a Context,
}

/// A run on its way.
struct Going {
    index: u32,
    task: Task,
    size: Size,
}

impl Apply<'_> {
    /// Takes these runs away, in this order. An error means that the store cannot be used any more; what was done
    /// until then is in `applied`.
    pub fn run(
        &mut self,
        runs: &[u32],
        progress: &Progress,
        applied: &mut Applied,
    ) -> Result<(), Fault> {
        let snapshot = self.snapshot;
        let access = self.access;
        let places = Places::new(snapshot, access);
        let mut stays = HashSet::new();
        let batch = if self.archive.is_some() { ARCHIVED_BATCH } else { BATCH };
        for batch in runs.chunks(batch) {
            let mut going = Vec::new();
            for index in batch {
                match self.prepare(*index, &places) {
                    Ok(one) => going.push(one),
                    Err(left) => self.leave(*index, left, &mut stays, applied),
                }
            }
            let watch = Stopwatch::start();
            let going = self.archive_all(going, &mut stays, applied)?;
            if self.archive.is_some() {
                *applied.took.entry(Stage::Archive).or_default() += watch.elapsed();
            }
            let watch = Stopwatch::start();
            self.take_away(going, &mut stays, applied)?;
            *applied.took.entry(Stage::Delete).or_default() += watch.elapsed();
            progress.advance(batch.len() as u64);
        }
        Ok(())
    }

    /// A run that stays keeps its ancestors, and the runs whose models it uses.
    fn leave(&self, index: u32, left: Left, stays: &mut HashSet<String>, applied: &mut Applied) {
        let run = &self.snapshot.runs[index as usize];
        stays.extend(run.parent.as_deref().map(str::to_owned));
        let used = self.snapshot.links.iter().filter(|link| link.run == run.id);
        for link in used {
            let source = self.snapshot.models.iter().find(|model| model.id == link.model);
            let source = source.and_then(|model| model.source_run.as_deref());
            stays.extend(source.filter(|source| *source != &*run.id).map(str::to_owned));
        }
        applied.left.insert(index, left);
    }

    fn prepare(&mut self, index: u32, places: &Places<'_>) -> Result<Going, Left> {
        let snapshot = self.snapshot;
        let run = &snapshot.runs[index as usize];
        let mut parts = Vec::new();
        let mut size = Size::default();
        let own = places.find(run.experiment, "", &run.id, &run.uri);
        let models = snapshot.models_of(run).iter().filter(|model| model.is_active);
        let models = models.map(|model| {
            let place = places.find(model.experiment, "models/", &model.id, &model.uri);
            (Some(model.id.to_string()), place)
        });
        for (model, place) in std::iter::once((None, own)).chain(models) {
            let place = place.map_err(Left::Refused)?;
            // A server was asked for the plan, and would say the same.
            let seen = self.sizes.get(&index).filter(|_| matches!(place, Place::Proxy { .. }));
            let found = match seen {
                Some(_) => Some(Size::default()),
                None => artifacts::inspect(&place, self.store, self.ctx).map_err(Left::Refused)?,
            };
            size.add(seen.copied().filter(|_| model.is_none()).or(found).unwrap_or_default());
            // Nothing is there: there is nothing to remove, and nothing to put back.
            if found.is_some() || model.is_some() {
                parts.push(TaskPart { model, place });
            }
        }
        let experiment = snapshot.scope(run).experiment.id.to_string();
        let (run, was_active) = (run.id.to_string(), run.is_active);
        let archive = self.archive.clone();
        let bytes = size.bytes;
        Ok(Going { index, task: Task { experiment, run, was_active, parts, archive, bytes }, size })
    }

    fn archive_all(
        &mut self,
        going: Vec<Going>,
        stays: &mut HashSet<String>,
        applied: &mut Applied,
    ) -> Result<Vec<Going>, Fault> {
        if self.archive.is_none() {
            return Ok(going);
        }
        self.journal.record(Step::Archiving, going.iter().map(|one| &one.task))?;
        let mut archived = Vec::new();
        for one in going {
            match self.archive_one(&one.task, one.index) {
                Ok(()) => archived.push(one),
                Err(why) => {
                    self.journal.forget([one.task.run.as_str()], &Changes::default())?;
                    self.leave(one.index, Left::Failed(Stage::Archive, why), stays, applied);
                }
            }
        }
        Ok(archived)
    }

    fn archive_one<'t>(&mut self, task: &'t Task, index: u32) -> Result<(), String> {
        let Some(folder) = &task.archive else { return Ok(()) };
        let text = |fault: Fault| format!("{:#}", anyhow::Error::from(fault));
        let described = self.store.describe(&task.experiment, &task.run, self.ctx);
        let run = described.map_err(text)?.ok_or("it is gone")?;
        let scope = self.snapshot.scope(&self.snapshot.runs[index as usize]);
        let manifest = Manifest {
            schema: archive::SCHEMA.to_owned(),
            store: self.store.name().to_owned(),
            experiment_id: task.experiment.clone(),
            experiment_name: scope.experiment.name.to_string(),
            archived_at: format_time(clock::now() / 1_000_000 * 1_000_000),
            run,
            models: task.parts.iter().filter_map(|part| part.model.clone()).collect(),
            files: Vec::new(),
        };
        let part = |part: &'t TaskPart| {
            let TaskPart { model, place } = part;
            Part { model: model.as_deref(), place }
        };
        let parts: Vec<Part<'_>> = task.parts.iter().map(part).collect();
        let written = archive::write(folder, manifest, &parts, self.store, self.ctx);
        written.map(drop).map_err(|e| format!("it cannot be archived: {e}"))
    }

    /// The steps that signals wait for, unless a server takes its time: the journal knows how far it has come.
    fn take_away(
        &mut self,
        going: Vec<Going>,
        stays: &mut HashSet<String>,
        applied: &mut Applied,
    ) -> Result<(), Fault> {
        if going.is_empty() {
            return Ok(());
        }
        let _signals_wait = self.store.proxy().is_none().then(shutdown::hold);
        self.store.begin()?;
        let deleted = self.soft_delete(going, stays, applied);
        if deleted.is_err() {
            self.store.abort();
        }
        let (deleted, dropped) = deleted?;
        self.store.commit()?;
        self.journal.forget(dropped.iter().map(String::as_str), &Changes::default())?;
        self.journal.record(Step::Removing, deleted.iter().map(|one| &one.task))?;
        let (mut done, mut counted) = (Vec::new(), Changes::default());
        for one in &deleted {
            let mut parts = one.task.parts.iter();
            match parts.try_for_each(|part| artifacts::remove(&part.place, self.store, self.ctx)) {
                Ok(()) => {
                    done.push(one.task.run.as_str());
                    one.task.count(&mut counted);
                    applied.deleted.insert(one.index, one.size);
                }
                // It stays in the journal: the next cleanup tries again.
                Err(fault) => {
                    let why = format!("{:#}", anyhow::Error::from(fault));
                    applied.left.insert(one.index, Left::Failed(Stage::Delete, why));
                }
            }
        }
        self.journal.forget(done, &counted)
    }

    /// Looks at each again and soft-deletes those that are as they were; the others' ids.
    fn soft_delete(
        &mut self,
        going: Vec<Going>,
        stays: &mut HashSet<String>,
        applied: &mut Applied,
    ) -> Result<(Vec<Going>, Vec<String>), Fault> {
        let changed = self.recheck(&going)?;
        let going_ids: HashSet<String> = going.iter().map(|one| one.task.run.clone()).collect();
        let (mut unchanged, mut dropped) = (Vec::new(), Vec::new());
        for one in going {
            let child_stays =
                || stays.contains(&one.task.run).then(|| "a child of it stays".to_owned());
            let why = match changed.get(&one.index) {
                Some(Why::Itself(why)) => Some(why.clone()),
                Some(Why::Child(child)) if !going_ids.contains(child) => {
                    Some(format!("{child} is a child of it now"))
                }
                _ => child_stays(),
            };
            match why {
                None => unchanged.push(one),
                Some(why) => {
                    dropped.push(one.task.run.clone());
                    self.leave(one.index, Left::Changed(why), stays, applied);
                }
            }
        }
        self.journal.record(Step::Deleting, unchanged.iter().map(|one| &one.task))?;
        let now: Millis = clock::now() / 1000;
        let mut deleted = Vec::new();
        for one in unchanged {
            let task = &one.task;
            match self.store.set_deleted(&task.what(), Some(now), self.ctx) {
                Ok(()) => deleted.push(one),
                Err(fault) => {
                    dropped.push(task.run.clone());
                    let why = format!("{:#}", anyhow::Error::from(fault));
                    self.leave(one.index, Left::Failed(Stage::Delete, why), stays, applied);
                }
            }
        }
        Ok((deleted, dropped))
    }

    /// What has changed since the snapshot.
    fn recheck(&mut self, going: &[Going]) -> Result<HashMap<u32, Why>, Fault> {
        let (snapshot, ctx) = (self.snapshot, self.ctx);
        let old: Vec<&Run> = going.iter().map(|one| &snapshot.runs[one.index as usize]).collect();
        let mut changed = HashMap::new();
        let now = self.store.look(&snapshot.scopes, &old, ctx)?;
        for ((one, old), now) in going.iter().zip(&old).zip(now) {
            match now {
                None => drop(changed.insert(one.index, Why::itself("it is gone"))),
                Some(now) if !now.is_same(old) => {
                    changed.insert(one.index, Why::itself("it has changed"));
                }
                Some(_) => {}
            }
        }
        for (child, parent) in self.store.children(&snapshot.scopes, &old, ctx)? {
            if let Some(one) = going.iter().find(|one| one.task.run == parent) {
                changed.entry(one.index).or_insert(Why::Child(child));
            }
        }
        let versions = match &mut self.registry {
            Some(registry) => registry.versions(ctx)?,
            None => self.store.versions(ctx)?,
        };
        for run in newly_referenced(snapshot, &versions, &old) {
            let one = going.iter().find(|one| *one.task.run == *run.id);
            if let Some(one) = one {
                changed.insert(one.index, Why::itself("the model registry refers to it now"));
            }
        }
        if let Some(fingerprints) = self.fingerprints {
            for one in going {
                let now = self.store.describe(&one.task.experiment, &one.task.run, ctx)?;
                let now = now.as_ref().map(fingerprint);
                if now.as_ref() != fingerprints.get(&one.task.run) {
                    let why = "it has changed since the plan was written";
                    changed.entry(one.index).or_insert_with(|| Why::itself(why));
                }
            }
        }
        Ok(changed)
    }
}

enum Why {
    Itself(String),
    /// A run that has it as its parent.
    Child(String),
}

impl Why {
    fn itself(text: &str) -> Self {
        Self::Itself(text.to_owned())
    }
}

/// Those of these runs that the registry refers to, where it is another than it was.
fn newly_referenced<'r>(
    snapshot: &Snapshot,
    versions: &[Version],
    runs: &[&'r Run],
) -> Vec<&'r Run> {
    if versions == snapshot.versions {
        return Vec::new();
    }
    let ids: HashMap<&str, u32> =
        (0..).zip(&snapshot.runs).map(|(index, run)| (&*run.id, index)).collect();
    let found = references(snapshot, versions, &ids);
    runs.iter().filter(|run| found.contains_key(&ids[&*run.id])).copied().collect()
}
