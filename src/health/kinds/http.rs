//! A web address: what it answers, in which time, and whether that says the right thing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::ClientBuilder;
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};

use super::answer::{Silent, answered, beginning, within};
use super::latency::Latency;
use super::text::has;
use super::{Kind, Shared, nothing};
use crate::core::clock::Stopwatch;
use crate::core::config::Value;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::http::{Setup, client, shown};
use crate::health::{Asked, Probe, Verdict};

pub(super) const KIND: Kind = Kind {
    name: "http",
    fields: &["url", "status", "contains", "warn-after"],
    is_critical: true,
    is_guarded: true,
    read,
    found: nothing,
};

/// How much of a body is read.
const BODY: usize = 64 << 10;

struct Http {
    /// May hold a password.
    url: Url,
    statuses: Vec<Pattern>,
    contains: Option<String>,
    latency: Latency,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("url", &shown(&self.url)).finish_non_exhaustive()
    }
}

fn read(asked: &Asked<'_>, ctx: &Context) -> Result<Shared, Fault> {
    let url: Url = asked.needs("url")?.parse().map_err(|e| {
        asked.wrong("url", &format!("{e}; an address such as http://host:80/health was expected"))
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(asked.wrong("url", "an address with http:// or https:// was expected"));
    }
    let statuses = asked.get("status").and_then(Value::texts).unwrap_or(vec!["2xx".to_owned()]);
    if statuses.is_empty() {
        return Err(asked.wrong("status", "no answer would do"));
    }
    let pattern = |text: &String| {
        let wrong = || asked.wrong("status", &format!("\"{text}\" is neither a status nor as 2xx"));
        Pattern::read(text).ok_or_else(wrong)
    };
    let statuses = statuses.iter().map(pattern).collect::<Result<_, _>>()?;
    // Certificates that cannot be used are said now.
    let _ = client(&Setup::default(), ctx)?;
    let contains = asked.text("contains").map(str::to_owned);
    Ok(Arc::new(Http { url, statuses, contains, latency: Latency::read(asked)? }))
}

/// `404`, or `2xx` for all from 200 to 299.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    One(u16),
    Hundred(u16),
}

impl Pattern {
    fn read(text: &str) -> Option<Self> {
        let hundred = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"));
        let pattern = match hundred {
            Some(digit) => Self::Hundred(digit.parse().ok()?),
            None => Self::One(text.parse().ok()?),
        };
        let is_status = match pattern {
            Self::Hundred(hundred) => (1..=5).contains(&hundred),
            Self::One(status) => (100..=599).contains(&status),
        };
        is_status.then_some(pattern)
    }

    fn fits(self, status: u16) -> bool {
        match self {
            Self::One(one) => status == one,
            Self::Hundred(hundred) => status / 100 == hundred,
        }
    }

    fn is_redirection(self) -> bool {
        matches!(self, Self::One(300..=399) | Self::Hundred(3))
    }
}

/// What came in time.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    took: Duration,
}

impl Probe for Http {
    fn look(&self, timeout: Duration, ctx: &Context) -> Verdict {
        let url = shown(&self.url);
        let (asked, own) = (self.url.clone(), ctx.clone());
        let follows = !self.statuses.iter().any(|pattern| pattern.is_redirection());
        match within(timeout, move || ask(asked, follows, timeout, &own)) {
            Ok(answer) => self.judge(&url, &answer, timeout),
            Err(silent) => Verdict::fail(format!("{url}: {}", silent.text(timeout))),
        }
    }
}

impl Http {
    fn judge(&self, url: &str, answer: &Answer, timeout: Duration) -> Verdict {
        let Answer { status, ref body, took } = *answer;
        let lacks = |text: &&String| !has(body, text);
        let verdict = if !self.statuses.iter().any(|pattern| pattern.fits(status.as_u16())) {
            Verdict::fail(format!("{url} {}", answered(status)))
        } else if let Some(text) = self.contains.as_ref().filter(lacks) {
            Verdict::fail(format!("{url} lacks {text:?}"))
        } else {
            self.latency.judge(url, took)
        };
        verdict.with(self.latency.datum(took, timeout))
    }
}

/// Asks once, on a connection of its own.
fn ask(url: Url, follows: bool, timeout: Duration, ctx: &Context) -> Result<Answer, Silent> {
    let make = || make(follows, timeout, ctx);
    let client = match make()?.build() {
        // A small machine may have no certificates, and need none.
        Err(_) if url.scheme() == "http" => make()?.tls_certs_only([]).build()?,
        built => built?,
    };
    let watch = Stopwatch::start();
    // Of a request, unlike of a client, it is the time for all of the body as well.
    let answer = client.get(url).timeout(timeout).send()?;
    let status = answer.status();
    let body = beginning(answer, BODY)?;
    Ok(Answer { status, body, took: watch.elapsed() })
}

fn make(follows: bool, timeout: Duration, ctx: &Context) -> Result<ClientBuilder, Silent> {
    let client = client(&Setup::default(), ctx).map_err(|e| Silent::Why(e.to_string()))?;
    let client = client.connect_timeout(timeout);
    Ok(if follows { client } else { client.redirect(Policy::none()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_single_or_hundreds() {
        for (text, fits, not) in [("2xx", 204, 300), ("4XX", 499, 500), ("404", 404, 403)] {
            let pattern = Pattern::read(text).unwrap();
            assert!(pattern.fits(fits) && !pattern.fits(not), "{text}");
        }
        for text in ["", "xx", "0xx", "6xx", "2x", "22xx", "99", "600", "20O", "-200", " 200"] {
            assert_eq!(Pattern::read(text), None, "{text}");
        }
    }
}
