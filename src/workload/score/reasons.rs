//! Why: the strongest of what was found, in words.

use std::collections::HashSet;

use super::features::{self, Gpus};
use super::{Case, Verdict};
use crate::workload::catalogue::code::Says;
use crate::workload::cut::head;
use crate::workload::evidence::{Category, Evidence, Kind, Scope};
use crate::workload::sign::Sign;
use crate::workload::tally::{Key, Place, Seen};
use crate::workload::text::{Hit, Need, Sense};

/// Reasons told for machine learning.
const LEARNING: usize = 4;
/// Reasons told for a GPU, or against it.
const DEVICES: usize = 2;

/// All that was found, what says most first.
pub fn evidence(case: &Case) -> Vec<Evidence> {
    let mut all: Vec<(f64, Evidence)> =
        case.signs.iter().map(|item| (features::value(case, item), of_sign(item))).collect();
    for said in &case.said {
        // What is said again says nothing more.
        let mut seen = HashSet::new();
        let meant = said.about.hits.iter().filter(|hit| hit.sense == Sense::Meant);
        let meant = meant.filter(|hit| seen.insert(hit.token.to_lowercase()));
        all.extend(meant.map(|hit| (hit.entry.weight * said.about.ml, of_hit(&said.first, hit))));
    }
    all.sort_by(|a, b| {
        let place = |e: &Evidence| (e.file.clone(), e.line, e.token.clone());
        b.0.total_cmp(&a.0).then_with(|| place(&a.1).cmp(&place(&b.1)))
    });
    all.into_iter().map(|(_, evidence)| evidence).collect()
}

fn of_sign((key, seen): &(Key, Seen<Sign>)) -> Evidence {
    let sign = &seen.what;
    Evidence {
        file: Some(seen.first.file.clone()),
        line: (seen.first.line > 0).then_some(seen.first.line),
        files: seen.files,
        token: sign.token.clone(),
        kind: key.kind,
        scope: key.scope,
        weight: sign.weight,
        category: sign.category,
        gpu: sign.gpu,
        why: sign.why.to_owned(),
    }
}

/// A phrase of a text that begins at `first`.
fn of_hit(first: &Place, hit: &Hit) -> Evidence {
    Evidence {
        file: Some(first.file.clone()),
        line: Some(first.line.max(1) - 1 + hit.line),
        files: 1,
        token: hit.token.clone(),
        kind: Kind::Text,
        scope: Scope::Runtime,
        weight: hit.entry.weight,
        category: hit.entry.category,
        gpu: hit.entry.gpu,
        why: hit.entry.why.clone(),
    }
}

/// Without what says a part of what is said before: `7B model` after `fine-tune a 7B model`.
pub fn distinct(evidence: &[Evidence]) -> impl Iterator<Item = &Evidence> {
    evidence.iter().enumerate().filter_map(|(at, this)| {
        let is_text = this.kind == Kind::Text;
        let token = this.token.to_lowercase();
        let part = |other: &Evidence| other.token.to_lowercase().contains(&token);
        let is_said = evidence[..at].iter().any(|e| e.kind == Kind::Text && part(e));
        (!(is_text && is_said)).then_some(this)
    })
}

/// In words: what most speaks for machine learning, then what speaks for its devices.
pub fn reasons(case: &Case, verdict: &Verdict, evidence: &[Evidence]) -> Vec<String> {
    if !verdict.is_ml {
        return vec![against(case, evidence)];
    }
    let about_learning = |e: &&Evidence| e.category != Category::None && e.weight > 0.0;
    let mut reasons: Vec<String> =
        distinct(evidence).filter(about_learning).take(LEARNING).map(told).collect();
    let wanted = devices_wanted(verdict.need);
    let mut devices: Vec<&(Key, Seen<Sign>)> = case
        .signs
        .iter()
        .filter(|(key, seen)| {
            key.scope == Scope::Runtime && seen.what.says.is_some_and(|says| wanted.contains(&says))
        })
        .collect();
    devices.sort_by(|a, b| b.1.files.cmp(&a.1.files).then_with(|| a.0.cmp(&b.0)));
    reasons.extend(devices.into_iter().take(DEVICES).map(|item| told(&of_sign(item))));
    reasons.extend(readme_says(verdict.need, verdict.features.gpus));
    reasons.dedup();
    reasons
}

fn devices_wanted(need: Need) -> &'static [Says] {
    match need {
        Need::GpuRequired => &[Says::NeedsGpu, Says::GpuCompute],
        Need::GpuOptional => &[Says::ChoosesDevice, Says::CpuPath],
        Need::Cpu | Need::None => &[],
    }
}

fn readme_says(need: Need, gpus: Gpus) -> Option<String> {
    match need {
        Need::GpuRequired if gpus.said > 0.0 => Some("it says that a GPU is required".to_owned()),
        Need::GpuOptional if gpus.without.max(gpus.optional) > 0.0 => {
            Some("it says that it runs without".to_owned())
        }
        _ => None,
    }
}

fn told(evidence: &Evidence) -> String {
    let Evidence { kind, files, .. } = evidence;
    let token = shortened(&evidence.token);
    let place = evidence.place();
    let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
    let more = match files {
        0 | 1 => String::new(),
        2 => " and 1 more file".to_owned(),
        n => format!(" and {} more files", n - 1),
    };
    match kind {
        Kind::Import => format!("imports {token}{place}{more}"),
        Kind::Text => format!("\u{201c}{token}\u{201d}{place}"),
        Kind::Name => format!("is {token} itself{place}"),
        _ => format!("{token}{place}{more}"),
    }
}

/// A token that is no longer than a reader wants it.
fn shortened(token: &str) -> String {
    const LONGEST: usize = 48;
    let cut = head(token, LONGEST);
    if cut.len() == token.len() { token.to_owned() } else { format!("{cut}…") }
}

fn against(case: &Case, evidence: &[Evidence]) -> String {
    let strongest = evidence.iter().find(|e| e.category != Category::None);
    match strongest {
        _ if case.files.read == 0 => "there is nothing to read".to_owned(),
        Some(evidence) => format!("too little for machine learning: {}", told(evidence)),
        None => "nothing of machine learning was found".to_owned(),
    }
}
