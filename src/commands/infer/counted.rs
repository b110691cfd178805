//! What is counted of a forecast.

use std::time::Duration;

use super::kept::Told;
use crate::core::clock;
use crate::core::context::Context;
use crate::core::metrics::catalogue;
use crate::infer::{Engine, IngestError, Ingested, Records, Report, ServerForecast};
use crate::model::tft::{Inputs, MICROS, Model, Series};

/// Where rows are from that are in a window already.
pub(super) const WINDOW: &str = "window";

pub(super) fn loaded(model: &Model, took: Duration, ctx: &Context) {
    ctx.pending.change(|count| {
        count.set(&catalogue::INFER_MODEL_LOAD, &[&model.name], took.as_secs_f64());
    });
}

/// An input that was read. `source` is how it is written.
pub(super) fn input(source: &str, ingested: &Ingested, inputs: &Inputs, ctx: &Context) {
    ctx.pending.change(|count| {
        count.add(&catalogue::INFER_OBSERVATIONS, &[source], ingested.counts.rows as f64);
        for (why, rows) in &ingested.left_out {
            count.add(&catalogue::INFER_REJECTED, &[source, why], *rows as f64);
        }
    });
    newest(source, &ingested.records, inputs, ctx);
}

/// An input that was given up at a bad row.
pub(super) fn broken_input(source: &str, error: &IngestError, ctx: &Context) {
    let IngestError::Bad { bad, rows } = error else { return };
    ctx.pending.change(|count| {
        count.add(&catalogue::INFER_OBSERVATIONS, &[source], *rows as f64);
        count.add(&catalogue::INFER_REJECTED, &[source, bad.wrong.kind()], 1.0);
    });
}

/// When the newest of these rows was, if they tell the time.
pub(super) fn newest(source: &str, records: &Records, inputs: &Inputs, ctx: &Context) {
    let times = records.servers.iter().filter_map(Series::last).map(|(_, time)| time);
    if let Some(time) = times.max().filter(|_| inputs.time.step().is_some()) {
        let seconds = time as f64 / MICROS as f64;
        ctx.pending.change(|count| count.set(&catalogue::INFER_DATA_AGE, &[source], seconds));
    }
}

/// What a window did not take of an input.
pub(super) fn taken(source: &str, told: &Told, ctx: &Context) {
    ctx.pending.change(|count| {
        for (why, rows) in [("duplicate", told.known), ("late", told.outdated)] {
            if rows > 0 {
                count.add(&catalogue::INFER_REJECTED, &[source, why], rows as f64);
            }
        }
    });
}

/// None of so many servers was forecast.
pub(super) fn failed(model: &Model, servers: usize, ctx: &Context) {
    ctx.pending.change(|count| {
        count.add(&catalogue::INFER_PREDICTIONS, &[&model.name, "failure"], servers as f64);
    });
}

/// A pass, and what it was made with.
pub(super) fn forecast(
    model: &Model,
    engine: &Engine,
    report: &Report,
    read: Duration,
    ctx: &Context,
) {
    let (name, device) = (model.name.as_str(), engine.device());
    let (horizon, lookback) =
        (model.inputs.horizon.to_string(), model.inputs.max_encoder_length.to_string());
    ctx.pending.change(|count| {
        for (result, servers) in
            [("success", report.forecast_count()), ("failure", report.bad().count())]
        {
            count.add(&catalogue::INFER_PREDICTIONS, &[name, result], servers as f64);
        }
        count.clear(&catalogue::INFER_MODEL_INFO, &[]);
        count.set(&catalogue::INFER_MODEL_INFO, &[name, &horizon, &lookback, &device], 1.0);
        if report.pass.servers > 0 {
            count.observe(&catalogue::INFER_BATCH_SIZE, &[name], report.pass.servers as f64);
            let phases = [
                ("read", read),
                ("normalise", report.pass.normalise),
                ("forward", report.pass.forward),
            ];
            for (phase, took) in phases {
                let labels = [name, &device, phase];
                count.observe(&catalogue::INFER_DURATION, &labels, took.as_secs_f64());
            }
        }
        if let Some(gpu) = engine.gpu_used()
            && let Ok(free) = gpu.free_memory()
        {
            let used = gpu.memory.saturating_sub(free);
            for (kind, bytes) in [("used", used), ("total", gpu.memory)] {
                count.set(&catalogue::DEVICE_MEMORY, &[&device, kind], bytes as f64);
            }
        }
    });
}

/// The last phase of the same.
pub(super) fn written(
    model: &Model,
    engine: &Engine,
    report: &Report,
    took: Duration,
    ctx: &Context,
) {
    if report.pass.servers == 0 {
        return;
    }
    ctx.pending.change(|count| {
        let labels = [&*model.name, &engine.device(), "write"];
        count.observe(&catalogue::INFER_DURATION, &labels, took.as_secs_f64());
    });
}

/// The servers' rows: as many as a forecast can use, fewer, or old.
pub(super) fn windows(model: &Model, report: &Report, max_age: Duration, ctx: &Context) {
    let has_times = model.inputs.time.step().is_some();
    let age = i64::try_from(max_age.as_micros()).unwrap_or(i64::MAX);
    let oldest = clock::now().saturating_sub(age);
    let state = |server: &ServerForecast| {
        if has_times && server.last.is_finite() && server.last_time < oldest {
            "stale"
        } else if server.steps >= model.inputs.max_encoder_length {
            "warm"
        } else {
            "filling"
        }
    };
    ctx.pending.change(|count| {
        for wanted in ["warm", "filling", "stale"] {
            let servers = report.servers.iter().filter(|server| state(server) == wanted).count();
            count.set(&catalogue::INFER_WINDOW_SERVERS, &[wanted], servers as f64);
        }
    });
}
