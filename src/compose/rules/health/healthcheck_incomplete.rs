//! CV302.

use std::time::Duration;

use super::checks::{self, at_key};
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::rules::{PLATFORM, Rule, Settings};
use crate::compose::view::{Healthcheck, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV302",
        name: "healthcheck-incomplete",
        severity: Severity::Warning,
        about: "a health check leaves its times to defaults",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
What is not given comes from the image's own check, else from Docker: an `interval` of 30 s, a `timeout` of 30 s, 3
`retries`, and no `start_period`. Of these the last hurts most: a service that needs two minutes to load is called
unhealthy after 90 s, and whatever waits for it gives up. And with an interval of 30 s, everything that waits for the
service waits up to half a minute longer than it must.

Each of `interval`, `timeout`, `retries` and `start_period` should be given, so that one sees how long the service has.
`0` counts as given here; CV305 looks at it. A check without a `test` is the image's own and is not looked at, neither
is one that is disabled.

The fix adds what is missing: an interval of 10 s, a timeout of 5 s, 5 retries, and a `start_period` of 30 s or of what
the image needs to start. The timeout stays at or below the interval.",
    bad: "\
services:
  registry:
    image: postgres:17.2
    healthcheck:
      test: [\"CMD-SHELL\", \"pg_isready -U postgres\"]
      interval: 10s
",
    good: "\
services:
  registry:
    image: postgres:17.2
    healthcheck:
      test: [\"CMD-SHELL\", \"pg_isready -U postgres\"]
      interval: 10s
      timeout: 5s
      retries: 5
      start_period: 30s
",
    check,
};

const KEYS: [&str; 4] = ["interval", "timeout", "retries", "start_period"];

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let Some(check) = service.healthcheck() else { continue };
        if check.is_disabled || check.test.is_empty() {
            continue;
        }
        let is_missing = |key: &&str| service.get(&["healthcheck", key]).is_none();
        let missing: Vec<&str> = KEYS.into_iter().filter(is_missing).collect();
        if missing.is_empty() {
            continue;
        }
        let quoted: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
        let text = format!("the health check has no {}", quoted.join(", no "));
        let sets = sets(service, &check, &missing, view.settings);
        let added: Vec<String> =
            sets.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
        let fix = sets
            .into_iter()
            .map(|(key, value)| Set::of(service.name, &["healthcheck", key], value));
        let finding = at_key(check.entry, &RULE.code, text).service(service.name);
        let finding = finding.help(format!("add {}", added.join(", ")));
        findings.add(finding.fix(Some(Fix::set(Safety::Unsafe, fix.collect()))));
    }
}

fn sets(
    service: &Service<'_>,
    check: &Healthcheck<'_>,
    missing: &[&'static str],
    settings: &Settings,
) -> Vec<(&'static str, String)> {
    let given = |key: &str| check.time(key).filter(|time| !time.is_zero());
    let value = |key: &str| match key {
        "interval" => {
            checks::told(given("timeout").map_or(checks::INTERVAL, |t| t.max(checks::INTERVAL)))
        }
        "timeout" => {
            checks::told(given("interval").map_or(checks::TIMEOUT, |i| i.min(checks::TIMEOUT)))
        }
        "retries" => checks::RETRIES.to_owned(),
        _ => checks::told(checks::start_period(service, settings).max(Duration::from_secs(1))),
    };
    missing.iter().map(|key| (*key, value(key))).collect()
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, of};

    fn one(rest: &str) -> Vec<String> {
        of("CV302", &format!("services:\n  a:\n    image: x\n    healthcheck: {{{rest}}}\n"))
    }

    #[test]
    fn each_time_is_asked_for() {
        let all = ["interval: 1s", "timeout: 1s", "retries: 0", "start_period: 0s"];
        for at in 0..4 {
            let mut given = all.to_vec();
            let key = given.remove(at).split(':').next().unwrap().to_owned();
            let found = one(&format!("test: x, {}", given.join(", ")));
            assert_eq!(found, [format!("4:5 warning the health check has no `{key}`")]);
        }
        assert_eq!(one(&format!("test: x, {}", all.join(", "))), [""; 0]);
        assert_eq!(
            one("test: [CMD, x], timeout: "),
            [
                "4:5 warning the health check has no `interval`, no `timeout`, no `retries`, no `start_period`"
            ]
        );
    }

    #[test]
    fn a_check_that_is_not_here_is_not_looked_at() {
        for rest in ["", "interval: 1s", "disable: true", "test: [NONE]", "test: []"] {
            assert_eq!(one(rest), [""; 0], "{rest}");
        }
        assert_eq!(of("CV302", "services: {a: {image: x}}\n"), [""; 0]);
    }

    #[test]
    fn a_shared_check_is_told_of_once() {
        let text = "x-base: &base\n  healthcheck:\n    test: x\n    retries: 1\n    timeout: 2s\n    interval: 3s\nservices:\n  a:\n    <<: *base\n    image: x\n  b:\n    <<: *base\n    image: y\n";
        assert_eq!(of("CV302", text), ["2:3 warning the health check has no `start_period`"]);
    }

    #[test]
    fn the_fix_adds_what_is_missing() {
        for (given, added) in [
            ("test: x", "interval: 10s, timeout: 5s, retries: 5, start_period: 30s"),
            ("test: x, interval: 2s", "timeout: 2s, retries: 5, start_period: 30s"),
            ("test: x, timeout: 1m, retries: 1", "interval: 60s, start_period: 30s"),
            ("test: x, interval: 0s, retries: 1, start_period: 1m", "timeout: 5s"),
        ] {
            let text =
                |rest: &str| format!("services: {{a: {{image: x, healthcheck: {{{rest}}}}}}}\n");
            assert_eq!(fixed("CV302", &text(given)), text(&format!("{given}, {added}")));
        }
    }
}
