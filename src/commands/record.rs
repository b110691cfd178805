//! What is counted of every command when it ends.

use std::time::Duration;

use crate::core::clock;
use crate::core::context::Context;
use crate::core::exit::Exit;
use crate::core::metrics::{Changes, catalogue, textfile};
use crate::core::state::{self, State, StateError};

/// A command that is done does not wait long to be counted.
const PATIENCE: Duration = Duration::from_secs(1);

/// Stores how `command` ended, and what it counted on its way, and renews the text file of all counts. That this fails
/// is no failure of the command's.
pub(crate) fn record(command: &str, exit: Exit, took: Duration, ctx: &Context) {
    let result = exit.result();
    ctx.pending.change(|count| {
        count.add(&catalogue::COMMANDS, &[command, result], 1.0);
        count.observe(&catalogue::COMMAND_DURATION, &[command], took.as_secs_f64());
        if matches!(result, "ok" | "findings") {
            let now = clock::now() as f64 / 1e6;
            count.set(&catalogue::COMMAND_LAST_SUCCESS, &[command], now);
        }
    });
    store_pending(ctx);
    if let Some(folder) = ctx.config.path("textfile.dir")
        && let Err(fault) = textfile::renew(&folder, &ctx.config, &ctx.env)
    {
        ctx.out.warn(format!("{:#}", anyhow::Error::from(fault)));
    }
}

/// Stores what is counted so far, or keeps it for the next time.
pub(crate) fn store_pending(ctx: &Context) {
    // Nowhere to store is as good as nothing to count.
    let Ok(folder) = state::folder(&ctx.config, &ctx.env) else { return };
    let changes = ctx.pending.take();
    let opened = ctx.take_opened().map_or_else(|| State::open(&folder), Ok);
    let stored = opened.and_then(|state| {
        if let Some(aside) = &state.set_aside {
            let (path, aside) = (state.path().display(), aside.display());
            ctx.out.warn(format!("{path} was damaged and is now {aside}: all counts begin anew"));
        }
        store(&state, &changes)
    });
    if let Err(error) = stored {
        ctx.pending.put(changes);
        ctx.pending.change(|count| count.add(&catalogue::STATE_ERRORS, &[error.kind()], 1.0));
        ctx.out.note(format!("nothing is counted: {error}"));
    }
}

fn store(state: &State, changes: &Changes) -> Result<(), StateError> {
    state.wait_at_most(PATIENCE)?;
    state.write(|transaction| changes.store(transaction).map_err(|e| state.error(e)))
}
