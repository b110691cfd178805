//! What is kept of a breaker between processes.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use crate::core::process::Process;

/// Milliseconds: a length of time, or a moment of the breaker's own time (see [`Clock`]).
pub type Millis = i64;

/// Version of the record; a newer one is not touched.
pub const SCHEMA: u32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Calls pass.
    #[default]
    Closed,
    /// Calls are rejected until the wait is over.
    Open,
    /// Some calls pass, to probe.
    HalfOpen,
    /// Open by hand.
    ForcedOpen,
    /// Calls pass and decide nothing.
    Disabled,
}

impl State {
    pub const ALL: [Self; 5] =
        [Self::Closed, Self::Open, Self::HalfOpen, Self::ForcedOpen, Self::Disabled];
    /// Those that a breaker makes by itself, and how people begin and end theirs.
    pub const USUAL_CHANGES: [(Self, Self); 10] = [
        (Self::Closed, Self::Open),
        (Self::Open, Self::HalfOpen),
        (Self::HalfOpen, Self::Open),
        (Self::HalfOpen, Self::Closed),
        (Self::ForcedOpen, Self::HalfOpen),
        (Self::Open, Self::Closed),
        (Self::Closed, Self::ForcedOpen),
        (Self::ForcedOpen, Self::Closed),
        (Self::Closed, Self::Disabled),
        (Self::Disabled, Self::Closed),
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }
}

/// Everything that is known of one dependency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub schema: u32,
    pub state: State,
    /// One more at every change of state.
    pub generation: u64,
    /// The newest failures, oldest first: at most as many as open the breaker.
    pub fail_at: VecDeque<Millis>,
    pub opened_at: Option<Millis>,
    /// When the first probe may come; none if only a person ends it.
    pub open_until: Option<Millis>,
    /// Failed probes since it opened.
    pub reopen_count: u32,
    /// Successful probes since it is half open.
    pub half_successes: u32,
    /// Probes ever, the next one's token.
    pub probes: u64,
    pub leases: Vec<Lease>,
    pub last_failure: Option<Failure>,
    pub totals: Totals,
    pub clock: Clock,
    pub changed_at: Option<Millis>,
    /// Who changed the state by hand last, and why.
    pub changed_by: Option<String>,
}

/// A probe's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub token: u64,
    pub holder: Process,
    pub granted_at: Millis,
    pub until: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub at: Millis,
    #[serde(flatten)]
    pub what: What,
}

/// What a failure was, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct What {
    /// `exit`, `signal`, `timeout`, `slow`, `http`, …
    pub kind: String,
    /// The exit code, the signal's number or the HTTP status.
    pub code: Option<i32>,
    pub text: String,
}

/// They never shrink.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    pub success: u64,
    pub failure: u64,
    pub timeout: u64,
    /// Calls that say nothing of the dependency.
    pub neutral: u64,
    pub rejected: u64,
    /// Probes whose holder died.
    pub lost_died: u64,
    /// Probes that held their place too long.
    pub lost_overran: u64,
    /// Changes of state: `closed-open`, …
    pub transitions: BTreeMap<String, u64>,
}

impl Record {
    pub fn new(clock: Clock) -> Self {
        Self {
            schema: SCHEMA,
            state: State::Closed,
            generation: 0,
            fail_at: VecDeque::new(),
            opened_at: None,
            open_until: None,
            reopen_count: 0,
            half_successes: 0,
            probes: 0,
            leases: Vec::new(),
            last_failure: None,
            totals: Totals::default(),
            clock,
            changed_at: None,
            changed_by: None,
        }
    }
}
