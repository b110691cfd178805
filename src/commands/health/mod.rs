//! `ut health`.

mod nagios;
mod show;

use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;

use super::ReportFormat;
use crate::core::context::Context;
use crate::core::error::{Fault, hint_of, nearest};
use crate::core::exit::Exit;
use crate::core::output::Level;
use crate::health::{Answer, Check, Options, Runner, Status, checks, report, serve, webhook};

/// Check whether the platform is well
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut health
  ut health --only disk --disk-error 95 --quiet
  ut health --report
  ut health --nagios
  ut health --serve 9925

Exit codes: 0 all is well or warns, 1 something failed, 2 wrong usage or configuration, 3 the report could not be \
kept or told. With --nagios: 0 pass, 1 warn, 2 fail, 3 cannot be told. With --quiet only what is not well is \
printed.")]
pub(crate) struct HealthArgs {
    /// Only the check of this name, or those of this kind
    #[arg(long, value_name = "NAME|KIND")]
    only: Vec<String>,
    /// Add the answer to the report, and tell the webhook what has changed
    #[arg(long)]
    report: bool,
    /// One line and exit codes as Nagios wants them
    #[arg(long, conflicts_with = "format")]
    nagios: bool,
    /// Per cent of a disk in use from which on it fails
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    disk_error: Option<f64>,
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
    /// Answer /healthz, /livez and /metrics at this address or port, until stopped
    #[arg(long, value_name = "ADDR", value_parser = address,
        conflicts_with_all = ["report", "nagios", "format"])]
    serve: Option<SocketAddr>,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').trim().parse() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("a number from 0 to 100 was expected".to_owned()),
    }
}

/// A port alone is this machine's own.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text).parse::<u16>();
    let own = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let whole = text.replace("localhost", "127.0.0.1").parse();
    own.or(whole).map_err(|_| "a port or ADDRESS:PORT was expected".to_owned())
}

pub(crate) fn run(args: &HealthArgs, ctx: &Context) -> anyhow::Result<Exit> {
    match chosen(args, ctx) {
        Ok(checks) => look(args, checks, ctx),
        Err(fault) if args.nagios => nagios::unknown(fault, ctx),
        Err(fault) => Err(fault.into()),
    }
}

fn look(args: &HealthArgs, checks: Vec<Check>, ctx: &Context) -> anyhow::Result<Exit> {
    let runner = Runner::new(checks, ctx);
    if let Some(address) = args.serve {
        serve::serve(address, runner, ctx)?;
        return Ok(Exit::Done);
    }
    let answer = runner.run();
    if args.nagios {
        ctx.out.result(nagios::line(&answer).as_bytes())?;
    } else {
        match args.format {
            ReportFormat::Json => ctx.out.json(&answer)?,
            ReportFormat::Table => ctx.out.result(show::lines(&answer, ctx).as_bytes())?,
        }
    }
    let is_kept = !args.report || keep(&answer, ctx);
    Ok(match answer.status {
        status if args.nagios => Exit::Nagios(nagios::code(status)),
        Status::Fail => Exit::Findings,
        _ if !is_kept => Exit::Failed,
        _ => Exit::Done,
    })
}

/// The report and the webhook, each whether or not the other works: a full disk is news.
fn keep(answer: &Answer, ctx: &Context) -> bool {
    let append = || report::append(answer, &report::path(ctx)?);
    let tell = || {
        let changes = report::changes(answer, ctx)?;
        if changes.is_empty() {
            return Ok(());
        }
        webhook::tell(answer, &changes, ctx)?;
        report::remember(&changes, ctx)
    };
    let results: [Result<(), Fault>; 2] = [append(), tell()];
    results.into_iter().fold(true, |is_kept, result| match result {
        Ok(()) => is_kept,
        Err(fault) => {
            let error = anyhow::Error::from(fault);
            ctx.out.error(&error, hint_of(&error));
            false
        }
    })
}

fn chosen(args: &HealthArgs, ctx: &Context) -> Result<Vec<Check>, Fault> {
    let mut all = checks(Options { disk_error: args.disk_error }, ctx)?;
    for only in &args.only {
        if !all.iter().any(|check| is(check, only)) {
            let known: Vec<&str> = all.iter().map(|check| check.name.as_str()).collect();
            let fault = Fault::usage(format!("there is no check `{only}`"));
            return Err(match nearest(only, known.iter().copied()) {
                Some(near) => fault.hint(format!("did you mean {near}?")),
                None => fault.hint(format!("there are {}", known.join(", "))),
            });
        }
    }
    all.retain(|check| args.only.is_empty() || args.only.iter().any(|only| is(check, only)));
    Ok(all)
}

fn is(check: &Check, only: &str) -> bool {
    check.name.as_str() == only || check.kind.name == only
}

/// Whether only what is not well is shown.
fn is_quiet(ctx: &Context) -> bool {
    ctx.out.level() == Level::Quiet
}
