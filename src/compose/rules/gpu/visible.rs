//! Variables that name the GPUs of a service, and a fix that sets one.

use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::view::{Service, Variable, View};

/// What `NVIDIA_VISIBLE_DEVICES` hands to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Devices<'m> {
    All,
    Ids(Vec<&'m str>),
}

/// `None` where it is not set, or hands over none.
pub(super) fn devices<'m>(view: &View<'m>, service: &Service<'m>) -> Option<Devices<'m>> {
    let value = set(view, service, "NVIDIA_VISIBLE_DEVICES")?.1;
    let ids = parts(value);
    match ids.as_slice() {
        [] | ["none" | "void"] => None,
        _ if ids.contains(&"all") => Some(Devices::All),
        _ => Some(Devices::Ids(ids)),
    }
}

/// A variable that is set to something.
pub(super) fn set<'m>(
    view: &View<'m>,
    service: &Service<'m>,
    name: &str,
) -> Option<(Variable<'m>, &'m str)> {
    let variable = service.variable(name).filter(|_| view.knows_environment(service))?;
    let value = variable.value.map(str::trim).filter(|value| !value.is_empty())?;
    Some((variable, value))
}

/// The items of a list with commas.
pub(super) fn parts(value: &str) -> Vec<&str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// `0`, `0,1` and so on: all that a container has.
pub(super) fn first(count: u64) -> String {
    let all: Vec<String> = (0..count.min(64)).map(|index| index.to_string()).collect();
    all.join(",")
}

/// Sets a variable of a service, in a list or a mapping as it is there.
pub(super) fn fix(view: &View<'_>, service: &Service<'_>, name: &str, value: &str) -> Fix {
    let set = Set::of(service.name, &["environment", name], format!("\"{value}\""));
    let path = set.path.join(".");
    let item = format!("{name}={value}");
    let list = service.entry(&["environment"]);
    match list.and_then(|entry| view.editor.append_item(entry, &item)) {
        Some(edit) => Fix::edit(Safety::Unsafe, vec![edit], vec![path]).or_set(vec![set]),
        None => Fix::set(Safety::Unsafe, vec![set]),
    }
}

/// `GPU 0`, or `GPUs 0, 1`.
pub(super) fn named(ids: &[impl AsRef<str>]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("`{}`", id.as_ref())).collect();
    let word = if ids.len() == 1 { "GPU" } else { "GPUs" };
    let shown = ids.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    let rest = if ids.len() > 8 { ", …" } else { "" };
    format!("{word} {shown}{rest}")
}
