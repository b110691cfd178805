//! What is counted of a guarded command besides its attempts, which the breaker's transaction counts.

use crate::core::context::Context;
use crate::core::metrics::catalogue;
use crate::core::name::Name;
use crate::guard::{Ended, Guarded};

pub(super) fn count(name: &Name, retries: u32, guarded: &Guarded, ctx: &Context) {
    let name = name.as_str();
    ctx.pending.change(|count| {
        if let Some(why) = guarded.gave_up(retries) {
            count.add(&catalogue::RETRY_EXHAUSTED, &[name, why.name()], 1.0);
        }
        if let Some(fallback) = &guarded.fallback {
            let result = if matches!(fallback, Ended::Exit(0)) { "success" } else { "failure" };
            count.add(&catalogue::FALLBACK, &[name, result], 1.0);
        }
    });
}
