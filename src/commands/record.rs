//! What is counted of every command when it ends.

use std::time::Duration;

use crate::core::clock;
use crate::core::context::Context;
use crate::core::counting::store_pending;
use crate::core::exit::Exit;
use crate::core::metrics::{catalogue, textfile};

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
