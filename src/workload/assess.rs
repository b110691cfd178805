//! The way from a folder, a file or a text to a verdict, with all that it rests on.

use std::path::Path;

use super::collect::{self, Found};
use super::evidence::{Category, Evidence, Kind, Scope};
use super::models::{self, Models};
use super::score::{self, Case, Features};
use super::text::{self, Hit, Need, Sense, Stated};
use super::weights::Architecture;

/// Reasons told for a text.
const REASONS: usize = 5;

/// What is known of one input.
#[derive(Debug)]
pub struct Assessment {
    pub is_ml: bool,
    pub need: Need,
    pub category: Category,
    /// The probability that `is_ml` is right.
    pub confidence: f64,
    /// What says most first.
    pub evidence: Vec<Evidence>,
    pub reasons: Vec<String>,
    /// What the verdict on a folder was computed from.
    pub features: Option<Features>,
    pub models: Models,
    /// Of a `config.json` without weights.
    pub architecture: Option<Architecture>,
    /// Sizes that a text states.
    pub stated: Stated,
    /// Bytes of tables and arrays in a folder.
    pub data_bytes: u64,
    /// GPUs that a manifest asks for.
    pub asked_gpus: Option<u32>,
    /// Words that a model may be named in.
    pub words: String,
    pub notes: Vec<String>,
    /// Something could not be looked at.
    pub is_incomplete: bool,
}

/// A folder, on so many threads; `progress` is told of every file.
pub fn folder(root: &Path, threads: usize, progress: &(dyn Fn() + Sync)) -> Assessment {
    project(collect::folder(root, threads, progress))
}

/// One file: of code, of weights, a manifest; else a text.
pub fn file(path: &Path) -> Assessment {
    let found = collect::file(path);
    match found.plain {
        Some(ref words) => text(words),
        None => project(found),
    }
}

fn project(mut found: Found) -> Assessment {
    let models = models::read(&found.weights, &found.configs);
    for file in &models.files {
        found.add_weights(file);
    }
    let architecture = models::configured(&found.configs);
    let mut notes = std::mem::take(&mut found.notes);
    notes.extend(models.notes.iter().cloned());
    let is_incomplete = found.incomplete;
    let data_bytes = found.data_bytes;
    let words = found.readmes.first().map_or_else(String::new, |(_, text)| text.clone());
    let case = Case::new(found, &models);
    let verdict = score::judge(&case);
    let evidence = score::evidence(&case);
    Assessment {
        is_ml: verdict.is_ml,
        need: verdict.need,
        category: verdict.category,
        confidence: verdict.confidence(),
        reasons: score::reasons(&case, &verdict, &evidence),
        evidence,
        features: Some(verdict.features),
        models,
        architecture,
        stated: Stated::default(),
        data_bytes,
        asked_gpus: case.asked_gpus(),
        words,
        notes,
        is_incomplete,
    }
}

/// A text: a brief of a sentence or a page.
pub fn text(words: &str) -> Assessment {
    let hits = text::hits(words);
    let stated = text::sizes(words);
    let verdict = text::judge(&hits, &stated);
    let evidence: Vec<Evidence> = verdict.reasons.iter().map(of_hit).collect();
    let mut reasons: Vec<String> =
        score::distinct(&evidence).take(REASONS).map(Evidence::quoted).collect();
    if reasons.is_empty() {
        reasons.push("nothing of machine learning is in these words".to_owned());
    }
    Assessment {
        is_ml: verdict.ml,
        need: verdict.need,
        category: verdict.category,
        confidence: if verdict.ml { verdict.probability } else { 1.0 - verdict.probability },
        evidence,
        reasons,
        features: None,
        models: Models::default(),
        architecture: None,
        stated,
        data_bytes: 0,
        asked_gpus: None,
        words: words.to_owned(),
        notes: Vec::new(),
        is_incomplete: false,
    }
}

fn of_hit(hit: &Hit) -> Evidence {
    let denied = hit.sense == Sense::Denied;
    Evidence {
        file: None,
        line: Some(hit.line),
        files: 1,
        token: hit.token.clone(),
        kind: Kind::Text,
        scope: Scope::Runtime,
        weight: if denied { -hit.entry.weight } else { hit.entry.weight },
        category: hit.entry.category,
        gpu: hit.entry.gpu,
        why: if denied { format!("denied: {}", hit.entry.why) } else { hit.entry.why.clone() },
    }
}
