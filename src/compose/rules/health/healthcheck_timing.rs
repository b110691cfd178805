//! CV305.

use std::time::Duration;

use super::checks::{self, at_key, told};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::node::Value;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Healthcheck, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV305",
        name: "healthcheck-timing",
        severity: Severity::Warning,
        about: "the times of a health check do not go together",
    },
    sets: EVERY,
    fix: None,
    why: "\
Docker runs a check, waits `interval` from its end, and runs the next one; one that takes longer than `timeout` has
failed, and after `retries` failures in a row the container is unhealthy. Failures within `start_period` do not count.

Told of are

- a `timeout` above the `interval`: a check that hangs blocks the next ones, so that a service that hangs is found out
  much later than the interval promises. Checks never overlap, and with one that answers at once nothing goes wrong;
- an `interval`, a `timeout` or `retries` of 0: the engine takes it for not given, and uses the image's or its default
  of 30 s, 30 s and 3;
- times below 1 ms, or below 0: the engine refuses the container;
- a patience (`start_period` + `interval` × `retries`) below what the image usually needs to start: it is called
  unhealthy while it still starts. What is not given counts with Docker's defaults. How long images need is a table;
  of others, and of what is built here, nothing is claimed. Servers of models are CV306's.

The times are those of the engine's `daemon/health.go`.",
    bad: "\
services:
  registry:
    image: postgres:17.2
    healthcheck:
      test: [\"CMD-SHELL\", \"pg_isready -U postgres\"]
      interval: 5s
      timeout: 30s
      retries: 5
      start_period: 30s
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

/// What the engine refuses to go below.
const LEAST: Duration = Duration::from_millis(1);

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let Some(check) = service.healthcheck().filter(|check| !check.is_disabled) else {
            continue;
        };
        let found = refused(service).or_else(|| nothing(service, &check));
        let found = found.or_else(|| timeout(service, &check));
        let is_model_server = super::start_period_too_short::load(service, view.settings).is_some();
        let found =
            found.or_else(|| if is_model_server { None } else { patience(service, &check) });
        findings.extend(found.map(|finding| finding.service(service.name)));
    }
}

fn refused(service: &Service<'_>) -> Option<Finding> {
    ["interval", "timeout", "start_period", "start_interval"].into_iter().find_map(|key| {
        let node = service.get(&["healthcheck", key])?;
        let is_negative = node.text()?.starts_with('-');
        let is_small = crate::compose::view::duration(node)
            .is_some_and(|time| !time.is_zero() && time < LEAST);
        let text = format!("the engine refuses `{key}: {}`, which is below 1 ms", node.text()?);
        (is_negative || is_small).then(|| node.finding(&RULE.code, text))
    })
}

fn nothing(service: &Service<'_>, check: &Healthcheck<'_>) -> Option<Finding> {
    [("interval", "30 s"), ("timeout", "30 s"), ("retries", "3")].into_iter().find_map(
        |(key, default)| {
            let node = service.get(&["healthcheck", key])?;
            let is_zero = match key {
                "retries" => matches!(node.value, Value::Int(0)),
                _ => check.time(key)?.is_zero(),
            };
            let text = format!("`{key}` of 0 counts as not given: the engine takes {default}");
            is_zero.then(|| node.finding(&RULE.code, text).help("say what is meant"))
        },
    )
}

fn timeout(service: &Service<'_>, check: &Healthcheck<'_>) -> Option<Finding> {
    let (timeout, interval) = (check.time("timeout")?, check.time("interval")?);
    if timeout <= interval {
        return None;
    }
    let (node, other) =
        (service.get(&["healthcheck", "timeout"])?, service.get(&["healthcheck", "interval"])?);
    let (timeout, interval) = (told(timeout), told(interval));
    let text = format!("a `timeout` of {timeout} is above the `interval` of {interval}");
    let finding = node.finding(&RULE.code, text).note(other.span, "the interval is set here");
    Some(finding.help(format!("set `timeout` to {interval} at most, or a longer `interval`")))
}

fn patience(service: &Service<'_>, check: &Healthcheck<'_>) -> Option<Finding> {
    let (start, patience) = (service.known().start()?, check.patience());
    if check.test.is_empty() || patience >= start {
        return None;
    }
    let text = format!(
        "the health check gives up after {}, and the image usually needs {} to start",
        told(patience),
        told(start)
    );
    let finding = match service.get(&["healthcheck", "start_period"]) {
        Some(node) => node.finding(&RULE.code, text),
        None => at_key(check.entry, &RULE.code, text),
    };
    Some(finding.help(format!("set `start_period: {}`", told(start.max(checks::INTERVAL)))))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn with(image: &str, rest: &str) -> Vec<String> {
        of(
            "CV305",
            &format!("services:\n  a:\n    image: {image}\n    healthcheck: {{test: x, {rest}}}\n"),
        )
    }

    fn one(rest: &str) -> Vec<String> {
        with("x", rest)
    }

    #[test]
    fn a_timeout_fits_into_the_interval() {
        assert_eq!(
            one("interval: 5s, timeout: 1m30s"),
            ["4:51 warning a `timeout` of 90s is above the `interval` of 5s"]
        );
        for rest in ["interval: 5s, timeout: 5s", "interval: 5s", "timeout: 10m", "retries: 1"] {
            assert_eq!(one(rest), [""; 0], "{rest}");
        }
    }

    #[test]
    fn nothing_is_not_what_it_says() {
        let told = |key: &str, default: &str| {
            format!("`{key}` of 0 counts as not given: the engine takes {default}")
        };
        assert_eq!(one("interval: 0s"), [format!("4:38 warning {}", told("interval", "30 s"))]);
        assert_eq!(one("timeout: 0s"), [format!("4:37 warning {}", told("timeout", "30 s"))]);
        assert_eq!(one("retries: 0"), [format!("4:37 warning {}", told("retries", "3"))]);
        assert_eq!(one("start_period: 0s, start_interval: 0s"), [""; 0]);
    }

    #[test]
    fn the_engine_has_a_least_time() {
        for (rest, wanted) in [
            ("interval: 10us", "4:38 warning the engine refuses `interval: 10µs`"),
            ("timeout: -5s", "4:37 warning the engine refuses `timeout: -5s`"),
            ("start_period: 1ns", "4:42 warning the engine refuses `start_period: 1ns`"),
        ] {
            assert_eq!(one(rest), [format!("{wanted}, which is below 1 ms")], "{rest}");
        }
        assert_eq!(one("interval: 1ms, timeout: 1ms"), [""; 0]);
    }

    #[test]
    fn patience_lasts_until_the_image_has_started() {
        let text = "the health check gives up after 50s, and the image usually needs 75s to start";
        let image = "test/slow:1";
        assert_eq!(
            with(image, "interval: 10s, retries: 4, start_period: 10s"),
            [format!("4:69 warning {text}")]
        );
        assert_eq!(with(image, "interval: 10s, retries: 5"), [format!("4:5 warning {text}")]);
        // Docker's defaults are 90 s.
        for rest in ["", "interval: 25s", "start_period: 75s, interval: 1s, retries: 1"] {
            assert_eq!(with(image, rest), [""; 0], "{rest}");
        }
        assert_eq!(with("x", "interval: 1s, retries: 1"), [""; 0]);
        let inherited = "services: {a: {image: 'test/slow:1', healthcheck: {interval: 1s}}}\n";
        assert_eq!(of("CV305", inherited), [""; 0]);
    }

    #[test]
    fn absurd_numbers_are_borne() {
        let rest = "interval: 2540400h, retries: 18446744073709551615, start_period: 2540400h";
        assert_eq!(with("test/slow:1", rest), [""; 0]);
        for rest in
            ["disable: true, interval: 0s", "interval: 1s, timeout: 2540400h, disable: true"]
        {
            assert_eq!(one(rest), [""; 0]);
        }
    }
}
