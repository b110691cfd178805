//! What a command's end says of what it depends on.

use std::time::Duration;

use super::child::Ended;
use crate::core::breaker::{Outcome, What};
use crate::core::output::units::long_duration;

/// Which exit codes mean what.
#[derive(Debug, Clone)]
pub struct Exits {
    pub ok: Vec<i32>,
    /// They say nothing of the dependency.
    pub ignore: Vec<i32>,
    /// They are not tried again.
    pub no_retry: Vec<i32>,
    /// A success that took so long is a failure.
    pub slow_after: Option<Duration>,
}

/// A command's end, judged.
#[derive(Debug)]
pub struct Judged {
    pub outcome: Outcome,
    pub is_retried: bool,
    /// Whether the command did what it should, in time or not.
    pub is_success: bool,
    /// For the caller of `ut guard`: the child's code, or 128 and the signal that ended it, 126, 127; none if it is
    /// ours to say.
    pub code: Option<u8>,
}

impl Exits {
    pub fn judge(&self, ended: &Ended, took: Duration) -> Judged {
        match ended {
            Ended::Exit(code) => self.judge_exit(*code, took),
            Ended::Signal(number) => Judged {
                outcome: Outcome::Failure(what("signal", *number, format!("signal {number}"))),
                is_retried: true,
                is_success: false,
                code: Some(exit_code(128 + number)),
            },
            Ended::TimedOut => {
                let text = format!("timeout after {}", long_duration(took.as_secs_f64()));
                let what = What { kind: "timeout".to_owned(), code: None, text };
                Judged {
                    outcome: Outcome::Timeout(what),
                    is_retried: true,
                    is_success: false,
                    code: None,
                }
            }
            Ended::Interrupted { code, .. } => neutral(*code),
            Ended::NotStarted(error) => match error.kind() {
                std::io::ErrorKind::NotFound => neutral(127),
                _ => neutral(126),
            },
        }
    }

    fn judge_exit(&self, code: i32, took: Duration) -> Judged {
        let is_slow = self.slow_after.is_some_and(|limit| took >= limit);
        let (outcome, is_retried) = if self.ignore.contains(&code) {
            (Outcome::Neutral, false)
        } else if !self.ok.contains(&code) {
            let what = what("exit", code, format!("exit {code}"));
            (Outcome::Failure(what), !self.no_retry.contains(&code))
        } else if is_slow {
            let text = format!("took {}", long_duration(took.as_secs_f64()));
            (Outcome::Failure(What { kind: "slow".to_owned(), code: None, text }), false)
        } else {
            (Outcome::Success, false)
        };
        let is_success = self.ok.contains(&code);
        Judged { outcome, is_retried, is_success, code: Some(exit_code(code)) }
    }
}

fn neutral(code: i32) -> Judged {
    Judged {
        outcome: Outcome::Neutral,
        is_retried: false,
        is_success: false,
        code: Some(exit_code(code)),
    }
}

fn what(kind: &str, code: i32, text: String) -> What {
    What { kind: kind.to_owned(), code: Some(code), text }
}

fn exit_code(code: i32) -> u8 {
    u8::try_from(code).unwrap_or(u8::MAX)
}
