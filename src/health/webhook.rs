//! Tells others what has changed.

use std::time::Duration;

use reqwest::{Method, Url};
use serde::Serialize;

use super::answer::Answer;
use super::report::Change;
use super::verdict::Status;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::http::{Http, Repeat, Setup};

const TIMEOUT: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(20);

/// What is sent; chats show `text`.
#[derive(Debug, Serialize)]
struct Message<'a> {
    schema: &'static str,
    text: String,
    host: &'a str,
    status: Status,
    timestamp: &'a str,
    changes: &'a [Change],
}

/// Sends the changes to `health.webhook`, if there is one.
pub fn tell(answer: &Answer, changes: &[Change], ctx: &Context) -> Result<(), Fault> {
    let Some(address) = ctx.config.text("health.webhook") else { return Ok(()) };
    let wrong = || {
        let origin = ctx.config.origin("health.webhook").map(ToString::to_string);
        let origin = origin.unwrap_or_default();
        Fault::usage(format!("{origin}: `health.webhook` is no address of a web server"))
            .hint("it begins with https://")
    };
    let url = Url::parse(address).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let host = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    let message = Message {
        schema: "ut.health-change/1",
        text: text(&host, answer, changes),
        host: &host,
        status: answer.status,
        timestamp: &answer.timestamp,
        changes,
    };
    let name = "health-webhook".parse().expect("it is a name");
    let setup = Setup { timeout: Some(TIMEOUT), has_secret_path: true, ..Setup::default() };
    let mut http = Http::open(name, &setup, ctx)?;
    http.deadline = Some(DEADLINE);
    // The same news twice is better than none.
    let key = format!("ut-health-{host}-{}", answer.timestamp);
    http.send(&Method::POST, &url, Repeat::WithKey(&key), |r| r.json(&message), ctx)?;
    Ok(())
}

fn text(host: &str, answer: &Answer, changes: &[Change]) -> String {
    let mut lines = vec![format!("{host}: {}", answer.summary())];
    lines.extend(changes.iter().map(|change| {
        let from = change.from.as_deref().unwrap_or("new");
        format!("{} {from} → {}: {}", change.name, change.to.name(), change.output)
    }));
    lines.join("\n")
}
