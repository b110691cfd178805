//! Whether a GPU computes what the CPU does.

use std::path::Path;

use super::batch::Batch;
use super::cuda::CudaNetwork;
use super::load::{LoadError, Model};
use crate::core::device::{Gpu, GpuError, Precision};

/// A small network with every kind of input.
const DESCRIPTION: &[u8] = include_bytes!("../../kernels/check/model.json");
const WEIGHTS: &[u8] = include_bytes!("../../kernels/check/model.safetensors");

/// Largest difference that another order of summation explains, and what the rounding of factors adds.
fn tolerance(precision: Precision) -> f32 {
    match precision {
        Precision::Single => 3e-5,
        Precision::Tf32 => 1e-2,
    }
}

/// Of servers: one; a few, some of whose lanes are empty; so many that the LSTM takes them in large groups.
const SERVERS: [usize; 3] = [1, 70, 2050];

/// What a check found.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    /// Between the output layers' values.
    pub largest_difference: f32,
    tolerance: f32,
}

impl Checked {
    pub fn agrees(&self) -> bool {
        self.largest_difference <= self.tolerance
    }
}

impl Model {
    /// The network that checks are done with where no other is named.
    pub fn built_in() -> Result<Self, LoadError> {
        Self::parse(Path::new("built-in"), DESCRIPTION, WEIGHTS)
    }
}

/// Computes the same on a GPU and, with the reference, on the CPU.
pub fn check(model: &Model, gpu: Gpu, precision: Precision) -> Result<Checked, GpuError> {
    let network = CudaNetwork::new(&model.network, gpu, precision)?;
    let mut largest_difference = 0.0_f32;
    for servers in SERVERS {
        let batch = random_batch(model, servers);
        let (got, want) = (network.forward(&batch)?, model.network.forward(&batch));
        for (a, b) in got.iter().zip(&want) {
            let difference = (a - b).abs();
            // `max` alone would drop what is no number.
            let difference = if difference.is_nan() { f32::INFINITY } else { difference };
            largest_difference = largest_difference.max(difference);
        }
    }
    Ok(Checked { largest_difference, tolerance: tolerance(precision) })
}

/// Values between −1 and 1, encoders of different lengths.
pub fn random_batch(model: &Model, servers: usize) -> Batch {
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let inputs = &model.inputs;
    let mut batch = inputs.empty_batch(servers, inputs.max_encoder_length);
    batch.reals.mapv_inplace(|_| next());
    let (least, most) = (inputs.min_encoder_length.max(1), inputs.max_encoder_length);
    for (server, length) in batch.encoder_lengths.iter_mut().enumerate() {
        *length = least + server % (most - least + 1);
    }
    batch
}
