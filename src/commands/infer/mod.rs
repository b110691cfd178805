//! `ut infer`: forecast every server.

mod document;
mod model;
mod rows;
mod table;

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::files;
use crate::core::output::Unit;
use crate::infer::{
    Counts, Format, Ingested, Keep, OnBadRow, Report, State, UnknownServer, Wanted, forecast, read,
};
use crate::model::tft::Model;

/// Forecast every server from its recent metrics
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut infer --model model --input metrics.csv
  tail -n 6000 metrics.jsonl | ut infer --model model --input - --input-format jsonl --format csv

Exit codes: 0 forecast, 2 wrong usage or configuration, 3 failed, 4 rows or servers were left out
as bad, 75 no server has enough steps yet.")]
pub(crate) struct InferArgs {
    #[command(subcommand)]
    command: Option<InferCommand>,
    #[command(flatten)]
    forecast: ForecastArgs,
}

/// What to forecast from, and how to say it
#[derive(Debug, Default, PartialEq, Args)]
struct ForecastArgs {
    /// Model folder: model.json and model.safetensors
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Metrics to forecast from; - is standard input
    #[arg(long, value_name = "FILE|-")]
    input: Option<PathBuf>,
    /// How the input is written; by default the file's extension tells, else csv
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// Forecast only this server (repeatable)
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// Print only this quantile of the model's (repeatable)
    #[arg(long, value_name = "Q")]
    quantile: Vec<f64>,
    /// End at a bad row, or leave it out and count it [default: fail]
    #[arg(long, value_enum, value_name = "WHAT")]
    on_bad_row: Option<BadRowAction>,
    /// How the forecasts are written
    #[arg(long, value_enum, default_value = "table")]
    format: OutputFormat,
    /// Write the forecasts to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Threads that compute [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

#[derive(Debug, Subcommand)]
enum InferCommand {
    /// Look at a model
    #[command(subcommand)]
    Model(model::ModelCommand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputFormat {
    Csv,
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BadRowAction {
    Fail,
    Skip,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    #[default]
    Table,
    Csv,
    Json,
    Jsonl,
}

/// What was asked for, flags before configuration.
struct Settings {
    model: PathBuf,
    input: PathBuf,
    input_format: Format,
    on_bad_row: OnBadRow,
    quantiles: Vec<f64>,
    threads: usize,
}

/// Everything that a rendering may show.
struct Forecasts<'a> {
    model: &'a Model,
    report: &'a Report,
    /// Positions among the model's quantiles.
    quantiles: Vec<usize>,
    counts: Counts,
    ignored_columns: &'a [String],
    threads: usize,
    seconds: f64,
}

impl Forecasts<'_> {
    /// `q0.1`, …, in the order of the columns.
    fn quantile_names(&self) -> Vec<String> {
        self.quantiles.iter().map(|i| format!("q{}", self.model.quantiles[*i])).collect()
    }
}

pub(crate) fn run(args: &InferArgs, ctx: &Context) -> anyhow::Result<Exit> {
    match &args.command {
        None => run_forecast(&args.forecast, ctx),
        Some(_) if args.forecast != ForecastArgs::default() => {
            Err(Fault::usage("flags of `ut infer` do not go with its subcommands").into())
        }
        Some(InferCommand::Model(command)) => model::run(command, ctx),
    }
}

fn run_forecast(args: &ForecastArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(args, ctx)?;
    let model = Model::load(&settings.model).map_err(Fault::from)?;
    if model.mixes_scales {
        ctx.out.warn(
            "the model brings some servers' forecasts back with another server's scale: train it \
             with the same encoder for the group column and its __group_id__",
        );
    }
    let quantiles = chosen(&model.quantiles, &settings.quantiles)?;
    let ingested = ingest(args, &settings, &model, ctx)?;
    let watch = Stopwatch::start();
    let records = &ingested.records;
    let progress = ctx.out.progress("forecasting", Unit::Items, Some(records.servers.len() as u64));
    let report = forecast(&model, records, settings.threads, settings.on_bad_row, &progress)?;
    drop(progress);
    let exit = report.exit(ingested.counts.skipped);
    if exit == Exit::Failed {
        return Err(Fault::failed("no server could be forecast: all were left out as bad").into());
    }
    let forecasts = Forecasts {
        model: &model,
        report: &report,
        quantiles,
        counts: ingested.counts,
        ignored_columns: &ingested.ignored_columns,
        threads: settings.threads,
        seconds: watch.elapsed().as_secs_f64(),
    };
    let bytes = match args.format {
        OutputFormat::Table => {
            table::render(&forecasts, &ctx.out, args.output.is_some()).into_bytes()
        }
        OutputFormat::Csv => rows::csv(&forecasts)?,
        OutputFormat::Jsonl => rows::jsonl(&forecasts)?,
        OutputFormat::Json => document::render(&forecasts)?,
    };
    match &args.output {
        Some(path) => files::write(path, &bytes)?,
        None => ctx.out.result(&bytes)?,
    }
    tell(ctx, args.format, &report);
    Ok(exit)
}

impl Settings {
    fn resolve(args: &ForecastArgs, ctx: &Context) -> Result<Self, Fault> {
        let config = &ctx.config;
        let missing = |what: &str, hint: &str| Fault::usage(format!("no {what}")).hint(hint);
        let input = args.input.clone().or_else(|| config.path("infer.input"));
        let input = input.ok_or_else(|| {
            missing(
                "input",
                "give --input FILE (- is standard input), or set infer.input in ut.toml",
            )
        })?;
        let quantiles = if args.quantile.is_empty() {
            config.numbers("infer.quantiles").unwrap_or_default()
        } else {
            args.quantile.clone()
        };
        let threads = args.threads.map(NonZeroUsize::get).or_else(|| config.count("infer.threads"));
        Ok(Self {
            model: model_folder(args.model.as_deref(), ctx)?,
            input_format: input_format(args, ctx, &input),
            input,
            on_bad_row: match (args.on_bad_row, config.text("infer.on-bad-row")) {
                (Some(BadRowAction::Skip), _) | (None, Some("skip")) => OnBadRow::Skip,
                _ => OnBadRow::Fail,
            },
            quantiles,
            threads: threads.unwrap_or_else(cores),
        })
    }
}

fn model_folder(flag: Option<&Path>, ctx: &Context) -> Result<PathBuf, Fault> {
    flag.map(Path::to_path_buf).or_else(|| ctx.config.path("infer.model")).ok_or_else(|| {
        Fault::usage("no model").hint("give the model's folder, or set infer.model in ut.toml")
    })
}

fn input_format(args: &ForecastArgs, ctx: &Context, input: &Path) -> Format {
    let extension = input.extension().and_then(|e| e.to_str()).unwrap_or_default();
    match (args.input_format, ctx.config.text("infer.input-format")) {
        (Some(InputFormat::Jsonl), _) | (None, Some("jsonl")) => Format::Jsonl,
        (None, None) if ["jsonl", "ndjson"].contains(&extension) => Format::Jsonl,
        _ => Format::Csv,
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Positions of the wanted quantiles, all of them if none is named.
fn chosen(of_model: &[f64], wanted: &[f64]) -> Result<Vec<usize>, Fault> {
    if wanted.is_empty() {
        return Ok((0..of_model.len()).collect());
    }
    let position = |q: &f64| {
        of_model.iter().position(|p| (p - q).abs() < 1e-9).ok_or_else(|| {
            let list: Vec<String> = of_model.iter().map(ToString::to_string).collect();
            Fault::usage(format!("the model has no quantile {q}; it has {}", list.join(", ")))
        })
    };
    wanted.iter().map(position).collect()
}

fn ingest(
    args: &ForecastArgs,
    settings: &Settings,
    model: &Model,
    ctx: &Context,
) -> Result<Ingested, Fault> {
    let (input, name, size) = open(&settings.input)?;
    let progress = ctx.out.progress("reading", Unit::Bytes, size);
    let wanted = Wanted {
        servers: args.server.clone(),
        keep: Keep::Forecast,
        on_bad_row: settings.on_bad_row,
    };
    let ingested = read(input, settings.input_format, &model.inputs, wanted, &progress)
        .map_err(|e| e.into_fault(&name))?;
    drop(progress);
    if let Some(UnknownServer { name: server, near }) = ingested.unknown_servers.first() {
        let fault =
            Fault::usage(format!("there is no server {server} in {name}, nor in the model"));
        return Err(match near {
            Some(near) => fault.hint(format!("did you mean {near}?")),
            None => fault,
        });
    }
    if let Some(first) = &ingested.first_bad {
        let Counts { skipped, rows } = ingested.counts;
        ctx.out.warn(format!("{skipped} of {rows} rows left out; the first at {first}"));
    }
    if ingested.counts.rows == 0 {
        ctx.out.warn(format!("{name} has a head but no rows yet"));
    }
    if !ingested.ignored_columns.is_empty() {
        let columns = ingested.ignored_columns.join(", ");
        ctx.out.note(format!("the model does not use the columns {columns}"));
    }
    Ok(ingested)
}

type Opened = (Box<dyn Read>, String, Option<u64>);

/// The input, what to call it, and its size where that is known.
fn open(path: &Path) -> Result<Opened, Fault> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), "standard input".to_owned(), None));
    }
    let name = path.display().to_string();
    let cannot = |e| Fault::failed(format!("cannot read {name}")).because(e);
    let file = File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    let size = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), name, size))
}

/// What a rendering without room for it does not say: who was left out, and why.
fn tell(ctx: &Context, format: OutputFormat, report: &Report) {
    for (server, unfit) in report.bad() {
        ctx.out.warn(format!("{} was left out: {unfit}", server.labels.join("/")));
    }
    if matches!(format, OutputFormat::Table | OutputFormat::Json) {
        return;
    }
    let cold: Vec<String> = report
        .servers
        .iter()
        .filter_map(|s| match s.state {
            State::Cold { needs } => {
                Some(format!("{} (needs {needs} more steps)", s.labels.join("/")))
            }
            _ => None,
        })
        .collect();
    if !cold.is_empty() {
        let more =
            if cold.len() > 3 { format!(" and {} more", cold.len() - 3) } else { String::new() };
        let shown = &cold[..cold.len().min(3)];
        ctx.out.warn(format!("too short to forecast: {}{more}", shown.join(", ")));
    }
}
