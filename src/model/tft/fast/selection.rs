//! Variable selection on panels.
//!
//! A real variable enters as one scalar x, of which its features v = p·x + q are an affine function.
//! So are its share of the weigher's first product and residual, its own first product, and its own
//! residual, whose LayerNorm then has a closed form.

use ndarray::{Array1, Array2};
use pulp::Simd;

use super::super::batch::Batch;
use super::super::layers;
use super::super::selection::{self, Entry, Single};
use super::arena::Kept;
use super::fold::{interpolation, of_scalars, real};
use super::grn::{GateAddNorm, Grn, Resample, folded, inner, norm};
use super::lanes::{
    Lanes, add, elu_plus_1, exp2, features_mut, inverse, lanes, max, mul, mul_add, splat, sub,
};
use super::linear::{Linear, padded};
use super::norm::{LayerNorm, inverse_root, sum};

/// A variable selection network.
#[derive(Debug)]
pub(super) struct Selection {
    /// Columns of the real inputs, in the order of their features.
    pub(super) reals: Vec<usize>,
    /// Embeddings follow the reals: columns of codes, and the table.
    pub(super) embeddings: Vec<(Vec<usize>, Array2<f32>)>,
    pub(super) variables: Vec<Variable>,
    pub(super) weigher: Option<Weigher>,
    /// Variables whose results are kept.
    shared: usize,
    pub(super) hidden: usize,
}

#[derive(Debug)]
pub(super) enum Variable {
    /// The feature that is its scalar. `shared` counts those that other servers may have as well.
    Real { feature: usize, core: Option<Core>, skip: Skip, shared: Option<usize> },
    /// The features that are its embedding.
    Embedding { from: usize, size: usize, single: EmbeddingNetwork },
}

#[derive(Debug)]
pub(super) enum EmbeddingNetwork {
    Grn(Box<Grn>),
    Resample(Resample),
}

/// The gated part of a real variable's network.
#[derive(Debug)]
pub(super) struct Core {
    /// fc1 of the features: slope and intercept of each.
    pub(super) fc1: Vec<(f32, f32)>,
    pub(super) out: GateAddNorm,
}

/// The residual of a real variable's network.
#[derive(Debug)]
pub(super) enum Skip {
    /// Slope and intercept of each feature.
    Affine(Vec<(f32, f32)>),
    /// The same under LayerNorm, seen from x₀, where the variance a·(x − x₀)² + c is least: slope, value
    /// there, and bias. Far from zero, x itself would cost digits.
    Normed { features: Vec<(f32, f32, f32)>, a: f32, x0: f32, c: f32, eps: f32 },
}

/// Weighs the variables.
#[derive(Debug)]
pub(super) struct Weigher {
    pub(super) fc1: Linear,
    pub(super) residual: Linear,
    pub(super) residual_norm: Option<LayerNorm>,
    pub(super) out: GateAddNorm,
}

impl Selection {
    /// `is_known` tells the columns that are known in advance.
    pub(super) fn new(of: &selection::Selection, is_known: &dyn Fn(usize) -> bool) -> Self {
        let (mut reals, mut embeddings) = (Vec::new(), Vec::new());
        for variable in &of.variables {
            match &variable.entry {
                Entry::Real { column, .. } => reals.push(*column),
                Entry::Categorical { columns, table } => {
                    embeddings.push((columns.clone(), table.clone()));
                }
            }
        }
        let (mut feature, mut from, mut shared) = (0, reals.len(), 0);
        let variables = of
            .variables
            .iter()
            .map(|variable| match &variable.entry {
                Entry::Real { prescaler, column } => {
                    feature += 1;
                    let number = is_known(*column).then_some(shared);
                    shared += usize::from(number.is_some());
                    real(feature - 1, number, prescaler, &variable.single)
                }
                Entry::Categorical { table, .. } => {
                    let size = table.ncols();
                    from += size;
                    let single = match &variable.single {
                        Single::Grn(grn) => EmbeddingNetwork::Grn(Box::new(Grn::new(grn))),
                        Single::Resample(r) => EmbeddingNetwork::Resample(Resample::new(r, size)),
                    };
                    Variable::Embedding { from: from - size, size, single }
                }
            })
            .collect();
        let weigher = of.weigher.as_ref().map(|w| Weigher::new(of, w));
        Self { reals, embeddings, variables, weigher, shared, hidden: of.hidden }
    }

    /// Features of a panel of inputs.
    pub(super) fn inputs(&self) -> usize {
        self.reals.len() + self.embeddings.iter().map(|(_, table)| table.ncols()).sum::<usize>()
    }

    /// Variables whose results are kept for the servers to come.
    pub(super) fn shared(&self) -> usize {
        self.shared
    }

    /// The weigher's first bias, to which a context may be added.
    pub(super) fn bias(&self) -> &[f32] {
        self.weigher.as_ref().map_or(&[], |w| w.fc1.bias())
    }

    /// Features of scratch that [`Self::apply`] needs.
    pub(super) fn scratch(&self) -> usize {
        let own = |variable: &Variable| match variable {
            Variable::Real { core, .. } => core.as_ref().map_or(0, |c| padded(c.fc1.len())),
            Variable::Embedding { single: EmbeddingNetwork::Grn(grn), .. } => grn.scratch(),
            Variable::Embedding { .. } => 0,
        };
        let own = self.variables.iter().map(own).max().unwrap_or(0);
        let weigher = self.weigher.as_ref().map_or(0, |w| w.fc1.padded_outputs());
        padded(self.variables.len()) * 2 + weigher + padded(self.hidden) + own
    }

    /// Puts samples and steps into the lanes of a panel: the inputs, as [`Self::apply`] wants them.
    /// `values` are the batch's reals, one after the other.
    pub(super) fn fill<S: Simd>(
        &self,
        batch: &Batch,
        values: &[f32],
        rows: impl ExactSizeIterator<Item = (usize, usize)>,
        panel: &mut [f32],
    ) {
        let width = lanes::<S>();
        panel[..self.inputs() * width].fill(0.0);
        let (_, steps, columns) = batch.reals.dim();
        for (lane, (sample, step)) in rows.enumerate() {
            let values = &values[(sample * steps + step) * columns..][..columns];
            for (feature, column) in self.reals.iter().enumerate() {
                panel[feature * width + lane] = values[*column];
            }
            let mut from = self.reals.len();
            for (columns, table) in &self.embeddings {
                for column in columns {
                    let code = batch.categoricals[[sample, step, *column]] as usize;
                    for (feature, value) in table.row(code).iter().enumerate() {
                        panel[(from + feature) * width + lane] += value;
                    }
                }
                from += table.ncols();
            }
        }
    }

    /// x [inputs] → y [hidden]. `kept` are results for panel `panel`, where they are kept at all.
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "a kernel's operands")]
    pub(super) fn apply<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        bias: &[f32],
        kept: &mut Kept,
        panel: usize,
        scratch: &mut [Lanes<S>],
        y: &mut [Lanes<S>],
    ) {
        let (weights, scratch) = scratch.split_at_mut(padded(self.variables.len()));
        match &self.weigher {
            Some(weigher) => weigher.apply(simd, x, bias, scratch, weights),
            None => weights.fill(splat(simd, 1.0)),
        }
        let y = &mut y[..self.hidden];
        y.fill(splat(simd, 0.0));
        let (own, scratch) = scratch.split_at_mut(padded(self.hidden));
        let own = &mut own[..self.hidden];
        for (variable, weight) in self.variables.iter().zip(weights.iter()) {
            match variable {
                Variable::Real { feature, core, skip, shared } => {
                    let x = x[*feature];
                    let place = shared.map(|s| panel * self.shared + s);
                    let (own, is_there) = match place {
                        Some(place) => kept.result::<S>(place, x, own.len()),
                        None => (&mut *own, false),
                    };
                    match core {
                        Some(core) if place.is_none() => {
                            let sum = core.before_norm(simd, x, skip, scratch, own);
                            core.out.norm.add_weighed(simd, own, sum, *weight, y);
                            continue;
                        }
                        Some(core) if !is_there => {
                            let sum = core.before_norm(simd, x, skip, scratch, own);
                            core.out.norm.apply(simd, own, sum);
                        }
                        None if !is_there => skip.apply(simd, x, own),
                        _ => {}
                    }
                    accumulate(simd, *weight, own, y);
                }
                Variable::Embedding { from, size, single } => {
                    let x = &x[*from..from + size];
                    match single {
                        EmbeddingNetwork::Grn(grn) => grn.apply(simd, x, scratch, own),
                        EmbeddingNetwork::Resample(resample) => resample.apply(simd, x, own),
                    }
                    accumulate(simd, *weight, own, y);
                }
            }
        }
    }
}

impl Kept {
    /// The place of a result, and whether it is that of these inputs, to the last bit. If not, it is
    /// going to be.
    #[inline(always)]
    fn result<S: Simd>(
        &mut self,
        place: usize,
        inputs: Lanes<S>,
        hidden: usize,
    ) -> (&mut [Lanes<S>], bool) {
        let before = &mut features_mut::<S>(self.inputs.all_mut())[place];
        let bits: &[u32] = pulp::bytemuck::cast_slice(before);
        let is_there =
            self.is_there[place] && bits == pulp::bytemuck::cast_slice::<_, u32>(&inputs);
        (*before, self.is_there[place]) = (inputs, true);
        let results = features_mut::<S>(self.results.all_mut());
        (&mut results[place * hidden..(place + 1) * hidden], is_there)
    }
}

/// y += weight · x
#[inline(always)]
fn accumulate<S: Simd>(simd: S, weight: Lanes<S>, x: &[Lanes<S>], y: &mut [Lanes<S>]) {
    for (x, y) in x.iter().zip(y) {
        *y = mul_add(simd, weight, *x, *y);
    }
}

impl Core {
    /// own = GLU(ELU(fc1)) + skip, of which LayerNorm is still to be taken, and its sum.
    #[inline(always)]
    fn before_norm<S: Simd>(
        &self,
        simd: S,
        x: Lanes<S>,
        skip: &Skip,
        inner: &mut [Lanes<S>],
        own: &mut [Lanes<S>],
    ) -> Lanes<S> {
        for (inner, (slope, intercept)) in inner.iter_mut().zip(&self.fc1) {
            let affine = mul_add(simd, x, splat(simd, *slope), splat(simd, *intercept));
            *inner = elu_plus_1(simd, affine);
        }
        skip.apply(simd, x, own);
        self.out.glu.add_into(simd, inner, own)
    }
}

impl Skip {
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, x: Lanes<S>, y: &mut [Lanes<S>]) {
        match self {
            Self::Affine(features) => {
                for (y, (slope, intercept)) in y.iter_mut().zip(features) {
                    *y = mul_add(simd, x, splat(simd, *slope), splat(simd, *intercept));
                }
            }
            Self::Normed { features, a, x0, c, eps } => {
                let d = sub(simd, x, splat(simd, *x0));
                let variance = mul_add(simd, mul(simd, d, d), splat(simd, *a), splat(simd, *c));
                let inverse = inverse_root(simd, variance, *eps);
                for (y, (slope, rest, bias)) in y.iter_mut().zip(features) {
                    let centered = mul_add(simd, d, splat(simd, *slope), splat(simd, *rest));
                    *y = mul_add(simd, centered, inverse, splat(simd, *bias));
                }
            }
        }
    }
}

impl Weigher {
    fn new(of: &selection::Selection, grn: &layers::Grn) -> Self {
        let (fc1, bias) = inner(&grn.fc1);
        let (fc1, bias) = of_scalars(of, fc1.view(), bias);
        let residual = match &grn.resample {
            Some(resample) => interpolation(resample, grn.fc1.weight.ncols()),
            None => Array2::eye(grn.fc1.weight.ncols()),
        };
        let (residual, shift) = of_scalars(of, residual.view(), Array1::zeros(residual.nrows()));
        let mut out = folded(grn);
        out.norm.scale(std::f32::consts::LOG2_E);
        Self {
            fc1: Linear::new(fc1.view(), Some(bias.view())),
            residual: Linear::new(residual.view(), Some(shift.view())),
            residual_norm: grn.resample.as_ref().map(|r| norm(&r.norm)),
            out,
        }
    }

    /// y = softmax over the variables
    #[inline(always)]
    fn apply<S: Simd>(
        &self,
        simd: S,
        x: &[Lanes<S>],
        bias: &[f32],
        scratch: &mut [Lanes<S>],
        y: &mut [Lanes<S>],
    ) {
        let count = self.out.glu.outputs();
        let (inner, skip) = scratch.split_at_mut(self.fc1.padded_outputs());
        self.fc1.apply_elu(simd, x, bias, inner);
        self.residual.apply(simd, x, skip);
        if let Some(norm) = &self.residual_norm {
            let skip = &mut skip[..count];
            let total = sum(simd, skip);
            norm.apply(simd, skip, total);
        }
        let y = &mut y[..count];
        self.out.apply(simd, inner, skip, y);
        let mut largest = y[0];
        for y in &y[1..] {
            largest = max(simd, largest, *y);
        }
        let mut total = splat(simd, 0.0);
        for y in y.iter_mut() {
            *y = exp2(simd, sub(simd, *y, largest));
            total = add(simd, total, *y);
        }
        let inverse = inverse(simd, total);
        for y in y {
            *y = mul(simd, *y, inverse);
        }
    }
}
