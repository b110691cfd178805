//! What a model wants to be fed, worked out once from `model.json`.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::calendar::{Grid, MICROS};
use super::groups::GroupPairs;
use super::labels::Labels;
use super::spec::{Categorical, Derived, DerivedForm, DerivedKind, Encoder, Real, Source, Spec};
use crate::model::normalise::{EncoderNormalizer, Normalizer, Scaler, Transformation};

/// How rows become input tensors, and which columns rows must have.
#[derive(Debug)]
pub struct Inputs {
    /// Columns that tell servers apart.
    pub groups: Vec<String>,
    /// Orders the servers of a result, per group column: position in the model's label table.
    pub group_order: Vec<Labels<u32>>,
    pub time: TimeColumn,
    /// Columns of numbers, in the order of a row's values.
    pub reals: Vec<String>,
    /// Columns of labels, in the order of a row's codes.
    pub categoricals: Vec<CategoricalColumn>,
    /// Position of the target among `reals`.
    pub target: usize,
    pub min_encoder_length: usize,
    pub max_encoder_length: usize,
    pub horizon: usize,
    pub max_lag: usize,
    pub allow_missing_steps: bool,
    pub(super) network_reals: Vec<RealInput>,
    pub(super) network_categoricals: Vec<CategoricalInput>,
    pub(super) target_scale: Scale,
    pub(super) transformation: Transformation,
    pub(super) real_fill: BTreeMap<usize, f64>,
    pub(super) categorical_fill: BTreeMap<usize, u32>,
}

/// How rows tell the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeColumn {
    /// An RFC 3339 timestamp; the step follows from it.
    Timestamp { column: String, grid: Grid },
    /// A timestamp for the calendar, and the step as a whole number of its own.
    Both { timestamp: String, index: String, step: i64 },
    /// The step, a whole number.
    Index { column: String },
}

impl TimeColumn {
    /// Length of a step in microseconds, where timestamps tell it.
    pub fn step(&self) -> Option<i64> {
        match self {
            Self::Timestamp { grid, .. } => Some(grid.step),
            Self::Both { step, .. } => Some(*step),
            Self::Index { .. } => None,
        }
    }

    /// The columns that it reads.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Timestamp { column, .. } | Self::Index { column } => vec![column],
            Self::Both { timestamp, index, .. } => vec![timestamp, index],
        }
    }
}

/// A column of labels.
#[derive(Debug)]
pub struct CategoricalColumn {
    pub name: String,
    labels: Labels<u32>,
    names: Vec<String>,
    /// A label the model has not seen is code 0 rather than an error.
    pub admits_unknown: bool,
}

impl CategoricalColumn {
    fn new(name: &str, encoder: &Encoder) -> Self {
        let labels = Labels::new(encoder.classes.iter().cloned());
        let names = encoder.classes.iter().filter(|(label, _)| !label.is_missing());
        let names = names.map(|(label, _)| label.to_string()).collect();
        Self { name: name.to_owned(), labels, names, admits_unknown: encoder.add_nan }
    }

    /// The code of a label, unless the model does not know it and admits no unknown.
    pub fn code(&self, text: &str) -> Option<u32> {
        self.labels.get(text).copied().or(self.admits_unknown.then_some(0))
    }

    /// The labels that the model was trained on.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub fn known(&self) -> usize {
        self.names.len()
    }
}

/// What a row says of a real column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// The row's value at this position.
    Value(usize),
    Calendar(DerivedKind),
    /// The step itself.
    Step,
}

#[derive(Debug)]
pub(super) enum RealSource {
    Row(Signal),
    /// As many rows earlier.
    Lag(Signal, usize),
    RelativeTime,
    EncoderLength,
    TargetCenter,
    TargetScale,
}

#[derive(Debug)]
pub(super) struct RealInput {
    pub(super) name: String,
    pub(super) source: RealSource,
    pub(super) scale: Scale,
}

/// A scaler made ready.
#[derive(Debug)]
pub(super) enum Scale {
    None,
    Fixed { transformation: Transformation, center: f64, scale: f64 },
    Target,
    Group { transformation: Transformation, pairs: GroupPairs },
    Window(EncoderNormalizer),
}

#[derive(Debug)]
pub(super) struct CategoricalInput {
    pub(super) name: String,
    pub(super) source: CategoricalSource,
    pub(super) lag: usize,
}

#[derive(Debug)]
pub(super) enum CategoricalSource {
    /// The row's code at this position.
    Code(usize),
    /// From the calendar: the code of each value below 60, none where the model does not know it.
    Calendar(DerivedKind, Vec<Option<u32>>),
}

impl RealInput {
    /// Whether it follows from the steps' times alone, and is alike for all servers.
    pub(super) fn is_of_the_time(&self) -> bool {
        match self.source {
            RealSource::RelativeTime | RealSource::EncoderLength => true,
            RealSource::Row(Signal::Calendar(_) | Signal::Step) => {
                matches!(self.scale, Scale::None | Scale::Fixed { .. })
            }
            _ => false,
        }
    }
}

impl Inputs {
    /// An error says what in `model.json` does not fit together.
    pub(super) fn new(spec: &Spec) -> Result<Self, String> {
        let [target] = spec.targets.as_slice() else {
            return Err(format!("{} targets; one is supported", spec.targets.len()));
        };
        let mut builder = Builder { spec, reals: Vec::new(), categoricals: Vec::new() };
        let target = builder.value(target);
        let network_reals =
            spec.inputs.reals.iter().map(|r| builder.real(r)).collect::<Result<_, _>>()?;
        let network_categoricals = spec
            .inputs
            .categoricals
            .iter()
            .map(|c| builder.categorical(c))
            .collect::<Result<_, _>>()?;
        let target_scale = match &spec.target_normalizer {
            Normalizer::Group(n) => builder.group_scale(n)?,
            Normalizer::Encoder(n) => Scale::Window(n.clone()),
            Normalizer::Torch(n) => Scale::Fixed {
                transformation: n.transformation,
                center: n.center_value,
                scale: n.scale_value,
            },
            Normalizer::Multi {} => return Err("several target normalisers".to_owned()),
        };
        let (real_fill, categorical_fill) = builder.fills()?;
        let dataset = &spec.dataset;
        Ok(Self {
            groups: dataset.group_ids.clone(),
            group_order: dataset.group_ids.iter().map(|g| builder.group_order(g)).collect(),
            time: time_column(spec.derived.as_ref(), &dataset.time_idx)?,
            target,
            min_encoder_length: dataset.min_encoder_length,
            max_encoder_length: dataset.max_encoder_length,
            horizon: dataset.max_prediction_length,
            max_lag: dataset.max_lag,
            allow_missing_steps: dataset.allow_missing_timesteps,
            network_reals,
            network_categoricals,
            target_scale,
            transformation: spec.target_normalizer.transformation(),
            real_fill,
            categorical_fill,
            reals: builder.reals,
            categoricals: builder.categoricals,
        })
    }

    /// Length of a step, where timestamps tell it.
    pub fn step_seconds(&self) -> Option<f64> {
        self.time.step().map(|step| step as f64 / MICROS as f64)
    }

    /// Rows that a forecast can use at most.
    pub fn capacity(&self) -> usize {
        self.max_encoder_length + self.max_lag
    }

    /// Steps from which a forecast is possible.
    pub fn required_steps(&self) -> usize {
        self.min_encoder_length + self.max_lag
    }
}

/// By column position, of the numbers and of the labels.
type Fills = (BTreeMap<usize, f64>, BTreeMap<usize, u32>);

/// Collects the columns that rows must have while the inputs are worked out.
struct Builder<'a> {
    spec: &'a Spec,
    reals: Vec<String>,
    categoricals: Vec<CategoricalColumn>,
}

impl Builder<'_> {
    fn derived(&self, column: &str) -> Option<(DerivedKind, Option<DerivedForm>)> {
        let derived = self.spec.derived.as_ref()?.columns.get(column)?;
        Some((derived.kind, derived.form))
    }

    /// Position of a column of numbers in a row.
    fn value(&mut self, column: &str) -> usize {
        position_or_push(&mut self.reals, |r| r == column, || column.to_owned())
    }

    fn signal(&mut self, column: &str) -> Signal {
        if column == self.spec.dataset.time_idx {
            return Signal::Step;
        }
        match self.derived(column) {
            Some((DerivedKind::StepIndex, _)) => Signal::Step,
            Some((kind, _)) => Signal::Calendar(kind),
            None => Signal::Value(self.value(column)),
        }
    }

    fn real(&mut self, real: &Real) -> Result<RealInput, String> {
        let source = match real.source {
            Source::Column => RealSource::Row(self.signal(&real.name)),
            Source::Lag => {
                let (of, lag) = self.lag(&real.name, real.of.as_deref(), real.lag)?;
                RealSource::Lag(self.signal(of), lag)
            }
            Source::RelativeTimeIdx => RealSource::RelativeTime,
            Source::EncoderLength => RealSource::EncoderLength,
            Source::TargetCenter => RealSource::TargetCenter,
            Source::TargetScale => RealSource::TargetScale,
        };
        let none = Transformation::None;
        let scale = match &real.scaler {
            Scaler::None => Scale::None,
            Scaler::Affine { center, scale } => {
                Scale::Fixed { transformation: none, center: *center, scale: *scale }
            }
            Scaler::Target {} => Scale::Target,
            Scaler::Group(n) => self.group_scale(n)?,
            Scaler::Encoder(n) => Scale::Window(n.clone()),
            Scaler::Torch(n) => Scale::Fixed {
                transformation: n.transformation,
                center: n.center_value,
                scale: n.scale_value,
            },
        };
        Ok(RealInput { name: real.name.clone(), source, scale })
    }

    fn lag<'r>(
        &self,
        name: &str,
        of: Option<&'r str>,
        lag: Option<usize>,
    ) -> Result<(&'r str, usize), String> {
        let (of, lag) = of.zip(lag).ok_or(format!("{name} lacks `of` or `lag`"))?;
        if lag > self.spec.dataset.max_lag {
            return Err(format!("{name} lags by more than max_lag"));
        }
        Ok((of, lag))
    }

    fn group_scale(&self, n: &crate::model::normalise::GroupNormalizer) -> Result<Scale, String> {
        let pairs = GroupPairs::new(n, &self.spec.dataset.group_ids)?;
        Ok(Scale::Group { transformation: n.transformation, pairs })
    }

    fn categorical(&mut self, categorical: &Categorical) -> Result<CategoricalInput, String> {
        let name = &categorical.name;
        let (column, lag) = match categorical.source {
            Source::Lag => self.lag(name, categorical.of.as_deref(), categorical.lag)?,
            _ => (name.as_str(), 0),
        };
        let encoder = self.spec.encoders.get(&categorical.encoder);
        let encoder = encoder.ok_or(format!("{name} has no encoder {}", categorical.encoder))?;
        let source = match self.derived(column) {
            Some((kind, _)) => {
                let table = CategoricalColumn::new(column, encoder);
                let codes = (0..60).map(|value: u8| table.code(&value.to_string())).collect();
                CategoricalSource::Calendar(kind, codes)
            }
            None => CategoricalSource::Code(position_or_push(
                &mut self.categoricals,
                |c| c.name == column,
                || CategoricalColumn::new(column, encoder),
            )),
        };
        Ok(CategoricalInput { name: name.clone(), source, lag })
    }

    fn group_order(&self, group: &str) -> Labels<u32> {
        let encoder = self
            .spec
            .encoders
            .get(&format!("__group_id__{group}"))
            .or_else(|| self.spec.encoders.get(group));
        Labels::new(encoder.into_iter().flat_map(|e| e.classes.iter().cloned()))
    }

    /// Values that replace the repeated ones where steps are missing.
    fn fills(&self) -> Result<Fills, String> {
        let (mut reals, mut categoricals) = (BTreeMap::new(), BTreeMap::new());
        for (column, value) in &self.spec.dataset.constant_fill_strategy {
            let wrong = || format!("constant_fill_strategy of {column} is {value}");
            if let Some(at) = self.reals.iter().position(|r| r == column) {
                reals.insert(at, value.as_f64().ok_or_else(wrong)?);
            } else if let Some(at) = self.categoricals.iter().position(|c| &c.name == column) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                categoricals.insert(at, self.categoricals[at].code(&text).ok_or_else(wrong)?);
            }
        }
        Ok((reals, categoricals))
    }
}

fn position_or_push<T>(
    list: &mut Vec<T>,
    is: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> usize {
    list.iter().position(is).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    })
}

fn time_column(derived: Option<&Derived>, time_idx: &str) -> Result<TimeColumn, String> {
    let Some(derived) = derived else {
        return Ok(TimeColumn::Index { column: time_idx.to_owned() });
    };
    let micros = (derived.step_seconds * MICROS as f64).round();
    if !(1.0..=1e18).contains(&micros) {
        return Err(format!("derived.step_seconds is {}", derived.step_seconds));
    }
    let (column, step) = (derived.timestamp.clone(), micros as i64);
    let Some(index) = derived.columns.get(time_idx) else {
        return Ok(TimeColumn::Both { timestamp: column, index: time_idx.to_owned(), step });
    };
    let origin = index.origin.as_deref().unwrap_or("1970-01-01T00:00:00Z");
    let origin = DateTime::parse_from_rfc3339(origin)
        .map_err(|_| format!("derived.columns.{time_idx}.origin \"{origin}\" is no timestamp"))?
        .timestamp_micros();
    Ok(TimeColumn::Timestamp { column, grid: Grid { origin, step } })
}
