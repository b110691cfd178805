//! From a server's rows to a sample of the network's input, and from its output to a forecast.

use ndarray::{ArrayViewMut2, Axis};

use super::batch::Batch;
use super::calendar;
use super::dictionary::Dictionary;
use super::inputs::{
    CategoricalColumn, CategoricalSource, Inputs, RealSource, Scale, Signal, TimeColumn,
};
use super::series::Series;
use super::spec::DerivedKind;
use crate::model::normalise::{EncoderNormalizer, Pair, Transformation};

/// Which rows a forecast looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The row behind each encoder step; a missing step repeats the row before it.
    rows: Vec<usize>,
}

impl Fit {
    pub fn encoder_length(&self) -> usize {
        self.rows.len()
    }
}

/// The model's codes for the labels of rows; none where the model does not know the label.
#[derive(Debug)]
pub struct Codes<'d> {
    model: Vec<Vec<Option<u32>>>,
    dictionaries: &'d [Dictionary],
}

impl Codes<'_> {
    fn get(&self, name: &str, column: usize, code: u32) -> Result<u32, Unfit> {
        self.model[column][code as usize].ok_or_else(|| Unfit::NewLabel {
            column: name.to_owned(),
            label: self.dictionaries[column].labels()[code as usize].clone(),
        })
    }
}

/// Why a server cannot be forecast.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unfit {
    #[error("{steps} steps of the {required} that a forecast needs")]
    TooShort { steps: usize, required: usize },
    #[error(
        "column {column} has the value {value} over the horizon, which the model was not trained on"
    )]
    UnknownLabel { column: String, value: i64 },
    #[error("column {column} has the label \"{label}\", which the model was not trained on")]
    NewLabel { column: String, label: String },
    #[error("column {column} leaves the range of numbers when scaled")]
    OutOfRange { column: String },
    #[error("its forecast is not a finite number")]
    NoNumber,
}

impl Inputs {
    /// Chooses the rows that a forecast looks at, if they suffice.
    pub fn fit(&self, series: &Series) -> Result<Fit, Unfit> {
        let short = |steps| Unfit::TooShort { steps, required: self.required_steps() };
        let usable =
            if self.allow_missing_steps { series.len() } else { series.unbroken(self.capacity()) };
        let Some((last, _)) = series.last().filter(|_| usable > self.max_lag) else {
            return Err(short(usable));
        };
        let oldest = last.saturating_sub(self.max_encoder_length as i64);
        let without_lag = series.len() - usable + self.max_lag;
        let first = (without_lag..series.len()).find(|row| series.step(*row) > oldest);
        let first = first.unwrap_or(series.len() - 1);
        let length = (last - series.step(first) + 1) as usize;
        if length < self.min_encoder_length {
            return Err(short(length + self.max_lag));
        }
        let mut rows = Vec::with_capacity(length);
        for row in first..series.len() {
            let until = if row + 1 < series.len() { series.step(row + 1) } else { last + 1 };
            rows.extend((series.step(row)..until).map(|_| row));
        }
        Ok(Fit { rows })
    }

    /// A batch for that many servers, to be filled.
    pub fn empty_batch(&self, samples: usize, encoder_steps: usize) -> Batch {
        let (reals, categoricals) = (self.network_reals.len(), self.network_categoricals.len());
        Batch::zeros(samples, encoder_steps, self.horizon, reals, categoricals)
    }

    /// The model's codes for the labels of rows, one dictionary a column: what [`Self::fill`] needs.
    pub fn codes<'d>(&self, dictionaries: &'d [Dictionary]) -> Codes<'d> {
        let model = |(column, dictionary): (&CategoricalColumn, &Dictionary)| {
            dictionary.labels().iter().map(|label| column.code(label)).collect()
        };
        Codes {
            model: self.categoricals.iter().zip(dictionaries).map(model).collect(),
            dictionaries,
        }
    }

    /// Fills sample `index` of `batch`, whose encoder part must be long enough. `alike` is a sample of
    /// it, filled before, whose steps are at the same times.
    pub fn fill(
        &self,
        series: &Series,
        codes: &Codes<'_>,
        fit: &Fit,
        batch: &mut Batch,
        index: usize,
        alike: Option<usize>,
    ) -> Result<(), Unfit> {
        let sample = Sample { inputs: self, series, codes, fit };
        let (input, output) = sample.target_pairs();
        let encoder_steps = batch.encoder_steps;
        let (before, mut own) = batch.reals.view_mut().split_at(Axis(0), index);
        let alike = alike.map(|alike| before.index_axis_move(Axis(0), alike));
        let own = own.index_axis_mut(Axis(0), 0);
        sample.fill_reals(own, encoder_steps, input, alike)?;
        sample
            .fill_categoricals(batch.categoricals.index_axis_mut(Axis(0), index), encoder_steps)?;
        batch.encoder_lengths[index] = fit.encoder_length();
        for (to, from) in batch.target_scale.row_mut(index).iter_mut().zip(output) {
            *to = from as f32;
        }
        Ok(())
    }

    /// Whether two servers' steps are at the same times.
    pub fn are_alike(&self, (a, a_fit): (&Series, &Fit), (b, b_fit): (&Series, &Fit)) -> bool {
        a_fit.rows.len() == b_fit.rows.len()
            && a.last() == b.last()
            && a_fit.rows.iter().zip(&b_fit.rows).all(|(x, y)| a.moment(*x) == b.moment(*y))
    }

    /// Brings the network's output of one sample back to the target's unit, in place.
    pub fn rescale(&self, [center, scale]: [f32; 2], mut output: ArrayViewMut2<'_, f32>) {
        output.mapv_inplace(|raw| self.transformation.invert(raw * scale + center));
    }

    /// The target's newest value.
    pub fn last_target(&self, series: &Series) -> Option<f32> {
        Some(series.real(series.len().checked_sub(1)?, self.target))
    }
}

struct Sample<'a> {
    inputs: &'a Inputs,
    series: &'a Series,
    codes: &'a Codes<'a>,
    fit: &'a Fit,
}

impl Sample<'_> {
    /// Rows of the encoder and decoder steps; those from `series.len()` on lie in the future.
    fn rows(&self) -> impl Iterator<Item = usize> {
        let future = self.series.len()..self.series.len() + self.inputs.horizon;
        self.fit.rows.iter().copied().chain(future)
    }

    /// Whether an encoder step is missing and repeats the one before it.
    fn is_repeated(&self, step: usize) -> bool {
        step > 0 && step < self.fit.rows.len() && self.fit.rows[step] == self.fit.rows[step - 1]
    }

    fn time(&self, row: usize) -> i64 {
        let last = self.series.len() - 1;
        let beyond = row.saturating_sub(last) as i64;
        let step = self.inputs.time.step().unwrap_or(0);
        self.series.time(row.min(last)).saturating_add(beyond.saturating_mul(step))
    }

    /// What a column says at a row. In the future the calendar and the step go on, the rest stays.
    fn signal(&self, signal: Signal, row: usize) -> f64 {
        let last = self.series.len() - 1;
        match signal {
            Signal::Value(column) => f64::from(self.series.real(row.min(last), column)),
            Signal::Calendar(kind) => calendar::value(kind, self.time(row)),
            Signal::Step => {
                (self.series.step(row.min(last)) + row.saturating_sub(last) as i64) as f64
            }
        }
    }

    /// The column over encoder and decoder steps, unscaled.
    fn column(&self, signal: Signal, lag: usize) -> Vec<f64> {
        if signal == Signal::Step && lag == 0 {
            let first = self.series.step(self.fit.rows[0]);
            let steps = self.fit.rows.len() + self.inputs.horizon;
            return (0..steps).map(|i| (first + i as i64) as f64).collect();
        }
        let mut values: Vec<f64> = self.rows().map(|row| self.signal(signal, row - lag)).collect();
        if let (Signal::Value(column), 0) = (signal, lag)
            && let Some(fill) = self.inputs.real_fill.get(&column)
        {
            let repeated = (0..values.len()).filter(|i| self.is_repeated(*i));
            repeated.for_each(|i| values[i] = *fill);
        }
        values
    }

    /// Center and scale of the target: for its own column, and for the forecast.
    fn target_pairs(&self) -> (Pair, Pair) {
        match &self.inputs.target_scale {
            Scale::Group { pairs, .. } => pairs.get(&self.series.labels),
            Scale::Window(normalizer) => {
                let pair = self.window_pair(normalizer, Signal::Value(self.inputs.target));
                (pair, pair)
            }
            Scale::Fixed { center, scale, .. } => ([*center, *scale], [*center, *scale]),
            Scale::None | Scale::Target => ([0.0, 1.0], [0.0, 1.0]),
        }
    }

    /// Center and scale fitted on this window's encoder part.
    fn window_pair(&self, normalizer: &EncoderNormalizer, signal: Signal) -> Pair {
        let column = self.column(signal, 0);
        let encoder = column[..self.fit.encoder_length()].iter().map(|x| *x as f32);
        normalizer.fit(&encoder.collect::<Vec<_>>()).map(f64::from)
    }

    fn fill_reals(
        &self,
        mut to: ArrayViewMut2<'_, f32>,
        encoder_steps: usize,
        target: Pair,
        alike: Option<ArrayViewMut2<'_, f32>>,
    ) -> Result<(), Unfit> {
        let (own, max) = (self.fit.encoder_length(), self.inputs.max_encoder_length as f64);
        let steps = own + self.inputs.horizon;
        for (index, input) in self.inputs.network_reals.iter().enumerate() {
            if let Some(alike) = alike.as_ref().filter(|_| input.is_of_the_time()) {
                to.column_mut(index).assign(&alike.column(index));
                continue;
            }
            let values = match &input.source {
                RealSource::Row(signal) => self.scaled(*signal, 0, &input.scale, target),
                RealSource::Lag(signal, lag) => self.scaled(*signal, *lag, &input.scale, target),
                RealSource::RelativeTime => {
                    (0..steps).map(|i| ((i as f64 - own as f64) / max) as f32).collect()
                }
                RealSource::EncoderLength => {
                    vec![((own as f64 - 0.5 * max) / max * 2.0) as f32; steps]
                }
                RealSource::TargetCenter => vec![scaled_by(&input.scale, target[0]); steps],
                RealSource::TargetScale => vec![scaled_by(&input.scale, target[1]); steps],
            };
            if values.iter().any(|x| !x.is_finite()) {
                return Err(Unfit::OutOfRange { column: input.name.clone() });
            }
            for (step, value) in values.into_iter().enumerate() {
                to[[padded(step, own, encoder_steps), index]] = value;
            }
        }
        Ok(())
    }

    fn scaled(&self, signal: Signal, lag: usize, scale: &Scale, target: Pair) -> Vec<f32> {
        let values = self.column(signal, lag);
        match scale {
            Scale::None => values.iter().map(|x| *x as f32).collect(),
            Scale::Target => match self.inputs.target_scale {
                Scale::Window(_) => in_single(&values, self.inputs.transformation, target),
                _ => in_double(&values, self.inputs.transformation, target),
            },
            Scale::Fixed { transformation, center, scale } => {
                in_double(&values, *transformation, [*center, *scale])
            }
            Scale::Group { transformation, pairs } => {
                in_double(&values, *transformation, pairs.get(&self.series.labels).0)
            }
            Scale::Window(normalizer) => {
                let pair = self.window_pair(normalizer, signal);
                in_single(&values, normalizer.transformation, pair)
            }
        }
    }

    fn fill_categoricals(
        &self,
        mut to: ArrayViewMut2<'_, u32>,
        encoder_steps: usize,
    ) -> Result<(), Unfit> {
        let (own, last) = (self.fit.encoder_length(), self.series.len() - 1);
        for (index, input) in self.inputs.network_categoricals.iter().enumerate() {
            for (step, row) in self.rows().enumerate() {
                let row = row - input.lag;
                let code = match &input.source {
                    CategoricalSource::Calendar(kind, codes) => {
                        let value = self.calendar_value(*kind, row);
                        let code = usize::try_from(value).ok().and_then(|v| codes.get(v));
                        code.copied().flatten().ok_or_else(|| Unfit::UnknownLabel {
                            column: input.name.clone(),
                            value,
                        })?
                    }
                    CategoricalSource::Code(column) => {
                        let fill = self.inputs.categorical_fill.get(column);
                        match fill.filter(|_| input.lag == 0 && self.is_repeated(step)) {
                            Some(fill) => *fill,
                            None => self.codes.get(
                                &input.name,
                                *column,
                                self.series.categorical(row.min(last), *column),
                            )?,
                        }
                    }
                };
                to[[padded(step, own, encoder_steps), index]] = code;
            }
        }
        Ok(())
    }

    fn calendar_value(&self, kind: DerivedKind, row: usize) -> i64 {
        match (kind, &self.inputs.time) {
            (DerivedKind::StepIndex, TimeColumn::Timestamp { grid, .. }) => {
                grid.index(self.time(row))
            }
            _ => calendar::value(kind, self.time(row)) as i64,
        }
    }
}

/// Where a step lies when the encoder part is padded at its end.
fn padded(step: usize, encoder_length: usize, encoder_steps: usize) -> usize {
    if step < encoder_length { step } else { step - encoder_length + encoder_steps }
}

fn in_double(values: &[f64], f: Transformation, [center, scale]: Pair) -> Vec<f32> {
    values.iter().map(|x| ((f.apply(*x) - center) / scale) as f32).collect()
}

/// As the library does where center and scale are fitted on the window.
fn in_single(values: &[f64], f: Transformation, pair: Pair) -> Vec<f32> {
    let [center, scale] = pair.map(|x| x as f32);
    values.iter().map(|x| (f.apply(*x as f32) - center) / scale).collect()
}

fn scaled_by(scale: &Scale, x: f64) -> f32 {
    match scale {
        Scale::Fixed { transformation, center, scale } => {
            ((transformation.apply(x) - center) / scale) as f32
        }
        _ => x as f32,
    }
}
