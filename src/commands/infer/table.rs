//! Forecasts as a table for people.

use super::forecast::Forecasts;
use crate::core::output::units::{decimals, grouped, long_duration, short_duration, sparkline};
use crate::core::output::{Align, Output, Table};
use crate::infer::{ServerForecast, State};

/// Bars of a sparkline.
const BARS: usize = 16;
const NOTHING: &str = "–";

pub(super) fn render(forecasts: &Forecasts<'_>, out: &Output, to_file: bool) -> String {
    let view = View::new(forecasts);
    let servers = &forecasts.report.servers;
    let mut table = Table::new();
    for (index, group) in forecasts.model.inputs.groups.iter().enumerate() {
        table.column(group, Align::Left, 0, servers.iter().map(|s| s.labels[index].clone()));
    }
    table.column("last", Align::Right, 1, servers.iter().map(|s| view.number(f64::from(s.last))));
    let marks = view.marks();
    for (importance, step) in [3, 2, 0].into_iter().zip(&marks) {
        let cells = servers.iter().map(|s| view.median_at(s, *step));
        table.column(format!("+{}", view.short(*step)), Align::Right, importance, cells);
    }
    if let Some((low, high)) = view.band {
        let q = &forecasts.model.quantiles;
        let percent = ((q[high] - q[low]) * 100.0).round();
        let head = format!("{percent} % band at +{}", view.short(view.horizon()));
        let cells = servers.iter().map(|s| view.band_or_need(s, low, high));
        table.column(head, Align::Left, 4, cells);
    }
    let head = format!("next {}", view.long(view.horizon()));
    table.column(head, Align::Left, 5, servers.iter().map(|s| view.bars(s)));
    table.column("state", Align::Left, 0, servers.iter().map(|s| view.state(s)));
    let plain;
    let out = if to_file {
        plain = out.plain();
        &plain
    } else {
        out
    };
    if servers.is_empty() {
        return format!("{}\n", view.summary(out.width()));
    }
    format!("{}\n{}\n", table.render(out), view.summary(out.width()))
}

struct View<'a> {
    forecasts: &'a Forecasts<'a>,
    /// Positions of the quantile nearest to the median, and of the outermost ones.
    median: usize,
    band: Option<(usize, usize)>,
    /// None where the numbers are too large or too small to be written out.
    decimals: Option<usize>,
    low: f32,
    high: f32,
}

impl<'a> View<'a> {
    fn new(forecasts: &'a Forecasts<'a>) -> Self {
        let mut view = Self {
            forecasts,
            median: forecasts.median(),
            band: forecasts.band(),
            decimals: None,
            low: 0.0,
            high: f32::MIN_POSITIVE,
        };
        for server in &forecasts.report.servers {
            for value in view.medians(server) {
                view.low = view.low.min(value);
                view.high = view.high.max(value);
            }
        }
        view.decimals = decimals(f64::from(view.high.max(-view.low)));
        view
    }

    fn horizon(&self) -> usize {
        self.forecasts.model.inputs.horizon
    }

    fn medians(&self, server: &ServerForecast) -> Vec<f32> {
        server.values.as_ref().map_or_else(Vec::new, |v| v.column(self.median).to_vec())
    }

    /// Steps that get a column: an eighth of the horizon, half, all of it.
    fn marks(&self) -> Vec<usize> {
        let horizon = self.horizon();
        let mut marks = vec![(horizon / 8).max(1), (horizon / 2).max(1), horizon];
        marks.dedup();
        marks
    }

    fn short(&self, steps: usize) -> String {
        match self.forecasts.model.inputs.step_seconds() {
            Some(seconds) => short_duration(seconds * steps as f64),
            None => steps.to_string(),
        }
    }

    fn long(&self, steps: usize) -> String {
        match self.forecasts.model.inputs.step_seconds() {
            Some(seconds) => long_duration(seconds * steps as f64),
            None => format!("{steps} steps"),
        }
    }

    fn number(&self, value: f64) -> String {
        if !value.is_finite() {
            return NOTHING.to_owned();
        }
        match self.decimals {
            Some(decimals) => format!("{value:.decimals$}"),
            None => format!("{value:.2e}"),
        }
    }

    fn median_at(&self, server: &ServerForecast, step: usize) -> String {
        let value = server.values.as_ref().map(|v| f64::from(v[[step - 1, self.median]]));
        value.map_or_else(|| NOTHING.to_owned(), |v| self.number(v))
    }

    fn band_or_need(&self, server: &ServerForecast, low: usize, high: usize) -> String {
        let last = self.horizon() - 1;
        match (&server.values, &server.state) {
            (Some(values), _) => {
                let at = |q| self.number(f64::from(values[[last, q]]));
                format!("{} … {}", at(low), at(high))
            }
            (None, State::Cold { needs })
                if self.forecasts.model.inputs.step_seconds().is_some() =>
            {
                format!("needs {needs} more steps ({})", self.long(*needs))
            }
            (None, State::Cold { needs }) => format!("needs {needs} more steps"),
            _ => NOTHING.to_owned(),
        }
    }

    fn bars(&self, server: &ServerForecast) -> String {
        let medians = self.medians(server);
        let bars = BARS.min(medians.len());
        let means: Vec<f32> = (0..bars)
            .map(|i| {
                let part = &medians[i * medians.len() / bars..(i + 1) * medians.len() / bars];
                part.iter().sum::<f32>() / part.len() as f32
            })
            .collect();
        sparkline(&means, self.low, self.high)
    }

    fn state(&self, server: &ServerForecast) -> String {
        let inputs = &self.forecasts.model.inputs;
        match &server.state {
            State::Warm => "warm".to_owned(),
            State::Warming => format!("warming {}/{}", server.steps, inputs.max_encoder_length),
            State::Cold { .. } => format!("cold {}/{}", server.steps, inputs.required_steps()),
            State::Bad(_) => "left out".to_owned(),
        }
    }

    fn summary(&self, width: Option<usize>) -> String {
        let Forecasts { model, report, engine, seconds, .. } = self.forecasts;
        let count = |n: usize, noun| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        let step = model.inputs.step_seconds().map(|s| format!(" of {}", long_duration(s)));
        let mut parts = vec![
            format!(
                "{}, {} forecast",
                count(report.servers.len(), "server"),
                report.forecast_count()
            ),
            format!(
                "{}, {}{}",
                model.target,
                count(self.horizon(), "step"),
                step.unwrap_or_default()
            ),
            format!("model {} ({} parameters)", model.name, grouped(model.parameters)),
            engine.clone(),
            format!("{:.0} ms", (seconds * 1e3).max(1.0)),
        ];
        if self.forecasts.counts.skipped > 0 {
            parts.push(format!("{} rows left out", self.forecasts.counts.skipped));
        }
        let window = self.forecasts.window.as_ref().map(|w| format!("\n{}", w.line()));
        wrapped(&parts, width) + &window.unwrap_or_default()
    }
}

/// The parts side by side, as many as a line holds.
fn wrapped(parts: &[String], width: Option<usize>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line)
                if width.is_none_or(|w| line.chars().count() + part.chars().count() + 3 <= w) =>
            {
                *line = format!("{line} · {part}");
            }
            _ => lines.push(part.clone()),
        }
    }
    lines.join("\n")
}
