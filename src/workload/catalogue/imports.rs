//! From the module that code imports to the package it belongs to.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Entry, PACKAGES};
use crate::workload::mention::Ecosystem;

/// What the module's own name is worth.
const START: f64 = 0.05;

type Named = (&'static str, &'static Entry);

/// Python's modules, by what is imported: packages of PyPI. Of several that are imported alike it is the one
/// with the most weight; that of the module's own name has a start.
static MODULES: LazyLock<BTreeMap<String, Named>> = LazyLock::new(|| {
    let mut modules: BTreeMap<String, Named> = BTreeMap::new();
    let packages = PACKAGES.get(&Ecosystem::Pypi).into_iter().flatten();
    for (name, entry) in packages.filter(|(name, _)| !name.contains('*')) {
        let module = entry.import.clone().unwrap_or_else(|| name.replace('-', "_"));
        let known = modules.entry(module.clone()).or_insert((name, entry));
        let claim = |(name, entry): &Named| {
            entry.weight + if name.replace('-', "_") == module { START } else { 0.0 }
        };
        if claim(&(name, entry)) > claim(known) {
            *known = (name, entry);
        }
    }
    modules
});

/// What a module of Python belongs to: by `a.b.c`, by `a.b`, by `a`.
pub fn module(path: &str) -> Option<Named> {
    let ends = path.match_indices('.').map(|(at, _)| at).collect::<Vec<_>>();
    let mut paths = std::iter::once(path).chain(ends.into_iter().rev().map(|end| &path[..end]));
    paths.find_map(|path| MODULES.get(path).copied())
}

/// What an imported path belongs to where packages are imported by their names, with `/`, `::` or `.`
/// before what is below them.
pub fn named(ecosystem: Ecosystem, path: &str) -> Option<Named> {
    let entries = PACKAGES.get(&ecosystem)?;
    let ends = path.match_indices(['/', ':', '.']).map(|(at, _)| at).collect::<Vec<_>>();
    let mut paths = std::iter::once(path).chain(ends.into_iter().rev().map(|end| &path[..end]));
    let found = paths.find_map(|path| entries.get_key_value(path));
    found.map(|(name, entry)| (name.as_str(), entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_belong_to_packages() {
        let of = |path| module(path).map(|(name, _)| name);
        assert_eq!(of("torch.nn.functional"), Some("torch"));
        assert_eq!(of("cv2"), Some("opencv-python"));
        assert_eq!(of("tensorflow.keras"), Some("tensorflow"));
        assert_eq!(of("torching"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn paths_belong_to_packages() {
        let of = |path| named(Ecosystem::Npm, path).map(|(name, _)| name);
        assert_eq!(of("@tensorflow/tfjs/dist/a"), Some("@tensorflow/tfjs"));
        assert_eq!(of("fs"), None);
    }
}
