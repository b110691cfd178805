//! What an estimate rests on: where the size comes from, and each term of the sum.

use std::fmt;

use serde::Serialize;

use super::ask::{Optimiser, Precision, Task};
use crate::core::output::units::grouped;

/// Where the model's size comes from, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Weights in the tree.
    Weights,
    /// A configuration in the tree: layers and features without weights.
    Configuration,
    /// A model that is known by its name.
    Name,
    /// A number of parameters in a text.
    Text,
    /// Nothing says a size: what is usual for the category.
    Table,
    /// No network: the data set and the libraries.
    Dataset,
}

/// One part of the memory, on all GPUs together, or of the process where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Term {
    pub name: &'static str,
    pub bytes: u64,
    /// How it is reckoned: `2 · layers · kv_heads · head_dim · bytes · seq · batch`.
    pub formula: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Basis {
    pub source: Source,
    /// The known model's name.
    pub model: Option<&'static str>,
    pub parameters: Option<u64>,
    pub task: Task,
    pub precision: Precision,
    /// Nothing where nothing is trained.
    pub optimiser: Option<Optimiser>,
    pub batch: u64,
    /// Nothing for images.
    pub seq: Option<u64>,
    /// What a process on the CPU takes; what runs on GPUs takes `gpu_terms` there.
    pub terms: Vec<Term>,
    pub gpu_terms: Vec<Term>,
}

/// `7.24 B`, `25.6 M`, `950`.
fn count(number: u64) -> String {
    let number = number as f64;
    let (scaled, unit) = match number {
        n if n >= 1e12 => (n / 1e12, " T"),
        n if n >= 1e9 => (n / 1e9, " B"),
        n if n >= 1e6 => (n / 1e6, " M"),
        n if n >= 1e3 => (n / 1e3, " k"),
        n => (n, ""),
    };
    let digits =
        if scaled >= 100.0 || unit.is_empty() { 0 } else { 1 + usize::from(scaled < 10.0) };
    format!("{scaled:.digits$}{unit}")
}

impl Basis {
    fn size(&self) -> String {
        let Some(parameters) = self.parameters else {
            return "libraries and data".to_owned();
        };
        let from = match (self.model, self.source) {
            (Some(model), _) => format!("{model}: "),
            (None, Source::Table) => "table: ".to_owned(),
            _ => String::new(),
        };
        format!("{from}{} parameters ({})", count(parameters), self.precision.name())
    }
}

/// `7.24 B parameters (bf16) × 18 bytes for Adam + activations (batch 4 × 2 048)`.
impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.size())?;
        if self.parameters.is_none() {
            return Ok(());
        }
        match self.optimiser {
            Some(Optimiser::Lora) => f.write_str(" + LoRA adapters")?,
            Some(optimiser) => {
                let (weights, gradients, state) =
                    super::formula::training_bytes(self.precision, optimiser);
                let bytes = weights + gradients + state;
                write!(f, " × {bytes} bytes for {}", optimiser.name())?;
            }
            None => {}
        }
        let kv_cache = self.terms.iter().chain(&self.gpu_terms).any(|term| term.name == "kv_cache");
        f.write_str(if kv_cache { " + KV cache" } else { " + activations" })?;
        match self.seq {
            Some(seq) => write!(f, " (batch {} × {})", grouped(self.batch), grouped(seq)),
            None => write!(f, " (batch {})", grouped(self.batch)),
        }
    }
}
