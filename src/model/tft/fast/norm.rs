//! LayerNorm over the features of a panel, lane by lane.

use ndarray::Array1;
use pulp::Simd;

use super::lanes::{Lanes, add, inverse, mul, mul_add, splat, sqrt, sub};

/// (x − mean) / √(variance + ε) · weight + bias
#[derive(Debug)]
pub(super) struct LayerNorm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) eps: f32,
}

impl LayerNorm {
    pub(super) fn new(weight: &Array1<f32>, bias: &Array1<f32>, eps: f32) -> Self {
        Self { weight: weight.to_vec(), bias: bias.to_vec(), eps }
    }

    /// Multiplies what comes out by a number.
    pub(super) fn scale(&mut self, factor: f32) {
        self.weight.iter_mut().chain(&mut self.bias).for_each(|x| *x *= factor);
    }

    /// In place. `sum` is that of the features.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(&self, simd: S, x: &mut [Lanes<S>], sum: Lanes<S>) {
        let (mean, inverse) = self.moments(simd, x, sum);
        for ((x, w), b) in x.iter_mut().zip(&self.weight).zip(&self.bias) {
            *x = scaled(simd, *x, mean, inverse, *w, *b);
        }
    }

    /// y += factor · LayerNorm(x). `sum` is that of the features.
    #[inline(always)]
    pub(super) fn add_weighed<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        sum: Lanes<S>,
        factor: Lanes<S>,
        y: &mut [Lanes<S>],
    ) {
        let (mean, inverse) = self.moments(simd, x, sum);
        let scale = mul(simd, inverse, factor);
        for (((x, y), w), b) in x.iter().zip(y).zip(&self.weight).zip(&self.bias) {
            let normed = mul(simd, sub(simd, *x, mean), scale);
            let biased = mul_add(simd, factor, splat(simd, *b), *y);
            *y = mul_add(simd, normed, splat(simd, *w), biased);
        }
    }

    /// Mean, and 1 / √(variance + ε).
    #[inline(always)]
    fn moments<S: Simd>(&self, simd: S, x: &[Lanes<S>], sum: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
        let n = splat(simd, 1.0 / self.weight.len() as f32);
        let mean = mul(simd, sum, n);
        let mut squares = splat(simd, 0.0);
        for x in &x[..self.weight.len()] {
            let centered = sub(simd, *x, mean);
            squares = mul_add(simd, centered, centered, squares);
        }
        (mean, inverse_root(simd, mul(simd, squares, n), self.eps))
    }
}

/// 1 / √(x + ε)
#[inline(always)]
pub(super) fn inverse_root<S: Simd>(simd: S, x: Lanes<S>, eps: f32) -> Lanes<S> {
    inverse(simd, sqrt(simd, add(simd, x, splat(simd, eps))))
}

#[inline(always)]
fn scaled<S: Simd>(
    simd: S,
    x: Lanes<S>,
    mean: Lanes<S>,
    inverse: Lanes<S>,
    weight: f32,
    bias: f32,
) -> Lanes<S> {
    let normed = mul(simd, sub(simd, x, mean), inverse);
    mul_add(simd, normed, splat(simd, weight), splat(simd, bias))
}

/// The sum of all features.
#[inline(always)]
pub(super) fn sum<S: Simd>(simd: S, x: &[Lanes<S>]) -> Lanes<S> {
    let mut sum = splat(simd, 0.0);
    for x in x {
        sum = add(simd, sum, *x);
    }
    sum
}
