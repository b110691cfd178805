//! How long an answer took, and from when on that is too long.

use std::time::Duration;

use crate::core::error::Fault;
use crate::core::output::units::latency;
use crate::health::{Asked, Datum, Verdict};

/// From when on an answer is warned of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latency {
    warn: Option<Duration>,
}

impl Latency {
    pub(super) fn read(asked: &Asked<'_>) -> Result<Self, Fault> {
        let warn = asked.duration("warn-after");
        if warn.is_some_and(|warn| warn >= asked.timeout()) {
            let why = "it is not shorter than `timeout`: nothing would be warned of";
            return Err(asked.wrong("warn-after", why));
        }
        Ok(Self { warn })
    }

    /// `took 1.2 s (limit 1 s)`, if that is to be warned of.
    pub(super) fn slow(&self, took: Duration) -> Option<String> {
        let limit = self.warn.filter(|warn| took >= *warn)?;
        let [took, limit] = [took, limit].map(|time| latency(time.as_secs_f64()));
        Some(format!("took {took} (limit {limit})"))
    }

    /// Of something that answered as it should: `URL   18 ms`, or a warning.
    pub(super) fn judge(&self, what: &str, took: Duration) -> Verdict {
        match self.slow(took) {
            Some(slow) => Verdict::warn(format!("{what} {slow}")),
            None => Verdict::pass(format!("{what}   {}", latency(took.as_secs_f64()))),
        }
    }

    /// What was measured, with its limits.
    pub(super) fn datum(&self, took: Duration, timeout: Duration) -> Datum {
        let warn = self.warn.map(|warn| warn.as_secs_f64());
        Datum::new("latency", took.as_secs_f64(), "s").limits(warn, Some(timeout.as_secs_f64()))
    }
}
