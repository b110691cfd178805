//! `ut man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use crate::cli::Cli;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;

/// Print the manual page, or write all of them to a folder
#[derive(Debug, Args)]
#[command(after_help = "Example: ut man | man -l -")]
pub(crate) struct ManArgs {
    /// Write a page per subcommand into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &ManArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let command = Cli::command().disable_help_subcommand(true);
    if let Some(dir) = &args.dir {
        std::fs::create_dir_all(dir)
            .and_then(|()| clap_mangen::generate_to(command, dir))
            .map_err(|e| Fault::failed(format!("cannot write to {}", dir.display())).because(e))?;
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        ctx.out.result(&page)?;
    }
    Ok(Exit::Done)
}
