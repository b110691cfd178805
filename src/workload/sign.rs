//! What a mention means, by the catalogue.

use super::catalogue::code::Says;
use super::catalogue::{self, Build, Entry, code, containers, imports};
use super::evidence::{Category, Gpu, Kind};
use super::mention::{Ecosystem, Language, Mention, What};
use super::tally::Key;

/// The meaning of a mention.
#[derive(Debug, Clone, PartialEq)]
pub struct Sign {
    /// As written.
    pub token: String,
    pub category: Category,
    pub gpu: Gpu,
    /// How sure a project is machine learning that has this alone, 0 to 1.
    pub weight: f64,
    /// How sure a GPU is required where this runs, 0 to 1.
    pub gpu_weight: f64,
    pub why: &'static str,
    /// Of code.
    pub says: Option<Says>,
    /// What a package is built for, where that is written.
    pub build: Option<Build>,
    /// How many are asked for.
    pub amount: Option<u32>,
}

/// What a mention is counted as, and what it means. `None`: the catalogue does not know it.
pub fn of(mention: &Mention) -> Option<(Key, Sign)> {
    let (kind, guarded) = kind_of(&mention.what);
    let (name, sign) = meaning(&mention.what)?;
    Some((Key { kind, scope: mention.scope, guarded, name }, sign))
}

fn kind_of(what: &What) -> (Kind, bool) {
    match what {
        What::Package { .. } => (Kind::Package, false),
        What::Name { .. } => (Kind::Name, false),
        What::About(_) => (Kind::Text, false),
        What::Import { guarded, .. } => (Kind::Import, *guarded),
        What::Code(_) => (Kind::Code, false),
        What::Build(_) => (Kind::Build, false),
        What::Image(_) => (Kind::Image, false),
        What::Resource { .. } => (Kind::Resource, false),
    }
}

fn meaning(what: &What) -> Option<(String, Sign)> {
    match what {
        What::Package { ecosystem, name, detail } => {
            let entry = catalogue::package(*ecosystem, name)?;
            let mut sign = Sign::of(entry, format!("{name}{detail}"));
            sign.build = catalogue::build_of(detail);
            Some((name.clone(), sign))
        }
        What::Name { ecosystem, name } => {
            let entry = catalogue::package(*ecosystem, name)?;
            Some((name.clone(), Sign::of(entry, name.clone())))
        }
        What::About(_) => None,
        What::Import { language, module, .. } => {
            let (name, entry) = imported(*language, module)?;
            Some((name.to_owned(), Sign::of(entry, module.clone())))
        }
        What::Code(name) => {
            let pattern = code::pattern(name)?;
            let sign = Sign {
                says: Some(pattern.says),
                ..Sign::new(name, pattern.category, pattern.gpu, pattern.weight, &pattern.why)
            };
            Some(((*name).to_owned(), sign))
        }
        What::Build(name) => {
            let entry = catalogue::build(name)?;
            Some(((*name).to_owned(), Sign::of(entry, (*name).to_owned())))
        }
        What::Image(reference) => {
            let (name, entry) = containers::image(reference)?;
            Some((name.to_owned(), Sign::of(entry, reference.clone())))
        }
        What::Resource { name, amount } => {
            let entry = containers::resource(name)?;
            let sign = Sign { amount: *amount, ..Sign::of(entry, (*name).to_owned()) };
            Some(((*name).to_owned(), sign))
        }
    }
}

/// The package that a module belongs to.
fn imported(language: Language, module: &str) -> Option<(&'static str, &'static Entry)> {
    match language {
        Language::Python => imports::module(module),
        Language::JavaScript => imports::named(Ecosystem::Npm, module),
        Language::Rust => imports::named(Ecosystem::Cargo, &module.replace('_', "-")),
        Language::Go => imports::named(Ecosystem::Go, module),
        Language::R => imports::named(Ecosystem::Cran, module),
        Language::Julia => imports::named(Ecosystem::Julia, module),
        Language::C | Language::Java => None,
    }
}

impl Sign {
    fn new(token: &str, category: Category, gpu: Gpu, weight: f64, why: &'static str) -> Self {
        let gpu_weight = if gpu == Gpu::Required { 0.9 } else { 0.0 };
        Self {
            token: token.to_owned(),
            category,
            gpu,
            weight,
            gpu_weight,
            why,
            says: None,
            build: None,
            amount: None,
        }
    }

    /// A file of weights.
    pub(in crate::workload) fn of_file(path: &str, entry: &'static Entry) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        Self::of(entry, name.to_owned())
    }

    fn of(entry: &'static Entry, token: String) -> Self {
        let sign = Self::new("", entry.category, entry.gpu, entry.weight, &entry.why);
        Self { token, gpu_weight: entry.gpu_need(), ..sign }
    }
}
