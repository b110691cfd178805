//! The network's input tensors.

use ndarray::{Array2, Array3};

/// The samples of one forward pass, samples outermost and features innermost, so that the values
/// of one step lie together. Encoder steps come first along the time axis; a shorter sample's
/// encoder part is padded at its end with zeros.
#[derive(Debug, Clone)]
pub struct Batch {
    /// [samples, encoder + decoder steps, reals]
    pub reals: Array3<f32>,
    /// Codes, [samples, encoder + decoder steps, categoricals]
    pub categoricals: Array3<u32>,
    /// Steps of the padded encoder part.
    pub encoder_steps: usize,
    /// Own length of each sample's encoder part.
    pub encoder_lengths: Vec<usize>,
    /// Own length of each sample's decoder part.
    pub decoder_lengths: Vec<usize>,
    /// Center and scale that bring each sample's output back, [samples, 2]
    pub target_scale: Array2<f32>,
}

impl Batch {
    /// An empty batch: zeros.
    pub fn zeros(
        samples: usize,
        encoder_steps: usize,
        decoder_steps: usize,
        reals: usize,
        categoricals: usize,
    ) -> Self {
        let steps = encoder_steps + decoder_steps;
        Self {
            reals: Array3::zeros((samples, steps, reals)),
            categoricals: Array3::zeros((samples, steps, categoricals)),
            encoder_steps,
            encoder_lengths: vec![0; samples],
            decoder_lengths: vec![decoder_steps; samples],
            target_scale: Array2::zeros((samples, 2)),
        }
    }

    pub fn samples(&self) -> usize {
        self.reals.dim().0
    }

    pub fn decoder_steps(&self) -> usize {
        self.reals.dim().1 - self.encoder_steps
    }
}
