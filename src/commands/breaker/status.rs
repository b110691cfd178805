//! `ut breaker-status`.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::commands::{ReportFormat, time};
use crate::core::breaker::{State, View, views};
use crate::core::clock;
use crate::core::context::Context;
use crate::core::exit::Exit;
use crate::core::name::Name;
use crate::core::output::units::{long_duration, short_duration};
use crate::core::output::{Align, Table};
use crate::core::time::format_time;

/// Show the circuit breakers of this machine
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut breaker-status
  ut breaker-status mlflow db --format json

Exit codes: 0 all are closed or disabled, 1 one is open or half open. With --nagios: 0 closed, 1 half
open or disabled, 2 open, 3 cannot be told.")]
pub(crate) struct BreakerStatusArgs {
    /// Only these
    name: Vec<Name>,
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
    /// One line and exit codes as Nagios wants them
    #[arg(long, conflicts_with_all = ["format", "watch"])]
    nagios: bool,
    /// Show it again and again
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "2s",
        require_equals = true, value_parser = time)]
    watch: Option<Duration>,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    timestamp: String,
    breakers: Vec<View>,
}

pub(crate) fn run(args: &BreakerStatusArgs, ctx: &Context) -> anyhow::Result<Exit> {
    if args.nagios {
        return nagios(args, ctx);
    }
    loop {
        let views = views(&args.name, ctx)?;
        let exit = exit(&views);
        show(args, views, ctx)?;
        match args.watch {
            Some(pause) => std::thread::sleep(pause.max(Duration::from_millis(100))),
            None => return Ok(exit),
        }
    }
}

fn exit(views: &[View]) -> Exit {
    let is_fine = |view: &View| matches!(view.is, State::Closed | State::Disabled);
    if views.iter().all(is_fine) { Exit::Done } else { Exit::Findings }
}

fn show(args: &BreakerStatusArgs, views: Vec<View>, ctx: &Context) -> anyhow::Result<()> {
    match args.format {
        ReportFormat::Json => {
            let timestamp = format_time(clock::now() / 1000 * 1000);
            let schema = "ut.breaker-status/1";
            ctx.out.json(&Document { schema, timestamp, breakers: views })
        }
        ReportFormat::Table => {
            // On a terminal, from the top of an empty screen.
            let clear = if args.watch.is_some() && ctx.out.width().is_some() {
                "\x1b[H\x1b[2J"
            } else {
                ""
            };
            Ok(ctx.out.result(format!("{clear}{}", table(&views, ctx)).as_bytes())?)
        }
    }
}

fn table(views: &[View], ctx: &Context) -> String {
    if views.is_empty() {
        return "no breakers yet: `ut guard NAME -- COMMAND` makes one\n".to_owned();
    }
    let duration = |seconds: f64| long_duration(seconds.max(0.0));
    let mut table = Table::new();
    let mut column = |head, dispensable, cell: &dyn Fn(&View) -> String| {
        table.column(head, Align::Left, dispensable, views.iter().map(cell));
    };
    column("breaker", 0, &|v| v.name.clone());
    column("state", 0, &|v| v.is.name().replace('_', " "));
    column("failures", 2, &|v| match (v.is, v.window_s) {
        (State::Disabled, _) => "–".to_owned(),
        (_, Some(s)) => {
            format!("{}/{} in {}", v.failures_in_window, v.threshold, short_duration(s))
        }
        (_, None) => format!("{}/{}", v.failures_in_window, v.threshold),
    });
    column("since", 3, &|v| v.since_s.map_or_else(|| "–".to_owned(), duration));
    column("next probe", 1, &|v| match (v.is, v.retry_in_s, &v.probe) {
        (_, _, Some(probe)) => format!("under way (process {})", probe.pid),
        (State::HalfOpen, ..) => "with the next call".to_owned(),
        (State::ForcedOpen, None, _) => "never".to_owned(),
        (_, Some(wait), _) => format!("in {}", duration(wait)),
        _ => String::new(),
    });
    column("last failure", 2, &|v| {
        v.last_failure.as_ref().map(|failure| failure.what.text.clone()).unwrap_or_default()
    });
    if views.iter().any(|v| v.changed_by.is_some()) {
        column("by hand", 4, &|v| v.changed_by.clone().unwrap_or_default());
    }
    let mut text = table.render(&ctx.out);
    let open: Vec<&View> = views.iter().filter(|v| is_open(v.is)).collect();
    if let Some(first) = open.first() {
        let (open, all) = (open.len(), views.len());
        let _ = writeln!(
            text,
            "{open} of {all} open. Reset with `ut breaker reset {} --reason …`",
            first.name
        );
    }
    text
}

fn is_open(state: State) -> bool {
    matches!(state, State::Open | State::ForcedOpen)
}

fn nagios(args: &BreakerStatusArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let (line, code) = match views(&args.name, ctx) {
        Ok(views) => nagios_line(&views),
        Err(fault) => (format!("BREAKERS UNKNOWN - {:#}", anyhow::Error::from(fault)), 3),
    };
    ctx.out.result(format!("{line}\n").as_bytes())?;
    Ok(Exit::Nagios(code))
}

/// `BREAKERS CRITICAL - db open (42s) | db=2;0;1;0;2`
fn nagios_line(views: &[View]) -> (String, u8) {
    let level = |view: &View| match view.is {
        State::Closed => 0,
        State::HalfOpen | State::Disabled => 1,
        State::Open | State::ForcedOpen => 2,
    };
    let worst = views.iter().map(level).max().unwrap_or(0);
    let word = ["OK", "WARNING", "CRITICAL"][usize::from(worst)];
    let told = |view: &&View| level(view) > 0;
    let one = |view: &View| {
        let wait = view.retry_in_s.map(|s| format!(" ({})", short_duration(s.max(0.0))));
        format!("{} {}{}", view.name, view.is.name(), wait.unwrap_or_default())
    };
    let mut text: Vec<String> = views.iter().filter(told).map(one).collect();
    if text.is_empty() {
        text.push(format!("{} closed", views.len()));
    }
    let data: Vec<String> =
        views.iter().map(|view| format!("{}={};0;1;0;2", view.name, level(view))).collect();
    let data = if data.is_empty() { String::new() } else { format!(" | {}", data.join(" ")) };
    (format!("BREAKERS {word} - {}{data}", text.join(", ")), worst)
}
