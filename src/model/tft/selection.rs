//! Variable selection: how much each input variable counts, step by step.

use ndarray::{Array2, ArrayView2, ArrayView3, Axis, s};

use super::batch::Batch;
use super::layers::{Grn, GrnSize, Linear, ResampleNorm, add_weighted, rows_mut};
use super::math::softmax;
use super::spec::{Spec, Variables};
use super::weights::{WeightError, Weights};

/// Which list of variables a selection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Static,
    Encoder,
    Decoder,
}

impl Place {
    fn lists(self, variables: &Variables) -> (&[String], &[String]) {
        match self {
            Self::Static => (&variables.static_categoricals, &variables.static_reals),
            Self::Encoder => (&variables.encoder_categoricals, &variables.encoder_reals),
            Self::Decoder => (&variables.decoder_categoricals, &variables.decoder_reals),
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Static => "static_variable_selection",
            Self::Encoder => "encoder_variable_selection",
            Self::Decoder => "decoder_variable_selection",
        }
    }
}

/// One input variable and its own small network.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) entry: Entry,
    pub(super) single: Single,
}

#[derive(Debug)]
pub(super) enum Entry {
    /// Column of the real inputs, and the layer that makes features of the scalar.
    Real { column: usize, prescaler: Linear },
    /// Columns whose embeddings are summed, and the table [classes, size].
    Categorical { columns: Vec<usize>, table: Array2<f32> },
}

#[derive(Debug)]
pub(super) enum Single {
    Grn(Box<Grn>),
    Resample(ResampleNorm),
}

/// A variable selection network.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) variables: Vec<Variable>,
    /// Weighs the variables; there is nothing to weigh with fewer than two.
    pub(super) weigher: Option<Grn>,
    pub(super) hidden: usize,
}

/// What a selection yields, a row per sample and step.
#[derive(Debug)]
pub(super) struct Selected {
    /// [rows, hidden]
    pub(super) output: Array2<f32>,
    /// [rows, variables]
    pub(super) weights: Array2<f32>,
}

/// Why a selection cannot be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error(transparent)]
    Weight(#[from] WeightError),
    #[error("{0}")]
    Spec(String),
}

impl Selection {
    pub(super) fn load(w: &Weights<'_>, spec: &Spec, place: Place) -> Result<Self, BuildError> {
        let hidden = spec.architecture.hidden_size;
        let eps = spec.architecture.layer_norm_eps;
        let (categoricals, reals) = place.lists(&spec.variables);
        let own = w.at(place.prefix());
        let mut variables = Vec::new();
        let mut flattened = 0;
        for name in categoricals {
            let (entry, size) = embedding(w, spec, name)?;
            flattened += size;
            variables.push(Variable { entry, single: single(&own, name, size, hidden, eps)? });
        }
        for name in reals {
            let (column, size) = real_column(spec, name)?;
            let prescaler = Linear::load(&w.at("prescalers").at(name), 1, size)?;
            let entry = Entry::Real { column, prescaler };
            flattened += size;
            variables.push(Variable { entry, single: single(&own, name, size, hidden, eps)? });
        }
        let count = variables.len();
        let size = GrnSize {
            inputs: flattened,
            hidden: hidden.min(count),
            outputs: count,
            context: (place != Place::Static).then_some(hidden),
            eps,
        };
        let weigher = (count > 1).then(|| Grn::load(&own.at("flattened_grn"), size)).transpose()?;
        Ok(Self { variables, weigher, hidden })
    }

    /// Columns of the real inputs that the variables are.
    pub(super) fn real_columns(&self) -> Vec<usize> {
        let column = |v: &Variable| match &v.entry {
            Entry::Real { column, .. } => Some(*column),
            Entry::Categorical { .. } => None,
        };
        self.variables.iter().filter_map(column).collect()
    }

    /// Over the given steps of a batch. Without variables the output is zero.
    pub(super) fn apply(
        &self,
        batch: &Batch,
        steps: std::ops::Range<usize>,
        contexts: Option<ArrayView2<'_, f32>>,
    ) -> Selected {
        let rows = batch.samples() * steps.len();
        let reals = batch.reals.slice(s![.., steps.clone(), ..]);
        let categoricals = batch.categoricals.slice(s![.., steps, ..]);
        let features: Vec<Array2<f32>> =
            self.variables.iter().map(|v| v.entry.features(reals, categoricals)).collect();
        let weights = self.weigh(&features, rows, contexts);
        let mut output = Array2::zeros((rows, self.hidden));
        for (index, (variable, x)) in self.variables.iter().zip(&features).enumerate() {
            let z = match &variable.single {
                Single::Grn(grn) => grn.apply(x.view()),
                Single::Resample(resample) => resample.apply(x.view()),
            };
            add_weighted(&mut output, weights.slice(s![.., index..=index]), &z);
        }
        Selected { output, weights }
    }

    /// The weigher sees the variables' features, not what their own networks make of them.
    fn weigh(
        &self,
        features: &[Array2<f32>],
        rows: usize,
        contexts: Option<ArrayView2<'_, f32>>,
    ) -> Array2<f32> {
        let Some(weigher) = &self.weigher else {
            return Array2::ones((rows, self.variables.len()));
        };
        let size = features.iter().map(|x| x.len() / rows).sum();
        let mut flattened = Array2::zeros((rows, size));
        let mut from = 0;
        for x in features {
            flattened.slice_mut(s![.., from..from + x.ncols()]).assign(x);
            from += x.ncols();
        }
        let mut weights = match contexts {
            Some(contexts) => weigher.apply_with(flattened.view(), contexts),
            None => weigher.apply(flattened.view()),
        };
        rows_mut(&mut weights).for_each(softmax);
        weights
    }
}

impl Entry {
    /// The features of a variable, [rows, size].
    fn features(
        &self,
        reals: ArrayView3<'_, f32>,
        categoricals: ArrayView3<'_, u32>,
    ) -> Array2<f32> {
        match self {
            Self::Real { column, prescaler } => {
                let x =
                    reals.index_axis(Axis(2), *column).flatten().insert_axis(Axis(1)).to_owned();
                prescaler.apply(x.view())
            }
            Self::Categorical { columns, table } => {
                let (samples, steps, _) = categoricals.dim();
                let mut y = Array2::zeros((samples * steps, table.ncols()));
                for column in columns {
                    let codes = categoricals.index_axis(Axis(2), *column);
                    for (mut to, code) in y.outer_iter_mut().zip(codes) {
                        to += &table.row(*code as usize);
                    }
                }
                y
            }
        }
    }
}

fn single(
    own: &Weights<'_>,
    name: &str,
    size: usize,
    hidden: usize,
    eps: f32,
) -> Result<Single, WeightError> {
    let w = own.at("single_variable_grns").at(name);
    if !w.has("fc1.weight") && w.has("norm.weight") {
        return Ok(Single::Resample(ResampleNorm::load(&w, hidden, eps)?));
    }
    let size =
        GrnSize { inputs: size, hidden: size.min(hidden), outputs: hidden, context: None, eps };
    Ok(Single::Grn(Box::new(Grn::load(&w, size)?)))
}

fn real_column(spec: &Spec, name: &str) -> Result<(usize, usize), BuildError> {
    let column = spec.inputs.reals.iter().position(|r| r.name == name);
    let column = column.ok_or_else(|| BuildError::Spec(format!("inputs.reals lacks {name}")))?;
    let size = spec.inputs.reals[column].size;
    let size = size.ok_or_else(|| BuildError::Spec(format!("inputs.reals: {name} has no size")))?;
    Ok((column, size))
}

fn embedding(w: &Weights<'_>, spec: &Spec, name: &str) -> Result<(Entry, usize), BuildError> {
    let embedding = spec.embeddings.get(name);
    let embedding =
        embedding.ok_or_else(|| BuildError::Spec(format!("embeddings lacks {name}")))?;
    let members = embedding.bag.clone().unwrap_or_else(|| vec![name.to_owned()]);
    let columns = members
        .iter()
        .map(|m| {
            let column = spec.inputs.categoricals.iter().position(|c| &c.name == m);
            column.ok_or_else(|| BuildError::Spec(format!("inputs.categoricals lacks {m}")))
        })
        .collect::<Result<_, _>>()?;
    let path = w.at("input_embeddings").at("embeddings").at(name);
    let table = path.matrix("weight", embedding.classes, embedding.size)?;
    Ok((Entry::Categorical { columns, table }, embedding.size))
}
