//! From what was found to a verdict. Pure: the same signs give the same verdict.

mod category;
mod features;
mod learning;
mod need;
mod reasons;

pub use features::{Features, Gpus, Learning};
pub use reasons::{distinct, evidence, reasons};

use super::collect::Found;
use super::evidence::{Category, Kind, Scope};
use super::models::{Model, Models};
use super::sign::Sign;
use super::tally::{Key, Place, Seen};
use super::text::{self, Need};

/// What is judged: everything that was found in a project, weights included.
#[derive(Debug)]
pub struct Case {
    pub signs: Vec<(Key, Seen<Sign>)>,
    /// What the project says of itself.
    pub said: Vec<Said>,
    pub files: Files,
}

/// What a README says, or the description in a manifest.
#[derive(Debug)]
pub struct Said {
    /// Where its first line is.
    pub first: Place,
    pub about: text::About,
}

/// How many files there are, and how many of them have to do with machine learning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Files {
    pub read: u64,
    pub code: u32,
    pub learning: u32,
    pub manifests: u32,
    /// Builds of images from a base with a GPU's libraries, and from others.
    pub gpu_images: u32,
    pub other_images: u32,
    /// It is itself a package, with a name.
    pub is_package: bool,
    /// Its weights are too many for a CPU.
    pub is_large: bool,
    /// There is no code but examples.
    pub is_of_examples: bool,
}

/// What a project is.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub is_ml: bool,
    pub need: Need,
    pub category: Category,
    /// That it is machine learning, 0 to 1.
    pub probability: f64,
    pub features: Features,
}

impl Verdict {
    /// The probability that `is_ml` is right.
    pub fn confidence(&self) -> f64 {
        if self.is_ml { self.probability } else { 1.0 - self.probability }
    }
}

pub fn judge(case: &Case) -> Verdict {
    let features = Features::of(case);
    let probability = learning::probability(&features.learning);
    let is_ml = probability >= 0.5;
    let (need, category) = if is_ml {
        (need::need(&features.gpus), category::category(case))
    } else {
        (Need::None, Category::None)
    };
    Verdict { is_ml, need, category, probability, features }
}

impl Case {
    pub fn new(mut found: Found, models: &Models) -> Self {
        let mut signs = std::mem::take(&mut found.tally).into_sorted();
        signs.retain(|(key, seen)| !is_own(&found, key, &seen.what));
        Self { signs, said: said(&found), files: Files::of(&found, models) }
    }

    /// The most GPUs that a manifest asks for.
    pub fn asked_gpus(&self) -> Option<u32> {
        let is_run = |key: &Key| key.kind == Kind::Resource && key.scope == Scope::Runtime;
        let asked = self.signs.iter().filter(|(key, _)| is_run(key));
        asked.filter_map(|(_, seen)| seen.what.amount).max()
    }
}

/// Whether something is the project itself, which says nothing of what it is made of: its own modules, and
/// its name in its own extras.
fn is_own(found: &Found, key: &Key, sign: &Sign) -> bool {
    match key.kind {
        Kind::Import => sign.token.split('.').next().is_some_and(|m| found.modules.contains(m)),
        Kind::Package => found.names.contains(&key.name),
        _ => false,
    }
}

/// What the project says of itself. Of several READMEs, translations among them, the shortest name's.
fn said(found: &Found) -> Vec<Said> {
    let readme = found.readmes.iter().min_by_key(|(file, _)| (file.len(), file));
    let readme = readme.map(|(file, text)| (Place::top(file), text));
    let manifests = found.about.iter().map(|(place, text)| (place.clone(), text));
    let all = readme.into_iter().chain(manifests);
    all.map(|(first, text)| Said { first, about: text::readme(text) }).collect()
}

impl Files {
    fn of(found: &Found, models: &Models) -> Self {
        // A project of examples is made of them.
        let is_of_examples = found.code == 0;
        let (code, learning) = if is_of_examples {
            (found.all_code, found.all_learning)
        } else {
            (found.code, found.learning)
        };
        Self {
            read: found.read,
            code,
            learning,
            manifests: found.manifests,
            gpu_images: found.gpu_images,
            other_images: found.other_images,
            is_package: !found.names.is_empty(),
            is_large: models.models.first().is_some_and(Model::is_large),
            is_of_examples,
        }
    }
}
