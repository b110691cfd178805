//! `ut infer model show`: what a model is, and what it wants.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use super::super::ReportFormat;
use super::input::load_model;
use crate::core::context::Context;
use crate::core::exit::Exit;
use crate::core::output::units::{bytes, grouped, long_duration};
use crate::core::output::{Align, Output, Table};
use crate::model::tft::{self, Inputs, Model, Origin, Role, TimeColumn};

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Print a model's inputs, horizon, quantiles and size, and what rows must contain
    #[command(after_help = "Example: ut infer model show examples/fleet/fleet-tft")]
    Show {
        /// Model folder; by default infer.model of ut.toml
        dir: Option<PathBuf>,
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
}

pub(super) fn run(command: &ModelCommand, ctx: &Context) -> anyhow::Result<Exit> {
    let ModelCommand::Show { dir, format } = command;
    let model = load_model(dir.as_deref(), ctx)?;
    match format {
        ReportFormat::Table => ctx.out.result(text(&model, &ctx.out)?.as_bytes())?,
        ReportFormat::Json => ctx.out.json(&document(&model))?,
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    name: &'a str,
    target: &'a str,
    quantiles: &'a [f64],
    horizon: usize,
    step_seconds: Option<f64>,
    min_encoder_length: usize,
    max_encoder_length: usize,
    max_lag: usize,
    allows_missing_steps: bool,
    mixes_scales: bool,
    parameters: u64,
    bytes: u64,
    variables: Vec<Variable<'a>>,
    columns: Vec<Column>,
}

#[derive(Serialize)]
struct Variable<'a> {
    name: &'a str,
    role: &'static str,
    source: &'static str,
}

/// A column that rows must have.
#[derive(Serialize)]
struct Column {
    name: String,
    holds: String,
}

fn document(model: &Model) -> Document<'_> {
    let inputs = &model.inputs;
    Document {
        schema: "ut.infer-model/1",
        name: &model.name,
        target: &model.target,
        quantiles: &model.quantiles,
        horizon: inputs.horizon,
        step_seconds: inputs.step_seconds(),
        min_encoder_length: inputs.min_encoder_length,
        max_encoder_length: inputs.max_encoder_length,
        max_lag: inputs.max_lag,
        allows_missing_steps: inputs.allow_missing_steps,
        mixes_scales: model.mixes_scales,
        parameters: model.parameters,
        bytes: model.bytes,
        variables: model
            .variables
            .iter()
            .map(|v| Variable { name: &v.name, role: role(v), source: source(v) })
            .collect(),
        columns: columns(inputs),
    }
}

fn text(model: &Model, out: &Output) -> anyhow::Result<String> {
    let inputs = &model.inputs;
    let quantiles: Vec<String> = model.quantiles.iter().map(ToString::to_string).collect();
    let span = |steps: usize| match inputs.step_seconds() {
        Some(seconds) => format!("{steps} steps ({})", long_duration(seconds * steps as f64)),
        None => format!("{steps} steps"),
    };
    let gaps = if inputs.allow_missing_steps { "filled" } else { "refused" };
    let mut text = String::new();
    writeln!(text, "{}: a Temporal Fusion Transformer for {}", model.name, model.target)?;
    writeln!(text, "horizon     {}", span(inputs.horizon))?;
    writeln!(text, "quantiles   {}", quantiles.join(", "))?;
    writeln!(
        text,
        "lookback    {} at most, from {} on; missing steps are {gaps}",
        span(inputs.max_encoder_length),
        inputs.required_steps()
    )?;
    writeln!(text, "size        {} parameters, {}", grouped(model.parameters), bytes(model.bytes))?;
    if model.mixes_scales {
        writeln!(
            text,
            "warning     brings some servers' forecasts back with another server's scale"
        )?;
    }
    let variables = &model.variables;
    let mut table = Table::new();
    table.column("variable", Align::Left, 0, variables.iter().map(|v| v.name.clone()));
    table.column("role", Align::Left, 1, variables.iter().map(|v| role(v).to_owned()));
    table.column("source", Align::Left, 2, variables.iter().map(|v| source(v).to_owned()));
    write!(text, "\n{}", table.render(out))?;
    let columns = columns(inputs);
    let mut table = Table::new();
    table.column("rows must have", Align::Left, 0, columns.iter().map(|c| c.name.clone()));
    table.column("holding", Align::Left, 1, columns.iter().map(|c| c.holds.clone()));
    write!(text, "\n{}", table.render(out))?;
    Ok(text)
}

fn columns(inputs: &Inputs) -> Vec<Column> {
    let column = |name: &str, holds: String| Column { name: name.to_owned(), holds };
    let time = "a time (RFC 3339)".to_owned();
    let mut columns = match &inputs.time {
        TimeColumn::Timestamp { column: name, .. } => vec![column(name, time)],
        TimeColumn::Index { column: name } => {
            vec![column(name, "a whole number, one more each step".to_owned())]
        }
        TimeColumn::Both { timestamp, index, .. } => {
            vec![
                column(timestamp, time),
                column(index, "a whole number, one more each step".to_owned()),
            ]
        }
    };
    for group in &inputs.groups {
        if inputs.categoricals.iter().all(|c| &c.name != group) {
            columns.push(column(group, "a label; any".to_owned()));
        }
    }
    for c in &inputs.categoricals {
        let others = if c.admits_unknown { ", or another" } else { "" };
        columns.push(column(&c.name, format!("one of {} labels{others}", c.known())));
    }
    columns.extend(inputs.reals.iter().map(|r| column(r, "a number".to_owned())));
    columns
}

fn role(variable: &tft::Variable) -> &'static str {
    match variable.role {
        Role::Static => "static",
        Role::Known => "known",
        Role::Unknown => "unknown",
    }
}

fn source(variable: &tft::Variable) -> &'static str {
    match variable.origin {
        Origin::Column => "column",
        Origin::Calendar => "timestamp",
        Origin::Lag => "earlier rows",
        Origin::Window => "window",
    }
}
