//! One module per subcommand: its flags, and what it says. What it does is in its room.

pub(crate) mod breaker;
pub(crate) mod cleanup;
pub(crate) mod completions;
pub(crate) mod compose_validate;
pub(crate) mod config;
pub(crate) mod detect_workload;
pub(crate) mod device;
pub(crate) mod guard;
pub(crate) mod health;
pub(crate) mod infer;
pub(crate) mod man;
pub(crate) mod metrics;
pub(crate) mod record;

use std::time::Duration;

/// How a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    #[default]
    Table,
    Json,
}

/// A length of time that is not nothing.
fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than nothing".to_owned()),
        Ok(time) => Ok(time),
        Err(e) => Err(format!("{e}; a length of time such as 30s or 5min was expected")),
    }
}
