//! What code says, by language: the data of `code.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::workload::evidence::{Category, Gpu};

/// What code that matches a pattern does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// Uses a GPU without asking whether there is one.
    NeedsGpu,
    /// Asks for a GPU, or lets the user say, and goes on without.
    ChoosesDevice,
    /// Runs on the CPU on purpose.
    CpuPath,
    /// Trains a model or computes with one.
    Learns,
    /// Computes on a GPU, which may have nothing to do with learning.
    GpuCompute,
}

/// A pattern of code.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    pub says: Says,
    pub category: Category,
    pub gpu: Gpu,
    /// How sure a project is machine learning that has this alone, 0 to 1.
    pub weight: f64,
    pub why: String,
    /// How it may be written, where that is not the pattern's name: quotes of either sort, spaces as one likes.
    #[serde(default)]
    find: Vec<String>,
    /// It counts only where one of these modules is imported in the same file.
    #[serde(default)]
    pub with: Vec<String>,
}

impl Pattern {
    /// How the pattern called `name` is written in code.
    pub fn spellings<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.find.is_empty().then_some(name);
        own.into_iter().chain(self.find.iter().map(String::as_str))
    }
}

/// Patterns by name; a name is used once in the whole catalogue.
pub type Patterns = BTreeMap<String, Pattern>;

/// Patterns by language: `python`, `c`, `java`, `javascript`, `rust`, `r`, `shell`, `notebook`.
pub static CODE: LazyLock<BTreeMap<String, Patterns>> =
    LazyLock::new(|| toml::from_str(include_str!("code.toml")).expect("a test reads it"));

/// The patterns of a language; none where the catalogue has no such table.
pub fn patterns(language: &str) -> &'static Patterns {
    static NONE: Patterns = BTreeMap::new();
    CODE.get(language).unwrap_or(&NONE)
}

/// The pattern that `Code(name)` means.
pub fn pattern(name: &str) -> Option<&'static Pattern> {
    CODE.values().find_map(|patterns| patterns.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_used_once_and_weights_are_shares() {
        let mut names: Vec<&str> =
            CODE.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for (name, pattern) in CODE.values().flatten() {
            assert!((0.0..=1.0).contains(&pattern.weight), "{name}");
            assert!(pattern.spellings(name).all(|spelling| spelling.len() > 2), "{name}");
        }
    }
}
