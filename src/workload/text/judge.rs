//! A verdict on a brief from the phrases and the sizes in it.

use std::collections::HashSet;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::sizes::{Stated, sizes};
use super::{Hit, Sense, hits};
use crate::workload::evidence::{Category, Gpu};

/// What a workload runs on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Need {
    /// No machine learning.
    #[default]
    None,
    Cpu,
    GpuOptional,
    GpuRequired,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub ml: bool,
    /// That it is machine learning, 0 to 1.
    pub probability: f64,
    pub need: Need,
    pub category: Category,
    /// The hits that count, the strongest first.
    pub reasons: Vec<Hit>,
}

/// How sure a text is about machine learning that has no phrase of the catalogue.
const PRIOR: f64 = 0.08;

/// What the next weaker phrase counts, as a part of the one before: phrases of one text are not
/// independent, and a long text has many weak ones.
const NEXT: f64 = 0.7;

/// The verdict on a brief: a sentence, a paragraph, a page.
pub fn brief(text: &str) -> Verdict {
    judge(&hits(text), &sizes(text))
}

/// The verdict on phrases and sizes. Log odds are added: a phrase of weight `w` alone gives the
/// probability `w`, each further one a part of its log odds.
pub fn judge(hits: &[Hit], stated: &Stated) -> Verdict {
    let mut reasons: Vec<(f64, &Hit)> = distinct(hits).map(|hit| (log_odds(hit), hit)).collect();
    reasons.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let probability = sharpened(probability(faded(reasons.iter().map(|(odds, _)| *odds))));
    let ml = probability >= 0.5;
    let counted = reasons.iter().map(|(_, hit)| *hit).collect::<Vec<_>>();
    let field = if ml { category(&counted) } else { Category::None };
    Verdict {
        ml,
        probability,
        need: if ml { need(&counted, field, stated) } else { Need::None },
        category: field,
        reasons: counted.into_iter().filter(|hit| hit.sense != Sense::Other).cloned().collect(),
    }
}

/// The first hit of each entry and sense.
pub(super) fn distinct(hits: &[Hit]) -> impl Iterator<Item = &Hit> {
    let mut seen = HashSet::new();
    hits.iter().filter(move |hit| seen.insert((std::ptr::from_ref(hit.entry), hit.sense as u8)))
}

fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

/// What a hit adds to the log odds. A denied one speaks against, a little: what is not wanted in one way is
/// often done in another.
pub(super) fn log_odds(hit: &Hit) -> f64 {
    let weight = hit.entry.weight.clamp(-0.99, 0.99);
    let alone = (logit(weight.abs().max(PRIOR)) - logit(PRIOR)).copysign(weight);
    match hit.sense {
        Sense::Meant => alone,
        Sense::Denied => -alone.max(0.0) * 0.3,
        Sense::Other => 0.0,
    }
}

/// The sum of log odds, for and against, each next weaker one counting less.
pub(super) fn faded(odds: impl IntoIterator<Item = f64>) -> f64 {
    let (mut pros, mut cons): (Vec<f64>, Vec<f64>) = odds.into_iter().partition(|odds| *odds > 0.0);
    pros.sort_by(|a, b| b.total_cmp(a));
    cons.sort_by(f64::total_cmp);
    [pros, cons]
        .into_iter()
        .flat_map(|side| side.into_iter().zip(0..))
        .map(|(odds, rank)| odds * NEXT.powi(rank))
        .sum()
}

/// The probability of machine learning, with log odds on top of what a text has that says nothing.
pub(super) fn probability(odds: f64) -> f64 {
    1.0 / (1.0 + (-logit(PRIOR) - odds).exp())
}

/// Verdicts on labelled briefs were right more often than the sum of their odds says: the odds count half as
/// much again.
fn sharpened(probability: f64) -> f64 {
    const SHARPNESS: f64 = 1.5;
    1.0 / (1.0 + (-SHARPNESS * logit(probability)).exp())
}

/// The category with the most weight. What works on pictures or on language is that, though it is deep
/// learning too.
pub(super) fn category(hits: &[&Hit]) -> Category {
    let votes = |category: Category| {
        let of =
            hits.iter().filter(|hit| hit.sense == Sense::Meant && hit.entry.category == category);
        of.map(|hit| hit.entry.weight.max(0.0)).sum::<f64>()
    };
    let [deep, vision, language, classical] = [
        Category::DeepLearning,
        Category::ComputerVision,
        Category::NlpLlm,
        Category::TraditionalMl,
    ]
    .map(votes);
    let (modal, of) = if vision > language {
        (vision, Category::ComputerVision)
    } else {
        (language, Category::NlpLlm)
    };
    if modal >= 0.4 && modal >= 0.6 * classical {
        of
    } else if deep > 0.0 && deep >= 0.6 * classical.max(modal) {
        Category::DeepLearning
    } else if modal > classical {
        of
    } else {
        Category::TraditionalMl
    }
}

/// Whether it needs a GPU: the strongest need of its phrases, moved by the sizes and the scale that the
/// text states, and bounded by what it says itself.
fn need(hits: &[&Hit], category: Category, stated: &Stated) -> Need {
    let meant = || hits.iter().filter(|hit| hit.sense == Sense::Meant);
    let says = |gpu: Gpu| meant().any(|hit| hit.entry.says == Some(gpu));
    let gpu = |hit: &Hit| hit.entry.category == Category::None && hit.entry.gpu > Gpu::None;
    let denied = hits.iter().any(|hit| hit.sense == Sense::Denied && gpu(hit));
    // A pattern of words tells what is done, not how: it counts where it has the last word on the field.
    let named = |hit: &&&Hit| {
        hit.entry.all.is_empty() || [category, Category::None].contains(&hit.entry.category)
    };
    let field = |hit: &&&Hit| hit.entry.category != Category::None;
    let strongest = meant().filter(field).filter(named).map(|hit| hit.entry.gpu).max();
    let card =
        meant().filter(named).map(|hit| hit.entry.gpu).max().unwrap_or_default().min(Gpu::Optional);
    let base = match strongest.unwrap_or_default().max(card) {
        Gpu::None => 0.0,
        Gpu::Optional => 1.0,
        Gpu::Required => 1.8,
    };
    if denied || says(Gpu::None) {
        let either = says(Gpu::Optional) && !denied && base > 0.5;
        return if either { Need::GpuOptional } else { Need::Cpu };
    }
    if says(Gpu::Optional) {
        return if base < 0.5 { Need::Cpu } else { Need::GpuOptional };
    }
    if says(Gpu::Required) || stated.gpus.is_some_and(|gpus| gpus > 1) {
        return Need::GpuRequired;
    }
    let mut score: f64 = base;
    if base > 0.5 {
        score += meant().map(|hit| hit.entry.scale).sum::<f64>().clamp(-1.2, 1.0);
        score = (score + by_size(stated)).max(1.0);
    }
    match score {
        ..0.5 => Need::Cpu,
        0.5..1.5 => Need::GpuOptional,
        _ => Need::GpuRequired,
    }
}

/// Steps of need for what a network's size, its data and its users ask for.
fn by_size(stated: &Stated) -> f64 {
    let parameters = stated.parameters.map_or(0.0, |parameters| match parameters {
        ..500_000_000 => -0.5,
        500_000_000..4_000_000_000 => 0.0,
        4_000_000_000..12_000_000_000 => 0.5,
        _ => 1.0,
    });
    let images = if stated.images.is_some_and(|images| images >= 500_000) { 0.6 } else { 0.0 };
    let users = if stated.users.is_some_and(|users| users >= 20) { 0.5 } else { 0.0 };
    parameters + images + users
}
