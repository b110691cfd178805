//! Stores what has no transaction of its own to be counted in.

use std::time::Duration;

use super::context::Context;
use super::metrics::{Changes, catalogue};
use super::state::{self, State, StateError};

/// What is counted does not wait long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Stores what is counted so far, or keeps it for the next time: that this fails is nobody's failure.
pub fn store_pending(ctx: &Context) {
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
