//! `ut completions`: what a shell needs to complete `ut`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::core::context::Context;
use crate::core::exit::Exit;

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example: ut completions bash > ~/.local/share/bash-completion/completions/ut"
)]
pub(crate) struct CompletionsArgs {
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, ctx: &Context) -> anyhow::Result<Exit> {
    // Straight to standard output it would panic on a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ut", &mut script);
    ctx.out.result(&script)?;
    Ok(Exit::Done)
}
