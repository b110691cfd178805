//! The contract of exit codes: what a calling script may rely on.

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, nothing found.
    Done = 0,
    /// Something was found: a damaged file.
    Findings = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The work failed: unreadable input, a full disk.
    Failed = 3,
    /// Done in part: something was left out, and said so.
    Partial = 4,
    /// Not now, try again later.
    TryLater = 75,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
