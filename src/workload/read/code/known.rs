//! Modules that the catalogue knows, by the language they are imported in.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::workload::catalogue::PACKAGES;
use crate::workload::mention::{Ecosystem, Language};

/// Names of modules, as they are imported.
pub(super) type Known = HashSet<String>;

static PYTHON: LazyLock<Known> = LazyLock::new(|| {
    let names = modules(&[Ecosystem::Pypi, Ecosystem::Conda]);
    names.map(|name| root(&name.replace('-', "_"), '.').to_owned()).collect()
});
static JAVASCRIPT: LazyLock<Known> = LazyLock::new(|| modules(&[Ecosystem::Npm]).collect());
static RUST: LazyLock<Known> =
    LazyLock::new(|| modules(&[Ecosystem::Cargo]).map(|name| name.replace('-', "_")).collect());
static GO: LazyLock<Known> = LazyLock::new(|| modules(&[Ecosystem::Go]).collect());
static R: LazyLock<Known> =
    LazyLock::new(|| modules(&[Ecosystem::Cran]).map(|name| name.to_lowercase()).collect());
static JULIA: LazyLock<Known> =
    LazyLock::new(|| modules(&[Ecosystem::Julia]).map(|name| name.to_lowercase()).collect());
static NONE: LazyLock<Known> = LazyLock::new(Known::new);

/// The modules known in a language: roots in Python and Rust, in lower case in R and Julia.
pub(super) fn known(language: Language) -> &'static Known {
    match language {
        Language::Python => &PYTHON,
        Language::JavaScript => &JAVASCRIPT,
        Language::Rust => &RUST,
        Language::Go => &GO,
        Language::R => &R,
        Language::Julia => &JULIA,
        Language::C | Language::Java => &NONE,
    }
}

/// What comes before the first separator.
pub(super) fn root(module: &str, separator: char) -> &str {
    module.split(separator).next().unwrap_or(module)
}

fn modules(ecosystems: &'static [Ecosystem]) -> impl Iterator<Item = String> {
    let entries = ecosystems.iter().filter_map(|ecosystem| PACKAGES.get(ecosystem)).flatten();
    let telling = entries.filter(|(_, entry)| entry.weight >= TELLING);
    telling.map(|(name, entry)| entry.import.clone().unwrap_or_else(|| name.clone()))
}

/// A package of less weight is no evidence, as NumPy: files that import nothing else need not be read.
const TELLING: f64 = 0.1;
