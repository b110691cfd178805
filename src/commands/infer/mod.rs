//! `ut infer`: forecast every server.

mod counted;
mod device;
mod document;
mod forecast;
mod input;
mod kept;
mod model;
mod picture;
mod rows;
mod source;
mod table;
mod window;

use clap::{Args, Subcommand};

use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use forecast::ForecastArgs;

/// Forecast every server from its recent metrics
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut infer --model model --input metrics.csv
  tail -n 6000 metrics.jsonl | ut infer --model model --input - --input-format jsonl --format csv
  ut infer --model model --input metrics.csv --window fleet.window --plot forecast.svg

Exit codes: 0 forecast, 2 wrong usage or configuration, 3 failed, 4 rows or servers were left out
as bad, 75 no server has enough steps yet, or another process has the window.")]
pub(crate) struct InferArgs {
    #[command(subcommand)]
    command: Option<InferCommand>,
    #[command(flatten)]
    forecast: ForecastArgs,
}

#[derive(Debug, Subcommand)]
enum InferCommand {
    /// Look at a model
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Keep recent rows from run to run
    #[command(subcommand)]
    Window(window::WindowCommand),
}

pub(crate) fn run(args: &InferArgs, ctx: &Context) -> anyhow::Result<Exit> {
    match &args.command {
        None => forecast::run(&args.forecast, ctx),
        Some(_) if args.forecast != ForecastArgs::default() => {
            Err(Fault::usage("flags of `ut infer` do not go with its subcommands").into())
        }
        Some(InferCommand::Model(command)) => model::run(command, ctx),
        Some(InferCommand::Window(command)) => window::run(command, ctx),
    }
}
