//! `ut cleanup restore` and `ut cleanup verify`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::counted;
use super::open::StoreArgs;
use super::settings::PolicyArgs;
use crate::cleanup::archive::{self, Archived};
use crate::cleanup::restore;
use crate::cleanup::stage::Stage;
use crate::commands::ReportFormat;
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::output::Unit;
use crate::core::output::units::{bytes, grouped};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["run", "all"]))]
#[command(after_help = "\
Example: ut cleanup restore --all --archive-path /backup/mlflow --tracking-uri http://mlflow:5000

Exit codes: 0 all are back, 3 none is, 4 some are.")]
pub(super) struct RestoreArgs {
    /// Ids of runs
    run: Vec<String>,
    /// Every run that is archived here
    #[arg(long)]
    all: bool,
    /// Folder of the archives
    #[arg(long, value_name = "DIR")]
    archive_path: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 all are whole, 1 some are damaged.")]
pub(super) struct VerifyArgs {
    /// Folder of the archives
    #[arg(long, value_name = "DIR")]
    archive_path: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
}

fn folder(flag: Option<&PathBuf>, ctx: &Context) -> Result<PathBuf, Fault> {
    let folder = flag.cloned().or_else(|| ctx.config.path("cleanup.archive-path"));
    let none = || Fault::usage("there is no folder of archives").hint("--archive-path names it");
    folder.ok_or_else(none)
}

pub(super) fn restore(args: &RestoreArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let folder = folder(args.archive_path.as_ref(), ctx)?;
    let all = archive::list(&folder)?;
    let mut wanted: Vec<Archived> = Vec::new();
    for run in &args.run {
        let found = all.iter().find(|archived| archived.run == *run).cloned();
        wanted.push(found.ok_or_else(|| {
            Fault::usage(format!("{} has no archive of run {run}", folder.display()))
        })?);
    }
    if args.all {
        wanted = all;
    }
    let mut opened = args.store.open(ctx)?;
    let snapshot = opened.read(&[], &PolicyArgs::default(), None, true, ctx)?;
    let progress = ctx.out.progress("restoring", Unit::Items, Some(wanted.len() as u64));
    let (mut back, mut files) = (0_u64, 0_u64);
    for archived in &wanted {
        let (access, store) = (&opened.access, opened.store.as_mut());
        match restore::restore(&archived.path, &snapshot, access, store, ctx) {
            Ok(manifest) => {
                back += 1;
                files += manifest.files.len() as u64;
            }
            Err(fault) => {
                let error = anyhow::Error::from(fault);
                ctx.out.warn(format!("{error:#}"));
            }
        }
        progress.advance(1);
    }
    drop(progress);
    let all = wanted.len() as u64;
    ctx.out.summary(&format!(
        "{} of {} runs restored, {} files",
        grouped(back),
        grouped(all),
        grouped(files)
    ))?;
    Ok(match back {
        back if back == all => Exit::Done,
        0 => Exit::Failed,
        _ => Exit::Partial,
    })
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    archives: Vec<View>,
}

#[derive(Serialize)]
struct View {
    run_id: String,
    experiment_id: String,
    path: String,
    ok: bool,
    /// What is wrong with it.
    why: Option<String>,
    files: usize,
    bytes: u64,
}

pub(super) fn verify(args: &VerifyArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let folder = folder(args.archive_path.as_ref(), ctx)?;
    let all = archive::list(&folder)?;
    let watch = Stopwatch::start();
    let progress = ctx.out.progress("reading archives", Unit::Items, Some(all.len() as u64));
    let mut views = Vec::new();
    for archived in all {
        let read = archive::verify(&archived.path);
        let is_other = |id: &str| id != archived.run;
        let why = match &read {
            Ok(manifest) if is_other(&manifest.run.run_id) => {
                Some(format!("it is of run {}", manifest.run.run_id))
            }
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        };
        let files = read.as_ref().map_or(&[][..], |manifest| &manifest.files);
        views.push(View {
            path: archived.path.display().to_string(),
            run_id: archived.run,
            experiment_id: archived.experiment,
            ok: why.is_none(),
            why,
            files: files.len(),
            bytes: files.iter().map(|file| file.bytes).sum(),
        });
        progress.advance(1);
    }
    drop(progress);
    let damaged = views.iter().filter(|view| !view.ok).count();
    counted::took(Stage::Verify, watch.elapsed(), ctx);
    counted::errors(Stage::Verify, damaged, ctx);
    match args.format {
        ReportFormat::Json => {
            ctx.out.json(&Document { schema: "ut.cleanup-verify/1", archives: views })?;
        }
        ReportFormat::Table => {
            for view in views.iter().filter(|view| !view.ok) {
                let why = view.why.as_deref().unwrap_or_default();
                ctx.out.result(format!("damaged  {}  {why}\n", view.path).as_bytes())?;
            }
            let sum: u64 = views.iter().map(|view| view.bytes).sum();
            let whole = (views.len() - damaged) as u64;
            ctx.out.summary(&format!(
                "{} of {} archives are whole, {} of artifacts",
                grouped(whole),
                grouped(views.len() as u64),
                bytes(sum)
            ))?;
        }
    }
    Ok(if damaged == 0 { Exit::Done } else { Exit::Findings })
}
