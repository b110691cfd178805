//! What is counted of a cleanup. Runs that are removed are counted with the journal.

use std::time::Duration;

use super::plan::Made;
use crate::cleanup::apply::{Applied, Left};
use crate::cleanup::reason::GROUPS;
use crate::cleanup::stage::Stage;
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::metrics::catalogue;

/// Does what a stage consists of.
pub(super) fn stage<T>(
    stage: Stage,
    ctx: &Context,
    f: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, Fault> {
    let watch = Stopwatch::start();
    let done = f();
    took(stage, watch.elapsed(), ctx);
    if done.is_err() {
        errors(stage, 1, ctx);
    }
    done
}

pub(super) fn took(stage: Stage, took: Duration, ctx: &Context) {
    ctx.pending.change(|count| {
        count.observe(&catalogue::CLEANUP_DURATION, &[stage.name()], took.as_secs_f64());
    });
}

pub(super) fn errors(stage: Stage, errors: usize, ctx: &Context) {
    ctx.pending.change(|count| {
        count.add(&catalogue::CLEANUP_ERRORS, &[stage.name()], errors as f64);
    });
}

/// What the plan says of each experiment, in place of what the last one said.
pub(super) fn plan(made: &Made, ctx: &Context) {
    let (each, _) = made.totals(None);
    ctx.pending.change(|count| {
        for family in [
            &catalogue::CLEANUP_CHECKPOINTS,
            &catalogue::CLEANUP_RECLAIMABLE,
            &catalogue::CLEANUP_PROTECTED,
        ] {
            count.clear(family, &[]);
        }
        let scopes = made.snapshot.scopes.iter().zip(&each);
        for (scope, totals) in scopes.filter(|(scope, _)| scope.is_selected) {
            let name = &*scope.experiment.name;
            for (verdict, runs) in [
                ("keep", totals.keep),
                ("delete", totals.delete),
                ("refuse", totals.refuse),
                ("ignore", totals.ignore),
            ] {
                count.set(&catalogue::CLEANUP_CHECKPOINTS, &[name, verdict], runs as f64);
            }
            if let Some(bytes) = totals.bytes {
                count.set(&catalogue::CLEANUP_RECLAIMABLE, &[name], bytes as f64);
            }
        }
        for ((.., why), runs) in GROUPS.iter().zip(made.kept()) {
            count.set(&catalogue::CLEANUP_PROTECTED, &[why], runs as f64);
        }
    });
}

/// How long the stages of carrying out took, and what failed in them.
pub(super) fn applied(applied: &Applied, ctx: &Context) {
    for (stage, time) in &applied.took {
        took(*stage, *time, ctx);
    }
    for left in applied.left.values() {
        if let Left::Failed(stage, _) = left {
            errors(*stage, 1, ctx);
        }
    }
}
