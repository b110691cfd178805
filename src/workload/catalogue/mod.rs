//! What is known of packages, images, files and phrases, as data: one line an entry.

pub mod code;
pub mod containers;
pub mod imports;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::evidence::{Category, Gpu};
use super::mention::Ecosystem;

/// What one thing says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub category: Category,
    pub gpu: Gpu,
    /// How sure a project is machine learning that has this alone, 0 to 1; below 0 against.
    pub weight: f64,
    pub why: String,
    /// Where `gpu` is not `none`: how sure a GPU is required that has this at run time, 0 to 1. `gpu_need`
    /// says it where it is left out.
    #[serde(default)]
    pub gpu_weight: Option<f64>,
    /// The module that a package is imported as, where that has another name.
    #[serde(default)]
    pub import: Option<String>,
}

impl Entry {
    /// How sure a GPU is required that has this at run time, 0 to 1.
    pub fn gpu_need(&self) -> f64 {
        self.gpu_weight.unwrap_or(match self.gpu {
            Gpu::None => 0.0,
            Gpu::Optional => 0.2,
            Gpu::Required => 0.9,
        })
    }
}

pub type Entries = BTreeMap<String, Entry>;

/// Packages of each ecosystem, by canonical name; `*` in a name stands for anything (`mxnet-cu*`).
pub static PACKAGES: LazyLock<BTreeMap<Ecosystem, Entries>> =
    LazyLock::new(|| parse(include_str!("packages.toml")));

/// What builds ask for, as it is written.
static BUILDS: LazyLock<Entries> = LazyLock::new(|| parse(include_str!("build.toml")));

/// The packages with `*` in their names: what stands before and after it, the longest first.
static FAMILIES: LazyLock<Vec<(Ecosystem, &str, &str, &Entry)>> = LazyLock::new(|| {
    let all = PACKAGES
        .iter()
        .flat_map(|(of, entries)| entries.iter().map(move |(name, entry)| (*of, name, entry)));
    let mut families: Vec<_> = all
        .filter_map(|(of, name, entry)| {
            name.split_once('*').map(|(head, tail)| (of, head, tail, entry))
        })
        .collect();
    families.sort_by_key(|(_, head, tail, _)| std::cmp::Reverse(head.len() + tail.len()));
    families
});

/// What a package says, by its canonical name. conda's packages have the names of PyPI where the
/// catalogue does not know better.
pub fn package(ecosystem: Ecosystem, name: &str) -> Option<&'static Entry> {
    let here = PACKAGES.get(&ecosystem).and_then(|entries| entries.get(name));
    here.or_else(|| {
        let fits = |head: &str, tail: &str| {
            name.len() > head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
        };
        FAMILIES
            .iter()
            .find(|(of, head, tail, _)| *of == ecosystem && fits(head, tail))
            .map(|family| family.3)
    })
    .or_else(|| {
        (ecosystem == Ecosystem::Conda)
            .then(|| package(Ecosystem::Pypi, &name.replace(['_', '.'], "-")))
            .flatten()
    })
}

/// The key of `build.toml` that is written like this, letters of either case.
pub fn build_key(written: &str) -> Option<&'static str> {
    let entries: &'static Entries = &BUILDS;
    entries.keys().map(String::as_str).find(|key| key.eq_ignore_ascii_case(written))
}

/// Which build of a package is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Build {
    Cpu,
    Cuda,
    Rocm,
}

/// The build that the detail of a package names: `+cpu`, `/whl/cu121`, `[cuda12]`, `=*=cuda118*`, `-gpu`.
/// Nothing where it names none, or several of them.
pub fn build_of(detail: &str) -> Option<Build> {
    let mut found = None;
    for word in detail.split(|c: char| !c.is_ascii_alphanumeric()) {
        let Some(build) = build_word(&word.to_ascii_lowercase()) else { continue };
        if found.is_some_and(|before| before != build) {
            return None;
        }
        found = Some(build);
    }
    found
}

fn build_word(word: &str) -> Option<Build> {
    let is_version = |rest: &str| rest.bytes().all(|b| b.is_ascii_digit() || b == b'x');
    match word {
        "cpu" | "cpuonly" => Some(Build::Cpu),
        "gpu" | "cuda" => Some(Build::Cuda),
        "rocm" => Some(Build::Rocm),
        _ if word.strip_prefix("cuda").is_some_and(is_version) => Some(Build::Cuda),
        _ if word.strip_prefix("cu").is_some_and(|rest| rest.len() >= 2 && is_version(rest)) => {
            Some(Build::Cuda)
        }
        _ if word.strip_prefix("rocm").is_some_and(is_version) => Some(Build::Rocm),
        _ => None,
    }
}

/// What an entry of `build.toml` says.
pub fn build(key: &str) -> Option<&'static Entry> {
    BUILDS.get(key)
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("a test reads it")
}

#[cfg(test)]
mod tests;
