//! Reading and checking a model folder.

use std::path::{Path, PathBuf};

use ndarray::Array3;
use safetensors::SafeTensors;

use super::batch::Batch;
use super::fast::FastNetwork;
use super::inputs::Inputs;
use super::network::Network;
use super::selection::BuildError;
use super::spec::{Embedding, FORMAT, Loss, Role, Sizes, Source, Spec};
use super::weights::Weights;
use crate::core::error::Fault;
use crate::model::normalise::Normalizer;

const DESCRIPTION: &str = "model.json";
const WEIGHTS: &str = "model.safetensors";

/// Longest encoder, horizon and lag that are believed; sizes beyond are taken for a damaged file.
const STEPS_MAX: usize = 100_000;

/// A model ready to forecast.
#[derive(Debug)]
pub struct Model {
    /// The folder's name.
    pub name: String,
    pub inputs: Inputs,
    /// The plain network: the reference.
    pub network: Network,
    /// The same for this processor.
    fast: Option<FastNetwork>,
    pub target: String,
    /// In the order of the network's outputs.
    pub quantiles: Vec<f64>,
    pub parameters: u64,
    /// Size of both files.
    pub bytes: u64,
    /// Forecasts of some servers are rescaled with another server's scale.
    pub mixes_scales: bool,
    pub variables: Vec<Variable>,
}

/// A variable that the network sees.
#[derive(Debug)]
pub struct Variable {
    pub name: String,
    pub role: Role,
    pub origin: Origin,
}

/// Where a variable's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A column of the rows.
    Column,
    /// The timestamp.
    Calendar,
    /// Earlier rows of a column.
    Lag,
    /// Position and length of the encoder part, or the target's scale.
    Window,
}

/// Why a model folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read the model {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is not a model description of format {FORMAT}")]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{path} has the format {found}, this program reads {FORMAT}")]
    Format { path: PathBuf, found: String },
    #[error("{path}: {what}")]
    Spec { path: PathBuf, what: String },
    #[error("{path} is not a complete safetensors file")]
    Container { path: PathBuf, source: safetensors::SafeTensorError },
    #[error("{path} does not fit {DESCRIPTION}: {what}")]
    Weights { path: PathBuf, what: String },
}

impl LoadError {
    fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => {
                "a model folder holds model.json and model.safetensors; \
                 examples/export_tft.py makes one of a checkpoint"
            }
            Self::Format { .. } => "export the checkpoint again with this version's export_tft.py",
            _ => "the folder is damaged or was put together by hand: export the checkpoint again",
        }
    }
}

impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Self {
        let hint = error.hint();
        let fault = Self::failed(error.to_string()).hint(hint);
        match error {
            LoadError::Read { source, .. } => fault.because(source),
            LoadError::Json { source, .. } => fault.because(source),
            LoadError::Container { source, .. } => fault.because(source),
            _ => fault,
        }
    }
}

impl Model {
    /// The output layer's values before rescaling, [samples, decoder steps, quantiles].
    pub fn forward(&self, batch: &Batch) -> Array3<f32> {
        match &self.fast {
            Some(fast) => fast.forward(batch),
            None => self.network.forward(batch),
        }
    }

    /// Reads `model.json` and `model.safetensors` of a folder.
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        let text = read(&folder.join(DESCRIPTION))?;
        let bytes = read(&folder.join(WEIGHTS))?;
        Self::parse(folder, &text, &bytes)
    }

    /// The model that these files hold; errors name them as those of `folder`.
    pub(super) fn parse(folder: &Path, text: &[u8], bytes: &[u8]) -> Result<Self, LoadError> {
        let path = folder.join(DESCRIPTION);
        let spec = parse(&path, text)?;
        let wrong = |what| LoadError::Spec { path: path.clone(), what };
        let quantiles = quantiles(&spec).map_err(wrong)?;
        check_sizes(&spec).map_err(wrong)?;
        let inputs = Inputs::new(&spec).map_err(wrong)?;

        let path = folder.join(WEIGHTS);
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|source| LoadError::Container { path: path.clone(), source })?;
        let network = Network::load(&Weights::new(&tensors), &spec, quantiles.len()).map_err(
            |e| match e {
                BuildError::Spec(what) => LoadError::Spec { path: folder.join(DESCRIPTION), what },
                BuildError::Weight(e) => {
                    LoadError::Weights { path: path.clone(), what: e.to_string() }
                }
            },
        )?;
        Ok(Self {
            name: name_of(folder),
            inputs,
            fast: FastNetwork::best(&network),
            network,
            quantiles,
            parameters: spec.architecture.parameters,
            bytes: (text.len() + bytes.len()) as u64,
            mixes_scales: mixes_scales(&spec.target_normalizer),
            variables: variables(&spec),
            target: spec.targets.into_iter().next().unwrap_or_default(),
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|source| LoadError::Read { path: path.to_path_buf(), source })
}

/// The format is looked at first: another version's fields may differ.
fn parse(path: &Path, text: &[u8]) -> Result<Spec, LoadError> {
    let not_json = |source| LoadError::Json { path: path.to_path_buf(), source };
    let value: serde_json::Value = serde_json::from_slice(text).map_err(not_json)?;
    match value.get("format").and_then(|f| f.as_str()) {
        Some(FORMAT) => serde_json::from_value(value).map_err(not_json),
        other => Err(LoadError::Format {
            path: path.to_path_buf(),
            found: other.map_or_else(|| "missing".to_owned(), |f| format!("\"{f}\"")),
        }),
    }
}

fn quantiles(spec: &Spec) -> Result<Vec<f64>, String> {
    if spec.targets.len() > 1 || matches!(spec.loss, Loss::Multi {}) {
        let targets = spec.targets.join(", ");
        return Err(format!("the model forecasts several targets ({targets}); one is supported"));
    }
    let quantiles = match &spec.loss {
        Loss::Quantile { quantiles } => quantiles.clone(),
        _ => vec![0.5],
    };
    match spec.architecture.output_size {
        Sizes::One(size) if size == quantiles.len() && size > 0 => Ok(quantiles),
        _ => Err(format!(
            "architecture.output_size does not fit the {} quantiles of the loss",
            quantiles.len()
        )),
    }
}

/// The sizes that no tensor vouches for.
fn check_sizes(spec: &Spec) -> Result<(), String> {
    let (a, d) = (&spec.architecture, &spec.dataset);
    let within = |name: &str, value: usize, least: usize, most: usize| {
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(format!("{name} is {value}, a number from {least} to {most} was expected"))
        }
    };
    // Beyond what any tensor can hold, so that products of sizes do not overflow.
    within("architecture.hidden_size", a.hidden_size, 1, 1 << 20)?;
    within("architecture.lstm_layers", a.lstm_layers, 1, 1 << 10)?;
    within("architecture.attention_head_size", a.attention_head_size, 1, a.hidden_size)?;
    within("dataset.max_encoder_length", d.max_encoder_length, 1, STEPS_MAX)?;
    within("dataset.min_encoder_length", d.min_encoder_length, 1, d.max_encoder_length)?;
    within("dataset.max_prediction_length", d.max_prediction_length, 1, STEPS_MAX)?;
    within("dataset.max_lag", d.max_lag, 0, STEPS_MAX)?;
    if !(a.layer_norm_eps.is_finite() && a.layer_norm_eps > 0.0) {
        return Err(format!("architecture.layer_norm_eps is {}", a.layer_norm_eps));
    }
    for real in &spec.inputs.reals {
        within(&format!("the size of {}", real.name), real.size.unwrap_or(1), 1, 1 << 20)?;
    }
    for (name, embedding) in &spec.embeddings {
        within(&format!("embeddings.{name}.size"), embedding.size, 1, 1 << 20)?;
    }
    check_codes(spec)
}

/// Every code that a label can have is a row of its embedding table.
fn check_codes(spec: &Spec) -> Result<(), String> {
    for c in &spec.inputs.categoricals {
        let of_bag = |e: &&Embedding| e.bag.iter().flatten().any(|member| member == &c.name);
        let embedding =
            spec.embeddings.get(&c.name).or_else(|| spec.embeddings.values().find(of_bag));
        let (Some(embedding), Some(encoder)) = (embedding, spec.encoders.get(&c.encoder)) else {
            return Err(format!("{} has no embedding or encoder", c.name));
        };
        let lowest = encoder.add_nan.then_some(0);
        let codes = encoder.classes.iter().map(|(_, code)| *code as usize).chain(lowest);
        if let Some(code) = codes.max().filter(|code| *code >= embedding.classes) {
            let (name, classes) = (&c.encoder, embedding.classes);
            return Err(format!(
                "encoders.{name} has the code {code}, its embedding {classes} rows"
            ));
        }
    }
    Ok(())
}

fn mixes_scales(normalizer: &Normalizer) -> bool {
    matches!(normalizer, Normalizer::Group(n) if n.target_scale_mismatch)
}

fn variables(spec: &Spec) -> Vec<Variable> {
    let calendar = |name: &str| spec.derived.as_ref().is_some_and(|d| d.columns.contains_key(name));
    let variable = |name: &String, role: Role, source: Source| {
        let origin = match source {
            Source::Column if calendar(name) => Origin::Calendar,
            Source::Column => Origin::Column,
            Source::Lag => Origin::Lag,
            _ => Origin::Window,
        };
        Variable { name: name.clone(), role, origin }
    };
    let categoricals = spec.inputs.categoricals.iter().map(|c| variable(&c.name, c.role, c.source));
    let reals = spec.inputs.reals.iter().map(|r| variable(&r.name, r.role, r.source));
    categoricals.chain(reals).collect()
}

fn name_of(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    real.file_name().map_or_else(|| "model".to_owned(), |n| n.to_string_lossy().into_owned())
}
