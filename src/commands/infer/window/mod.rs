//! `ut infer window`: build, print and check a window.

mod records;
mod show;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::super::ReportFormat;
use super::counted;
use super::input::{InputArgs, load_model};
use super::kept::{KeepArgs, Kept, window_file};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::files;
use crate::infer::Keep;
use crate::infer::window::{LoadError, Window, load};

#[derive(Debug, Subcommand)]
pub(crate) enum WindowCommand {
    /// Put an input's rows into a window, which is made if it is not there
    #[command(after_help = "\
Example: ut infer window save fleet.window --model model --input metrics.csv

Exit codes: 0 saved or nothing new, 2 wrong usage, 3 failed, 4 rows were left out as bad, 75 another
process has the window.")]
    Save {
        /// The window's file; by default infer.window of ut.toml
        file: Option<PathBuf>,
        /// Model folder: tells which columns the rows have
        #[arg(long, value_name = "DIR")]
        model: Option<PathBuf>,
        #[command(flatten)]
        input: InputArgs,
        #[command(flatten)]
        keep: KeepArgs,
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
    /// Print a window's records, as an input for `ut infer`
    #[command(after_help = "Example: ut infer window load fleet.window --server web-01")]
    Load {
        /// The window's file; by default infer.window of ut.toml
        file: Option<PathBuf>,
        /// Print only this server (repeatable)
        #[arg(long, value_name = "NAME")]
        server: Vec<String>,
        #[arg(long, value_enum, default_value = "csv")]
        format: RecordFormat,
        /// Write the records to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Print what a window holds: servers and their warm-up, age, the model it fits
    #[command(after_help = "\
Example: ut infer window show fleet.window

Exit codes: 0 shown, 1 it does not fit the model given with --model, 3 it cannot be read.")]
    Show {
        /// The window's file; by default infer.window of ut.toml
        file: Option<PathBuf>,
        /// Whether it fits this model, rather than the one it was saved with
        #[arg(long, value_name = "DIR")]
        model: Option<PathBuf>,
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
    /// Check a window from the first byte to the last, and change nothing
    #[command(after_help = "\
Example: ut infer window verify fleet.window

Exit codes: 0 sound, 1 damaged or no window, 3 it cannot be read.")]
    Verify {
        /// The window's file; by default infer.window of ut.toml
        file: Option<PathBuf>,
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordFormat {
    Csv,
    Jsonl,
}

pub(super) fn run(command: &WindowCommand, ctx: &Context) -> anyhow::Result<Exit> {
    match command {
        WindowCommand::Save { file, model, input, keep, format } => {
            let path = path(file.as_deref(), ctx)?;
            save(&path, model.as_deref(), input, keep, *format, ctx)
        }
        WindowCommand::Load { file, server, format, output } => {
            let window = loaded(&path(file.as_deref(), ctx)?)?;
            let bytes = match format {
                RecordFormat::Csv => records::csv(&window, server)?,
                RecordFormat::Jsonl => records::jsonl(&window, server)?,
            };
            match output {
                Some(path) => files::write(path, &bytes)?,
                None => ctx.out.result(&bytes)?,
            }
            Ok(Exit::Done)
        }
        WindowCommand::Show { file, model, format } => {
            let path = path(file.as_deref(), ctx)?;
            let window = loaded(&path)?;
            let model = model.as_deref().map(|dir| load_model(Some(dir), ctx)).transpose()?;
            show::run(&path, window, model.as_ref(), *format, ctx)
        }
        WindowCommand::Verify { file, format } => {
            verify(&path(file.as_deref(), ctx)?, *format, ctx)
        }
    }
}

fn path(flag: Option<&Path>, ctx: &Context) -> Result<PathBuf, Fault> {
    window_file(flag, ctx).ok_or_else(|| {
        Fault::usage("no window").hint("give the window's file, or set infer.window in ut.toml")
    })
}

fn loaded(path: &Path) -> Result<Window, Fault> {
    load(path).map_err(|e| e.into_fault(path))
}

fn save(
    path: &Path,
    model: Option<&Path>,
    input: &InputArgs,
    keep: &KeepArgs,
    format: ReportFormat,
    ctx: &Context,
) -> anyhow::Result<Exit> {
    let file = input.required_file(ctx)?;
    let model = load_model(model, ctx)?;
    let settings = keep.resolve(&model, ctx)?;
    let ingested = input.read(&file, &[], Keep::Window(settings.steps), &model.inputs, ctx)?;
    let mut kept = Kept::open(path, &model, settings, ctx)?;
    kept.extend(ingested.records, &model)?;
    counted::taken(input.source(&file, ctx), &kept.told(), ctx);
    kept.save()?;
    match format {
        ReportFormat::Table => ctx.out.summary(&kept.told().line())?,
        ReportFormat::Json => ctx.out.json(&kept.told().document())?,
    }
    Ok(if ingested.counts.skipped > 0 { Exit::Partial } else { Exit::Done })
}

#[derive(Serialize)]
struct Verdict {
    schema: &'static str,
    file: String,
    sound: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn verify(path: &Path, format: ReportFormat, ctx: &Context) -> anyhow::Result<Exit> {
    let reason = match load(path) {
        Ok(_) => None,
        Err(found @ (LoadError::Damaged(_) | LoadError::NotAWindow)) => Some(found.to_string()),
        Err(error) => return Err(error.into_fault(path).into()),
    };
    let file = path.display().to_string();
    match (format, &reason) {
        (ReportFormat::Table, None) => ctx.out.summary(&format!("{file}: sound"))?,
        (ReportFormat::Table, Some(why)) => {
            ctx.out.result(format!("{file}: {why}\n").as_bytes())?;
        }
        (ReportFormat::Json, _) => {
            let (schema, sound) = ("ut.infer-window-verify/1", reason.is_none());
            ctx.out.json(&Verdict { schema, file, sound, reason: reason.clone() })?;
        }
    }
    Ok(if reason.is_some() { Exit::Findings } else { Exit::Done })
}
