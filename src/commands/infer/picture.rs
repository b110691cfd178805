//! Forecasts as a picture.

use super::forecast::Forecasts;
use crate::core::output::units::long_duration;
use crate::core::time::format_time;
use crate::infer::plot::{Clock, Panel, Picture};
use crate::infer::{ServerForecast, State};
use crate::model::tft::Series;

/// More panels are no picture any more.
pub(super) const PANELS_MAX: usize = 100;

/// The first servers, each with the rows that its forecast looks at.
pub(super) fn picture(forecasts: &Forecasts<'_>, series: &[&Series]) -> Picture {
    let model = forecasts.model;
    let servers = forecasts.report.servers.iter().zip(series).take(PANELS_MAX);
    let step = model.inputs.step_seconds();
    let horizon = match step {
        Some(seconds) => long_duration(seconds * model.inputs.horizon as f64),
        None => format!("{} steps", model.inputs.horizon),
    };
    let newest = forecasts.report.servers.iter().map(|s| s.last_time).max();
    let newest = newest.filter(|_| step.is_some()).map(|t| format!(", from {}", format_time(t)));
    Picture {
        title: format!("{}, next {horizon}{}", model.target, newest.unwrap_or_default()),
        band: forecasts.band().map(|(low, high)| {
            let q = &model.quantiles;
            format!("{:.0} % band", (q[high] - q[low]) * 100.0)
        }),
        clock: if step.is_some() { Clock::Seconds } else { Clock::Steps },
        panels: servers.map(|(server, series)| panel(forecasts, server, series)).collect(),
    }
}

fn panel(forecasts: &Forecasts<'_>, server: &ServerForecast, series: &Series) -> Panel {
    let inputs = &forecasts.model.inputs;
    let scale = inputs.step_seconds().unwrap_or(1.0);
    let note = match &server.state {
        State::Warm => String::new(),
        State::Warming => format!("warming {}/{}", server.steps, inputs.max_encoder_length),
        State::Cold { needs } => format!("needs {needs} more steps"),
        State::Bad(_) => "left out".to_owned(),
    };
    let mut panel = Panel {
        name: server.labels.join("/"),
        note,
        history: history(series, inputs.target, inputs.max_encoder_length, scale),
        ..Panel::default()
    };
    let Some(values) = &server.values else { return panel };
    let value = |step: usize, quantile: usize| f64::from(values[[step, quantile]]);
    let moments = (0..values.nrows()).map(|step| ((step + 1) as f64 * scale, step));
    let now = (0.0, f64::from(server.last));
    let median = moments.clone().map(|(at, step)| (at, value(step, forecasts.median())));
    panel.median = std::iter::once(now).chain(median).collect();
    if let Some((low, high)) = forecasts.band() {
        let band = moments.map(|(at, step)| (at, value(step, low), value(step, high)));
        panel.band = std::iter::once((now.0, now.1, now.1)).chain(band).collect();
    }
    panel
}

/// The newest rows of the target, apart where steps are missing.
fn history(series: &Series, target: usize, steps: usize, scale: f64) -> Vec<Vec<(f64, f64)>> {
    let Some((last, _)) = series.last() else { return Vec::new() };
    let mut stretches: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut before = None;
    for ((step, _), value) in series.moments().zip(&series.reals()[target]) {
        if last - step >= steps as i64 {
            continue;
        }
        let point = ((step - last) as f64 * scale, f64::from(*value));
        match stretches.last_mut() {
            Some(stretch) if before == Some(step - 1) => stretch.push(point),
            _ => stretches.push(vec![point]),
        }
        before = Some(step);
    }
    stretches
}
