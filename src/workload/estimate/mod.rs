//! How many cores, how much memory and which GPUs a workload needs: pure functions from what is known of
//! it. `docs/detect-workload.md` has the formulas' sources and how far they are from what was measured.

mod ask;
mod basis;
mod fit;
mod formula;
pub mod models;
mod plan;
mod shape;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use ask::{Ask, Facts, Optimiser, Precision, Task};
pub use basis::{Basis, Source, Term};
pub use fit::{Card, Fit, Host, fits};

use crate::workload::evidence::Gpu;
use formula::whole;
use plan::Plan;

const MB: f64 = 1e6;
const GB: f64 = 1e9;

/// An interpreter with torch and the classes of a model, and the buffers of its threads: measured.
const FRAMEWORK: f64 = 880.0 * MB;
/// The same without classes of models: a network of one's own.
const TORCH: f64 = 630.0 * MB;
/// The same without a network library: NumPy, pandas, scikit-learn.
const TABULAR_FRAMEWORK: f64 = 300.0 * MB;
/// CUDA's context, the kernels loaded and the handles of cuBLAS and cuDNN, on each GPU.
const CUDA_CONTEXT: f64 = 700.0 * MB;
/// A table in memory against its file: wider numbers, a copy for the split, one for the library.
const TABLE_FACTOR: f64 = 5.0;

/// What a workload needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    pub cpu_cores: u32,
    /// Of the host. Where a GPU is optional, enough to run without one.
    pub memory_bytes: u64,
    /// 0 where a GPU brings nothing.
    pub gpu_count: u32,
    /// Needed on each GPU.
    pub gpu_memory_bytes: u64,
    /// The smallest common card that has it, or what a text says.
    pub gpu_card_bytes: u64,
    pub gpu_required: bool,
    pub basis: Basis,
}

/// Estimates what a workload needs; flags count before facts, and facts before defaults. Never fails:
/// an unknown size is a usual one of its category, and the basis says so.
pub fn estimate(ask: &Ask, facts: &Facts) -> Estimate {
    if facts.category == crate::workload::evidence::Category::TraditionalMl
        && facts.parameters.is_none()
        && facts.model.is_none()
    {
        return tabular(facts);
    }
    let plan = Plan::new(ask, facts);
    let terms = plan.cpu_terms();
    let gpu = (facts.gpu != Gpu::None).then(|| plan.gpu_terms());
    let mut estimate = Estimate {
        cpu_cores: plan.cpu_cores(0),
        memory_bytes: sum(&terms),
        gpu_count: 0,
        gpu_memory_bytes: 0,
        gpu_card_bytes: 0,
        gpu_required: facts.gpu == Gpu::Required,
        basis: plan.basis(terms),
    };
    if let Some(terms) = gpu {
        let cards = fit::choose(&terms, facts.stated_gpus, facts.stated_gpu_memory);
        estimate.gpu_count = cards.count;
        estimate.gpu_memory_bytes = cards.need;
        estimate.gpu_card_bytes = cards.size;
        if estimate.gpu_required {
            estimate.cpu_cores = plan.cpu_cores(cards.count);
            let host = plan.host_terms(cards.count);
            estimate.memory_bytes = sum(&host);
            estimate.basis.terms = host;
        }
        estimate.basis.gpu_terms = terms;
    }
    estimate
}

/// Trees and linear models: the data set decides.
fn tabular(facts: &Facts) -> Estimate {
    let data = facts.dataset_bytes.map_or(500.0 * MB, |bytes| TABLE_FACTOR * bytes as f64);
    let mut terms = vec![Term {
        name: "framework",
        bytes: whole(TABULAR_FRAMEWORK),
        formula: "interpreter and libraries, measured",
    }];
    let formula = if facts.dataset_bytes.is_some() {
        "data set × 5 (wider numbers, copies)"
    } else {
        "table: 100 MB of data × 5"
    };
    terms.push(Term { name: "data", bytes: whole(data), formula });
    let gpu = facts.gpu != Gpu::None;
    let gpu_terms = if gpu { vec![plan::context(), terms[1].clone()] } else { Vec::new() };
    let cards = gpu.then(|| fit::choose(&gpu_terms, facts.stated_gpus, facts.stated_gpu_memory));
    Estimate {
        cpu_cores: if data > 5.0 * GB { 8 } else { 4 },
        memory_bytes: sum(&terms),
        gpu_count: cards.as_ref().map_or(0, |cards| cards.count),
        gpu_memory_bytes: cards.as_ref().map_or(0, |cards| cards.need),
        gpu_card_bytes: cards.as_ref().map_or(0, |cards| cards.size),
        gpu_required: facts.gpu == Gpu::Required,
        basis: Basis {
            source: if facts.dataset_bytes.is_some() { Source::Dataset } else { Source::Table },
            model: None,
            parameters: None,
            task: Task::Train,
            precision: Precision::Fp32,
            optimiser: None,
            batch: 1,
            seq: None,
            terms,
            gpu_terms,
        },
    }
}

fn sum(terms: &[Term]) -> u64 {
    terms.iter().fold(0, |sum, term| sum.saturating_add(term.bytes))
}
