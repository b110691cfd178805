//! Which store, and which of its experiments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::settings::PolicyArgs;
use crate::cleanup::facts::{Experiment, Scope, Snapshot};
use crate::cleanup::place::{Access, Root};
use crate::cleanup::planfile::PlanFile;
use crate::cleanup::store::{self, Store, TrackingUri};
use crate::core::context::Context;
use crate::core::error::{Fault, nearest};

/// The store
#[derive(Debug, Args, PartialEq, Default)]
pub(super) struct StoreArgs {
    /// Where the runs are: http://…, sqlite:///FILE or a folder [default: as MLflow finds it]
    #[arg(long, value_name = "URI")]
    tracking_uri: Option<String>,
    /// Folder beneath which artifacts must lie; those of a server too, if it is on this machine
    #[arg(long, value_name = "DIR")]
    artifact_root: Option<PathBuf>,
    /// Write to databases of MLflow versions that are not known, too
    #[arg(long)]
    any_revision: bool,
}

/// A store, and what is elsewhere.
pub(super) struct Opened {
    pub(super) store: Box<dyn Store>,
    /// The model registry, where that is another store.
    pub(super) registry: Option<Box<dyn Store>>,
    pub(super) access: Access,
}

impl StoreArgs {
    pub(super) fn open(&self, ctx: &Context) -> Result<Opened, Fault> {
        let env = &ctx.env;
        let configured = ctx.config.text("cleanup.tracking-uri").map(str::to_owned);
        let named = self.tracking_uri.clone().or(configured);
        let named = named.or_else(|| env.get("MLFLOW_TRACKING_URI"));
        let parse = |text: &str| TrackingUri::parse(text, &env.current_folder);
        let uri = match &named {
            Some(text) => parse(text)?,
            None => TrackingUri::find(env),
        };
        let store = store::open(&uri, self.any_revision, ctx)?;
        let registry = match env.get("MLFLOW_REGISTRY_URI") {
            Some(text) if parse(&text)? != uri => Some(store::open(&parse(&text)?, false, ctx)?),
            _ => None,
        };
        let root = self.artifact_root.clone().or_else(|| ctx.config.path("cleanup.artifact-root"));
        let mut access = store.access();
        if let Some(root) = root {
            access = Access {
                root: Some(self::root(&root, &env.current_folder)?),
                is_named: true,
                ..access
            };
        }
        Ok(Opened { store, registry, access })
    }
}

fn root(path: &Path, folder: &Path) -> Result<Root, Fault> {
    let given: PathBuf = folder.join(path).components().collect();
    match given.canonicalize() {
        Ok(real) if real.is_dir() => Ok(Root { given, real }),
        Ok(_) => Err(Fault::usage(format!("--artifact-root {}: it is no folder", path.display()))),
        Err(e) => Err(Fault::usage(format!("--artifact-root {}", path.display())).because(e)),
    }
}

impl Opened {
    /// Everything in the store; only these experiments are decided on, or all. What was `planned` before goes before
    /// both.
    pub(super) fn read(
        &mut self,
        only: &[String],
        policy: &PolicyArgs,
        planned: Option<&PlanFile>,
        with_deleted: bool,
        ctx: &Context,
    ) -> Result<Snapshot, Fault> {
        let listing = self.store.experiments(ctx)?;
        check_names(only, &listing.active, ctx)?;
        let planned = planned.map(|plan| &plan.policies);
        let mut scopes = Vec::new();
        for experiment in listing.active {
            let is_it = |name: &String| **name == *experiment.id || **name == *experiment.name;
            let own = planned.and_then(|policies| policies.get(&*experiment.id));
            let is_selected = match planned {
                Some(_) => own.is_some(),
                None => only.is_empty() || only.iter().any(is_it),
            };
            let policy = match own {
                Some(policy) => policy.clone(),
                None => policy.policy(&experiment.name, ctx)?,
            };
            let policy = Arc::new(policy);
            scopes.push(Scope { experiment, policy, is_selected });
        }
        let mut snapshot = self.store.read(scopes, with_deleted, ctx)?;
        snapshot.sort_models();
        snapshot.other_locations.extend(listing.deleted_locations);
        if let Some(registry) = &mut self.registry {
            snapshot.versions = registry.versions(ctx)?;
        }
        Ok(snapshot)
    }
}

/// A name that is misspelt must not leave an experiment out, nor its policy.
fn check_names(only: &[String], all: &[Experiment], ctx: &Context) -> Result<(), Fault> {
    let is_known = |name: &str| all.iter().any(|one| *one.id == *name || *one.name == *name);
    let near = |name: &str| nearest(name, all.iter().map(|one| &*one.name)).map(str::to_owned);
    if let Some(name) = only.iter().find(|name| !is_known(name)) {
        let fault = Fault::usage(format!("there is no experiment {name}"));
        return Err(match near(name) {
            Some(near) => fault.hint(format!("did you mean {near}?")),
            None => fault.hint("deleted experiments are `mlflow gc`'s"),
        });
    }
    for name in ctx.config.experiments() {
        if !is_known(name) {
            let meant =
                near(name).map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
            ctx.out.warn(format!("[cleanup.\"{name}\"] is of no experiment in this store{meant}"));
        }
    }
    Ok(())
}
