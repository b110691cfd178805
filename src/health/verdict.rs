//! What a look at something says.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::core::context::Context;

/// How well something is; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pass,
    Warn,
    Fail,
}

impl Status {
    pub const ALL: [Self; 3] = [Self::Pass, Self::Warn, Self::Fail];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub status: Status,
    /// In one line: what was looked at, and what is wrong with it.
    pub output: String,
    /// The numbers behind it.
    pub data: Vec<Datum>,
    /// How long the look took.
    pub took: Duration,
}

/// A number that was measured, and its limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Datum {
    /// `used`, `latency`; with what it is of, where there are several: `/ used`.
    pub name: String,
    pub value: f64,
    /// `s`, `B`, `%` or nothing, as plugins of Nagios write it.
    pub unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail: Option<f64>,
}

impl Datum {
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, warn: None, fail: None }
    }

    #[must_use]
    pub fn limits(mut self, warn: Option<f64>, fail: Option<f64>) -> Self {
        (self.warn, self.fail) = (warn, fail);
        self
    }
}

impl Verdict {
    pub fn new(status: Status, output: impl Into<String>) -> Self {
        Self { status, output: output.into(), data: Vec::new(), took: Duration::ZERO }
    }

    pub fn pass(output: impl Into<String>) -> Self {
        Self::new(Status::Pass, output)
    }

    pub fn warn(output: impl Into<String>) -> Self {
        Self::new(Status::Warn, output)
    }

    pub fn fail(output: impl Into<String>) -> Self {
        Self::new(Status::Fail, output)
    }

    #[must_use]
    pub fn with(mut self, datum: Datum) -> Self {
        self.data.push(datum);
        self
    }
}

/// Looks at one thing. It must end by itself once `timeout` is over: whoever waits for it stops then.
pub trait Probe: fmt::Debug + Send + Sync {
    fn look(&self, timeout: Duration, ctx: &Context) -> Verdict;
}
