//! One input's answer: what it is, what it needs, and whether this machine has that.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::counted;
use super::input::Input;
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::device;
use crate::core::host::Host as Machine;
use crate::core::output::Unit;
use crate::workload::assess::{self, Assessment};
use crate::workload::estimate::{self, Ask, Card, Estimate, Host};
use crate::workload::facts;

pub(super) struct Answer {
    pub(super) input: String,
    pub(super) assessment: Assessment,
    /// Nothing for what is no machine learning.
    pub(super) estimate: Option<Estimate>,
    pub(super) host: HostAnswer,
}

#[derive(Serialize)]
pub(super) struct HostAnswer {
    #[serde(flatten)]
    pub(super) host: Host,
    /// `null` where nothing is known to be needed.
    pub(super) fits: Option<bool>,
    /// What is too little.
    pub(super) missing: Vec<String>,
}

impl Answer {
    pub(super) fn of(input: Input, ask: Ask, ctx: &Context) -> Self {
        let watch = Stopwatch::start();
        let (input, assessment) = assess(input, ctx);
        let estimate = assessment.is_ml.then(|| estimate::estimate(&ask, &facts::of(&assessment)));
        let host = HostAnswer::of(estimate.as_ref());
        counted::project(assessment.need, watch.elapsed(), ctx);
        Self { input, assessment, estimate, host }
    }
}

fn assess(input: Input, ctx: &Context) -> (String, Assessment) {
    match input {
        Input::Folder(path) => {
            let progress = ctx.out.progress("reading", Unit::Files, None);
            let threads = Machine::this().cores;
            let files = AtomicU64::new(0);
            let told = assess::folder(&path, threads, &|| {
                files.fetch_add(1, Ordering::Relaxed);
                progress.advance(1);
            });
            counted::files("folder", files.into_inner(), ctx);
            (path.display().to_string(), told)
        }
        Input::File(path) => {
            counted::files("file", 1, ctx);
            (path.display().to_string(), assess::file(&path))
        }
        Input::Text { name, text, is_cut } => {
            counted::files("text", 1, ctx);
            let mut told = assess::text(&text);
            if is_cut {
                told.notes.push("the first MiB was judged: a brief is a page".to_owned());
            }
            (name, told)
        }
    }
}

impl HostAnswer {
    fn of(estimate: Option<&Estimate>) -> Self {
        let machine = Machine::this();
        let gpus = device::memories().unwrap_or_default();
        let host = Host {
            cores: u32::try_from(machine.cores).unwrap_or(u32::MAX),
            memory_bytes: machine.memory_bytes,
            gpus: gpus
                .into_iter()
                .map(|(name, memory_bytes)| Card { name, memory_bytes })
                .collect(),
        };
        let fit = estimate.map(|estimate| estimate::fits(estimate, &host));
        let (fits, missing) = fit.map_or((None, Vec::new()), |fit| (Some(fit.fits), fit.reasons));
        Self { host, fits, missing }
    }
}
