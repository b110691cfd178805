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
    /// As plugins of Nagios end: 0 fine, 1 warning, 2 critical, 3 cannot be told.
    Nagios(u8),
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
            Self::Code(code) | Self::Nagios(code) => code,
        }
    }

    /// The same in a word, for counting.
    pub fn result(self) -> &'static str {
        match self {
            Self::Done | Self::Code(0) | Self::Nagios(0) => "ok",
            Self::Findings | Self::Nagios(1 | 2) => "findings",
            Self::Usage => "usage",
            Self::Partial => "partial",
            Self::TryLater | Self::Code(75) => "later",
            Self::Failed | Self::Code(_) | Self::Nagios(_) => "error",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
