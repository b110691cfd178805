//! The building blocks of the network. Each acts on rows: [rows, features] → [rows, features].

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Zip};

use super::math::{elu, sigmoid, sum};
use super::weights::{WeightError, Weights};

type Loaded<T> = Result<T, WeightError>;

/// y = W x + b
#[derive(Debug)]
pub(super) struct Linear {
    /// [out, in]
    pub(super) weight: Array2<f32>,
    pub(super) bias: Option<Array1<f32>>,
}

impl Linear {
    pub(super) fn load(w: &Weights<'_>, inputs: usize, outputs: usize) -> Loaded<Self> {
        let bias = Some(w.vector("bias", outputs)?);
        Ok(Self { bias, ..Self::load_without_bias(w, inputs, outputs)? })
    }

    pub(super) fn load_without_bias(
        w: &Weights<'_>,
        inputs: usize,
        outputs: usize,
    ) -> Loaded<Self> {
        Ok(Self { weight: w.matrix("weight", outputs, inputs)?, bias: None })
    }

    pub(super) fn new(weight: Array2<f32>, bias: Option<Array1<f32>>) -> Self {
        Self { weight, bias }
    }

    pub(super) fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let shape = (x.nrows(), self.weight.nrows());
        match &self.bias {
            Some(bias) => {
                let rows = bias.broadcast(shape).expect("a bias per output");
                let mut y = rows.to_owned();
                general_mat_mul(1.0, &x, &self.weight.t(), 1.0, &mut y);
                y
            }
            None => x.dot(&self.weight.t()),
        }
    }

    pub(super) fn outputs(&self) -> usize {
        self.weight.nrows()
    }
}

/// (x − mean) / √(variance + ε) · weight + bias, over the features, with the biased variance.
#[derive(Debug)]
pub(super) struct LayerNorm {
    pub(super) weight: Array1<f32>,
    pub(super) bias: Array1<f32>,
    pub(super) eps: f32,
}

impl LayerNorm {
    pub(super) fn load(w: &Weights<'_>, features: usize, eps: f32) -> Loaded<Self> {
        Ok(Self { weight: w.vector("weight", features)?, bias: w.vector("bias", features)?, eps })
    }

    pub(super) fn apply(&self, mut x: Array2<f32>) -> Array2<f32> {
        let n = x.ncols() as f32;
        let (weight, bias) = (flat(&self.weight), flat(&self.bias));
        let mut squares = vec![0.0; x.ncols()];
        for row in rows_mut(&mut x) {
            let mean = sum(row) / n;
            for (v, square) in row.iter_mut().zip(&mut squares) {
                *v -= mean;
                *square = *v * *v;
            }
            let inverse = 1.0 / (sum(&squares) / n + self.eps).sqrt();
            for ((v, w), b) in row.iter_mut().zip(weight).zip(bias) {
                *v = *v * inverse * w + b;
            }
        }
        x
    }
}

/// GLU(x) = (first half of W x + b) · σ(second half)
#[derive(Debug)]
pub(super) struct Glu(pub(super) Linear);

impl Glu {
    pub(super) fn load(w: &Weights<'_>, inputs: usize, outputs: usize) -> Loaded<Self> {
        Ok(Self(Linear::load(&w.at("fc"), inputs, 2 * outputs)?))
    }

    fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let both = self.0.apply(x);
        let outputs = self.0.outputs() / 2;
        let mut y = Array2::zeros((both.nrows(), outputs));
        for (to, from) in rows_mut(&mut y).zip(rows(&both)) {
            let (value, gate) = from.split_at(outputs);
            for ((y, v), g) in to.iter_mut().zip(value).zip(gate) {
                *y = v * sigmoid(*g);
            }
        }
        y
    }
}

/// LayerNorm(GLU(x) + skip)
#[derive(Debug)]
pub(super) struct GateAddNorm {
    pub(super) glu: Glu,
    pub(super) norm: LayerNorm,
}

impl GateAddNorm {
    /// From `glu` and `add_norm`, as nearly all of them are named.
    pub(super) fn load(w: &Weights<'_>, inputs: usize, outputs: usize, eps: f32) -> Loaded<Self> {
        Self::load_from(&w.at("glu"), &w.at("add_norm"), inputs, outputs, eps)
    }

    pub(super) fn load_from(
        glu: &Weights<'_>,
        add_norm: &Weights<'_>,
        inputs: usize,
        outputs: usize,
        eps: f32,
    ) -> Loaded<Self> {
        Ok(Self {
            glu: Glu::load(glu, inputs, outputs)?,
            norm: LayerNorm::load(&add_norm.at("norm"), outputs, eps)?,
        })
    }

    pub(super) fn apply(&self, x: ArrayView2<'_, f32>, skip: ArrayView2<'_, f32>) -> Array2<f32> {
        self.norm.apply(self.glu.apply(x) + skip)
    }
}

/// Changes the number of features: LayerNorm(interpolated · 2σ(mask)).
#[derive(Debug)]
pub(super) struct ResampleNorm {
    /// 2σ(mask)
    pub(super) gate: Array1<f32>,
    pub(super) norm: LayerNorm,
}

impl ResampleNorm {
    pub(super) fn load(w: &Weights<'_>, outputs: usize, eps: f32) -> Loaded<Self> {
        let mask = w.vector("mask", outputs)?;
        let norm = LayerNorm::load(&w.at("norm"), outputs, eps)?;
        Ok(Self { gate: mask.mapv(|m| 2.0 * sigmoid(m)), norm })
    }

    pub(super) fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        self.norm.apply(interpolated(x, self.gate.len()) * &self.gate)
    }
}

/// Linear interpolation along the features, corners aligned.
fn interpolated(x: ArrayView2<'_, f32>, outputs: usize) -> Array2<f32> {
    let inputs = x.ncols();
    if inputs == outputs {
        return x.to_owned();
    }
    let taps = taps(inputs, outputs);
    let mut y = Array2::zeros((x.nrows(), outputs));
    for (to, from) in rows_mut(&mut y).zip(x.rows()) {
        for (to, (left, right, w)) in to.iter_mut().zip(&taps) {
            *to = (1.0 - w) * from[*left] + w * from[*right];
        }
    }
    y
}

/// Gated residual network: GateAddNorm(fc2 · ELU(fc1 x + context), x resampled if need be).
#[derive(Debug)]
pub(super) struct Grn {
    pub(super) fc1: Linear,
    pub(super) context: Option<Linear>,
    pub(super) fc2: Linear,
    pub(super) gate_norm: GateAddNorm,
    pub(super) resample: Option<ResampleNorm>,
}

/// Sizes of a gated residual network.
#[derive(Debug, Clone, Copy)]
pub(super) struct GrnSize {
    pub(super) inputs: usize,
    pub(super) hidden: usize,
    pub(super) outputs: usize,
    /// Features of the context, if it takes one.
    pub(super) context: Option<usize>,
    pub(super) eps: f32,
}

impl Grn {
    pub(super) fn load(w: &Weights<'_>, size: GrnSize) -> Loaded<Self> {
        let GrnSize { inputs, hidden, outputs, context, eps } = size;
        let context = context
            .map(|features| Linear::load_without_bias(&w.at("context"), features, hidden))
            .transpose()?;
        let resample = (inputs != outputs)
            .then(|| ResampleNorm::load(&w.at("resample_norm"), outputs, eps))
            .transpose()?;
        Ok(Self {
            fc1: Linear::load(&w.at("fc1"), inputs, hidden)?,
            context,
            fc2: Linear::load(&w.at("fc2"), hidden, hidden)?,
            gate_norm: GateAddNorm::load(&w.at("gate_norm"), hidden, outputs, eps)?,
            resample,
        })
    }

    pub(super) fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let a = self.fc1.apply(x);
        self.finish(x, a)
    }

    /// With one context per sample; the rows of `x` are the steps of one sample after another.
    pub(super) fn apply_with(
        &self,
        x: ArrayView2<'_, f32>,
        contexts: ArrayView2<'_, f32>,
    ) -> Array2<f32> {
        let mut a = self.fc1.apply(x);
        if let Some(context) = &self.context {
            let steps = x.nrows() / contexts.nrows().max(1);
            let shares = context.apply(contexts);
            for (row, values) in rows_mut(&mut a).enumerate() {
                let share = shares.row(row / steps);
                values.iter_mut().zip(share).for_each(|(v, s)| *v += s);
            }
        }
        self.finish(x, a)
    }

    fn finish(&self, x: ArrayView2<'_, f32>, mut a: Array2<f32>) -> Array2<f32> {
        a.as_slice_mut().expect("contiguous").iter_mut().for_each(|v| *v = elu(*v));
        let b = self.fc2.apply(a.view());
        match &self.resample {
            Some(resample) => self.gate_norm.apply(b.view(), resample.apply(x).view()),
            None => self.gate_norm.apply(b.view(), x),
        }
    }
}

/// Left and right input of each output, and the right one's share.
pub(super) fn taps(inputs: usize, outputs: usize) -> Vec<(usize, usize, f32)> {
    let ratio = if outputs > 1 { (inputs - 1) as f32 / (outputs - 1) as f32 } else { 0.0 };
    (0..outputs)
        .map(|j| {
            let position = ratio * j as f32;
            let left = (position as usize).min(inputs - 1);
            (left, (left + 1).min(inputs - 1), position - left as f32)
        })
        .collect()
}

/// y += weight · x, row by row, with one weight a row.
pub(super) fn add_weighted(y: &mut Array2<f32>, weights: ArrayView2<'_, f32>, x: &Array2<f32>) {
    Zip::from(y.rows_mut()).and(weights.rows()).and(x.rows()).for_each(|mut y, w, x| {
        y.scaled_add(w[0], &x);
    });
}

fn flat(x: &Array1<f32>) -> &[f32] {
    x.as_slice().expect("contiguous")
}

pub(super) fn rows(x: &Array2<f32>) -> std::slice::ChunksExact<'_, f32> {
    let features = x.ncols();
    x.as_slice().expect("contiguous").chunks_exact(features)
}

pub(super) fn rows_mut(x: &mut Array2<f32>) -> std::slice::ChunksExactMut<'_, f32> {
    let features = x.ncols();
    x.as_slice_mut().expect("contiguous").chunks_exact_mut(features)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn interpolation_keeps_the_corners() {
        let x = array![[0.0, 1.0, 4.0]];
        assert_eq!(interpolated(x.view(), 5), array![[0.0, 0.5, 1.0, 2.5, 4.0]]);
        assert_eq!(interpolated(x.view(), 2), array![[0.0, 4.0]]);
        assert_eq!(interpolated(x.view(), 1), array![[0.0]]);
        assert_eq!(interpolated(array![[7.0]].view(), 3), array![[7.0, 7.0, 7.0]]);
    }
}
