//! Forecasts as one JSON document, schema `ut.infer/1`.

use serde::Serialize;
use serde_json::{Map, Value};

use super::forecast::Forecasts;
use super::kept::Told;
use super::rows::{number, time_of};
use crate::core::time::format_time;
use crate::infer::{ServerForecast, State};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    model: ModelPart<'a>,
    target: &'a str,
    quantiles: Vec<f64>,
    horizon: usize,
    step_seconds: Option<f64>,
    servers: Vec<ServerPart>,
    totals: Totals,
    ignored_columns: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<&'a Told>,
}

#[derive(Serialize)]
struct ModelPart<'a> {
    name: &'a str,
    parameters: u64,
}

#[derive(Serialize)]
struct ServerPart {
    labels: Map<String, Value>,
    state: &'static str,
    /// Recent steps, and those that the longest lookback wants.
    steps: usize,
    steps_wanted: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    last: Option<Last>,
    forecast: Vec<Map<String, Value>>,
}

#[derive(Serialize)]
struct Last {
    step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    value: Value,
}

#[derive(Serialize)]
struct Totals {
    servers: usize,
    forecast: usize,
    cold: usize,
    left_out: usize,
    rows: u64,
    rows_left_out: u64,
}

pub(super) fn render(forecasts: &Forecasts<'_>) -> anyhow::Result<Vec<u8>> {
    let (model, report) = (forecasts.model, forecasts.report);
    let cold = |s: &&ServerForecast| matches!(s.state, State::Cold { .. });
    let document = Document {
        schema: "ut.infer/1",
        model: ModelPart { name: &model.name, parameters: model.parameters },
        target: &model.target,
        quantiles: forecasts.quantiles.iter().map(|i| model.quantiles[*i]).collect(),
        horizon: model.inputs.horizon,
        step_seconds: model.inputs.step_seconds(),
        servers: report.servers.iter().map(|s| server_part(forecasts, s)).collect(),
        totals: Totals {
            servers: report.servers.len(),
            forecast: report.forecast_count(),
            cold: report.servers.iter().filter(cold).count(),
            left_out: report.bad().count(),
            rows: forecasts.counts.rows,
            rows_left_out: forecasts.counts.skipped,
        },
        ignored_columns: forecasts.ignored_columns,
        window: forecasts.window.as_ref(),
    };
    let mut bytes = serde_json::to_vec(&document)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn server_part(forecasts: &Forecasts<'_>, server: &ServerForecast) -> ServerPart {
    let inputs = &forecasts.model.inputs;
    let (state, needs, reason) = match &server.state {
        State::Warm => ("warm", None, None),
        State::Warming => ("warming", None, None),
        State::Cold { needs } => ("cold", Some(*needs), None),
        State::Bad(unfit) => ("left_out", None, Some(unfit.to_string())),
    };
    let labels = inputs.groups.iter().cloned().zip(server.labels.iter().map(|l| l.as_str().into()));
    let timestamp = || inputs.time.step().map(|_| format_time(server.last_time));
    let last = server.last.is_finite().then(|| Last {
        step: server.last_step,
        timestamp: timestamp(),
        value: number(server.last),
    });
    ServerPart {
        labels: labels.collect(),
        state,
        steps: server.steps,
        steps_wanted: inputs.max_encoder_length,
        needs,
        reason,
        last,
        forecast: steps(forecasts, server),
    }
}

fn steps(forecasts: &Forecasts<'_>, server: &ServerForecast) -> Vec<Map<String, Value>> {
    let Some(values) = &server.values else { return Vec::new() };
    let names = forecasts.quantile_names();
    let step = |step: usize| {
        let mut object = Map::new();
        object.insert("step".to_owned(), (step + 1).into());
        if let Some(time) = time_of(forecasts, server, step) {
            object.insert("timestamp".to_owned(), time.into());
        }
        for (name, quantile) in names.iter().zip(&forecasts.quantiles) {
            object.insert(name.clone(), number(values[[step, *quantile]]));
        }
        object
    };
    (0..values.nrows()).map(step).collect()
}
