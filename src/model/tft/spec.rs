//! `model.json`, format `ut-tft/1`, as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::labels::Label;
use crate::model::normalise::{Normalizer, Scaler};

/// The only format there is so far.
pub(super) const FORMAT: &str = "ut-tft/1";

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Spec {
    pub architecture: Architecture,
    pub variables: Variables,
    pub inputs: Inputs,
    pub embeddings: BTreeMap<String, Embedding>,
    pub encoders: BTreeMap<String, Encoder>,
    pub targets: Vec<String>,
    pub target_normalizer: Normalizer,
    pub loss: Loss,
    pub dataset: Dataset,
    pub derived: Option<Derived>,
}

/// Sizes and switches of the network.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Architecture {
    pub hidden_size: usize,
    pub lstm_layers: usize,
    /// The number of heads, despite its name.
    pub attention_head_size: usize,
    pub output_size: Sizes,
    pub causal_attention: bool,
    pub mask_bias: MaskBias,
    pub layer_norm_eps: f32,
    pub parameters: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Sizes {
    One(usize),
    Many(Vec<usize>),
}

/// What masked attention scores become; JSON has no infinity, so that one is spelled.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub(super) struct MaskBias(pub f32);

impl TryFrom<serde_json::Value> for MaskBias {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match (value.as_f64(), value.as_str()) {
            (Some(x), _) => Ok(Self(x as f32)),
            (_, Some("-inf")) => Ok(Self(f32::NEG_INFINITY)),
            _ => Err(format!("mask_bias is {value}, a number or \"-inf\" was expected")),
        }
    }
}

/// Names of the variables by place, each list in the network's order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Variables {
    pub static_categoricals: Vec<String>,
    pub static_reals: Vec<String>,
    pub encoder_categoricals: Vec<String>,
    pub encoder_reals: Vec<String>,
    pub decoder_categoricals: Vec<String>,
    pub decoder_reals: Vec<String>,
}

/// The columns of the network's input tensors.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Inputs {
    pub reals: Vec<Real>,
    pub categoricals: Vec<Categorical>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Static,
    Known,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    #[default]
    Column,
    RelativeTimeIdx,
    EncoderLength,
    TargetCenter,
    TargetScale,
    Lag,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Real {
    pub name: String,
    pub role: Role,
    pub source: Source,
    #[serde(default)]
    pub scaler: Scaler,
    /// Features that its prescaler makes of the scalar; absent if the network does not read it.
    pub size: Option<usize>,
    /// The column that a lag repeats, and by how many rows.
    pub of: Option<String>,
    pub lag: Option<usize>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Categorical {
    pub name: String,
    pub role: Role,
    pub encoder: String,
    #[serde(default)]
    pub source: Source,
    pub of: Option<String>,
    pub lag: Option<usize>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Embedding {
    pub classes: usize,
    pub size: usize,
    /// Columns whose embeddings are summed.
    pub bag: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Encoder {
    #[serde(default)]
    pub add_nan: bool,
    #[serde(default)]
    pub classes: Vec<(Label, u32)>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Loss {
    Quantile { quantiles: Vec<f64> },
    Point {},
    Multi {},
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Dataset {
    pub time_idx: String,
    pub group_ids: Vec<String>,
    pub max_encoder_length: usize,
    pub min_encoder_length: usize,
    pub max_prediction_length: usize,
    pub allow_missing_timesteps: bool,
    #[serde(default)]
    pub constant_fill_strategy: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    pub max_lag: usize,
}

/// Columns that follow from the timestamp.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Derived {
    pub timestamp: String,
    pub step_seconds: f64,
    #[serde(default)]
    pub columns: BTreeMap<String, DerivedColumn>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct DerivedColumn {
    pub kind: DerivedKind,
    /// Where step 0 is, for `step_index`.
    pub origin: Option<String>,
    /// `category`: the whole number as a text label.
    #[serde(rename = "as")]
    pub form: Option<DerivedForm>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DerivedKind {
    StepIndex,
    HourOfDay,
    HourSin,
    HourCos,
    Hour,
    Minute,
    Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DerivedForm {
    Category,
}
