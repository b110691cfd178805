//! `ut` keeps a machine-learning platform healthy: a library with a thin binary on top.
//!
//! Imports run downward: [`core`] is the ground, [`model`] computes forecasts, [`infer`] is the
//! room around it, `commands` talk to people, `cli` lists them. `ARCHITECTURE.md` is the map.

pub mod cleanup;
mod cli;
mod commands;
pub mod compose;
pub mod core;
pub mod guard;
pub mod health;
pub mod infer;
pub mod model;
pub mod workload;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use core::clock::Stopwatch;
use core::config::{Config, Environment};
use core::context::Context;
use core::error::{exit_of, hint_of, is_closed_pipe};
use core::exit::Exit;
use core::output::Output;

/// The program: reads the command line, runs the command, says what went wrong.
pub fn run() -> ExitCode {
    let env = Environment::capture();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => return usage(&env, &message),
    };
    let out = Output::new(&env, cli.global.color, cli.global.level());
    let watch = Stopwatch::start();
    let config = match Config::load(&env, cli.global.config.as_deref()) {
        Ok(config) => config,
        Err(fault) => return report(&out, &Err(fault.into())).into(),
    };
    let ctx = Context::new(config, env, out);
    let counted = cli.command.counted_name();
    let exit = report(&ctx.out, &dispatch(cli.command, &ctx));
    if let Some(name) = counted {
        commands::record::record(name, exit, watch.elapsed(), &ctx);
    }
    exit.into()
}

fn dispatch(command: Command, ctx: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Infer(args) => commands::infer::run(&args, ctx),
        Command::Cleanup(args) => commands::cleanup::run(&args, ctx),
        Command::Guard(args) => commands::guard::run(&args, ctx),
        Command::BreakerStatus(args) => commands::breaker::status(&args, ctx),
        Command::Breaker(args) => commands::breaker::change(&args, ctx),
        Command::ComposeValidate(args) => commands::compose_validate::run(&args, ctx),
        Command::DetectWorkload(args) => commands::detect_workload::run(&args, ctx),
        Command::Health(args) => commands::health::run(&args, ctx),
        Command::Metrics(args) => commands::metrics::run(&args, ctx),
        Command::Device(args) => commands::device::run(&args, ctx),
        Command::Config(args) => commands::config::run(&args, ctx),
        Command::Completions(args) => commands::completions::run(&args, ctx),
        Command::Man(args) => commands::man::run(&args, ctx),
    }
}

/// Help, version, or what is wrong with the command line.
fn usage(env: &Environment, message: &clap::Error) -> ExitCode {
    let out = Output::new(env, core::output::Color::Auto, core::output::Level::Normal);
    match message.print() {
        Ok(()) => u8::try_from(message.exit_code()).unwrap_or(Exit::Usage.code()).into(),
        Err(e) => {
            report(&out, &Err(anyhow::Error::from(e).context("cannot write the help"))).into()
        }
    }
}

fn report(out: &Output, result: &anyhow::Result<Exit>) -> Exit {
    match result {
        Ok(exit) => *exit,
        Err(error) if is_closed_pipe(error) => Exit::Done,
        Err(error) => {
            out.error(error, hint_of(error));
            exit_of(error)
        }
    }
}
