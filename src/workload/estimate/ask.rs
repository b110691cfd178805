//! What an estimate is made from: what was asked, and what is known of the workload.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::models::Model;
use crate::workload::evidence::{Category, Gpu};
use crate::workload::weights::Architecture;

/// What is done with the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    Train,
    FineTune,
    /// Requests as they come: tokens are generated, a KV cache is held.
    Serve,
    /// Inference over a data set.
    Batch,
}

impl Task {
    pub fn trains(self) -> bool {
        matches!(self, Self::Train | Self::FineTune)
    }
}

/// The number format that weights are held in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    Fp32,
    /// Held as fp32, multiplied with fewer bits.
    Tf32,
    Fp16,
    Bf16,
    Fp8,
    Int8,
    Int4,
}

impl Precision {
    /// Bytes of a weight. Quantised weights are in blocks of 32 with a 16-bit scale: 8.5 and 4.5 bits
    /// (`Q8_0` and `Q4_0` of GGUF).
    pub fn bytes(self) -> f64 {
        match self {
            Self::Fp32 | Self::Tf32 => 4.0,
            Self::Fp16 | Self::Bf16 => 2.0,
            Self::Fp8 => 1.0,
            Self::Int8 => 8.5 / 8.0,
            Self::Int4 => 4.5 / 8.0,
        }
    }

    /// Bytes of a value that is computed with: an activation, a cached key.
    pub fn compute_bytes(self) -> f64 {
        if self.is_full() { 4.0 } else { 2.0 }
    }

    pub fn is_full(self) -> bool {
        matches!(self, Self::Fp32 | Self::Tf32)
    }

    pub fn is_quantised(self) -> bool {
        matches!(self, Self::Int8 | Self::Int4)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Tf32 => "tf32",
            Self::Fp16 => "fp16",
            Self::Bf16 => "bf16",
            Self::Fp8 => "fp8",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
        }
    }
}

/// What training keeps for each parameter beside the weight and its gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimiser {
    Adam,
    Adam8bit,
    /// With momentum.
    Sgd,
    Adafactor,
    /// Frozen weights, and Adam on low-rank adapters; with int4 weights that is QLoRA.
    Lora,
}

impl Optimiser {
    pub fn name(self) -> &'static str {
        match self {
            Self::Adam => "Adam",
            Self::Adam8bit => "8-bit Adam",
            Self::Sgd => "SGD with momentum",
            Self::Adafactor => "Adafactor",
            Self::Lora => "LoRA",
        }
    }
}

/// What flags ask for; what is missing has a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask {
    pub task: Option<Task>,
    /// Sequences or images at a time, on each GPU.
    pub batch: Option<u32>,
    /// Tokens of a sequence.
    pub seq: Option<u32>,
    pub precision: Option<Precision>,
}

/// What was found out about the workload.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub category: Category,
    pub gpu: Gpu,
    /// What the code does, where it can be told.
    pub task: Option<Task>,
    /// Of the weights in the tree.
    pub parameters: Option<u64>,
    pub weight_bytes: Option<u64>,
    pub precision: Option<Precision>,
    pub architecture: Option<Architecture>,
    pub optimiser: Option<Optimiser>,
    /// A model that a text names.
    pub model: Option<&'static Model>,
    /// Parameters that a text states: `a 7B model`.
    pub stated_parameters: Option<u64>,
    pub stated_gpus: Option<u32>,
    /// Of each GPU.
    pub stated_gpu_memory: Option<u64>,
    pub dataset_bytes: Option<u64>,
}
