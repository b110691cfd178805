//! What is counted of projects that are looked at.

use std::time::Duration;

use super::document::type_name;
use crate::core::context::Context;
use crate::core::metrics::catalogue;
use crate::workload::text::Need;

pub(super) fn project(need: Need, took: Duration, ctx: &Context) {
    ctx.pending.change(|count| {
        count.add(&catalogue::DETECT_SCANS, &[type_name(need)], 1.0);
        count.observe(&catalogue::DETECT_DURATION, &[], took.as_secs_f64());
    });
}

/// Files, or texts, by where they are from.
pub(super) fn files(kind: &str, files: u64, ctx: &Context) {
    ctx.pending.change(|count| count.add(&catalogue::DETECT_FILES, &[kind], files as f64));
}
