//! The answers as JSON: `ut.detect-workload/1`.

use serde::Serialize;

use super::answer::{Answer, HostAnswer};
use crate::workload::estimate::{Basis, Estimate};
use crate::workload::evidence::{Category, Evidence};
use crate::workload::models::Model;
use crate::workload::score::Features;
use crate::workload::text::Need;
use crate::workload::weights::{Dtype, Format};

#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: &'static str,
    inputs: Vec<Judged<'a>>,
}

#[derive(Serialize)]
struct Judged<'a> {
    input: &'a str,
    is_ml: bool,
    workload_type: Need,
    category: Category,
    /// The probability that `is_ml` is right.
    confidence: f64,
    /// `null` for what is no machine learning.
    resources: Option<Resources<'a>>,
    models: Vec<Weighed<'a>>,
    evidence: &'a [Evidence],
    reasons: &'a [String],
    host: &'a HostAnswer,
    notes: &'a [String],
    /// What the verdict is computed from, with `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<Features>,
}

#[derive(Serialize)]
struct Resources<'a> {
    cpu_cores: u32,
    memory_bytes: u64,
    gpu_count: u32,
    /// Of each GPU.
    gpu_memory_bytes: u64,
    /// In words.
    basis: String,
    /// In numbers.
    terms: &'a Basis,
}

/// A model whose weights were found.
#[derive(Serialize)]
struct Weighed<'a> {
    file: &'a str,
    files: u32,
    format: Format,
    parameters: u64,
    buffers: u64,
    bytes: u64,
    optimizer_bytes: u64,
    dtypes: &'a [(Dtype, u64)],
}

pub(super) fn of(answers: &[Answer], explain: bool) -> Document<'_> {
    let inputs = answers.iter().map(|answer| judged(answer, explain)).collect();
    Document { schema: "ut.detect-workload/1", inputs }
}

fn judged(answer: &Answer, explain: bool) -> Judged<'_> {
    let of = &answer.assessment;
    Judged {
        input: &answer.input,
        is_ml: of.is_ml,
        workload_type: of.need,
        category: of.category,
        confidence: (of.confidence * 1e4).round() / 1e4,
        resources: answer.estimate.as_ref().map(resources),
        models: of.models.models.iter().map(weighed).collect(),
        evidence: &of.evidence,
        reasons: &of.reasons,
        host: &answer.host,
        notes: &of.notes,
        features: of.features.filter(|_| explain),
    }
}

fn resources(estimate: &Estimate) -> Resources<'_> {
    Resources {
        cpu_cores: estimate.cpu_cores,
        memory_bytes: estimate.memory_bytes,
        gpu_count: estimate.gpu_count,
        gpu_memory_bytes: estimate.gpu_memory_bytes,
        basis: estimate.basis.to_string(),
        terms: &estimate.basis,
    }
}

fn weighed(model: &Model) -> Weighed<'_> {
    Weighed {
        file: &model.file,
        files: model.files,
        format: model.weights.format,
        parameters: model.weights.parameters,
        buffers: model.weights.buffers,
        bytes: model.weights.bytes,
        optimizer_bytes: model.weights.optimizer_bytes,
        dtypes: &model.weights.dtypes,
    }
}

pub(super) fn type_name(need: Need) -> &'static str {
    match need {
        Need::None => "none",
        Need::Cpu => "cpu",
        Need::GpuOptional => "gpu_optional",
        Need::GpuRequired => "gpu_required",
    }
}
