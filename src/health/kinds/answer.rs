//! Waiting for an answer no longer than one may.

use std::io::{self, Read as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Response;

use super::text::plain;
use crate::core::http::reason;
use crate::core::output::units::latency;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Silent {
    Late,
    Why(String),
}

impl Silent {
    /// `timeout after 2 s`, `connection refused`
    pub(super) fn text(&self, timeout: Duration) -> String {
        match self {
            Self::Late => format!("timeout after {}", latency(timeout.as_secs_f64())),
            Self::Why(why) => plain(why),
        }
    }
}

impl From<reqwest::Error> for Silent {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::Late } else { Self::Why(reason(&error)) }
    }
}

impl From<io::Error> for Silent {
    fn from(error: io::Error) -> Self {
        // A socket that waits for a limited time only says that it would block.
        if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) {
            return Self::Late;
        }
        match error.downcast::<reqwest::Error>() {
            Ok(error) => error.into(),
            Err(error) => Self::Why(error.to_string()),
        }
    }
}

/// What `work` comes to within that time. Resolving a name cannot be ended: work that is late goes on by itself, and
/// nobody hears of it.
pub(super) fn within<T: Send + 'static>(
    time: Duration,
    work: impl FnOnce() -> Result<T, Silent> + Send + 'static,
) -> Result<T, Silent> {
    let (tell, told) = mpsc::channel();
    let work = move || drop(tell.send(work()));
    let thread = thread::Builder::new().name("ut-health".to_owned());
    thread.spawn(work).map_err(|error| Silent::Why(error.to_string()))?;
    told.recv_timeout(time).unwrap_or(Err(Silent::Late))
}

/// `answered 503 Service Unavailable`
pub(super) fn answered(status: StatusCode) -> String {
    let name = status.canonical_reason().unwrap_or_default();
    format!("answered {} {name}", status.as_str()).trim_end().to_owned()
}

/// A body, or as much of it.
pub(super) fn beginning(answer: Response, most: usize) -> Result<Vec<u8>, Silent> {
    let mut body = Vec::new();
    answer.take(most as u64).read_to_end(&mut body)?;
    Ok(body)
}
