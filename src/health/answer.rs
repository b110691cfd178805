//! The one body: what the command line prints, a report keeps and HTTP answers.

use serde::Serialize;

use super::check::Check;
use super::verdict::{Datum, Status, Verdict};
use crate::core::breaker::{View, views};
use crate::core::clock;
use crate::core::context::Context;
use crate::core::time::format_time;

/// How well everything is.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub schema: &'static str,
    pub status: Status,
    pub timestamp: String,
    pub checks: Vec<Seen>,
    pub circuit_breakers: Vec<View>,
}

/// What was seen of a check.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    pub name: String,
    pub kind: &'static str,
    pub status: Status,
    /// Whether its failure is one of the whole, or a warning.
    pub critical: bool,
    pub output: String,
    pub took_s: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Datum>,
}

impl Seen {
    pub(super) fn new(check: &Check, verdict: Verdict) -> Self {
        let worst = if check.critical { Status::Fail } else { Status::Warn };
        Self {
            name: check.name.to_string(),
            kind: check.kind.name,
            status: verdict.status.min(worst),
            critical: check.critical,
            output: verdict.output,
            took_s: verdict.took.as_secs_f64(),
            data: verdict.data,
        }
    }
}

impl Answer {
    pub(super) fn new(checks: Vec<Seen>, ctx: &Context) -> Self {
        Self {
            schema: "ut.health/1",
            status: checks.iter().map(|seen| seen.status).max().unwrap_or(Status::Pass),
            timestamp: format_time(clock::now() / 1000 * 1000),
            checks,
            // A check says why where they cannot be read.
            circuit_breakers: views(&[], ctx).unwrap_or_default(),
        }
    }

    /// `fail: 1 of 4 checks failed, 1 warns`
    pub fn summary(&self) -> String {
        let all = self.checks.len();
        let count = |status| self.checks.iter().filter(|seen| seen.status == status).count();
        let (failed, warned) = (count(Status::Fail), count(Status::Warn));
        let warns = |n: usize| if n == 1 { "1 warns".to_owned() } else { format!("{n} warn") };
        let checks = if all == 1 { "check" } else { "checks" };
        match (failed, warned) {
            (0, 0) => format!("pass: {all} {checks}"),
            (0, n) => {
                format!("warn: {n} of {all} {checks} {}", if n == 1 { "warns" } else { "warn" })
            }
            (n, 0) => format!("fail: {n} of {all} {checks} failed"),
            (n, m) => format!("fail: {n} of {all} {checks} failed, {}", warns(m)),
        }
    }
}
