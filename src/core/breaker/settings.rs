//! How a breaker decides.

use super::Millis;

/// What opens a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// So many failures inside a window.
    Count,
    /// So many failures with no success between them.
    Consecutive,
}

/// They come from flags and files at each call, and are not part of the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub rule: Rule,
    /// Failures that open it.
    pub threshold: usize,
    /// In which they must fall, for [`Rule::Count`].
    pub window: Millis,
    /// The wait before the first probe.
    pub open_for: Millis,
    /// By which the wait grows after each failed probe, up to `open_max`.
    pub open_multiplier: f64,
    pub open_max: Millis,
    /// Share by which the wait is stretched at most; it is never shortened.
    pub open_jitter: f64,
    /// Probes that may be under way at once.
    pub probes: usize,
    /// Successful probes that close it.
    pub successes_to_close: u32,
    /// How long a probe may hold its place.
    pub probe_lease: Millis,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rule: Rule::Count,
            threshold: 5,
            window: 60_000,
            open_for: 60_000,
            open_multiplier: 1.0,
            open_max: 15 * 60_000,
            open_jitter: 0.1,
            probes: 1,
            successes_to_close: 1,
            probe_lease: 10 * 60_000,
        }
    }
}

impl Settings {
    /// How long it stays open after so many failed probes. `chance` is drawn from [0, 1).
    pub(super) fn wait(&self, failed_probes: u32, chance: f64) -> Millis {
        let grown = self.open_multiplier.powi(failed_probes.min(1000).cast_signed());
        let wait = (self.open_for as f64 * grown).min(self.open_max as f64);
        // Casts of what is too large saturate.
        (wait * (1.0 + chance * self.open_jitter)) as Millis
    }
}
