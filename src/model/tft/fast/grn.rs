//! Gated residual networks on panels.

use std::f32::consts::LOG2_E;

use ndarray::{Array1, Array2};
use pulp::Simd;

use super::super::layers;
use super::lanes::{Lanes, mul, mul_add, splat};
use super::linear::{Glu, Linear, padded};
use super::norm::{LayerNorm, sum};

/// LayerNorm(GLU(x) + skip)
#[derive(Debug)]
pub(super) struct GateAddNorm {
    pub(super) glu: Glu,
    pub(super) norm: LayerNorm,
}

impl GateAddNorm {
    pub(super) fn new(of: &layers::GateAddNorm) -> Self {
        let (weight, bias) = parts(&of.glu.0);
        Self { glu: Glu::new(weight, &bias), norm: norm(&of.norm) }
    }

    /// With the input multiplied by a matrix before, which has no bias.
    pub(super) fn after(of: &layers::GateAddNorm, before: &Array2<f32>) -> Self {
        let (weight, bias) = parts(&of.glu.0);
        Self { glu: Glu::new(&weight.dot(before), &bias), norm: norm(&of.norm) }
    }

    /// y = LayerNorm(GLU(x) + skip); y may have more features, which stay.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        skip: &[Lanes<S>],
        y: &mut [Lanes<S>],
    ) {
        let y = &mut y[..self.glu.outputs()];
        let sum = self.glu.add_to(simd, x, skip, y);
        self.norm.apply(simd, y, sum);
    }
}

pub(super) fn norm(of: &layers::LayerNorm) -> LayerNorm {
    LayerNorm::new(&of.weight, &of.bias, of.eps)
}

/// Weight and bias, which is zero where there is none.
pub(super) fn parts(of: &layers::Linear) -> (&Array2<f32>, Array1<f32>) {
    let bias = of.bias.clone();
    (&of.weight, bias.unwrap_or_else(|| Array1::zeros(of.weight.nrows())))
}

/// LayerNorm(interpolated · gate)
#[derive(Debug)]
pub(super) struct Resample {
    /// Left and right input of each output, and the factor of each, the gate included.
    pub(super) taps: Vec<(usize, usize, f32, f32)>,
    pub(super) norm: LayerNorm,
}

impl Resample {
    pub(super) fn new(of: &layers::ResampleNorm, inputs: usize) -> Self {
        let taps = layers::taps(inputs, of.gate.len()).into_iter().zip(&of.gate);
        let taps = taps.map(|((l, r, w), g)| (l, r, (1.0 - w) * g, w * g));
        Self { taps: taps.collect(), norm: norm(&of.norm) }
    }

    #[inline(always)]
    pub(super) fn apply<S: Simd>(&self, simd: S, x: &[Lanes<S>], y: &mut [Lanes<S>]) {
        let y = &mut y[..self.taps.len()];
        for ((left, right, a, b), y) in self.taps.iter().zip(y.iter_mut()) {
            let left = mul(simd, splat(simd, *a), x[*left]);
            *y = mul_add(simd, splat(simd, *b), x[*right], left);
        }
        let sum = sum(simd, y);
        self.norm.apply(simd, y, sum);
    }
}

/// GateAddNorm(fc2 · ELU(fc1 x + context), x resampled if need be), with fc2 inside the gate.
#[derive(Debug)]
pub(super) struct Grn {
    pub(super) fc1: Linear,
    pub(super) out: GateAddNorm,
    pub(super) resample: Option<Resample>,
}

impl Grn {
    pub(super) fn new(of: &layers::Grn) -> Self {
        let (fc1, bias) = inner(&of.fc1);
        Self {
            fc1: Linear::new(fc1.view(), Some(bias.view())),
            out: folded(of),
            resample: of.resample.as_ref().map(|r| Resample::new(r, fc1.ncols())),
        }
    }

    /// `bias` is that of fc1, with the context if there is one.
    #[inline(always)]
    pub(super) fn apply_with<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        bias: &[f32],
        scratch: &mut [Lanes<S>],
        y: &mut [Lanes<S>],
    ) {
        let (inner, skip) = scratch.split_at_mut(self.fc1.padded_outputs());
        self.fc1.apply_elu(simd, x, bias, inner);
        match &self.resample {
            Some(resample) => {
                resample.apply(simd, x, skip);
                self.out.apply(simd, inner, skip, y);
            }
            None => self.out.apply(simd, inner, x, y),
        }
    }

    #[inline(always)]
    pub(super) fn apply<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        scratch: &mut [Lanes<S>],
        y: &mut [Lanes<S>],
    ) {
        self.apply_with(simd, x, self.fc1.bias(), scratch, y);
    }

    /// Features of scratch that [`Self::apply`] needs.
    pub(super) fn scratch(&self) -> usize {
        self.fc1.padded_outputs() + padded(self.out.glu.outputs())
    }
}

/// The product before ELU, times log₂e as [`super::lanes::elu_plus_1`] wants it.
pub(super) fn inner(of: &layers::Linear) -> (Array2<f32>, Array1<f32>) {
    let (weight, bias) = parts(of);
    (weight * LOG2_E, bias * LOG2_E)
}

/// The gate of a network over what ELU yields plus one: W (E − 1) + b.
pub(super) fn folded(of: &layers::Grn) -> GateAddNorm {
    let (fc2, inner) = parts(&of.fc2);
    let (weight, bias) = parts(&of.gate_norm.glu.0);
    let product = weight.dot(fc2);
    let bias = weight.dot(&inner) + bias - product.sum_axis(ndarray::Axis(1));
    GateAddNorm { glu: Glu::new(&product, &bias), norm: norm(&of.gate_norm.norm) }
}
