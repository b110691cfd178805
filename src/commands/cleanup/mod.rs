//! `ut cleanup`: MLflow runs by policy.

mod archives;
mod carry;
mod counted;
mod document;
mod explain;
mod open;
mod plan;
mod settings;
mod table;

use clap::{Args, Subcommand};

use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use plan::PlanArgs;

/// Clear MLflow's checkpoints by policy, and never one too many
#[derive(Debug, Args)]
#[command(after_help = "\
A run is kept if any of these holds: it was active within --retention-days; it is among the --top-n of its \
experiment by --metric; it has a protecting tag; the model registry refers to it; it runs or is scheduled; it is \
related to such a run; its age is not known; no run of its experiment has the metric. All others are archived (with \
--archive-path), soft-deleted, and their artifacts removed.

Examples:
  ut cleanup --dry-run --tracking-uri http://mlflow:5000
  ut cleanup --metric val_loss --mode min --top-n 5 --archive-path /backup/mlflow
  ut cleanup restore 4c1e0d6f1f3b4e0c9a8d7b6a5f4e3d2c --archive-path /backup/mlflow

Exit codes: 0 done, 2 wrong usage or configuration, 3 failed, 4 runs were refused or left, 75 another cleanup is at \
it, or the store is locked or away.")]
pub(crate) struct CleanupArgs {
    #[command(subcommand)]
    command: Option<CleanupCommand>,
    #[command(flatten)]
    plan: PlanArgs,
}

#[derive(Debug, Subcommand)]
enum CleanupCommand {
    /// Bring archived runs back
    Restore(archives::RestoreArgs),
    /// Read every archive and compare it with its manifest
    Verify(archives::VerifyArgs),
    /// Say why a run is kept, or why not
    Explain(explain::ExplainArgs),
}

pub(crate) fn run(args: &CleanupArgs, ctx: &Context) -> anyhow::Result<Exit> {
    match &args.command {
        None => plan::run(&args.plan, ctx),
        Some(_) if args.plan != PlanArgs::default() => {
            Err(Fault::usage("flags of `ut cleanup` go behind its subcommands").into())
        }
        Some(CleanupCommand::Restore(args)) => archives::restore(args, ctx),
        Some(CleanupCommand::Verify(args)) => archives::verify(args, ctx),
        Some(CleanupCommand::Explain(args)) => explain::run(args, ctx),
    }
}
