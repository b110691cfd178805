//! What is asked and what is known, put together: every default chosen, then the terms of the sum.

use super::ask::{Ask, Facts, Optimiser, Precision, Task};
use super::basis::{Basis, Source, Term};
use super::formula::{self, Run, Transformer, whole};
use super::models::Model;
use super::shape::{self, Network};
use super::{CUDA_CONTEXT, FRAMEWORK, GB, TORCH};
use crate::workload::evidence::{Category, Gpu};

/// From this size on, training on a GPU computes activations again instead of keeping them.
const LARGE: f64 = 1e9;

pub(super) struct Plan<'a> {
    facts: &'a Facts,
    source: Source,
    parameters: f64,
    network: Network,
    task: Task,
    /// Of the weights, where no flag says another.
    precision: Precision,
    asked_precision: bool,
    optimiser: Option<Optimiser>,
    batch: f64,
    seq: Option<f64>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(ask: &Ask, facts: &'a Facts) -> Self {
        let (parameters, source) = size(ask, facts);
        let network = shape::network(facts, parameters);
        let task = ask.task.or(facts.task).unwrap_or(match facts.category {
            Category::NlpLlm => Task::Serve,
            _ if source == Source::Weights => Task::Batch,
            _ => Task::Train,
        });
        let large = matches!(network, Network::Transformer { .. }) && parameters >= LARGE;
        let precision =
            ask.precision.or(facts.precision).unwrap_or(if large && facts.gpu != Gpu::None {
                Precision::Bf16
            } else {
                Precision::Fp32
            });
        let optimiser = task.trains().then(|| facts.optimiser.unwrap_or(Optimiser::Adam));
        // Quantised weights cannot be trained: only adapters on them.
        let optimiser =
            optimiser.map(|o| if precision.is_quantised() { Optimiser::Lora } else { o });
        let seq = match network {
            Network::Transformer { image_tokens: Some(_), .. } | Network::Convolutions(_) => None,
            Network::Transformer { .. } => {
                let usual = ask.seq.map_or(if large { 2048 } else { 512 }, u64::from);
                let limit = facts.architecture.as_ref().and_then(|a| a.context);
                let capped = if ask.seq.is_none() { limit } else { None };
                Some(capped.map_or(usual, |limit| usual.min(limit.max(1))) as f64)
            }
            Network::Unknown => ask.seq.map(f64::from),
        };
        let batch =
            ask.batch.map_or_else(|| usual_batch(task, &network, large), f64::from).max(1.0);
        Self {
            facts,
            source,
            parameters,
            network,
            task,
            precision,
            asked_precision: ask.precision.is_some(),
            optimiser,
            batch,
            seq,
        }
    }

    fn run(&self, on_gpu: bool) -> Run {
        let large = self.parameters >= LARGE;
        let image_tokens = match self.network {
            Network::Transformer { image_tokens, .. } => image_tokens,
            _ => None,
        };
        Run {
            batch: self.batch,
            seq: image_tokens.or(self.seq).unwrap_or(1.0).max(1.0),
            value: self.precision.compute_bytes(),
            checkpointing: on_gpu && large && self.task.trains(),
            fused_attention: on_gpu,
        }
    }

    fn inference_weights(&self) -> f64 {
        match self.facts.weight_bytes {
            Some(bytes)
                if !self.asked_precision || self.facts.precision == Some(self.precision) =>
            {
                bytes as f64
            }
            _ => formula::weights(self.parameters, self.precision, self.shape()),
        }
    }

    fn shape(&self) -> Option<&Transformer> {
        match &self.network {
            Network::Transformer { shape, .. } => Some(shape),
            _ => None,
        }
    }

    fn activations(&self, run: Run) -> f64 {
        let trains = self.task.trains();
        match &self.network {
            Network::Transformer { shape, .. } if trains => {
                formula::transformer_training(shape, run)
            }
            Network::Transformer { shape, .. } => {
                formula::transformer_inference(shape, run, self.task == Task::Batch)
            }
            Network::Convolutions(values) => {
                formula::convolutions(*values, self.batch, run.value, trains)
            }
            Network::Unknown => formula::unknown_network(self.parameters, run, trains),
        }
    }

    /// Weights, gradients, optimiser, KV cache, activations.
    fn model_terms(&self, on_gpu: bool) -> Vec<Term> {
        let run = self.run(on_gpu);
        let mut terms = Vec::new();
        let mut add = |name, bytes: f64, formula| {
            if bytes > 0.0 {
                terms.push(Term { name, bytes: whole(bytes), formula });
            }
        };
        match self.optimiser {
            Some(Optimiser::Lora) => {
                let trained = formula::adapters(self.parameters, self.shape());
                let (weights, gradients, state) =
                    formula::training_bytes(Precision::Bf16, Optimiser::Adam);
                add("weights", self.inference_weights(), "frozen weights · bytes");
                add("adapters", trained * weights, "rank 64 · 18 · hidden · layers · bytes");
                add("gradients", trained * gradients, "adapters · 4");
                add("optimiser", trained * state, "adapters · 12 (Adam and a master copy)");
            }
            Some(optimiser) => {
                let (weights, gradients, state) =
                    formula::training_bytes(self.precision, optimiser);
                add("weights", self.parameters * weights, "parameters · bytes");
                add("gradients", self.parameters * gradients, "parameters · 4");
                add("optimiser", self.parameters * state, "parameters · bytes of the optimiser");
            }
            None => add("weights", self.inference_weights(), "parameters · bytes"),
        }
        if let (Some(shape), None) = (self.shape(), self.optimiser)
            && shape.logits > 0.0
        {
            let bytes = formula::kv_cache(shape, self.batch, run.seq, run.value);
            add("kv_cache", bytes, "2 · layers · kv_heads · head_dim · bytes · seq · batch");
            if on_gpu {
                add("cache_growth", bytes * formula::CACHE_GROWTH, "a quarter of the KV cache");
            }
        }
        let formula = match self.network {
            Network::Transformer { .. } if run.checkpointing => "layer inputs, one layer, the loss",
            Network::Transformer { .. } => "values of a layer · layers, logits",
            Network::Convolutions(_) => "values of an image · batch",
            Network::Unknown => "√parameters · batch · seq",
        };
        add("activations", self.activations(run), formula);
        terms
    }

    pub(super) fn cpu_terms(&self) -> Vec<Term> {
        let mut terms = self.model_terms(false);
        let embedding = self.shape().filter(|shape| shape.vocab > 0.0 && self.task.trains());
        if let Some(shape) = embedding {
            // The optimiser works on one tensor at a time, and the embedding is the largest.
            let bytes = whole(2.0 * shape.vocab * shape.hidden * 4.0);
            terms.push(Term { name: "workspace", bytes, formula: "2 · vocab · hidden · 4" });
        }
        terms.push(self.framework());
        terms
    }

    pub(super) fn gpu_terms(&self) -> Vec<Term> {
        let mut terms = self.model_terms(true);
        terms.push(context());
        terms
    }

    /// The host's memory beside GPUs: weights pass through it, and each GPU has data loaders.
    pub(super) fn host_terms(&self, gpus: u32) -> Vec<Term> {
        let loaders = f64::from(gpus) * if self.task.trains() { 4.0 } else { 1.0 } * GB;
        vec![
            Term {
                name: "weights",
                bytes: whole(2.0 * self.inference_weights()),
                formula: "2 · weights while loading",
            },
            Term {
                name: "loaders",
                bytes: whole(loaders),
                formula: "4 GB a GPU in training, else 1",
            },
            self.framework(),
        ]
    }

    fn framework(&self) -> Term {
        let (bytes, formula) = match self.network {
            Network::Unknown => (TORCH, "interpreter with torch, measured"),
            _ => (FRAMEWORK, "interpreter with torch and transformers, measured"),
        };
        Term { name: "framework", bytes: whole(bytes), formula }
    }

    pub(super) fn cpu_cores(&self, gpus: u32) -> u32 {
        let images = matches!(
            self.network,
            Network::Convolutions(_) | Network::Transformer { image_tokens: Some(_), .. }
        );
        match (gpus, self.task.trains()) {
            (0, false) if self.parameters < 1e8 => 2,
            (0, false) if self.parameters < 1e9 => 4,
            (0, _) => 8,
            (_, true) => gpus.saturating_mul(if images { 8 } else { 4 }),
            (_, false) => gpus.saturating_mul(2).saturating_add(2),
        }
    }

    pub(super) fn basis(&self, terms: Vec<Term>) -> Basis {
        Basis {
            source: self.source,
            model: self
                .facts
                .model
                .filter(|_| self.source == Source::Name)
                .map(|m| m.name.as_str()),
            parameters: Some(whole(self.parameters)),
            task: self.task,
            precision: self.precision,
            optimiser: self.optimiser,
            batch: whole(self.batch),
            seq: self.seq.map(whole),
            terms,
            gpu_terms: Vec::new(),
        }
    }
}

pub(super) fn context() -> Term {
    let formula = "CUDA context and libraries, on each GPU";
    Term { name: "cuda_context", bytes: whole(CUDA_CONTEXT), formula }
}

fn usual_batch(task: Task, network: &Network, large: bool) -> f64 {
    match (network, task) {
        (_, Task::Serve) => 1.0,
        (Network::Transformer { image_tokens: None, .. }, _) if large => 1.0,
        (Network::Transformer { image_tokens: None, .. }, _) => 8.0,
        _ => 32.0,
    }
}

/// Parameters and where they come from.
fn size(ask: &Ask, facts: &Facts) -> (f64, Source) {
    if let Some(parameters) = facts.parameters {
        return (parameters as f64, Source::Weights);
    }
    if let Some(bytes) = facts.weight_bytes {
        let precision = facts.precision.or(ask.precision).unwrap_or(Precision::Fp32);
        return (bytes as f64 / precision.bytes(), Source::Weights);
    }
    let configured = facts.architecture.as_ref().and_then(|a| {
        let positive = |number: Option<u64>| number.filter(|&n| n > 0);
        Some((positive(a.layers)?, positive(a.hidden)?, a.vocab.unwrap_or(0)))
    });
    // A model that a text names may be another one than the configuration's.
    let agrees = |model: &Model| {
        let known = model.architecture();
        configured.is_none_or(|(layers, hidden, _)| {
            (known.layers, known.hidden) == (Some(layers), Some(hidden))
        })
    };
    if let Some(model) = facts.model.filter(|model| agrees(model)) {
        return (model.parameters as f64, Source::Name);
    }
    if let Some((layers, hidden, vocab)) = configured {
        // Kaplan et al. 2020: 12 · layers · hidden², and the embedding.
        let (layers, hidden, vocab) = (layers as f64, hidden as f64, vocab as f64);
        return (12.0 * layers * hidden * hidden + vocab * hidden, Source::Configuration);
    }
    if let Some(parameters) = facts.stated_parameters {
        return (parameters as f64, Source::Text);
    }
    let usual = match (facts.category, facts.gpu) {
        (Category::NlpLlm, Gpu::Required) => 7e9,
        (Category::NlpLlm, _) => 110e6,
        (Category::ComputerVision, Gpu::Required) => 60e6,
        (Category::ComputerVision, _) => 25.6e6,
        (_, Gpu::Required) => 300e6,
        _ => 30e6,
    };
    (usual, Source::Table)
}
