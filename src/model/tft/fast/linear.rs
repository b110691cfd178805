//! Products of a matrix with a panel, and what usually follows them.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use pulp::Simd;

use super::lanes::{Lanes, add, elu_plus_1, gated, splat};

/// Outputs that lie together.
pub(super) const BLOCK: usize = 8;

/// Weights of eight outputs for one input.
pub(super) type Weights = [f32; BLOCK];

/// y = W x + b, the outputs in blocks of eight: for each block, for each input, eight weights.
#[derive(Debug)]
pub(super) struct Linear {
    pub(super) inputs: usize,
    outputs: usize,
    pub(super) weights: Vec<Weights>,
    bias: Vec<f32>,
}

impl Linear {
    pub(super) fn new(weight: ArrayView2<'_, f32>, bias: Option<ArrayView1<'_, f32>>) -> Self {
        let (outputs, inputs) = weight.dim();
        let mut weights = Vec::with_capacity(outputs.div_ceil(BLOCK) * inputs);
        for from in (0..outputs).step_by(BLOCK) {
            for column in weight.columns() {
                weights.push(std::array::from_fn(|r| column.get(from + r).copied().unwrap_or(0.0)));
            }
        }
        let mut padded = vec![0.0; padded(outputs)];
        if let Some(bias) = bias {
            padded.iter_mut().zip(bias).for_each(|(to, from)| *to = *from);
        }
        Self { inputs, outputs, weights, bias: padded }
    }

    /// Outputs, those that only fill the last block included.
    pub(super) fn padded_outputs(&self) -> usize {
        self.bias.len()
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(super) fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Eight outputs at a time, handed to `out`.
    #[inline(always)]
    fn each<S: Simd>(&self, simd: S, x: &[Lanes<S>], bias: &[f32], out: &mut impl Blocks<S>) {
        let (bias, inputs) = (bias.as_chunks::<BLOCK>().0, self.inputs);
        for (index, bias) in bias.iter().enumerate() {
            let weights = &self.weights[index * inputs..(index + 1) * inputs];
            out.put(simd, index, block(simd, &x[..inputs], weights.iter(), bias));
        }
    }

    /// y has the padded outputs.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(&self, simd: S, x: &[Lanes<S>], y: &mut [Lanes<S>]) {
        self.apply_with(simd, x, &self.bias, y);
    }

    #[inline(always)]
    pub(super) fn apply_with<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        bias: &[f32],
        y: &mut [Lanes<S>],
    ) {
        self.each(simd, x, bias, &mut Store(y));
    }

    /// ELU(W x + b) + 1: who takes it has the −1 in its own bias.
    #[inline(always)]
    pub(super) fn apply_elu<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        bias: &[f32],
        y: &mut [Lanes<S>],
    ) {
        self.each(simd, x, bias, &mut StoreElu(y));
    }
}

/// As many features as a matrix has rows, filled up to whole blocks.
pub(super) fn padded(features: usize) -> usize {
    features.next_multiple_of(BLOCK)
}

/// What happens to a block of outputs.
trait Blocks<S: Simd> {
    fn put(&mut self, simd: S, index: usize, block: [Lanes<S>; BLOCK]);
}

struct Store<'y, S: Simd>(&'y mut [Lanes<S>]);

impl<S: Simd> Blocks<S> for Store<'_, S> {
    #[inline(always)]
    fn put(&mut self, _: S, index: usize, block: [Lanes<S>; BLOCK]) {
        self.0[index * BLOCK..(index + 1) * BLOCK].copy_from_slice(&block);
    }
}

struct StoreElu<'y, S: Simd>(&'y mut [Lanes<S>]);

impl<S: Simd> Blocks<S> for StoreElu<'_, S> {
    #[inline(always)]
    fn put(&mut self, simd: S, index: usize, block: [Lanes<S>; BLOCK]) {
        let to = &mut self.0[index * BLOCK..(index + 1) * BLOCK];
        for r in 0..BLOCK {
            to[r] = elu_plus_1(simd, block[r]);
        }
    }
}

/// Eight rows times x, plus eight numbers. Half of them at a time where the processor's registers do
/// not hold all.
#[inline(always)]
pub(super) fn block<'w, S: Simd>(
    simd: S,
    x: &[Lanes<S>],
    weights: impl Iterator<Item = &'w Weights> + Clone,
    start: &[f32; BLOCK],
) -> [Lanes<S>; BLOCK] {
    if S::REGISTER_COUNT >= 32 {
        return rows::<S, BLOCK, 0>(simd, x, weights, start);
    }
    let [a, b, c, d] = rows::<S, 4, 0>(simd, x, weights.clone(), start);
    let [e, f, g, h] = rows::<S, 4, 4>(simd, x, weights, start);
    [a, b, c, d, e, f, g, h]
}

/// The rows FROM..FROM + R of a block.
#[inline(always)]
fn rows<'w, S: Simd, const R: usize, const FROM: usize>(
    simd: S,
    x: &[Lanes<S>],
    weights: impl Iterator<Item = &'w Weights>,
    start: &[f32; BLOCK],
) -> [Lanes<S>; R] {
    let mut y = [splat(simd, 0.0); R];
    for r in 0..R {
        y[r] = splat(simd, start[FROM + r]);
    }
    for (x, weights) in x.iter().zip(weights) {
        for r in 0..R {
            let w = simd.splat_f32s(weights[FROM + r]);
            y[r][0] = simd.mul_add_e_f32s(w, x[0], y[r][0]);
            y[r][1] = simd.mul_add_e_f32s(w, x[1], y[r][1]);
        }
    }
    y
}

/// value · σ(gate), both linear in x. The rows come as two values and their two gates in turn; the
/// gates' weights hold the factor −log₂e.
#[derive(Debug)]
pub(super) struct Glu {
    pub(super) linear: Linear,
    outputs: usize,
}

impl Glu {
    /// `weight` and `bias` have the values in their first half, the gates in their second.
    pub(super) fn new(weight: &Array2<f32>, bias: &Array1<f32>) -> Self {
        let (rows, inputs) = weight.dim();
        let outputs = rows / 2;
        let order: Vec<Option<(usize, f32)>> = (0..outputs)
            .step_by(2)
            .flat_map(|o| {
                let value = |o: usize| (o < outputs).then_some((o, 1.0));
                let gate =
                    |o: usize| (o < outputs).then_some((outputs + o, -std::f32::consts::LOG2_E));
                [value(o), value(o + 1), gate(o), gate(o + 1)]
            })
            .collect();
        let pick =
            |o: usize, of: &dyn Fn(usize) -> f32| order[o].map_or(0.0, |(row, f)| f * of(row));
        let weight =
            Array2::from_shape_fn((order.len(), inputs), |(o, i)| pick(o, &|row| weight[[row, i]]));
        let bias = Array1::from_shape_fn(order.len(), |o| pick(o, &|row| bias[row]));
        Self { linear: Linear::new(weight.view(), Some(bias.view())), outputs }
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// y = GLU(x) + skip; the sum of the outputs.
    #[inline(always)]
    pub(super) fn add_to<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        skip: &[Lanes<S>],
        y: &mut [Lanes<S>],
    ) -> Lanes<S> {
        let (skip, y) = (&skip[..self.outputs], &mut y[..self.outputs]);
        let mut out = AddGated { skip: Some(skip), y, sum: splat(simd, 0.0) };
        self.linear.each(simd, x, self.linear.bias(), &mut out);
        out.sum
    }

    /// y += GLU(x); the sum of the outputs.
    #[inline(always)]
    pub(super) fn add_into<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        y: &mut [Lanes<S>],
    ) -> Lanes<S> {
        let y = &mut y[..self.outputs];
        let mut out = AddGated { skip: None, y, sum: splat(simd, 0.0) };
        self.linear.each(simd, x, self.linear.bias(), &mut out);
        out.sum
    }
}

struct AddGated<'y, S: Simd> {
    /// What is added to; the outputs themselves where there is none.
    skip: Option<&'y [Lanes<S>]>,
    y: &'y mut [Lanes<S>],
    sum: Lanes<S>,
}

impl<S: Simd> Blocks<S> for AddGated<'_, S> {
    #[inline(always)]
    fn put(&mut self, simd: S, index: usize, y: [Lanes<S>; BLOCK]) {
        let [a, b] = gated(simd, [y[0], y[1]], [y[2], y[3]]);
        let [c, d] = gated(simd, [y[4], y[5]], [y[6], y[7]]);
        let gated = [a, b, c, d];
        let from = index * BLOCK / 2;
        for (o, gated) in gated.into_iter().enumerate() {
            if from + o < self.y.len() {
                let skip = match self.skip {
                    Some(skip) => skip[from + o],
                    None => self.y[from + o],
                };
                let value = add(simd, gated, skip);
                self.sum = add(simd, self.sum, value);
                self.y[from + o] = value;
            }
        }
    }
}
