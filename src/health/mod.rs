//! Whether the platform is well: checks, each with its own timeout and breaker, one answer for people, scripts,
//! load balancers and Nagios.

mod answer;
mod check;
mod history;
mod kinds;
pub mod report;
mod run;
pub mod serve;
mod verdict;
pub mod webhook;

pub use answer::{Answer, Seen};
pub use check::{Asked, Check, Options, checks};
pub use kinds::{KINDS, Kind, Shared};
pub use run::Runner;
pub use verdict::{Datum, Probe, Status, Verdict};

/// What the names of the checks' own breakers begin with.
pub const BREAKERS: &str = "health.";
