//! One module per subcommand: its flags, and what it says. What it does is in its room.

pub(crate) mod breaker;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod device;
pub(crate) mod guard;
pub(crate) mod infer;
pub(crate) mod man;

/// How a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    #[default]
    Table,
    Json,
}
