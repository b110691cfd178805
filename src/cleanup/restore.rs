//! Bringing a run back from its archive.

use std::ffi::OsStr;
use std::io::{self, Seek as _};
use std::path::Path;

use super::archive::{self, ArchiveError, Manifest};
use super::artifacts;
use super::facts::{Run, Snapshot};
use super::journal::TaskPart;
use super::place::{Access, Place, Places};
use super::store::{Deletable, Store};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::tree::{Folder, TreeError};
use crate::core::shutdown;

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
            Ok(_) => return Err(cannot("there are files where its own would go")),
            Err(why) => return Err(cannot(&why)),
        }
    }
    let _signals_wait = shutdown::hold();
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
