//! Which sort of network it is, from what is known: a transformer's numbers, or an image's values.

use super::ask::Facts;
use super::formula::{Family, Transformer};
use crate::workload::evidence::Category;
use crate::workload::weights::Architecture;

/// How a model's activations are reckoned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Network {
    /// `image_tokens`: tokens of an image, for a vision transformer.
    Transformer {
        shape: Transformer,
        image_tokens: Option<f64>,
    },
    /// Values that training keeps of one image.
    Convolutions(f64),
    Unknown,
}

/// Twice the outputs of a ResNet-50's convolutions.
const USUAL_IMAGE_VALUES: f64 = 22.2e6;
/// The same for a ResNet's parameters: smaller ones of basic blocks keep less.
const SMALL_IMAGE_VALUES: f64 = 5.0e6;

const CONVOLUTIONS: &[&str] = &[
    "resnet",
    "convnext",
    "efficientnet",
    "mobilenet",
    "regnet",
    "yolo",
    "vgg",
    "densenet",
    "unet",
    "timm",
];
const IMAGE_TRANSFORMERS: &[&str] =
    &["vit", "deit", "beit", "dinov2", "swin", "siglip", "ijepa", "sam"];
const ENCODERS: &[&str] = &[
    "bert", "roberta", "electra", "albert", "deberta", "mpnet", "wav2vec", "hubert", "t5", "mt5",
    "bart", "whisper", "clip", "esm", "nomic",
];
const GPT2: &[&str] =
    &["gpt2", "gptneo", "gpt_neo", "gptj", "gpt_bigcode", "bloom", "opt", "codegen"];
/// Attention scores are dropped out in training, by their default configuration.
const ATTENTION_DROPOUT: &[&str] =
    &["bert", "roberta", "electra", "mpnet", "gpt2", "wav2vec", "esm", "t5", "mt5", "bart"];

/// Whether a type is one of these or made from it: `distilbert`, `siglip_vision_model`. What is short
/// only counts where it begins.
fn any(name: &str, of: &[&str]) -> bool {
    of.iter().any(|part| name.starts_with(part) || part.len() > 3 && name.contains(part))
}

pub(super) fn network(facts: &Facts, parameters: f64) -> Network {
    let known = facts.model.map(super::models::Model::architecture);
    let architecture = facts.architecture.as_ref().or(known.as_ref());
    let name = architecture.and_then(|a| a.name.as_deref()).unwrap_or("").to_ascii_lowercase();
    if let Some(shape) = architecture.and_then(|a| transformer(a, &name)) {
        let image_tokens = any(&name, IMAGE_TRANSFORMERS)
            .then(|| architecture.and_then(|a| a.context).unwrap_or(197) as f64);
        return Network::Transformer { shape, image_tokens };
    }
    if let Some(values) = facts.model.and_then(|model| model.image_values) {
        return Network::Convolutions(values as f64);
    }
    let images = any(&name, CONVOLUTIONS) || facts.category == Category::ComputerVision;
    if images {
        let small = parameters < 15e6;
        return Network::Convolutions(if small { SMALL_IMAGE_VALUES } else { USUAL_IMAGE_VALUES });
    }
    if facts.category == Category::NlpLlm && name.is_empty() {
        return Network::Transformer { shape: usual(parameters), image_tokens: None };
    }
    Network::Unknown
}

/// The numbers of an architecture, those missing from the others; nothing without layers and features.
fn transformer(of: &Architecture, name: &str) -> Option<Transformer> {
    let positive = |number: Option<u64>| number.filter(|&n| n > 0).map(|n| n as f64);
    let (layers, hidden) = (positive(of.layers)?, positive(of.hidden)?);
    if any(name, CONVOLUTIONS) {
        return None;
    }
    let heads = positive(of.heads).unwrap_or((hidden / 64.0).max(1.0));
    let vocab = positive(of.vocab).unwrap_or(0.0);
    let encoder = any(name, ENCODERS) || any(name, IMAGE_TRANSFORMERS);
    Some(Transformer {
        layers,
        hidden,
        heads,
        kv_heads: positive(of.kv_heads).unwrap_or(heads),
        head_dim: positive(of.head_dim).unwrap_or(hidden / heads),
        logits: if encoder { 0.0 } else { vocab },
        vocab,
        attention_dropout: any(name, ATTENTION_DROPOUT),
        family: match () {
            () if encoder => Family::Encoder,
            () if any(name, GPT2) => Family::Gpt2,
            () => Family::Gated,
        },
    })
}

/// A transformer of which only the size is known: 12 · layers · hidden² parameters, and 128 features for
/// each layer (Kaplan et al. 2020: the shape matters little).
fn usual(parameters: f64) -> Transformer {
    let layers = (parameters / (12.0 * 128.0 * 128.0)).cbrt().clamp(1.0, 1e6);
    let hidden = 128.0 * layers;
    let encoder = parameters < 4e8;
    Transformer {
        layers,
        hidden,
        heads: layers,
        kv_heads: layers,
        head_dim: 128.0,
        logits: if encoder { 0.0 } else { 32e3 },
        vocab: 32e3,
        attention_dropout: encoder,
        family: if encoder { Family::Encoder } else { Family::Gated },
    }
}
