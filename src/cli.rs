//! The command line: global flags and the list of subcommands.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::commands::{
    breaker, cleanup, completions, compose_validate, config, detect_workload, device, guard,
    health, infer, man, metrics,
};
use crate::core::output::{Color, Level};

/// Keeps a machine-learning platform healthy
#[derive(Debug, Parser)]
#[command(name = "ut", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 something was found, 2 wrong usage or configuration, 3 \
failed, 4 done in part, 75 try again later."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every subcommand
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Read this ut.toml instead of the nearest one upward
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// When to colour
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    pub verbose: bool,
}

impl GlobalArgs {
    pub(crate) fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Infer(Box<infer::InferArgs>),
    Cleanup(Box<cleanup::CleanupArgs>),
    Guard(Box<guard::GuardArgs>),
    BreakerStatus(breaker::BreakerStatusArgs),
    Breaker(breaker::BreakerArgs),
    ComposeValidate(Box<compose_validate::ComposeArgs>),
    DetectWorkload(Box<detect_workload::DetectArgs>),
    Health(Box<health::HealthArgs>),
    Metrics(metrics::MetricsArgs),
    Device(device::DeviceArgs),
    Config(config::ConfigArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// As which it is counted. A shell asks for completions whenever it starts: that is nobody's work.
    pub(crate) fn counted_name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Infer(_) => "infer",
            Self::Cleanup(_) => "cleanup",
            Self::Guard(_) => "guard",
            Self::BreakerStatus(_) => "breaker-status",
            Self::Breaker(_) => "breaker",
            Self::ComposeValidate(_) => "compose-validate",
            Self::DetectWorkload(_) => "detect-workload",
            Self::Health(_) => "health",
            Self::Metrics(_) => "metrics",
            Self::Device(_) => "device",
            Self::Config(_) => "config",
            Self::Completions(_) | Self::Man(_) => return None,
        })
    }
}
