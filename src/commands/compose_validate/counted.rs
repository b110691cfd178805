//! What is counted of stacks that are checked.

use std::time::Duration;

use super::judged::Judged;
use super::tally::Tally;
use crate::core::context::Context;
use crate::core::metrics::catalogue;

pub(super) fn stack(stack: &Judged, took: Duration, ctx: &Context) {
    let result = if stack.findings.is_empty() { "clean" } else { "findings" };
    ctx.pending.change(|count| {
        count.add(&catalogue::COMPOSE_FILES, &[result], 1.0);
        count.observe(&catalogue::COMPOSE_DURATION, &[], took.as_secs_f64());
    });
}

pub(super) fn unreadable(ctx: &Context) {
    ctx.pending.change(|count| count.add(&catalogue::COMPOSE_FILES, &["error"], 1.0));
}

/// What all stacks of this check come to, in place of what those of the last one did.
pub(super) fn check(tally: &Tally, ctx: &Context) {
    let totals = tally.stacks.iter().filter_map(|stack| stack.totals.first());
    let (services, with) = totals.fold((0, 0), |(services, with), total| {
        (services + total.services, with + total.services_with_limits)
    });
    ctx.pending.change(|count| {
        count.clear(&catalogue::COMPOSE_FINDINGS, &[]);
        for ((rule, severity), findings) in &tally.found {
            let labels = [*rule, &severity.to_string()];
            count.set(&catalogue::COMPOSE_FINDINGS, &labels, *findings as f64);
        }
        for (limits, services) in [("with", with), ("without", services - with)] {
            count.set(&catalogue::COMPOSE_SERVICES, &[limits], services as f64);
        }
    });
}
