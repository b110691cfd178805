//! What a real variable's features, affine functions of its scalar, make of the products they enter.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::super::layers;
use super::super::selection::{Entry, Selection, Single};
use super::grn::{folded, inner, parts};
use super::selection::{Core, Skip, Variable};

/// A matrix over all variables' features as one over reals' scalars and embeddings, and its bias.
pub(super) fn of_scalars(
    of: &Selection,
    matrix: ArrayView2<'_, f32>,
    mut bias: Array1<f32>,
) -> (Array2<f32>, Array1<f32>) {
    let (mut reals, mut embeddings) = (Vec::new(), Vec::new());
    let mut from = 0;
    for variable in &of.variables {
        let size = match &variable.entry {
            Entry::Real { prescaler, .. } => prescaler.weight.nrows(),
            Entry::Categorical { table, .. } => table.ncols(),
        };
        let part = matrix.slice(s![.., from..from + size]);
        match &variable.entry {
            Entry::Real { prescaler, .. } => {
                let (p, q) = parts(prescaler);
                reals.push(part.dot(&p.column(0)).insert_axis(Axis(1)));
                bias += &part.dot(&q);
            }
            Entry::Categorical { .. } => embeddings.push(part.to_owned()),
        }
        from += size;
    }
    let columns: Vec<_> = reals.iter().chain(&embeddings).map(|m| m.view()).collect();
    (ndarray::concatenate(Axis(1), &columns).expect("as many rows each"), bias)
}

/// The interpolation of a resampling, gate included, as a matrix.
pub(super) fn interpolation(of: &layers::ResampleNorm, inputs: usize) -> Array2<f32> {
    let mut matrix = Array2::zeros((of.gate.len(), inputs));
    for (o, (left, right, share)) in layers::taps(inputs, of.gate.len()).into_iter().enumerate() {
        matrix[[o, left]] += (1.0 - share) * of.gate[o];
        matrix[[o, right]] += share * of.gate[o];
    }
    matrix
}

/// A real variable; `feature` is the place of its scalar.
pub(super) fn real(
    feature: usize,
    shared: Option<usize>,
    prescaler: &layers::Linear,
    single: &Single,
) -> Variable {
    let (p, q) = parts(prescaler);
    let (p, size) = (p.column(0).to_owned(), p.nrows());
    let pairs = |a: Array1<f32>, b: Array1<f32>| a.into_iter().zip(b).collect::<Vec<_>>();
    let (core, resample) = match single {
        Single::Grn(grn) => {
            let (fc1, bias) = inner(&grn.fc1);
            let fc1 = pairs(fc1.dot(&p), fc1.dot(&q) + bias);
            (Some(Core { fc1, out: folded(grn) }), grn.resample.as_ref())
        }
        Single::Resample(resample) => (None, Some(resample)),
    };
    let skip = match resample {
        Some(resample) => {
            let matrix = interpolation(resample, size);
            normed(&matrix.dot(&p), &matrix.dot(&q), &resample.norm)
        }
        None => Skip::Affine(pairs(p, q)),
    };
    Variable::Real { feature, core, skip, shared }
}

/// LayerNorm of slope · x + intercept, in closed form.
fn normed(slope: &Array1<f32>, intercept: &Array1<f32>, norm: &layers::LayerNorm) -> Skip {
    let double = |x: &Array1<f32>| x.mapv(f64::from);
    let centered = |x: Array1<f64>| {
        let mean = x.mean().unwrap_or_default();
        x - mean
    };
    let (slope, intercept) = (centered(double(slope)), centered(double(intercept)));
    let mean_of = |a: &Array1<f64>, b: &Array1<f64>| (a * b).mean().unwrap_or_default();
    let (a, both) = (mean_of(&slope, &slope), mean_of(&slope, &intercept));
    let x0 = if a > 0.0 { -both / a } else { 0.0 };
    let rest = &slope * x0 + &intercept;
    let c = mean_of(&rest, &rest);
    let features = slope.iter().zip(&rest).zip(norm.weight.iter().zip(&norm.bias));
    let features = features
        .map(|((s, r), (w, b))| ((s * f64::from(*w)) as f32, (r * f64::from(*w)) as f32, *b));
    Skip::Normed {
        features: features.collect(),
        a: a as f32,
        x0: x0 as f32,
        c: c as f32,
        eps: norm.eps,
    }
}
