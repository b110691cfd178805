//! What an answer, or none, says of the server.

use reqwest::blocking::Response;
use reqwest::header::{DATE, HeaderName, RETRY_AFTER};
use reqwest::{Error, StatusCode};

use std::time::Duration;

use super::retry_after::asked_wait;
use crate::core::breaker::{Outcome, What};

/// An attempt, judged.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    /// Whether another attempt may succeed.
    pub(super) is_passing: bool,
    /// Whether the server cannot have seen the request.
    pub(super) is_unseen: bool,
    pub(super) asked_wait: Option<Duration>,
}

/// 408, 429 and 5xx speak of the server, other 4xx of what it was asked; 501 and 505 will not change.
pub(super) fn of_answer(response: &Response) -> Verdict {
    let status = response.status();
    let is_ill = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status)
        || status.is_server_error()
            && ![StatusCode::NOT_IMPLEMENTED, StatusCode::HTTP_VERSION_NOT_SUPPORTED]
                .contains(&status);
    let outcome = if is_ill {
        let text = status.to_string();
        Outcome::Failure(What { kind: "http".to_owned(), code: Some(status.as_u16().into()), text })
    } else if status.is_client_error() || status.is_server_error() {
        Outcome::Neutral
    } else {
        Outcome::Success
    };
    let header = |name: HeaderName| response.headers().get(name)?.to_str().ok();
    let asked = header(RETRY_AFTER).filter(|_| is_ill);
    Verdict {
        outcome,
        is_passing: is_ill,
        is_unseen: false,
        asked_wait: asked.and_then(|text| asked_wait(text, header(DATE))),
    }
}

/// Connection, TLS, reset and timeout speak of the server; a request that cannot be made, of ourselves.
pub(super) fn of_error(error: &Error) -> Verdict {
    let text = || super::reason(error);
    let what = |kind: &str| What { kind: kind.to_owned(), code: None, text: text() };
    let outcome = if error.is_timeout() {
        Outcome::Timeout(what("timeout"))
    } else if error.is_builder() || error.is_redirect() || error.is_decode() {
        Outcome::Neutral
    } else {
        Outcome::Failure(what(if error.is_connect() { "connect" } else { "http" }))
    };
    Verdict {
        is_passing: outcome != Outcome::Neutral,
        is_unseen: error.is_connect(),
        asked_wait: None,
        outcome,
    }
}
