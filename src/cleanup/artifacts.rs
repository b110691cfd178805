//! The folders of artifacts: looked at, and emptied.

use super::place::Place;
use super::store::{Proxy, Store};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::tree::{Entry, EntryKind, Folder, Size, TreeError};

/// What lies there; none if there is nothing. The error says why it must not be removed.
pub fn inspect(
    place: &Place,
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<Option<Size>, String> {
    match (place, store.proxy()) {
        (Place::Local { .. }, _) => inspect_local(place),
        (Place::Proxy { path }, Some(proxy)) => inspect_remote(path, proxy, ctx),
        (Place::Proxy { .. }, None) => Err("its artifacts are on a server".to_owned()),
    }
}

/// The same for a folder of this machine.
pub fn inspect_local(place: &Place) -> Result<Option<Size>, String> {
    let Place::Local { root, names } = place else {
        return Err("its artifacts are on a server".to_owned());
    };
    let Some(folder) = Folder::descend(root, names).map_err(|e| refusal(&e))? else {
        return Ok(None);
    };
    let mut size = Size::default();
    let mut run = None;
    let walked = folder.walk(&mut |inner, entries| {
        size.add_entries(entries);
        if is_run(entries) {
            run = Some(inner.path().to_path_buf());
        }
        Ok(())
    });
    walked.map_err(|e| refusal(&e))?;
    match run {
        Some(run) => Err(format!("{} in its artifacts is a run itself", run.display())),
        None => Ok(Some(size)),
    }
}

fn refusal(error: &TreeError) -> String {
    match error {
        TreeError::Link(path) => {
            format!("the way to its artifacts leads through a symbolic link: {}", path.display())
        }
        other => format!("its artifacts cannot be removed safely: {other}"),
    }
}

/// A folder as the file store makes one for a run.
fn is_run(entries: &[Entry]) -> bool {
    let has = |name: &str, kind| entries.iter().any(|e| e.name == name && e.kind == kind);
    has("meta.yaml", EntryKind::File)
        && ["artifacts", "metrics", "params", "tags"]
            .iter()
            .filter(|name| has(name, EntryKind::Folder))
            .count()
            >= 2
}

/// A server refuses to list what a link leads out of, and fails on one that leads nowhere.
fn inspect_remote(
    path: &str,
    proxy: &mut dyn Proxy,
    ctx: &Context,
) -> Result<Option<Size>, String> {
    let text = |fault: Fault| format!("{:#}", anyhow::Error::from(fault));
    let size = proxy.size(path, ctx).map_err(text)?;
    Ok((size != Size::default()).then_some(size))
}

/// Removes what lies there. The folder itself stays, empty: without it MLflow's file store and its `gc` call the
/// run damaged.
pub fn remove(place: &Place, store: &mut dyn Store, ctx: &Context) -> Result<(), Fault> {
    match place {
        Place::Local { root, names } => {
            let cannot = |e| Fault::failed("cannot remove artifacts").because(e);
            match Folder::descend(root, names).map_err(cannot)? {
                Some(folder) => folder.empty().map_err(cannot),
                None => Ok(()),
            }
        }
        Place::Proxy { path } => match store.proxy() {
            Some(proxy) => proxy.delete(path, ctx),
            None => Err(Fault::failed(format!("{path} is on a server"))),
        },
    }
}
