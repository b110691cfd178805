//! `ut breaker`: by hand.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::commands::time;
use crate::core::breaker::{Breakers, Command, millis, unknown};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::name::Name;
use crate::core::output::units::long_duration;
use crate::core::state::{self, State as Database};

/// Change circuit breakers by hand
#[derive(Debug, Args)]
pub(crate) struct BreakerArgs {
    #[command(subcommand)]
    command: BreakerCommand,
}

#[derive(Debug, Subcommand)]
enum BreakerCommand {
    /// Close it, and forget its failures
    #[command(after_help = "Example: ut breaker reset mlflow --reason 'the disk was replaced'")]
    Reset(Which),
    /// Let no call through
    #[command(after_help = "Example: ut breaker open db --for 2h --reason 'upgrade to 17'")]
    Open {
        #[command(flatten)]
        which: Which,
        /// After so long, a probe may come [default: until somebody resets it]
        #[arg(long = "for", value_name = "TIME", value_parser = time)]
        for_: Option<Duration>,
    },
    /// Let every call through, and decide nothing
    Disable(Which),
    /// End that
    Enable(Which),
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("breakers").required(true).args(["name", "all"]))]
struct Which {
    /// The breakers
    name: Vec<Name>,
    /// All there are
    #[arg(long)]
    all: bool,
    /// Why; it is kept
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) fn run(args: &BreakerArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let (which, command, done) = match &args.command {
        BreakerCommand::Reset(which) => (which, Command::Reset, "closed".to_owned()),
        BreakerCommand::Open { which, for_: None } => {
            (which, Command::Open { for_: None }, "open until it is reset".to_owned())
        }
        BreakerCommand::Open { which, for_: Some(time) } => (
            which,
            Command::Open { for_: Some(millis(*time)) },
            format!("open for {}", long_duration(time.as_secs_f64())),
        ),
        BreakerCommand::Disable(which) => (which, Command::Disable, "disabled".to_owned()),
        BreakerCommand::Enable(which) => (which, Command::Enable, "enabled".to_owned()),
    };
    let folder = state::folder(&ctx.config, &ctx.env)?;
    let database = Database::open(&folder).map_err(Fault::from)?;
    let breakers = Breakers::of(&database);
    let known: Vec<Name> =
        breakers.all().map_err(Fault::from)?.into_iter().map(|(name, _)| name).collect();
    // What nothing was called under yet may be opened and disabled beforehand.
    let is_mistake =
        |name: &&Name| matches!(command, Command::Reset | Command::Enable) && !known.contains(name);
    if let Some(name) = which.name.iter().find(is_mistake) {
        return Err(unknown(name, known.iter().map(Name::as_str)).into());
    }
    let names = if which.all { known } else { which.name.clone() };
    let by = by(which, ctx);
    for name in &names {
        breakers.command(name, command, &by).map_err(Fault::from)?;
        ctx.out.summary(&format!("{name}: {done}"))?;
    }
    if names.is_empty() {
        ctx.out.summary("there are no breakers")?;
    }
    Ok(Exit::Done)
}

/// `ada: the disk was replaced`
fn by(which: &Which, ctx: &Context) -> String {
    let who = ctx.env.get("SUDO_USER").or_else(|| ctx.env.get("USER"));
    let who = who.unwrap_or_else(|| "somebody".to_owned());
    match &which.reason {
        Some(reason) => format!("{who}: {}", reason.chars().take(200).collect::<String>()),
        None => who,
    }
}
