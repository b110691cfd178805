//! Forecasts of all servers, in blocks over threads.

use ndarray::Array2;
use rayon::prelude::*;

use super::ingest::OnBadRow;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::output::Progress;
use crate::model::tft::{Batch, Codes, Dictionary, Fit, GROUP, Inputs, Model, Series, Unfit};

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

/// Forecasts every server that has steps enough, on `threads` threads. `dictionaries` hold the labels
/// of the series' columns.
pub fn forecast(
    model: &Model,
    series: &[&Series],
    dictionaries: &[Dictionary],
    threads: usize,
    on_bad_row: OnBadRow,
    progress: &Progress,
) -> Result<Report, Fault> {
    let inputs = &model.inputs;
    let codes = inputs.codes(dictionaries);
    let fits: Vec<Result<Fit, Unfit>> = series.iter().map(|s| inputs.fit(s)).collect();
    let fitting: Vec<(&Series, &Fit)> =
        series.iter().zip(&fits).filter_map(|(s, fit)| Some((*s, fit.as_ref().ok()?))).collect();
    // Every block has the whole fleet's encoder length: results do not depend on the blocks.
    let encoder_steps = fitting.iter().map(|(_, fit)| fit.encoder_length()).max().unwrap_or(0);
    let compute = |block: &[(&Series, &Fit)]| {
        let computed = forecast_block(model, block, &codes, encoder_steps);
        progress.advance(block.len() as u64);
        computed
    };
    let blocks: Vec<&[(&Series, &Fit)]> = fitting.chunks(GROUP).collect();
    let computed: Vec<_> = if threads == 1 || blocks.len() < 2 {
        blocks.into_iter().flat_map(compute).collect()
    } else {
        let pool =
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.min(blocks.len()))
                .build()
                .map_err(|e| Fault::failed(format!("cannot start {threads} threads")).because(e))?;
        pool.install(|| blocks.into_par_iter().flat_map_iter(compute).collect())
    };

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
    let report = Report { servers };
    if on_bad_row == OnBadRow::Fail
        && let Some((server, unfit)) = report.bad().next()
    {
        let name = server.labels.join("/");
        let fault = Fault::failed(format!("cannot forecast {name}: {unfit}"));
        return Err(
            fault.hint("--on-bad-row skip leaves such servers out and forecasts the others")
        );
    }
    Ok(report)
}

/// The forecasts of these servers, in their order.
fn forecast_block(
    model: &Model,
    block: &[(&Series, &Fit)],
    codes: &Codes<'_>,
    encoder_steps: usize,
) -> Vec<Result<Array2<f32>, Unfit>> {
    let inputs = &model.inputs;
    let mut batch = inputs.empty_batch(block.len(), encoder_steps);
    let filled: Vec<Result<(), Unfit>> = block
        .iter()
        .enumerate()
        .map(|(sample, (series, fit))| inputs.fill(series, codes, fit, &mut batch, sample))
        .collect();
    let raw = model.forward(&batch);
    let samples = filled.into_iter().zip(raw.outer_iter()).enumerate();
    samples
        .map(|(sample, (filled, raw))| {
            filled.and_then(|()| rescaled(inputs, &batch, raw.to_owned(), sample))
        })
        .collect()
}

fn rescaled(
    inputs: &Inputs,
    batch: &Batch,
    mut values: Array2<f32>,
    sample: usize,
) -> Result<Array2<f32>, Unfit> {
    let scale = batch.target_scale.row(sample);
    inputs.rescale([scale[0], scale[1]], values.view_mut());
    if values.iter().all(|x| x.is_finite()) { Ok(values) } else { Err(Unfit::NoNumber) }
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
