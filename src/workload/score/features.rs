//! The few numbers that a verdict is made of.

use serde::Serialize;

use super::{Case, Files};
use crate::workload::catalogue::Build;
use crate::workload::catalogue::code::Says;
use crate::workload::evidence::{Category, Gpu, Kind, Scope};
use crate::workload::sign::Sign;
use crate::workload::tally::{Key, Seen};

/// What a verdict is made of; all between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Features {
    pub learning: Learning,
    pub gpus: Gpus,
}

/// How much speaks for machine learning, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Learning {
    pub packages: f64,
    pub name: f64,
    pub imports: f64,
    pub code: f64,
    pub builds: f64,
    pub images: f64,
    pub weights: f64,
    pub about: f64,
    /// The share of the code that has to do with it.
    pub share: f64,
}

/// What speaks for a GPU, and for the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Gpus {
    /// Something uses a GPU where there is one.
    pub can_use: f64,
    /// Packages that need one.
    pub packages: f64,
    /// Code stops where there is none.
    pub demanded: f64,
    /// Of the code that does something with devices, how much takes a GPU without asking.
    pub unasked: f64,
    /// Kernels, in how much of the code.
    pub kernels: f64,
    /// The weights are too many for a CPU.
    pub large: f64,
    /// The build leaves kernels out where one likes.
    pub is_switched: f64,
    /// Of the images that are built or run, and of what manifests ask for.
    pub deployed: f64,
    /// The project says that one is required.
    pub said: f64,
    /// The project says that one is used where there is one.
    pub optional: f64,
    /// The project says that it runs without, or is built so.
    pub without: f64,
}

type Item = (Key, Seen<Sign>);

impl Features {
    /// All of them by name.
    pub fn listed(&self) -> Vec<(&'static str, f64)> {
        let (of, gpus) = (&self.learning, &self.gpus);
        vec![
            ("packages", of.packages),
            ("its own name", of.name),
            ("imports", of.imports),
            ("code that learns", of.code),
            ("builds", of.builds),
            ("images and resources", of.images),
            ("weights", of.weights),
            ("what it says of itself", of.about),
            ("share of the code", of.share),
            ("can use a GPU", gpus.can_use),
            ("packages that need a GPU", gpus.packages),
            ("code that stops without a GPU", gpus.demanded),
            ("code that uses a GPU unasked", gpus.unasked),
            ("kernels", gpus.kernels),
            ("weights too many for a CPU", gpus.large),
            ("kernels that a build can leave out", gpus.is_switched),
            ("images and resources with a GPU", gpus.deployed),
            ("said to need a GPU", gpus.said),
            ("said to use a GPU where there is one", gpus.optional),
            ("runs without", gpus.without),
        ]
    }

    pub fn of(case: &Case) -> Self {
        Self { learning: Learning::of(case), gpus: Gpus::of(case) }
    }
}

impl Learning {
    fn of(case: &Case) -> Self {
        let sure = |kind: Kind| {
            let values = case.signs.iter().filter(|(key, _)| key.kind == kind);
            together(values.map(|item| value(case, item)))
        };
        let files = case.files;
        Self {
            packages: sure(Kind::Package),
            name: sure(Kind::Name),
            imports: sure(Kind::Import),
            code: sure(Kind::Code),
            builds: sure(Kind::Build),
            images: sure(Kind::Image).max(sure(Kind::Resource)),
            weights: sure(Kind::Weights),
            about: case.said.iter().fold(0.0, |most, said| sureness(said.about.ml).max(most)),
            share: ratio(files.learning, files.code),
        }
        .filled(case)
    }

    /// What cannot be known speaks neither for nor against: where there is no manifest, no code or no word
    /// about the project, the others speak for it, a little less surely.
    fn filled(mut self, case: &Case) -> Self {
        const LESS: f64 = 0.9;
        let Files { code, manifests, .. } = case.files;
        if code == 0 {
            self.imports = LESS * self.packages.max(self.images).max(self.weights);
            self.code = LESS * self.imports;
            self.share = LESS * self.code;
        }
        if manifests == 0 {
            self.packages = LESS * self.imports;
        }
        if case.said.is_empty() {
            self.about = 0.5 * self.packages.max(self.imports).max(self.name);
        } else if code == 0 && manifests == 0 {
            let about = LESS * self.about;
            self.imports = self.imports.max(about);
            self.packages = self.packages.max(about);
        }
        self
    }
}

impl Gpus {
    fn of(case: &Case) -> Self {
        let all = || case.signs.iter().filter(|(key, _)| key.scope <= Scope::Example);
        let run = || case.signs.iter().filter(|(key, _)| key.scope == Scope::Runtime);
        let says = |what: Says| {
            run()
                .filter(|(_, seen)| seen.what.says == Some(what))
                .map(|(_, seen)| f64::from(seen.files) * seen.what.weight)
                .sum::<f64>()
        };
        let (needs, asks) = (says(Says::NeedsGpu), says(Says::ChoosesDevice));
        // Trees and linear models gain little from a GPU.
        let is_network =
            |category: Category| category != Category::None && category != Category::TraditionalMl;
        let uses = |(key, seen): &&Item| {
            let kind = !matches!(key.kind, Kind::Code | Kind::Build | Kind::Resource | Kind::Text);
            kind && seen.what.gpu != Gpu::None && is_network(seen.what.category)
        };
        let most = |kinds: &[Kind]| {
            let of = all().filter(|(key, _)| kinds.contains(&key.kind));
            of.map(|item| item.1.what.gpu_weight * place(case, item)).fold(0.0, f64::max)
        };
        let images = all()
            .filter(|(key, seen)| key.kind == Kind::Image && is_network(seen.what.category))
            .map(|item| item.1.what.gpu_weight * place(case, item))
            .fold(0.0, f64::max);
        let demanded = run().any(|(_, seen)| {
            seen.what.says == Some(Says::NeedsGpu) && seen.what.token.contains("is_available")
        });
        let builds = |scope: Scope| {
            case.signs.iter().any(|(key, seen)| {
                key.kind == Kind::Build && key.scope == scope && seen.what.gpu == Gpu::Required
            })
        };
        let said = |gpu: Gpu| case.said.iter().any(|said| said.about.gpu == Some(gpu));
        let built_for_cpu = run().any(|(_, seen)| seen.what.build == Some(Build::Cpu));
        Self {
            can_use: together(all().filter(uses).map(|item| value(case, item))),
            packages: most(&[Kind::Package, Kind::Import]).max(images),
            demanded: truth(demanded),
            unasked: share(needs, asks),
            kernels: run()
                .filter(|(_, seen)| seen.what.says == Some(Says::GpuCompute))
                .map(|(_, seen)| {
                    f64::from(seen.files) / (0.1 * f64::from(case.files.code)).max(1.0)
                })
                .fold(0.0, f64::max)
                .min(1.0),
            large: truth(case.files.is_large),
            is_switched: truth(builds(Scope::Extra) && !builds(Scope::Runtime)),
            deployed: most(&[Kind::Resource])
                .max(share(case.files.gpu_images.into(), case.files.other_images.into())),
            said: truth(said(Gpu::Required)),
            optional: truth(said(Gpu::Optional)),
            without: truth(built_for_cpu || said(Gpu::None)),
        }
    }
}

fn truth(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

/// The first of both, less sure where there is little of both.
fn share(first: f64, second: f64) -> f64 {
    if first == 0.0 { 0.0 } else { first / (first + second) }
}

/// How sure a project is machine learning that has this alone.
pub(super) fn value(case: &Case, item: &Item) -> f64 {
    let sign = &item.1.what;
    let is_device = sign.says.is_some_and(|says| says != Says::Learns);
    if sign.category == Category::None || is_device {
        return 0.0;
    }
    sign.weight * place(case, item)
}

/// How much something counts where it is: in which part of the project, in how much of it, how deep.
fn place(case: &Case, (key, seen): &Item) -> f64 {
    let often = match key.kind {
        Kind::Import | Kind::Code => presence(seen.files, case.files.code),
        _ => 1.0 / (1.0 + 0.15 * seen.first.file.matches('/').count() as f64),
    };
    // The environment of those who work on a package.
    let ending = seen.first.file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_environment = ending == "yml" || ending == "yaml";
    let is_dev = case.files.is_package && key.kind == Kind::Package && is_environment;
    let often = if is_dev { 0.15 * often } else { often };
    scope(case, key) * guard(key) * often
}

/// How much something counts, by the part of the project that it is in.
fn scope(case: &Case, key: &Key) -> f64 {
    match key.scope {
        Scope::Runtime => 1.0,
        Scope::Example if case.files.is_of_examples => 1.0,
        Scope::Extra => 0.5,
        Scope::Lock => 0.4,
        Scope::Example => 0.35,
        Scope::Docs | Scope::Dev => 0.15,
        Scope::Test => 0.1,
    }
}

fn guard(key: &Key) -> f64 {
    if key.guarded { 0.35 } else { 1.0 }
}

/// Whether something is in enough of the code to be what the project is about: a tenth of it is.
fn presence(files: u32, code: u32) -> f64 {
    (f64::from(files) / (0.1 * f64::from(code)).max(1.0)).sqrt().min(1.0)
}

/// Things that are seldom independent, taken together: the strongest, and a little of the next.
fn together(values: impl Iterator<Item = f64>) -> f64 {
    let (first, second) = values.fold((0.0f64, 0.0f64), |(first, second), value| {
        (first.max(value), second.max(value.min(first)))
    });
    first + (1.0 - first) * 0.3 * second
}

/// How far a probability is above one half, in log odds: 0 for even odds, 1 for 400 to 1.
fn sureness(probability: f64) -> f64 {
    let odds = probability / (1.0 - probability).max(f64::EPSILON);
    (odds.max(f64::EPSILON).ln() / 6.0).clamp(0.0, 1.0)
}

fn ratio(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}
