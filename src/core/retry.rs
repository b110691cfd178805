//! How long to wait before a call is tried again.

use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Jitter {
    /// Up to a quarter longer
    #[default]
    Up,
    /// Anything between nothing and the whole wait: many machines against one service
    Full,
    /// None
    None,
}

/// The schedule: `base`, `base · factor`, …, no longer than `cap`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Tries after the first.
    pub retries: u32,
    pub base: Duration,
    pub factor: f64,
    pub cap: Duration,
    pub jitter: Jitter,
}

/// Why a call that failed is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaveUp {
    /// All tries were made.
    Attempts,
    /// There is no time for another.
    Deadline,
    /// The breaker lets none through.
    BreakerOpen,
    /// Another would end alike, or do harm.
    NotRetryable,
}

impl GaveUp {
    /// The same in a word, for counting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Deadline => "deadline",
            Self::BreakerOpen => "breaker_open",
            Self::NotRetryable => "not_retryable",
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            retries: 3,
            base: Duration::from_secs(1),
            factor: 2.0,
            cap: Duration::from_secs(30),
            jitter: Jitter::Up,
        }
    }
}

impl Retry {
    /// The wait before retry `number`, from 1; none if there is no such retry. `chance` is drawn from [0, 1).
    pub fn wait(&self, number: u32, chance: f64) -> Option<Duration> {
        if !(1..=self.retries).contains(&number) {
            return None;
        }
        let cap = self.cap.as_secs_f64();
        let exponent = (number - 1).min(1000).cast_signed();
        let wait = (self.base.as_secs_f64() * self.factor.powi(exponent)).min(cap);
        let wait = match self.jitter {
            Jitter::Up => wait * (1.0 + 0.25 * chance),
            Jitter::Full => wait * chance,
            Jitter::None => wait,
        };
        // After the jitter, or it would go beyond.
        Some(Duration::try_from_secs_f64(wait.min(cap)).unwrap_or(self.cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_waits_one_two_and_four_seconds_at_least() {
        let retry = Retry::default();
        let waits = (0..=4).map(|number| retry.wait(number, 0.0).map(|wait| wait.as_secs()));
        assert_eq!(waits.collect::<Vec<_>>(), [None, Some(1), Some(2), Some(4), None]);
    }

    #[test]
    fn jitter_stays_in_its_bounds_and_has_its_mean() {
        for (jitter, least, most) in
            [(Jitter::Up, 1.0, 1.25), (Jitter::Full, 0.0, 1.0), (Jitter::None, 1.0, 1.0)]
        {
            let retry = Retry { jitter, ..Retry::default() };
            let mut draws = fastrand::Rng::with_seed(1);
            let mut wait = || retry.wait(1, draws.f64()).unwrap().as_secs_f64();
            let waits: Vec<f64> = (0..100_000).map(|_| wait()).collect();
            assert!(waits.iter().all(|wait| (least..=most).contains(wait)), "{jitter:?}");
            let mean = waits.iter().sum::<f64>() / 1e5;
            let expected = f64::midpoint(least, most);
            assert!((mean / expected - 1.0).abs() < 0.01, "{jitter:?}: {mean}");
        }
    }

    #[test]
    fn nothing_goes_beyond_the_cap() {
        let retry = Retry { retries: u32::MAX, factor: 1e9, ..Retry::default() };
        for number in [6, 60, u32::MAX] {
            assert_eq!(retry.wait(number, 0.999), Some(retry.cap));
        }
        let endless = Retry { base: Duration::MAX, cap: Duration::MAX, ..retry };
        assert_eq!(endless.wait(3, 0.5), Some(Duration::MAX));
    }
}
