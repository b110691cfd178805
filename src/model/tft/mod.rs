//! The Temporal Fusion Transformer of pytorch-forecasting, for inference.
//!
//! A model folder holds `model.json` (sizes, label tables, scalers) and `model.safetensors` (the
//! weights). [`Model::load`] reads and checks both; [`Inputs`] turns a server's recent rows into
//! the network's input tensors; [`Network`] computes the forecast.

mod batch;
mod calendar;
mod check;
mod cuda;
mod dictionary;
mod fast;
mod groups;
mod inputs;
mod labels;
mod layers;
mod load;
mod math;
mod network;
mod prepare;
mod recurrence;
mod selection;
mod series;
mod spec;
mod weights;

pub use batch::Batch;
pub use calendar::{Grid, MICROS};
pub use check::{Checked, check, random_batch};
pub use cuda::CudaNetwork;
pub use dictionary::Dictionary;
pub use fast::{FastNetwork, GROUP, Isa};
pub use inputs::{CategoricalColumn, Inputs, TimeColumn};
pub use labels::{Label, Labels};
pub use load::{LoadError, Model, Origin, Variable};
pub use network::Network;
pub use prepare::{Codes, Fit, Unfit};
pub use series::{Columns, PushError, Row, Series};
pub use spec::Role;
