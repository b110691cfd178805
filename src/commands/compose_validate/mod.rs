//! `ut compose-validate`.

mod concise;
mod counted;
mod explain;
mod full;
mod github;
mod json;
mod judged;
mod mend;
mod policy;
mod report;
mod rules;
mod sarif;
mod stacks;
mod statistics;
mod summary;
mod tally;
mod totals;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::compose::finding::Severity;
use crate::compose::{Policy, Request, Stack};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use mend::MendArgs;
use policy::RuleArgs;
use report::Report;
use totals::HostArgs;

/// Check Docker Compose stacks: every error that Compose would refuse them for, and what makes platforms fall over
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut compose-validate
  ut compose-validate deploy/ --format github
  ut compose-validate -f compose.yaml -f compose.prod.yaml --profile gpu
  ut compose-validate compose.yaml --resolved > resolved.json
  ut compose-validate --explain CV502
  ut compose-validate --set strict --ignore CV605 --statistics
  ut compose-validate --unsafe-fixes --diff
  ut compose-validate --write-override compose.limits.yaml

Exit codes: 0 nothing found, 1 findings at or above --fail-on, 2 wrong usage, 3 a file cannot be read.")]
pub(crate) struct ComposeArgs {
    /// Stacks, each a file of its own or `-`; a folder is searched for them. None: the stack here, or the next upward
    #[arg(value_name = "FILE|DIR", conflicts_with = "file")]
    path: Vec<PathBuf>,
    /// A file of one stack; later ones are laid over earlier ones
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// The project's name
    #[arg(short, long, value_name = "NAME")]
    project_name: Option<String>,
    /// Enable a profile; `*` is all of them
    #[arg(long, value_name = "PROFILE")]
    profile: Vec<String>,
    /// Take variables from this file and not from `.env`
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// The folder that relative paths begin at
    #[arg(long, value_name = "DIR")]
    project_directory: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "full")]
    format: Format,
    /// End with 1 from this severity on
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "warning")]
    fail_on: Severity,
    /// Print the merged model as `docker compose config --format json` does, if there is no error
    #[arg(long)]
    resolved: bool,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    mend: MendArgs,
    #[command(flatten)]
    host: HostArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the lines in question
    Full,
    /// A line each
    Concise,
    Json,
    /// For code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

pub(crate) fn run(args: &ComposeArgs, ctx: &Context) -> anyhow::Result<Exit> {
    if let Some(code) = &args.rules.explain {
        explain::explain(code, ctx)?;
        return Ok(Exit::Done);
    }
    if args.rules.list_rules {
        rules::list(args.format, ctx)?;
        return Ok(Exit::Done);
    }
    let policy = policy::policy(&args.rules, &args.host, ctx)?;
    let requests = stacks::requests(args, ctx)?;
    if args.resolved {
        return resolved(args, &requests, &policy, ctx);
    }
    if args.mend.is_asked() {
        return mend::run(args, &requests, &policy, ctx);
    }
    let mut report = Report::new(args, &policy, ctx);
    for request in &requests {
        report.add(request)?;
    }
    report.finish()?;
    report.tell_unreadable();
    Ok(report.exit())
}

/// Whether the settings below `compose` make sense together.
pub(crate) fn check_settings(ctx: &Context) -> Result<(), Fault> {
    policy::policy(&RuleArgs::default(), &HostArgs::default(), ctx).map(drop)
}

/// The model of one stack. With errors there is none: they are shown.
fn resolved(
    args: &ComposeArgs,
    requests: &[Request],
    policy: &Policy,
    ctx: &Context,
) -> anyhow::Result<Exit> {
    let [request] = requests else {
        let text = format!("--resolved prints one stack, and there are {}", requests.len());
        return Err(Fault::usage(text)
            .hint("name one file, or the files of one stack with -f")
            .into());
    };
    let stack = Stack::read(request).map_err(|e| Fault::failed(e.to_string()))?;
    if !stack.has(Severity::Error) {
        ctx.out.json(&stack.json())?;
        return Ok(Exit::Done);
    }
    let mut report = Report::new(args, policy, ctx);
    report.add(request)?;
    report.finish()?;
    Ok(Exit::Findings)
}
