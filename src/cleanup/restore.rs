//! Bringing a run back from its archive.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Seek as _};
use std::path::Path;

use super::archive::{self, ArchiveError, ArchivedFile, Manifest};
use super::artifacts;
use super::facts::{Run, Snapshot};
use super::journal::TaskPart;
use super::place::{Access, Place, Places};
use super::store::{Deletable, Store};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::tree::{EntryKind, Folder, TreeError};

/// What is filled before it takes the place of the empty folder.
const FILLING: &str = "artifacts.ut-restoring";

/// Puts the files of a run's archive back and makes it active again. The archive stays.
pub fn restore(
    path: &Path,
    snapshot: &Snapshot,
    access: &Access,
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<Manifest, Fault> {
    let damaged =
        |e: ArchiveError| Fault::failed(format!("{} is damaged", path.display())).because(e);
    let manifest = archive::verify(path).map_err(damaged)?;
    let id = manifest.run.run_id.as_str();
    let cannot = |why: &str| Fault::failed(format!("cannot restore {id}: {why}"));
    let run = find(snapshot, &manifest).map_err(|why| cannot(&why))?;
    let places = Places::new(snapshot, access);
    let own = places.find(run.experiment, "", &run.id, &run.uri).map_err(|why| cannot(&why))?;
    let mut parts = vec![TaskPart { model: None, place: own }];
    for id in &manifest.models {
        let model = snapshot.models.iter().find(|model| *model.id == **id);
        // Over REST, a model that is deleted is not shown: its folder is where it always is.
        let (experiment, uri) = model.map_or((run.experiment, super::facts::Uri::Usual), |model| {
            (model.experiment, model.uri.clone())
        });
        let place = places.find(experiment, "models/", id, &uri).map_err(|why| cannot(&why))?;
        parts.push(TaskPart { model: Some(id.clone()), place });
    }
    for part in &parts {
        match artifacts::inspect(&part.place, store, ctx) {
            Ok(found) if found.unwrap_or_default().files == 0 => {}
            // An earlier try was stopped before the run was active again.
            Ok(_) if !run.is_active && are_archived(part, &manifest, store, ctx)? => {}
            Ok(_) => return Err(cannot("there are files where its own would go")),
            Err(why) => return Err(cannot(&why)),
        }
    }
    put_back(path, &parts, store, ctx)?;
    let what = Deletable {
        experiment: &manifest.experiment_id,
        run: Some(id),
        models: manifest.models.iter().map(String::as_str).collect(),
    };
    make_active(&what, store, ctx)?;
    Ok(manifest)
}

/// Undoes a soft-deletion.
pub(super) fn make_active(
    what: &Deletable<'_>,
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<(), Fault> {
    store.begin()?;
    match store.set_deleted(what, None, ctx) {
        Ok(()) => store.commit(),
        Err(fault) => {
            store.abort();
            Err(fault)
        }
    }
}

/// Whether every file that lies there is one of the archive's, so that nothing is lost when it is replaced.
fn are_archived(
    part: &TaskPart,
    manifest: &Manifest,
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<bool, Fault> {
    let prefix = archive::prefix(part.model.as_deref());
    let archived: HashMap<&str, &ArchivedFile> = manifest
        .files
        .iter()
        .filter_map(|file| Some((file.path.strip_prefix(&prefix)?, file)))
        .collect();
    match &part.place {
        Place::Local { root, names } => {
            let cannot = |e| Fault::failed("cannot look at artifacts").because(e);
            let Some(folder) = Folder::descend(root, names).map_err(cannot)? else {
                return Ok(true);
            };
            is_local_archived(&folder, "", &archived)
                .map_err(|e| Fault::failed("cannot look at artifacts").because(e))
        }
        Place::Proxy { path } => is_remote_archived(path, "", &archived, store, ctx),
    }
}

fn is_local_archived(
    folder: &Folder,
    prefix: &str,
    archived: &HashMap<&str, &ArchivedFile>,
) -> Result<bool, ArchiveError> {
    for entry in folder.entries()? {
        let path = format!("{prefix}{}", entry.name.to_string_lossy());
        let known = archived.get(path.as_str());
        let is_ours = match entry.kind {
            EntryKind::Folder => {
                let inner = folder.enter(&entry.name)?;
                let check =
                    |inner: Folder| is_local_archived(&inner, &format!("{path}/"), archived);
                inner.map_or(Ok(true), check)?
            }
            EntryKind::File => {
                let hash = archive::hash(folder.file(&entry.name)?)?;
                known.is_some_and(|known| known.blake3.as_ref() == Some(&hash))
            }
            EntryKind::Link => known.is_some_and(|known| known.link.is_some()),
            EntryKind::Special => false,
        };
        if !is_ours {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A server tells lengths.
fn is_remote_archived(
    path: &str,
    prefix: &str,
    archived: &HashMap<&str, &ArchivedFile>,
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<bool, Fault> {
    let Some(proxy) = store.proxy() else { return Ok(false) };
    for entry in proxy.list(path, ctx)? {
        let own = format!("{prefix}{}", entry.name);
        let inner = format!("{path}/{}", entry.name);
        let is_ours = match entry.bytes {
            Some(bytes) => archived.get(own.as_str()).is_some_and(|known| known.bytes == bytes),
            None => is_remote_archived(&inner, &format!("{own}/"), archived, store, ctx)?,
        };
        if !is_ours {
            return Ok(false);
        }
    }
    Ok(true)
}

fn find<'s>(snapshot: &'s Snapshot, manifest: &Manifest) -> Result<&'s Run, String> {
    let run = snapshot.runs.iter().find(|run| *run.id == *manifest.run.run_id);
    let Some(run) = run else {
        return Err(
            "the store does not know it any more (has `mlflow gc` run?); its files can be \
                    taken out with tar --zstd -xf"
                .to_owned(),
        );
    };
    let experiment = &snapshot.scope(run).experiment.id;
    if **experiment != *manifest.experiment_id {
        return Err(format!("it is in experiment {experiment} now"));
    }
    Ok(run)
}

/// Takes the parts of an archive out, each into its folder, which is empty.
pub(super) fn put_back(
    archive: &Path,
    parts: &[TaskPart],
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<(), Fault> {
    for part in parts {
        let model = part.model.as_deref();
        let cannot = |e: ArchiveError| {
            Fault::failed(format!("cannot take {} out", archive.display())).because(e)
        };
        match &part.place {
            Place::Local { root, names } => {
                put_local(archive, model, root, names).map_err(cannot)?;
            }
            Place::Proxy { path } => {
                put_remote(archive, model, path, store, ctx).map_err(cannot)?;
            }
        }
    }
    Ok(())
}

fn put_local(
    archive: &Path,
    model: Option<&str>,
    root: &Path,
    names: &[String],
) -> Result<(), ArchiveError> {
    let Some((own, way)) = names.split_last() else {
        return Err(ArchiveError::Name(root.display().to_string()));
    };
    let open = |path: &Path| {
        Folder::open(path).map_err(|source| TreeError::Io { path: path.to_path_buf(), source })
    };
    let mut parent = open(root)?;
    for name in way {
        parent = parent.make(OsStr::new(name))?;
    }
    let filling = OsStr::new(FILLING);
    // What an earlier try left.
    if let Some(old) = parent.enter(filling)? {
        old.empty()?;
    }
    let new = parent.make(filling)?;
    archive::extract(archive, model, &new)?;
    // Folders that are empty are no loss, and would be in the way.
    if let Some(old) = parent.enter(OsStr::new(own))? {
        old.empty()?;
    }
    Ok(parent.rename(filling, OsStr::new(own))?)
}

fn put_remote(
    archive: &Path,
    model: Option<&str>,
    to: &str,
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<(), ArchiveError> {
    let proxy = store.proxy().ok_or_else(|| ArchiveError::Server("there is no server".into()))?;
    archive::each_file(archive, model, |path, from| {
        let mut file = tempfile::tempfile()?;
        io::copy(from, &mut file)?;
        file.rewind()?;
        let put = proxy.put(&format!("{to}/{path}"), file, ctx);
        put.map_err(|fault| ArchiveError::Server(format!("{:#}", anyhow::Error::from(fault))))
    })
}
