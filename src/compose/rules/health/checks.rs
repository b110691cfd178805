//! What several rules ask of health checks.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::probe::Probe;
use crate::compose::finding::{Code, Finding};
use crate::compose::node::{Entry, How};
use crate::compose::rules::Settings;
use crate::compose::view::{Service, View};

/// Whether a container of a service has a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checked {
    Yes,
    No,
    /// Its image may bring one.
    Perhaps,
}

pub(super) fn checked(service: &Service<'_>) -> Checked {
    match service.healthcheck() {
        Some(check) if check.is_disabled => Checked::No,
        Some(check) if !check.test.is_empty() => Checked::Yes,
        _ => match service.known().carries_healthcheck() {
            Some(true) => Checked::Yes,
            Some(false) => Checked::No,
            None => Checked::Perhaps,
        },
    }
}

/// Whether Compose starts containers of it, and so can wait for them.
pub(super) fn has_containers(service: &Service<'_>) -> bool {
    service.get(&["provider"]).is_none() && service.replicas() > 0
}

pub(super) fn by_name<'v, 'm>(view: &'v View<'m>) -> HashMap<&'m str, &'v Service<'m>> {
    view.services.iter().map(|service| (service.name, service)).collect()
}

/// The services that others wait for to end.
pub(super) fn one_shots<'m>(view: &View<'m>) -> HashSet<&'m str> {
    let all = view.services.iter().flat_map(Service::dependencies);
    all.filter(|d| d.condition == "service_completed_successfully").map(|d| d.name).collect()
}

/// Whether a program is known not to be in a service's container: not in its image, and neither mounted nor installed
/// by its command.
pub(super) fn lacks(service: &Service<'_>, program: &str) -> bool {
    service.known().has_program(program) == Some(false)
        && !service.mounts().iter().any(|mount| super::probe::base(mount.target) == program)
        && !service.words().iter().any(|word| names(word.text, program))
}

/// Whether a program stands in a text as a word of its own.
fn names(text: &str, program: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c)))
        .any(|word| word == program)
}

/// The programs without which a check cannot pass; none where it may.
pub(super) fn missing(service: &Service<'_>, test: &[&str]) -> Vec<String> {
    let Some(probe) = Probe::of(test) else { return Vec::new() };
    let (ends, missing) = probe.ends(&|program| lacks(service, program));
    let could_pass = probe.ends(&|_| false).0.can_pass();
    if could_pass && !ends.can_pass() { missing } else { Vec::new() }
}

/// The times of a check that is written anew.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const RETRIES: &str = "5";
const START_PERIOD: Duration = Duration::from_secs(30);

/// The `start_period` that a service should have.
pub(super) fn start_period(service: &Service<'_>, settings: &Settings) -> Duration {
    let load = super::start_period_too_short::load(service, settings);
    let start = service.known().start();
    [load, start].into_iter().flatten().fold(START_PERIOD, Duration::max)
}

/// A finding at a key, which tells where it was merged from. Behind an alias it is where its anchor is: what many
/// services say in one place is told once.
pub(super) fn at_key(entry: &Entry, code: &'static Code, text: impl Into<String>) -> Finding {
    match entry.node.via {
        Some(via) if via.how == How::Alias => entry.node.finding(code, text),
        Some(via) => Finding::new(code, entry.key, text).note(via.span, via.how.text()),
        None => Finding::new(code, entry.key, text),
    }
}

/// A length of time as one writes it in a stack.
pub(super) fn told(time: Duration) -> String {
    if time.subsec_nanos() == 0 {
        format!("{}s", time.as_secs())
    } else if time.subsec_nanos().is_multiple_of(1_000_000) {
        format!("{}ms", time.as_millis())
    } else {
        format!("{}us", time.as_micros())
    }
}

/// A list of texts in YAML, on one line.
pub(super) fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let quoted = texts.into_iter().map(|text| serde_json::Value::from(text).to_string());
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_named_as_words() {
        for (text, program, wanted) in [
            ("apk add --no-cache curl && serve", "curl", true),
            ("/usr/bin/curl", "curl", true),
            ("libcurl4", "curl", false),
            ("curl-dev", "curl", false),
            ("", "curl", false),
        ] {
            assert_eq!(names(text, program), wanted, "{text}");
        }
    }

    #[test]
    fn times_are_told_as_they_are_written() {
        for (nanos, wanted) in
            [(90_000_000_000, "90s"), (1_500_000_000, "1500ms"), (10_000, "10us"), (0, "0s")]
        {
            assert_eq!(told(Duration::from_nanos(nanos)), wanted);
        }
    }
}
