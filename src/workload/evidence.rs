//! What speaks for machine learning, or against it, and where it was found.

use serde::{Deserialize, Serialize};

/// The field that a workload belongs to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Not machine learning, or nothing that says which.
    #[default]
    None,
    DeepLearning,
    ComputerVision,
    NlpLlm,
    TraditionalMl,
}

/// What something says about the need of a GPU.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Gpu {
    /// It runs on the CPU.
    #[default]
    None,
    /// It uses a GPU where there is one.
    Optional,
    /// It does not run, or not in practice, without one.
    Required,
}

/// Which part of a project something belongs to: the less it has to do with running the project, the
/// less it counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    #[default]
    Runtime,
    /// Installed when asked for: an extra, an optional dependency, a feature.
    Extra,
    /// Pulled in by something else: a lock file.
    Lock,
    Example,
    Docs,
    Dev,
    Test,
}

/// What sort of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A dependency that a manifest declares.
    Package,
    /// The project's own name: it is what others depend on.
    Name,
    Import,
    /// A call or a class in code that shows what it does.
    Code,
    /// What a build needs: CUDA sources, CMake packages.
    Build,
    Image,
    /// A GPU that a Compose file, a Kubernetes manifest or a job script asks for.
    Resource,
    /// A file of weights.
    Weights,
    /// Words of a README, of a description, of a brief.
    Text,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Relative to the folder that was asked about; nothing for a text.
    pub file: Option<String>,
    /// From 1; nothing for a whole file.
    pub line: Option<u32>,
    /// How many files have it.
    pub files: u32,
    /// As written: `torch==2.4`.
    pub token: String,
    pub kind: Kind,
    pub scope: Scope,
    /// How sure a project is machine learning that has this alone, 0 to 1; below 0 where it speaks against.
    pub weight: f64,
    pub category: Category,
    pub gpu: Gpu,
    pub why: String,
}

impl Evidence {
    /// `“k-means” in line 1`
    pub fn quoted(&self) -> String {
        let denied = if self.weight < 0.0 { ", denied or spoken against" } else { "" };
        format!("\u{201c}{}\u{201d} in {}{denied}", self.token, self.place())
    }

    /// `requirements.txt:3`
    pub fn place(&self) -> String {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.clone(),
            (None, Some(line)) => format!("line {line}"),
            (None, None) => String::new(),
        }
    }
}
