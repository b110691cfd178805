//! The contract of exit codes: what a calling script may rely on.

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, nothing found.
    Done,
    /// Something was found: a damaged file, an open breaker.
    Findings,
    /// Wrong usage or configuration.
    Usage,
    /// The work failed: unreadable input, a full disk.
    Failed,
    /// Done in part: something was left out, and said so.
    Partial,
    /// Not now, try again later.
    TryLater,
    /// The code of a command that was run, or one that the caller chose.
    Code(u8),
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::Partial => 4,
            Self::TryLater => 75,
            Self::Code(code) => code,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
