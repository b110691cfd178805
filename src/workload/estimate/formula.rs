//! The formulas, each for itself: numbers in, bytes out. All in floating point, so that no product of
//! large numbers overflows; `docs/detect-workload.md` names their sources.

use super::ask::{Optimiser, Precision};

/// Values that a transformer's layer keeps for its backward pass, for each token and feature: the 34
/// bytes of Korthikanti et al. 2022 (equation 1) at 2 bytes a value.
const SAVED_VALUES: f64 = 17.0;
/// GPT-2's GELU is written out in tensor operations, each of which keeps its operand.
const SAVED_VALUES_OF_GPT2: f64 = 25.0;
/// Three matrices instead of two, and a norm and an activation that are written out too.
const SAVED_VALUES_GATED: f64 = 20.0;
/// Matrices of scores that attention keeps where no fused kernel runs: softmax, dropout's mask and its
/// result; with a causal mask the masked scores and a gradient too.
const SAVED_SCORES: f64 = 3.0;
const SAVED_SCORES_CAUSAL: f64 = 5.0;
/// Values alive at once in a forward pass, for each token and feature: the residual stream, queries,
/// keys and values, and both sides of a feed-forward layer.
const LIVE_VALUES: f64 = 12.0;
/// Beside the logits: their logarithms and their gradient, fp32.
const LOSS_BYTES: f64 = 8.0;
/// The rank of adapters in Dettmers et al. 2023, on every linear layer.
const ADAPTER_RANK: f64 = 64.0;
/// Sides of a layer's matrices together, in features: attention 8, feed-forward 10.
const LINEAR_SIDES: f64 = 18.0;
/// Part of the parameters that adapters train where the layers are not known.
const ADAPTER_PART: f64 = 0.02;
/// What a KV cache takes beyond its values on a GPU while it grows: copies and fragments, measured.
pub(super) const CACHE_GROWTH: f64 = 0.25;

/// A transformer's numbers, all known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transformer {
    pub(super) layers: f64,
    pub(super) hidden: f64,
    pub(super) heads: f64,
    pub(super) kv_heads: f64,
    pub(super) head_dim: f64,
    /// 0 where no logits over a vocabulary are made.
    pub(super) logits: f64,
    pub(super) vocab: f64,
    /// Dropout on attention scores, which a CPU has no fused kernel for.
    pub(super) attention_dropout: bool,
    pub(super) family: Family,
}

/// What decides how much a layer keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Encoder,
    Gpt2,
    /// A causal model with a gated feed-forward layer: Llama and what came after it.
    Gated,
}

/// Bytes for each parameter that is trained: weights, gradients, optimiser. In mixed precision the
/// optimiser's part holds the fp32 master copy (Micikevicius et al. 2018; Rajbhandari et al. 2020).
pub(super) fn training_bytes(precision: Precision, optimiser: Optimiser) -> (f64, f64, f64) {
    let (weights, master) = if precision.is_full() { (4.0, 0.0) } else { (2.0, 4.0) };
    let state = match optimiser {
        Optimiser::Adam | Optimiser::Lora => 8.0,
        Optimiser::Adam8bit => 2.0,
        Optimiser::Sgd | Optimiser::Adafactor => 4.0,
    };
    (weights, 4.0, master + state)
}

/// Weights for inference. Embeddings stay in 16 bits when the rest is quantised.
pub(super) fn weights(parameters: f64, precision: Precision, shape: Option<&Transformer>) -> f64 {
    let embeddings = match shape {
        Some(shape) if precision.is_quantised() => {
            let untied = if parameters < 1e9 { 1.0 } else { 2.0 };
            (shape.vocab * shape.hidden * untied).min(parameters)
        }
        _ => 0.0,
    };
    (parameters - embeddings) * precision.bytes() + embeddings * 2.0
}

/// Parameters of low-rank adapters: rank · (inputs + outputs) of each matrix (Hu et al. 2021).
pub(super) fn adapters(parameters: f64, shape: Option<&Transformer>) -> f64 {
    let trained = shape.map_or(parameters * ADAPTER_PART, |shape| {
        ADAPTER_RANK * LINEAR_SIDES * shape.hidden * shape.layers
    });
    trained.min(parameters)
}

/// Keys and values of every token: 2 · layers · heads of keys · features of a head (Pope et al. 2022).
pub(super) fn kv_cache(shape: &Transformer, batch: f64, seq: f64, value: f64) -> f64 {
    2.0 * shape.layers * shape.kv_heads * shape.head_dim * value * seq * batch
}

/// What a transformer keeps from the forward pass for the backward one, and its loss.
pub(super) fn transformer_training(shape: &Transformer, run: Run) -> f64 {
    let tokens = run.batch * run.seq;
    let (values, scores) = match shape.family {
        Family::Encoder => (SAVED_VALUES, SAVED_SCORES),
        Family::Gpt2 => (SAVED_VALUES_OF_GPT2, SAVED_SCORES_CAUSAL),
        Family::Gated => (SAVED_VALUES_GATED, SAVED_SCORES_CAUSAL),
    };
    let mut layer = values * tokens * shape.hidden * run.value;
    if shape.attention_dropout && !run.fused_attention {
        layer += scores * shape.heads * run.batch * run.seq * run.seq * run.value;
    }
    let layers = if run.checkpointing {
        // The input of every layer is kept, and one layer at a time is computed again.
        shape.layers * tokens * shape.hidden * run.value + layer
    } else {
        shape.layers * layer
    };
    layers + tokens * shape.logits * (LOSS_BYTES + run.value)
}

/// What is alive at once in a forward pass; logits of all tokens, or of the last only.
pub(super) fn transformer_inference(shape: &Transformer, run: Run, all_logits: bool) -> f64 {
    let rows = if all_logits { run.batch * run.seq } else { run.batch };
    LIVE_VALUES * run.batch * run.seq * shape.hidden * run.value + rows * shape.logits * run.value
}

/// How a model runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub(super) batch: f64,
    pub(super) seq: f64,
    /// Bytes of an activation.
    pub(super) value: f64,
    pub(super) checkpointing: bool,
    pub(super) fused_attention: bool,
}

/// A network of convolutions: `saved` values of an image for the backward pass; an eighth of them is
/// alive at once in a forward pass.
pub(super) fn convolutions(saved: f64, batch: f64, value: f64, trains: bool) -> f64 {
    saved * batch * value * if trains { 1.0 } else { 0.125 }
}

/// Anything else: some 10 values of each token or sample for the square root of the parameters, which
/// is the width of a dense network.
pub(super) fn unknown_network(parameters: f64, run: Run, trains: bool) -> f64 {
    let width = parameters.max(0.0).sqrt();
    width * run.batch * run.seq * run.value * if trains { 10.0 } else { 2.0 }
}

/// Bytes as a whole number; what is too large is the largest.
pub(super) fn whole(bytes: f64) -> u64 {
    bytes.max(0.0).ceil() as u64
}
