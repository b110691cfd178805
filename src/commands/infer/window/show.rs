//! `ut infer window show`: what a window holds.

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::super::ReportFormat;
use super::super::kept::age;
use crate::core::context::Context;
use crate::core::exit::Exit;
use crate::core::output::units::{bytes, grouped, long_duration};
use crate::core::output::{Align, Table};
use crate::core::time::format_time;
use crate::infer::window::{ModelNeeds, Window};
use crate::model::tft::{Model, Series};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    file: String,
    bytes: u64,
    records: usize,
    tick: u64,
    window_steps: usize,
    saved: Option<String>,
    age_seconds: Option<f64>,
    model: ModelPart,
    servers: Vec<ServerPart>,
}

#[derive(Serialize)]
struct ModelPart {
    name: String,
    required_steps: usize,
    wanted_steps: usize,
    fits: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct ServerPart {
    labels: Map<String, Value>,
    rows: usize,
    seen: u64,
    /// Recent steps that the model can use.
    steps: usize,
    state: &'static str,
    newest_step: Option<i64>,
    newest: Option<String>,
}

pub(super) fn run(
    path: &Path,
    mut window: Window,
    model: Option<&Model>,
    format: ReportFormat,
    ctx: &Context,
) -> anyhow::Result<Exit> {
    let mut reason = None;
    if let Some(model) = model {
        reason = window.fit(model).err().map(|e| e.to_string());
        window.model = ModelNeeds::of(model);
    }
    let document = document(path, &window, reason)?;
    match format {
        ReportFormat::Json => ctx.out.json(&document)?,
        ReportFormat::Table => ctx.out.result(text(&document, &window, ctx).as_bytes())?,
    }
    Ok(if document.model.fits { Exit::Done } else { Exit::Findings })
}

fn document(path: &Path, window: &Window, reason: Option<String>) -> anyhow::Result<Document> {
    let ModelNeeds { name, required, wanted, .. } = window.model.clone();
    Ok(Document {
        schema: "ut.infer-window/1",
        file: path.display().to_string(),
        bytes: std::fs::metadata(path)?.len(),
        records: window.records.len(),
        tick: window.tick,
        window_steps: window.steps,
        saved: window.saved.map(format_time),
        age_seconds: age(window),
        model: ModelPart {
            name,
            required_steps: required,
            wanted_steps: wanted,
            fits: reason.is_none(),
            reason,
        },
        servers: window.records.servers.iter().map(|s| server(window, s)).collect(),
    })
}

fn server(window: &Window, series: &Series) -> ServerPart {
    let model = &window.model;
    let steps = model.usable(series);
    let labels = window.columns.groups.iter().zip(&series.labels);
    let has_times = window.columns.time.step().is_some();
    ServerPart {
        labels: labels.map(|(g, l)| (g.clone(), l.as_str().into())).collect(),
        rows: series.len(),
        seen: series.seen(),
        steps: steps.min(model.wanted),
        state: match steps {
            s if s >= model.wanted => "warm",
            s if s >= model.required => "warming",
            _ => "cold",
        },
        newest_step: series.last().map(|(step, _)| step),
        newest: series.last().filter(|_| has_times).map(|(_, time)| format_time(time)),
    }
}

fn text(document: &Document, window: &Window, ctx: &Context) -> String {
    let servers = &document.servers;
    let mut table = Table::new();
    for (index, group) in window.columns.groups.iter().enumerate() {
        let labels = window.records.servers.iter().map(|s| s.labels[index].clone());
        table.column(group, Align::Left, 0, labels);
    }
    let count = |n: u64| grouped(n);
    table.column("rows", Align::Right, 0, servers.iter().map(|s| count(s.rows as u64)));
    table.column("ever seen", Align::Right, 2, servers.iter().map(|s| count(s.seen)));
    let newest = servers.iter().map(|s| match (&s.newest, s.newest_step) {
        (Some(time), _) => time.clone(),
        (None, Some(step)) => step.to_string(),
        (None, None) => String::new(),
    });
    table.column("newest", Align::Left, 1, newest);
    let model = &document.model;
    let state = servers.iter().map(|s| match s.state {
        "warming" => format!("warming {}/{}", s.steps, model.wanted_steps),
        "cold" => format!("cold {}/{}", s.steps, model.required_steps),
        warm => warm.to_owned(),
    });
    table.column("state", Align::Left, 0, state);
    let saved = match (document.age_seconds, &document.saved) {
        (Some(age), Some(_)) if age >= 1.0 => {
            format!("saved {} ago", long_duration(age))
        }
        (Some(age), Some(time)) if age < 0.0 => {
            format!("saved {time}, by a clock ahead of this one")
        }
        (_, Some(_)) => "saved just now".to_owned(),
        _ => "never saved".to_owned(),
    };
    let fits = match &model.reason {
        None => format!("fits the model {}", model.name),
        Some(why) => format!("does not fit the model {}: {why}", model.name),
    };
    let kept =
        format!("tick {}, keeps {} steps a server", count(document.tick), document.window_steps);
    let records = format!(
        "{} records of {} servers, {}",
        count(document.records as u64),
        servers.len(),
        bytes(document.bytes)
    );
    let table = if servers.is_empty() { String::new() } else { table.render(&ctx.out) + "\n" };
    format!("{table}{records}\n{kept}, {saved}\n{fits}\n")
}
