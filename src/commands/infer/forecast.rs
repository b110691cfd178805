//! The forecast itself: rows and window in, the report out.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::counted;
use super::device::Chosen;
use super::input::{InputArgs, load_model};
use super::kept::{KeepArgs, Told};
use super::picture::{PANELS_MAX, picture};
use super::source::{Files, gather};
use super::{document, rows, table};
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::device::{Choice, Precision};
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::files;
use crate::core::output::Unit;
use crate::infer::plot::{Picture, svg};
use crate::infer::{Counts, Engine, Report, State, forecast};
use crate::model::tft::Model;

/// What to forecast from, and how to say it
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct ForecastArgs {
    /// Model folder: model.json and model.safetensors
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Keep recent rows in this file, so that the next run is warm
    #[arg(long, value_name = "FILE")]
    pub(super) window: Option<PathBuf>,
    #[command(flatten)]
    pub(super) keep: KeepArgs,
    /// Forecast only this server (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(super) server: Vec<String>,
    /// Print only this quantile of the model's (repeatable)
    #[arg(long, value_name = "Q")]
    quantile: Vec<f64>,
    /// How the forecasts are written
    #[arg(long, value_enum, default_value = "table")]
    format: OutputFormat,
    /// Write the forecasts to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Draw the forecasts into this SVG, a panel a server
    #[arg(long, value_name = "FILE.svg", value_parser = svg_file)]
    plot: Option<PathBuf>,
    /// What computes: auto, cpu, cuda or cuda:N [default: auto, a GPU for thousands of servers]
    #[arg(long, value_name = "DEVICE")]
    pub(super) device: Option<Choice>,
    /// How a GPU multiplies; tf32 is on tensor cores [default: single]
    #[arg(long, value_enum, value_name = "PRECISION")]
    pub(super) precision: Option<Precision>,
    /// Threads that compute [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    #[default]
    Table,
    Csv,
    Json,
    Jsonl,
}

/// Everything that a rendering may show.
pub(super) struct Forecasts<'a> {
    pub(super) model: &'a Model,
    pub(super) report: &'a Report,
    /// Positions among the model's quantiles.
    pub(super) quantiles: Vec<usize>,
    pub(super) counts: Counts,
    pub(super) ignored_columns: &'a [String],
    pub(super) window: Option<Told>,
    /// What computed them.
    pub(super) engine: String,
    pub(super) seconds: f64,
}

impl Forecasts<'_> {
    /// Position of the quantile nearest to the median.
    pub(super) fn median(&self) -> usize {
        self.nearest(|q| (q - 0.5).abs())
    }

    /// Positions of the outermost quantiles, if there are two.
    pub(super) fn band(&self) -> Option<(usize, usize)> {
        let (lowest, highest) = (self.nearest(|q| q), self.nearest(|q| -q));
        (lowest != highest).then_some((lowest, highest))
    }

    /// The chosen quantile for which `key` is least.
    fn nearest(&self, key: impl Fn(f64) -> f64) -> usize {
        let key = |i: &&usize| key(self.model.quantiles[**i]);
        self.quantiles.iter().min_by(|a, b| key(a).total_cmp(&key(b))).copied().unwrap_or(0)
    }

    /// `q0.1`, …, in the order of the columns.
    pub(super) fn quantile_names(&self) -> Vec<String> {
        self.quantiles.iter().map(|i| format!("q{}", self.model.quantiles[*i])).collect()
    }
}

pub(super) fn run(args: &ForecastArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let files = Files::of(args, ctx)?;
    let model = load_model(args.model.as_deref(), ctx)?;
    if model.mixes_scales {
        ctx.out.warn(
            "the model brings some servers' forecasts back with another server's scale: train it \
             with the same encoder for the group column and its __group_id__",
        );
    }
    let quantiles = chosen(&model.quantiles, &wanted_quantiles(args, ctx))?;
    let watch = Stopwatch::start();
    let (mut source, ingested) = gather(args, &files, &model, ctx)?;
    let (read, watch) = (watch.elapsed(), Stopwatch::start());
    let records = source.records();
    let servers = records.of(&args.server);
    let progress = ctx.out.progress("forecasting", Unit::Items, Some(servers.len() as u64));
    let (dictionaries, on_bad_row) = (&records.dictionaries, args.input.on_bad_row(ctx));
    let on =
        |engine: &Engine| forecast(&model, engine, &servers, dictionaries, on_bad_row, &progress);
    let (report, engine) = Chosen::of(args, ctx)
        .run(&model, servers.len(), ctx, on)
        .inspect_err(|_| counted::failed(&model, servers.len(), ctx))?;
    drop(progress);
    counted::forecast(&model, &engine, &report, read, ctx);
    if args.server.is_empty() {
        counted::windows(&model, &report, args.keep.max_age(ctx), ctx);
    }
    let exit = report.exit(ingested.counts.skipped);
    if exit == Exit::Failed {
        return Err(Fault::failed("no server could be forecast: all were left out as bad").into());
    }
    let mut forecasts = Forecasts {
        model: &model,
        report: &report,
        quantiles,
        counts: ingested.counts,
        ignored_columns: &ingested.ignored_columns,
        window: None,
        engine: engine.name(),
        seconds: watch.elapsed().as_secs_f64(),
    };
    let picture = args.plot.as_ref().map(|path| (path, picture(&forecasts, &servers)));
    // A window or a picture that cannot be saved costs nobody the forecasts.
    let saved = source.save();
    forecasts.window = source.told();
    let watch = Stopwatch::start();
    print(args, &forecasts, ctx)?;
    counted::written(&model, &engine, &report, watch.elapsed(), ctx);
    saved?;
    if let Some((path, picture)) = picture {
        plot(path, &picture, report.servers.len(), ctx)?;
    }
    Ok(exit)
}

fn plot(path: &Path, picture: &Picture, servers: usize, ctx: &Context) -> Result<(), Fault> {
    let svg = svg(picture)
        .map_err(|e| Fault::failed(format!("cannot draw {}", path.display())).because(e))?;
    files::write(path, svg.as_bytes())?;
    if servers > PANELS_MAX {
        let path = path.display();
        ctx.out.warn(format!(
            "{path} shows the first {PANELS_MAX} of {servers} servers: --server chooses others"
        ));
    }
    Ok(())
}

fn print(args: &ForecastArgs, forecasts: &Forecasts<'_>, ctx: &Context) -> anyhow::Result<()> {
    let bytes = match args.format {
        OutputFormat::Table => {
            table::render(forecasts, &ctx.out, args.output.is_some()).into_bytes()
        }
        OutputFormat::Csv => rows::csv(forecasts)?,
        OutputFormat::Jsonl => rows::jsonl(forecasts)?,
        OutputFormat::Json => document::render(forecasts)?,
    };
    match &args.output {
        Some(path) => files::write(path, &bytes)?,
        None => ctx.out.result(&bytes)?,
    }
    tell(ctx, args.format, forecasts.report);
    Ok(())
}

fn wanted_quantiles(args: &ForecastArgs, ctx: &Context) -> Vec<f64> {
    if args.quantile.is_empty() {
        ctx.config.numbers("infer.quantiles").unwrap_or_default()
    } else {
        args.quantile.clone()
    }
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

/// A picture under another name would surprise whoever opens it.
fn svg_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("svg") => Ok(path),
        _ => Err("the picture is an SVG: give a name that ends in .svg".to_owned()),
    }
}
