//! MLflow's folder of runs (`./mlruns`), without MLflow.

mod meta;
mod read;

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::{Deletable, Listing, Metadata, Store};
use crate::cleanup::facts::{Millis, Run, Scope, Snapshot, Version};
use crate::cleanup::place::{Access, Root};
use crate::cleanup::plan::ranks;
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::{self, Replacement};
use crate::core::output::Unit;

pub(super) struct Files {
    given: PathBuf,
    root: PathBuf,
    name: String,
    identity: String,
    /// Paths of the runs that were read.
    known: HashSet<PathBuf>,
    /// What takes its place with the next commit.
    changes: Vec<Replacement>,
}

impl Files {
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let cannot = || Fault::failed(format!("cannot read the runs in {}", path.display()));
        let root = path.canonicalize().map_err(|e| {
            cannot()
                .because(e)
                .hint("--tracking-uri or MLFLOW_TRACKING_URI says where the runs are")
        })?;
        if !root.is_dir() {
            return Err(cannot()
                .because(io::Error::other("it is no folder"))
                .hint("a database is named sqlite:///FILE"));
        }
        let name = path.display().to_string();
        let identity = format!("files:{}", root.display());
        // As a URI in the store would have it.
        let given = path.components().collect();
        Ok(Self { given, root, name, identity, known: HashSet::new(), changes: Vec::new() })
    }

    fn failed(&self, error: io::Error) -> Fault {
        Fault::failed(format!("cannot read the runs in {}", self.root.display())).because(error)
    }
}

impl Store for Files {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    /// The store's own folder: a copied store points at the original's files.
    fn access(&self) -> Access {
        let root = Root { given: self.given.clone(), real: self.root.clone() };
        Access { root: Some(root), ..Access::default() }
    }

    fn experiments(&mut self, ctx: &Context) -> Result<Listing, Fault> {
        let mut listing = Listing::default();
        for experiment in read::experiments(&self.root).map_err(|e| self.failed(e))? {
            match experiment {
                Ok(experiment) => listing.active.push(experiment),
                Err(wrong) => ctx.out.warn(format!("{wrong}: its runs are left alone")),
            }
        }
        if listing.active.is_empty() {
            let fault = Fault::failed(format!("{} holds no experiment", self.root.display()));
            return Err(fault.hint("is it MLflow's folder?"));
        }
        Ok(listing)
    }

    fn read(
        &mut self,
        scopes: Vec<Scope>,
        with_deleted: bool,
        ctx: &Context,
    ) -> Result<Snapshot, Fault> {
        let mut snapshot = Snapshot { scopes, ..Snapshot::default() };
        let progress = ctx.out.progress(
            "reading experiments",
            Unit::Items,
            Some(snapshot.scopes.len() as u64),
        );
        for (index, scope) in (0..).zip(&snapshot.scopes) {
            for found in read::runs(&self.root, index, scope).map_err(|e| self.failed(e))? {
                self.known.insert(self.root.join(&*scope.experiment.id).join(&*found.run.id));
                if !found.run.is_active && !with_deleted {
                    if let crate::cleanup::facts::Uri::Other(uri) = found.run.uri {
                        snapshot.other_locations.push(uri);
                    }
                    continue;
                }
                if let Some(wrong) = found.wrong {
                    snapshot.unreadable.insert(snapshot.runs.len() as u32, wrong);
                }
                snapshot.links.extend(found.links);
                snapshot.runs.push(found.run);
            }
            snapshot.models.extend(read::models(&self.root, index, scope));
            progress.advance(1);
        }
        snapshot.versions = read::versions(&self.root);
        snapshot.metric_names = self.metric_names(&snapshot);
        Ok(snapshot)
    }

    fn look(
        &mut self,
        scopes: &[Scope],
        runs: &[&Run],
        _ctx: &Context,
    ) -> Result<Vec<Option<Run>>, Fault> {
        let look = |old: &&Run| {
            let scope = &scopes[old.experiment as usize];
            let folder = self.root.join(&*scope.experiment.id);
            let found = read::run(&folder, old.experiment, scope, &old.id);
            found.wrong.is_none().then_some(found.run)
        };
        Ok(runs.iter().map(look).collect())
    }

    fn versions(&mut self, _ctx: &Context) -> Result<Vec<Version>, Fault> {
        Ok(read::versions(&self.root))
    }

    /// Only runs that are new since the store was read.
    fn children(
        &mut self,
        scopes: &[Scope],
        parents: &[&Run],
        _ctx: &Context,
    ) -> Result<Vec<(String, String)>, Fault> {
        let mut children = Vec::new();
        for scope in scopes {
            let folder = self.root.join(&*scope.experiment.id);
            for name in read::run_names(&folder).map_err(|e| self.failed(e))? {
                let path = folder.join(&name);
                let parent = if self.known.contains(&path) { None } else { read::parent_of(&path) };
                children.extend(
                    parent
                        .filter(|id| parents.iter().any(|run| *run.id == **id))
                        .map(|id| (name, id)),
                );
            }
        }
        Ok(children)
    }

    fn describe(
        &mut self,
        experiment: &str,
        run: &str,
        _ctx: &Context,
    ) -> Result<Option<Metadata>, Fault> {
        Ok(read::describe(&self.root.join(experiment).join(run), run, experiment))
    }

    fn begin(&mut self) -> Result<(), Fault> {
        nix::unistd::access(&self.root, nix::unistd::AccessFlags::W_OK).map_err(|e| {
            Fault::failed(format!("cannot write to {}", self.root.display()))
                .because(io::Error::from(e))
        })
    }

    fn commit(&mut self) -> Result<(), Fault> {
        files::replace_all(std::mem::take(&mut self.changes))
    }

    fn abort(&mut self) {
        self.changes.clear();
    }

    fn set_deleted(
        &mut self,
        what: &Deletable<'_>,
        at: Option<Millis>,
        _ctx: &Context,
    ) -> Result<(), Fault> {
        let folder = self.root.join(what.experiment);
        let mut changes = Vec::new();
        if let Some(run) = what.run {
            let stage = if at.is_some() { "deleted" } else { "active" };
            let edits = [
                ("lifecycle_stage", Some(stage.to_owned())),
                ("deleted_time", at.map(|at| at.to_string())),
            ];
            changes.push(meta::change(&folder.join(run).join("meta.yaml"), &edits)?);
        }
        for model in &what.models {
            let now = at.unwrap_or_else(|| clock::now() / 1000);
            // An active one has no stage.
            let edits = [
                ("lifecycle_stage", at.map(|_| "deleted".to_owned())),
                ("last_updated_timestamp", Some(now.to_string())),
            ];
            let path = folder.join("models").join(model).join("meta.yaml");
            changes.push(meta::change(&path, &edits)?);
        }
        self.changes.extend(changes);
        Ok(())
    }
}

impl Files {
    fn metric_names(&self, snapshot: &Snapshot) -> Vec<(u32, std::collections::BTreeSet<String>)> {
        let mut runs: BTreeMap<u32, Vec<&Run>> = BTreeMap::new();
        for run in snapshot.runs.iter().filter(|run| run.is_active) {
            runs.entry(run.experiment).or_default().push(run);
        }
        runs.retain(|_, runs| !runs.iter().any(|run| ranks(run.metric)));
        let wanted = runs.into_iter().filter_map(|(index, runs)| {
            let scope = &snapshot.scopes[index as usize];
            (scope.is_selected && scope.policy.top_n > 0)
                .then(|| (index, read::metric_names(&self.root, scope, runs.into_iter())))
        });
        wanted.collect()
    }
}
