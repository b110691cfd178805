//! `ut compose-validate`.

mod concise;
mod full;
mod github;
mod json;
mod judged;
mod sarif;
mod stacks;
mod summary;
mod totals;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::compose::finding::Severity;
use crate::compose::{Request, Stack};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use judged::Judged;
use totals::HostArgs;

/// Check Docker Compose stacks as Compose reads them, and report every error in its place
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ut compose-validate
  ut compose-validate deploy/ --format github
  ut compose-validate -f compose.yaml -f compose.prod.yaml --profile gpu
  ut compose-validate compose.yaml --resolved > resolved.json

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
    let requests = stacks::requests(args, ctx)?;
    if args.resolved {
        return resolved(args, &requests, ctx);
    }
    let (mut stacks, mut unreadable) = (Vec::new(), Vec::new());
    for request in &requests {
        match Stack::read(request) {
            Ok(stack) => stacks.push(Judged::new(stack, request)),
            Err(error) => unreadable.push(error),
        }
    }
    show(args, &stacks, &unreadable, ctx)?;
    for error in &unreadable {
        ctx.out.error(&anyhow::anyhow!(error.to_string()), None);
    }
    Ok(exit(args, &stacks, !unreadable.is_empty()))
}

fn exit(args: &ComposeArgs, stacks: &[Judged], is_unreadable: bool) -> Exit {
    let is_found = stacks
        .iter()
        .flat_map(|stack| &stack.findings)
        .any(|finding| finding.severity() >= args.fail_on);
    match (is_unreadable, is_found) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Done,
    }
}

fn show(
    args: &ComposeArgs,
    stacks: &[Judged],
    unreadable: &[crate::compose::Unreadable],
    ctx: &Context,
) -> anyhow::Result<()> {
    let text: String = match args.format {
        Format::Full => summary::full(args, stacks, ctx),
        Format::Concise => stacks.iter().map(concise::render).collect(),
        Format::Github => stacks.iter().map(github::render).collect(),
        Format::Json => {
            let document = summary::document(args, stacks, unreadable);
            return ctx.out.json(&document);
        }
        Format::Sarif => return ctx.out.json(&sarif::log(stacks)),
    };
    Ok(ctx.out.result(text.as_bytes())?)
}

/// The model of one stack. With errors there is none: they are shown.
fn resolved(args: &ComposeArgs, requests: &[Request], ctx: &Context) -> anyhow::Result<Exit> {
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
    let stacks = [Judged::new(stack, request)];
    show(args, &stacks, &[], ctx)?;
    Ok(Exit::Findings)
}
