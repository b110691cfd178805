//! How a model is built, as its own files say.

use serde::Serialize;
use serde_json::Value;

use super::dtype::Dtype;

/// The numbers that memory and compute follow from. What the files do not say is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Architecture {
    /// `llama`, `bert`: the model's type.
    pub name: Option<String>,
    pub layers: Option<u64>,
    /// Features of a token between the layers.
    pub hidden: Option<u64>,
    /// Of attention, and of its keys and values.
    pub heads: Option<u64>,
    pub kv_heads: Option<u64>,
    pub head_dim: Option<u64>,
    /// The longest context, tokens.
    pub context: Option<u64>,
    /// Tokens that it knows.
    pub vocab: Option<u64>,
    /// The type that the weights are loaded as.
    pub dtype: Option<Dtype>,
    /// Bits of a quantised weight.
    pub bits: Option<u64>,
}

/// Reads a Hugging Face `config.json`; nothing where it is none, or says nothing of the model. Of a model
/// of several parts (`text_config` beside `vision_config`) it tells the text's.
pub fn architecture_of_config(text: &str) -> Option<Architecture> {
    let config: Value = serde_json::from_str(text).ok()?;
    let parts = [&config].into_iter().chain(
        ["text_config", "llm_config", "language_config", "decoder"]
            .iter()
            .filter_map(|part| config.get(part)),
    );
    let parts: Vec<&Value> = parts.collect();
    let number = |keys: &[&str]| {
        // The outer part may carry a number of the whole, the text's own is in the inner one.
        parts.iter().rev().find_map(|part| keys.iter().find_map(|key| part.get(key)?.as_u64()))
    };
    let word = |keys: &[&str]| {
        parts.iter().find_map(|part| keys.iter().find_map(|key| part.get(key)?.as_str()))
    };
    let hidden = number(&["hidden_size", "n_embd", "d_model", "dim", "hidden_dim"]);
    let heads = number(&[
        "num_attention_heads",
        "n_head",
        "n_heads",
        "num_heads",
        "encoder_attention_heads",
    ]);
    let one_kv = parts.iter().any(|part| part.get("multi_query") == Some(&Value::Bool(true)));
    let architecture = Architecture {
        name: word(&["model_type"]).map(Into::into),
        layers: number(&[
            "num_hidden_layers",
            "n_layer",
            "n_layers",
            "num_layers",
            "encoder_layers",
        ]),
        hidden,
        heads,
        kv_heads: number(&["num_key_value_heads", "num_kv_heads", "n_head_kv"]).or(if one_kv {
            Some(1)
        } else {
            heads
        }),
        head_dim: number(&["head_dim", "d_kv"])
            .or_else(|| hidden.zip(heads).and_then(|(hidden, heads)| hidden.checked_div(heads))),
        context: number(&["max_position_embeddings", "n_positions", "max_seq_len", "seq_length"]),
        vocab: number(&["vocab_size", "padded_vocab_size"]),
        dtype: word(&["torch_dtype", "dtype"]).and_then(Dtype::of_torch),
        bits: config.get("quantization_config").and_then(bits),
    };
    (architecture.name.is_some() || architecture.hidden.is_some()).then_some(architecture)
}

/// Bits of a weight, by what quantised it: GPTQ, AWQ and HQQ say so, bitsandbytes by its flags,
/// compressed-tensors for each group, others by their name.
fn bits(config: &Value) -> Option<u64> {
    let flag = |key| config.get(key) == Some(&Value::Bool(true));
    let method = config.get("quant_method").and_then(Value::as_str).unwrap_or_default();
    let written = ["bits", "w_bit", "nbits"].iter().find_map(|key| config.get(key)?.as_u64());
    let of_groups = || {
        let groups = config.get("config_groups")?.as_object()?;
        groups.values().filter_map(|group| group.get("weights")?.get("num_bits")?.as_u64()).min()
    };
    written.or_else(of_groups).or(match method {
        _ if flag("load_in_4bit") => Some(4),
        _ if flag("load_in_8bit") => Some(8),
        "mxfp4" | "nvfp4" => Some(4),
        "fp8" | "fbgemm_fp8" => Some(8),
        _ => None,
    })
}
