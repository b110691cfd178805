//! Forecasts as rows: a line per server and step, in CSV or JSON.

use serde_json::{Map, Value};

use super::forecast::Forecasts;
use crate::core::time::format_time;
use crate::infer::ServerForecast;

/// `server,step,timestamp,q0.1,…`; without `timestamp` where the model knows none.
pub(super) fn csv(forecasts: &Forecasts<'_>) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns(forecasts))?;
    for (server, step) in steps(forecasts) {
        let (labels, time, values) = row(forecasts, server, step);
        let step = (step + 1).to_string();
        let mut fixed =
            labels.iter().map(String::as_str).chain([step.as_str()]).chain(time.as_deref());
        fixed.try_for_each(|f| writer.write_field(f))?;
        writer.write_record(values.iter().map(ToString::to_string))?;
    }
    Ok(writer.into_inner()?)
}

/// The same as objects.
pub(super) fn jsonl(forecasts: &Forecasts<'_>) -> anyhow::Result<Vec<u8>> {
    let columns = columns(forecasts);
    let mut bytes = Vec::new();
    for (server, step) in steps(forecasts) {
        let (labels, time, values) = row(forecasts, server, step);
        let fields = labels
            .iter()
            .map(|l| Value::from(l.as_str()))
            .chain([Value::from(step + 1)])
            .chain(time.map(Value::from))
            .chain(values.iter().map(|v| number(*v)));
        let object: Map<String, Value> = columns.iter().cloned().zip(fields).collect();
        serde_json::to_writer(&mut bytes, &object)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// A single-precision number with its own digits, not those of its double.
pub(super) fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// When a step of the horizon is (0 is the first), where the model knows the time.
pub(super) fn time_of(
    forecasts: &Forecasts<'_>,
    server: &ServerForecast,
    step: usize,
) -> Option<String> {
    let length = forecasts.model.inputs.time.step()?;
    let ahead = length.saturating_mul(step as i64 + 1);
    Some(format_time(server.last_time.saturating_add(ahead)))
}

fn columns(forecasts: &Forecasts<'_>) -> Vec<String> {
    let inputs = &forecasts.model.inputs;
    let time = inputs.time.step().map(|_| "timestamp".to_owned());
    let mut columns = inputs.groups.clone();
    columns.push("step".to_owned());
    columns.extend(time);
    columns.extend(forecasts.quantile_names());
    columns
}

fn steps<'a>(forecasts: &'a Forecasts<'_>) -> impl Iterator<Item = (&'a ServerForecast, usize)> {
    let horizon = forecasts.model.inputs.horizon;
    let forecast = forecasts.report.servers.iter().filter(|s| s.values.is_some());
    forecast.flat_map(move |server| (0..horizon).map(move |step| (server, step)))
}

type Row<'a> = (&'a [String], Option<String>, Vec<f32>);

fn row<'a>(forecasts: &Forecasts<'_>, server: &'a ServerForecast, step: usize) -> Row<'a> {
    let values = server.values.as_ref();
    let of = |q: &usize| values.map_or(f32::NAN, |v| v[[step, *q]]);
    let values = forecasts.quantiles.iter().map(of).collect();
    (&server.labels, time_of(forecasts, server, step), values)
}
