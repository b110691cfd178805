//! Folders that look like a run's or a logged model's, and that the store knows nothing of.
//!
//! They are told, not removed: two databases may share a root, and an old copy of a database knows none of the newer
//! runs.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use serde::Serialize;

use super::facts::Snapshot;
use super::place::{Access, Place, Places};
use super::store::Store;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::tree::{EntryKind, Folder, TreeError};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Orphan {
    pub experiment_id: String,
    pub path: PathBuf,
    pub bytes: u64,
}

/// All there are in the folders of the experiments that were asked for.
pub fn find(
    snapshot: &Snapshot,
    access: &Access,
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<Vec<Orphan>, Fault> {
    let places = Places::new(snapshot, access);
    let known: HashSet<&str> = snapshot
        .runs
        .iter()
        .map(|run| &*run.id)
        .chain(snapshot.models.iter().map(|model| &*model.id))
        .collect();
    let mut orphans = Vec::new();
    for (index, scope) in (0..).zip(&snapshot.scopes).filter(|(_, scope)| scope.is_selected) {
        let id = &scope.experiment.id;
        let Ok(Place::Local { root, names }) = places.experiment(index) else {
            let text = format!("the artifacts of experiment {id} are not on this machine");
            return Err(Fault::usage(text)
                .hint("--orphans needs them: --artifact-root names where they are"));
        };
        let cannot =
            |e: TreeError| Fault::failed(format!("cannot look into experiment {id}")).because(e);
        let Some(folder) = Folder::descend(&root, &names).map_err(cannot)? else { continue };
        let models = folder.enter(OsStr::new("models")).map_err(cannot)?;
        for (folder, is_name) in [(Some(folder), is_run as fn(&str) -> bool), (models, is_model)] {
            let Some(folder) = folder else { continue };
            for entry in folder.entries().map_err(cannot)? {
                let Some(name) = entry.name.to_str().filter(|name| is_name(name)) else { continue };
                let is_known = entry.kind != EntryKind::Folder || known.contains(name);
                // Runs that are soft-deleted need not be in the snapshot.
                if is_known || store.describe(id, name, ctx)?.is_some() {
                    continue;
                }
                let Some(inner) = folder.enter(&entry.name).map_err(cannot)? else { continue };
                if let Some(artifacts) = inner.enter(OsStr::new("artifacts")).map_err(cannot)? {
                    let bytes = artifacts.size().map_err(cannot)?.bytes;
                    let path = artifacts.path().to_path_buf();
                    orphans.push(Orphan { experiment_id: id.to_string(), path, bytes });
                }
            }
        }
    }
    Ok(orphans)
}

/// As MLflow names runs.
fn is_run(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_model(name: &str) -> bool {
    name.strip_prefix("m-").is_some_and(is_run)
}
