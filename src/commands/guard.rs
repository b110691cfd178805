//! `ut guard`: a command behind a breaker.

mod counted;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::time;
use crate::core::breaker::{Door, Outcome, Rule, Seen, Settings, State, millis};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::files;
use crate::core::name::Name;
use crate::core::output::units::long_duration;
use crate::core::retry::{Jitter, Retry};
use crate::guard::{Asked, Attempt, Ended, Exits, Guarded, Input, guard};

/// Run a command behind a circuit breaker that all processes of this machine share
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut guard mlflow -- curl -fsS http://mlflow:5000/health
  ut guard db --timeout 30s --retries 3 -- pg_dump app
  ut guard feed --fallback 'cp last.json feed.json' -- fetch-feed feed.json

Exit codes: the command's; 128+N if signal N ended it; 124 timeout or deadline; 75 the breaker is
open; 126 and 127 the command cannot be run or found; 2 wrong usage.")]
pub(crate) struct GuardArgs {
    /// The breaker: one name for each thing that can fail
    name: Name,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// Try again so often; only for commands that may be run twice
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,
    /// Wait before the first retry; it doubles with each
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    retry_wait: Duration,
    /// Longest wait before a retry
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    retry_wait_max: Duration,
    /// How waits are varied
    #[arg(long, value_enum, value_name = "HOW", default_value = "up")]
    jitter: Jitter,
    /// End an attempt that takes longer
    #[arg(long, value_name = "TIME", value_parser = time)]
    timeout: Option<Duration>,
    /// End all attempts and waits after so long
    #[arg(long, value_name = "TIME", value_parser = time)]
    deadline: Option<Duration>,
    /// Wait between SIGTERM and SIGKILL
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    kill_after: Duration,
    /// Run this line of shell if the breaker is open or the command fails
    #[arg(long, value_name = "LINE")]
    fallback: Option<OsString>,
    /// Exit codes that are success
    #[arg(long, value_name = "N,…", default_value = "0", value_delimiter = ',')]
    ok_exit: Vec<u8>,
    /// Exit codes that say nothing of the dependency
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    ignore_exit: Vec<u8>,
    /// Exit codes that are not tried again
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    no_retry_exit: Vec<u8>,
    /// End with this code if the breaker is open
    #[arg(long, value_name = "N", default_value_t = 75)]
    open_exit: u8,
    /// End with this code on a timeout
    #[arg(long, value_name = "N", default_value_t = 124)]
    timeout_exit: u8,
    /// What the command reads [default: our input, with retries nothing]
    #[arg(long, value_enum, value_name = "WHAT")]
    stdin: Option<InputKind>,
    /// Write what happened to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    breaker: BreakerArgs,
}

/// Of the breaker; they go before those of ut.toml
#[derive(Debug, Args)]
struct BreakerArgs {
    /// Failures that open it [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    threshold: Option<u32>,
    /// Time in which they must fall [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    window: Option<Duration>,
    /// Count failures in a window, or failures with no success between them [default: count]
    #[arg(long, value_enum, value_name = "RULE")]
    rule: Option<RuleKind>,
    /// Wait before the first probe [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    open_for: Option<Duration>,
    /// A success that takes so long is a failure
    #[arg(long, value_name = "TIME", value_parser = time)]
    slow_after: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RuleKind {
    Count,
    Consecutive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputKind {
    /// Our input
    Inherit,
    /// Nothing
    Null,
    /// Our input, read to its end first, once more for each attempt
    Spool,
}

pub(crate) fn run(args: &GuardArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let chain = chain(&args.name, ctx)?;
    let settings = settings(args, ctx);
    let mut door = Door::open(args.name.clone(), settings, ctx)?;
    let asked = asked(args, chain, ctx)?;
    let guarded = guard(&asked, &mut door, ctx)?;
    counted::count(&args.name, args.retries, &guarded, ctx);
    say(args, &guarded, &door, ctx);
    door.close(ctx);
    let exit = exit(args, &guarded);
    if let Some(path) = &args.report {
        let mut bytes = serde_json::to_vec_pretty(&report(args, &guarded, exit))?;
        bytes.push(b'\n');
        // The command has run: what it ended with matters more.
        if let Err(fault) = files::write(path, &bytes) {
            ctx.out.error(&fault.into(), None);
        }
    }
    Ok(Exit::Code(exit))
}

/// The guards that this one runs in. One of the same name would wait for its own place.
fn chain(name: &Name, ctx: &Context) -> Result<String, Fault> {
    let outer = ctx.env.get("UT_GUARD_CHAIN").unwrap_or_default();
    if outer.split(':').any(|own| own == name.as_str()) {
        let fault = Fault::usage(format!("ut guard {name} runs inside another ut guard {name}"));
        return Err(fault.hint("leave the inner one out, or give it a name of its own"));
    }
    Ok(if outer.is_empty() { name.to_string() } else { format!("{outer}:{name}") })
}

fn settings(args: &GuardArgs, ctx: &Context) -> Settings {
    let own = &args.breaker;
    let longest = args.timeout.into_iter().chain(args.deadline).min();
    let longest = longest.map(|longest| longest.saturating_add(args.kill_after));
    let mut settings = Settings::from_config(&ctx.config.for_breaker(&args.name), longest);
    if let Some(threshold) = own.threshold {
        settings.threshold = threshold as usize;
    }
    if let Some(window) = own.window {
        settings.window = millis(window);
    }
    if let Some(rule) = own.rule {
        settings.rule = match rule {
            RuleKind::Count => Rule::Count,
            RuleKind::Consecutive => Rule::Consecutive,
        };
    }
    if let Some(open_for) = own.open_for {
        settings.open_for = millis(open_for);
        settings.open_max = settings.open_max.max(settings.open_for);
    }
    settings
}

fn asked(args: &GuardArgs, chain: String, ctx: &Context) -> Result<Asked, Fault> {
    let config = ctx.config.for_breaker(&args.name);
    let codes = |codes: &[u8]| codes.iter().map(|code| i32::from(*code)).collect();
    let kind =
        args.stdin.unwrap_or(if args.retries == 0 { InputKind::Inherit } else { InputKind::Null });
    let input = match kind {
        InputKind::Inherit => Input::Inherited,
        InputKind::Null => Input::Nothing,
        InputKind::Spool => Input::spool()
            .map_err(|e| Fault::failed("cannot keep standard input for retries").because(e))?,
    };
    Ok(Asked {
        command: args.command.clone(),
        fallback: args.fallback.clone(),
        exits: Exits {
            ok: codes(&args.ok_exit),
            ignore: codes(&args.ignore_exit),
            no_retry: codes(&args.no_retry_exit),
            slow_after: args.breaker.slow_after.or_else(|| config.duration("breakers.slow-after")),
        },
        retry: Retry {
            retries: args.retries,
            base: args.retry_wait,
            cap: args.retry_wait_max,
            jitter: args.jitter,
            ..Retry::default()
        },
        timeout: args.timeout,
        deadline: args.deadline,
        kill_after: args.kill_after,
        input,
        chain,
    })
}

/// What is not the command's own to say.
fn say(args: &GuardArgs, guarded: &Guarded, door: &Door, ctx: &Context) {
    let name = &args.name;
    if let Some(seen) = &guarded.opened {
        let wait = wait_of(seen);
        ctx.out.warn(format!("{name} is open now{wait}{}", history(seen, door.settings())));
    }
    let fault = match (&guarded.refused, guarded.attempts.last()) {
        (Some((refusal, seen)), _) => {
            let next = match (refusal.state, refusal.retry_in) {
                (State::ForcedOpen, None) => ", by hand".to_owned(),
                (_, None) => String::new(),
                (State::HalfOpen, Some(_)) => ", a probe is under way".to_owned(),
                (_, Some(wait)) => format!(", next probe in {}", seconds(wait)),
            };
            let state = refusal.state.name().replace('_', " ");
            Fault::failed(format!("{name}: {state}{next}{}", history(seen, door.settings())))
        }
        (None, Some(Attempt { ended: Ended::TimedOut, judged, .. })) => {
            let limit = if guarded.ran_out { "deadline" } else { "timeout" };
            let Outcome::Timeout(what) = &judged.outcome else { return };
            Fault::failed(format!("{name}: {limit}: {}", what.text.replace("timeout", "ended")))
        }
        (None, Some(Attempt { ended: Ended::NotStarted(error), .. })) => {
            let program = args.command[0].to_string_lossy();
            Fault::failed(format!("{name}: cannot run {program}: {error}"))
        }
        _ => return,
    };
    ctx.out.error(&fault.into(), None);
}

fn wait_of(seen: &Seen) -> String {
    let wait = seen.record.open_until.map(|until| until.saturating_sub(seen.now));
    wait.map(|wait| format!(", next probe in {}", seconds(wait))).unwrap_or_default()
}

/// ` (5 failures in 31 s; last: exit 1)`
fn history(seen: &Seen, settings: &Settings) -> String {
    let Some(last) = &seen.record.last_failure else { return String::new() };
    let failures = seen.record.fail_at.len();
    let span = match (seen.record.fail_at.front(), settings.rule) {
        (Some(first), Rule::Count) => {
            format!(" in {}", seconds(last.at.saturating_sub(*first).max(0)))
        }
        _ => String::new(),
    };
    let plural = if failures == 1 { "" } else { "s" };
    format!(" ({failures} failure{plural}{span}; last: {})", last.what.text)
}

fn seconds(millis: i64) -> String {
    long_duration((millis as f64 / 1000.0).max(0.0))
}

fn exit(args: &GuardArgs, guarded: &Guarded) -> u8 {
    let of = |ended: &Ended| match ended {
        Ended::Exit(code) | Ended::Interrupted { code, .. } => {
            u8::try_from(*code).unwrap_or(u8::MAX)
        }
        Ended::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        Ended::TimedOut => args.timeout_exit,
        Ended::NotStarted(error) if error.kind() == std::io::ErrorKind::NotFound => 127,
        Ended::NotStarted(_) => 126,
    };
    match (guarded.interrupted, &guarded.fallback, &guarded.refused, guarded.attempts.last()) {
        (Some(signal), ..) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        (None, Some(fallback), ..) => of(fallback),
        (None, None, None, Some(last)) => of(&last.ended),
        // No attempt at all is none without a refusal.
        (None, None, Some(_), _) | (None, None, None, None) => args.open_exit,
    }
}

#[derive(Serialize)]
struct Report<'r> {
    schema: &'static str,
    name: &'r str,
    exit: u8,
    attempts: Vec<ReportedAttempt<'r>>,
    /// The state that let no call through.
    refused: Option<&'static str>,
    retry_in_s: Option<f64>,
    opened: bool,
    deadline_reached: bool,
    fallback: bool,
}

#[derive(Serialize)]
struct ReportedAttempt<'r> {
    outcome: &'static str,
    what: Option<&'r str>,
    code: Option<u8>,
    seconds: f64,
    probe: bool,
}

fn report<'r>(args: &'r GuardArgs, guarded: &'r Guarded, exit: u8) -> Report<'r> {
    let attempt = |attempt: &'r Attempt| {
        let (outcome, what) = match &attempt.judged.outcome {
            Outcome::Success => ("success", None),
            Outcome::Failure(what) => ("failure", Some(what.text.as_str())),
            Outcome::Timeout(what) => ("timeout", Some(what.text.as_str())),
            Outcome::Neutral => ("neutral", None),
        };
        let (code, probe) = (attempt.judged.code, attempt.is_probe);
        ReportedAttempt { outcome, what, code, seconds: attempt.seconds, probe }
    };
    let refusal = guarded.refused.as_ref().map(|(refusal, _)| refusal);
    Report {
        schema: "ut.guard/1",
        name: args.name.as_str(),
        exit,
        attempts: guarded.attempts.iter().map(attempt).collect(),
        refused: refusal.map(|refusal| refusal.state.name()),
        retry_in_s: refusal.and_then(|r| r.retry_in).map(|wait| wait as f64 / 1000.0),
        opened: guarded.opened.is_some(),
        deadline_reached: guarded.ran_out,
        fallback: guarded.fallback.is_some(),
    }
}
