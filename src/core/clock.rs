//! The only place that asks for the time.

use std::time::{Duration, Instant, SystemTime};

/// Microseconds since 1970, UTC.
pub fn now() -> i64 {
    micros(SystemTime::now())
}

/// The same of a time that the system tells.
pub fn micros(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
    }
}

/// Milliseconds since the machine's start, sleep included; none where the system does not tell.
#[cfg(target_os = "linux")]
pub fn uptime() -> Option<i64> {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).ok()?;
    Some(time.tv_sec() * 1000 + time.tv_nsec() / 1_000_000)
}

/// Milliseconds since the machine's start, sleep included; none where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn uptime() -> Option<i64> {
    None
}

/// Measures how long something took.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
