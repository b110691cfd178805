//! Forecasts of all servers, and what is known of each.

use ndarray::Array2;

use super::engine::{Engine, EngineError, Pass, Work};
use super::ingest::OnBadRow;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::output::Progress;
use crate::model::tft::{Dictionary, Fit, Inputs, Model, Series, Unfit};

/// Why there are no forecasts.
#[derive(Debug, thiserror::Error)]
pub enum ForecastError {
    #[error("cannot forecast {server}: {unfit}")]
    Unfit { server: String, unfit: Unfit },
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<ForecastError> for Fault {
    fn from(error: ForecastError) -> Self {
        match error {
            ForecastError::Engine(error) => error.into(),
            ForecastError::Unfit { .. } => Self::failed(error.to_string())
                .hint("--on-bad-row skip leaves such servers out and forecasts the others"),
        }
    }
}

/// What is known of a server.
#[derive(Debug)]
pub struct ServerForecast {
    /// Of the group columns.
    pub labels: Vec<String>,
    pub state: State,
    /// Recent steps that a forecast can look at, up to what it can use.
    pub steps: usize,
    /// The target's newest value, and when it was: microseconds since 1970, and the step.
    pub last: f32,
    pub last_time: i64,
    pub last_step: i64,
    /// [horizon, quantiles] in the target's unit.
    pub values: Option<Array2<f32>>,
}

/// How well a server is known.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// The forecast looks as far back as it can.
    Warm,
    /// Forecast from fewer steps than it could use.
    Warming,
    /// Too few steps; so many more are needed.
    Cold { needs: usize },
    /// Left out.
    Bad(Unfit),
}

/// All servers, in the model's order.
#[derive(Debug)]
pub struct Report {
    pub servers: Vec<ServerForecast>,
    pub pass: Pass,
}

impl Report {
    pub fn forecast_count(&self) -> usize {
        self.servers.iter().filter(|s| s.values.is_some()).count()
    }

    pub fn bad(&self) -> impl Iterator<Item = (&ServerForecast, &Unfit)> {
        self.servers.iter().filter_map(|s| match &s.state {
            State::Bad(unfit) => Some((s, unfit)),
            _ => None,
        })
    }

    /// The contract: done if any server was forecast, in part if anything was left out as bad,
    /// later if none is warm enough yet.
    pub fn exit(&self, skipped_rows: u64) -> Exit {
        let any_forecast = self.forecast_count() > 0;
        let any_bad = skipped_rows > 0 || self.bad().next().is_some();
        let any_cold = self.servers.iter().any(|s| matches!(s.state, State::Cold { .. }));
        match (any_forecast, any_bad) {
            (true, false) => Exit::Done,
            (true, true) => Exit::Partial,
            (false, true) if !any_cold => Exit::Failed,
            (false, _) => Exit::TryLater,
        }
    }
}

/// Forecasts every server that has steps enough. `dictionaries` hold the labels of the series' columns.
pub fn forecast(
    model: &Model,
    engine: &Engine,
    series: &[&Series],
    dictionaries: &[Dictionary],
    on_bad_row: OnBadRow,
    progress: &Progress,
) -> Result<Report, ForecastError> {
    let inputs = &model.inputs;
    let fits: Vec<Result<Fit, Unfit>> = series.iter().map(|s| inputs.fit(s)).collect();
    let fitting: Vec<(&Series, &Fit)> =
        series.iter().zip(&fits).filter_map(|(s, fit)| Some((*s, fit.as_ref().ok()?))).collect();
    let encoder_steps = fitting.iter().map(|(_, fit)| fit.encoder_length()).max().unwrap_or(0);
    let codes = inputs.codes(dictionaries);
    let work = Work { servers: &fitting, codes: &codes, encoder_steps };
    let (computed, pass) = engine.compute(model, &work, progress)?;
    let mut computed = computed.into_iter();
    let servers = series
        .iter()
        .zip(&fits)
        .map(|(series, fit)| {
            let result = match fit {
                Ok(_) => computed.next().expect("a result for each that fits"),
                Err(unfit) => Err(unfit.clone()),
            };
            server_forecast(inputs, series, fit.as_ref().ok(), result)
        })
        .collect();
    let report = Report { servers, pass };
    if on_bad_row == OnBadRow::Fail
        && let Some((server, unfit)) = report.bad().next()
    {
        let server = server.labels.join("/");
        return Err(ForecastError::Unfit { server, unfit: unfit.clone() });
    }
    Ok(report)
}

fn server_forecast(
    inputs: &Inputs,
    series: &Series,
    fit: Option<&Fit>,
    result: Result<Array2<f32>, Unfit>,
) -> ServerForecast {
    let (last_step, last_time) = series.last().unwrap_or_default();
    let length = fit.map_or(0, Fit::encoder_length);
    let (state, steps, values) = match result {
        Ok(values) if length >= inputs.max_encoder_length => (State::Warm, length, Some(values)),
        Ok(values) => (State::Warming, length, Some(values)),
        Err(Unfit::TooShort { steps, required }) => {
            (State::Cold { needs: required - steps }, steps, None)
        }
        Err(unfit) => (State::Bad(unfit), length, None),
    };
    let last = inputs.last_target(series).unwrap_or(f32::NAN);
    ServerForecast {
        labels: series.labels.clone(),
        state,
        steps,
        last,
        last_time,
        last_step,
        values,
    }
}
