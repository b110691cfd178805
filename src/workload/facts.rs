//! What the estimate is made from, out of what was found.

use super::assess::Assessment;
use super::estimate::models::Model;
use super::estimate::{self, Facts, Optimiser, Precision, Task};
use super::evidence::{Category, Gpu, Kind, Scope};
use super::text::Need;
use super::weights::{Dtype, Weights};

/// What is known of the workload's size.
pub fn of(assessment: &Assessment) -> Facts {
    let own = assessment.models.models.iter().find(|model| model.scope <= Scope::Extra);
    let weights = own.map(|model| &model.weights);
    let architecture = weights.and_then(|w| w.architecture.clone());
    let architecture = architecture.or_else(|| assessment.architecture.clone());
    let model = named(assessment);
    let stated = assessment.stated;
    Facts {
        category: assessment.category,
        gpu: gpu(assessment.need),
        task: task(assessment),
        parameters: weights.map(|w| w.parameters),
        weight_bytes: weights.map(|w| w.bytes),
        precision: weights.and_then(precision),
        architecture,
        optimiser: adapters(assessment).then_some(Optimiser::Lora),
        model,
        stated_parameters: stated.parameters,
        stated_gpus: stated.gpus.or(assessment.asked_gpus),
        stated_gpu_memory: stated.gpu_memory_gb.map(|gb| u64::from(gb) << 30),
        dataset_bytes: Some(assessment.data_bytes).filter(|bytes| *bytes > 0),
    }
}

/// The model that the words name: of a folder the first of its field, since a README compares itself with
/// others further down; of a brief the largest.
fn named(assessment: &Assessment) -> Option<&'static Model> {
    let found = estimate::models::find(&assessment.words).into_iter();
    let found = found.filter(|(_, model)| model.is_of(assessment.category));
    if assessment.features.is_some() {
        found.min_by_key(|(at, _)| *at).map(|(_, model)| model)
    } else {
        found.map(|(_, model)| model).max_by_key(|model| model.parameters)
    }
}

/// What a brief wants done with the model, by its words; of a folder it is known where it trains adapters.
fn task(assessment: &Assessment) -> Option<Task> {
    if adapters(assessment) {
        return Some(Task::FineTune);
    }
    if assessment.features.is_some() {
        return None;
    }
    let words = assessment.words.to_lowercase();
    let says = |stems: &[&str]| stems.iter().any(|stem| words.contains(stem));
    if says(&["fine-tun", "finetun", "fine tun"]) {
        Some(Task::FineTune)
    } else if says(&["serve ", "serving", "host ", "endpoint", "inference"]) {
        Some(Task::Serve)
    } else if says(&["train ", "training", "trained"]) {
        Some(Task::Train)
    } else {
        None
    }
}

/// Whether adapters of low rank are trained: LoRA and its kin.
fn adapters(assessment: &Assessment) -> bool {
    let trains = |token: &str| {
        ["peft", "unsloth"].contains(&token)
            || ["LoRA", "Lora", "lora_"].iter().any(|l| token.contains(l))
    };
    let found = assessment.evidence.iter().filter(|e| e.scope <= Scope::Extra && e.weight > 0.0);
    found.filter(|e| e.category != Category::None).any(|e| {
        let name = e.token.split(['=', '<', '>', '[', ' ', '.']).next().unwrap_or_default();
        trains(name) || e.kind == Kind::Text && trains(&e.token)
    })
}

fn gpu(need: Need) -> Gpu {
    match need {
        Need::None | Need::Cpu => Gpu::None,
        Need::GpuOptional => Gpu::Optional,
        Need::GpuRequired => Gpu::Required,
    }
}

/// How most of the weights are held.
fn precision(weights: &Weights) -> Option<Precision> {
    let (dtype, _) = weights.dtypes.first()?;
    Some(match dtype {
        Dtype::F64 | Dtype::F32 => Precision::Fp32,
        Dtype::F16 => Precision::Fp16,
        Dtype::BF16 => Precision::Bf16,
        _ => return None,
    })
}
