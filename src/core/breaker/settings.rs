//! How a breaker decides.

use std::time::Duration;

use super::Millis;
use crate::core::config::Config;

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
    /// How breakers decide. A probe holds its place as long as a call may take.
    pub fn from_config(config: &Config, longest_call: Option<Duration>) -> Self {
        let default = Self::default();
        let time = |name| config.duration(name).map(millis);
        let open_for = time("breakers.open-for").unwrap_or(default.open_for);
        let lease = longest_call.map(|longest| millis(longest).saturating_add(5_000));
        Self {
            rule: match config.text("breakers.rule") {
                Some("consecutive") => Rule::Consecutive,
                _ => Rule::Count,
            },
            threshold: config.count("breakers.threshold").unwrap_or(default.threshold),
            window: time("breakers.window").unwrap_or(default.window),
            open_for,
            open_multiplier: config
                .number("breakers.open-multiplier")
                .unwrap_or(default.open_multiplier),
            open_max: time("breakers.open-max").unwrap_or(default.open_max).max(open_for),
            open_jitter: config.number("breakers.open-jitter").unwrap_or(default.open_jitter),
            probes: config.count("breakers.probes").unwrap_or(default.probes),
            successes_to_close: config
                .count("breakers.successes-to-close")
                .and_then(|n| n.try_into().ok())
                .unwrap_or(default.successes_to_close),
            probe_lease: time("breakers.probe-lease").or(lease).unwrap_or(default.probe_lease),
        }
    }

    /// How long it stays open after so many failed probes. `chance` is drawn from [0, 1).
    pub(super) fn wait(&self, failed_probes: u32, chance: f64) -> Millis {
        let grown = self.open_multiplier.powi(failed_probes.min(1000).cast_signed());
        let wait = (self.open_for as f64 * grown).min(self.open_max as f64);
        // Casts of what is too large saturate.
        (wait * (1.0 + chance * self.open_jitter)) as Millis
    }
}

/// What is too long is the longest there is.
pub fn millis(time: Duration) -> Millis {
    Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX)
}
