//! CV301.

use super::checks::{self, at_key};
use super::shell::{self, Command, Joint};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::rules::{PLATFORM, Rule, Settings};
use crate::compose::view::{Healthcheck, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV301",
        name: "healthcheck",
        severity: Severity::Error,
        about: "nobody notices when a service no longer answers",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
A process that runs is not a service that answers: it may still load a model, wait for a lock, or have lost its
database. Without a health check, Docker calls the container `running` in all these cases, and others cannot wait for it
with `condition: service_healthy`.

Looked at is `healthcheck`, in the merged stack. A check that is there but disabled (`disable: true` or `NONE`) is none.
Services that others await with `service_completed_successfully` are meant to end, and need no check.

If the image is known to bring a check of its own, it is only a note: the stack works, but whoever reads it does not
see what is asked. It is a note as well where the image has no shell and nothing else that could ask (distroless
images): such a service must be watched from outside. An image that is not known may bring a check too: nothing of it can
be seen here, so that it is asked for in the stack.

The fix takes the command from what is known of the image, and gives it these times:
every 10 s, 5 s at most, 5 times, and a `start_period` of 30 s or of what the image needs to start.",
    bad: "\
services:
  registry:
    image: postgres:17.2
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

fn check(view: &View<'_>, findings: &mut Findings) {
    let one_shots = checks::one_shots(view);
    for service in &view.services {
        if one_shots.contains(service.name) || service.get(&["provider"]).is_some() {
            continue;
        }
        let found = match service.healthcheck() {
            Some(check) if check.is_disabled => Some(disabled(service, &check)),
            Some(check) if check.test.is_empty() => without_test(service, &check, view.settings),
            Some(_) => None,
            None => Some(absent(service, view.settings)),
        };
        findings.extend(found.map(|finding| finding.service(service.name)));
    }
}

fn disabled(service: &Service<'_>, check: &Healthcheck<'_>) -> Finding {
    let node = match service.get(&["healthcheck", "disable"]) {
        Some(node) if service.is_on(&["healthcheck", "disable"]) => node,
        _ => check.test_node.unwrap_or(&check.entry.node),
    };
    let finding = node.finding(&RULE.code, "the health check is disabled");
    finding.help("give a `test` that suits the service")
}

/// Only times are given: those of the image's check, if it has one.
fn without_test(
    service: &Service<'_>,
    check: &Healthcheck<'_>,
    settings: &Settings,
) -> Option<Finding> {
    let is_none = service.known().carries_healthcheck() == Some(false);
    let text = "`healthcheck` has no `test`, and the image brings none";
    is_none.then(|| with_fix(at_key(check.entry, &RULE.code, text), service, settings))
}

fn absent(service: &Service<'_>, settings: &Settings) -> Finding {
    let known = service.known();
    let name = service.name;
    let finding = |text: String| Finding::new(&RULE.code, service.key, text);
    if known.carries_healthcheck() == Some(true) {
        let text = format!("`{name}` has no health check but the one that its image brings");
        return finding(text).severity(Severity::Note).help("write it into the stack");
    }
    if known.has_program("sh") == Some(false) && known.health().is_none() {
        let text = format!("`{name}` has no health check, and its image no shell to run one");
        let help = "watch it from outside, by what scrapes or calls it";
        return finding(text).severity(Severity::Note).help(help);
    }
    with_fix(finding(format!("`{name}` has no health check")), service, settings)
}

fn with_fix(finding: Finding, service: &Service<'_>, settings: &Settings) -> Finding {
    let help = match service.known().health() {
        Some(line) => format!("set `healthcheck`; the image answers to `{line}`"),
        None => "set `healthcheck` with a `test` that asks the service itself".to_owned(),
    };
    finding.help(help).fix(fix(service, settings))
}

fn fix(service: &Service<'_>, settings: &Settings) -> Option<Fix> {
    let test = test(service)?;
    let start = checks::told(checks::start_period(service, settings));
    let all = [
        ("test", test),
        ("interval", checks::told(checks::INTERVAL)),
        ("timeout", checks::told(checks::TIMEOUT)),
        ("retries", checks::RETRIES.to_owned()),
        ("start_period", start),
    ];
    let is_free = |key: &str| service.get(&["healthcheck", key]).is_none();
    let sets = all.into_iter().filter(|(key, _)| is_free(key));
    let sets = sets.map(|(key, value)| Set::of(service.name, &["healthcheck", key], value));
    Some(Fix::set(Safety::Unsafe, sets.collect()))
}

/// What is known to tell the image's health, as `CMD` where it has no shell.
fn test(service: &Service<'_>) -> Option<String> {
    let line = service.known().health()?;
    if service.known().has_program("sh") != Some(false) {
        return Some(checks::list(["CMD-SHELL", line]));
    }
    match &shell::parse(line, 0)?[..] {
        [(Joint::Then, Command::Simple(simple))]
            if simple.redirects.is_empty() && simple.words.iter().all(|word| word.is_fixed) =>
        {
            let words = simple.words.iter().map(|word| word.text.as_str());
            Some(checks::list(std::iter::once("CMD").chain(words)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, of};

    fn one(rest: &str) -> Vec<String> {
        of("CV301", &format!("services:\n  a: {{{rest}}}\n"))
    }

    #[test]
    fn a_service_has_a_check_or_is_told_of() {
        assert_eq!(one("image: x"), ["2:3 error `a` has no health check"]);
        assert_eq!(one("build: ."), ["2:3 error `a` has no health check"]);
        for rest in [
            "healthcheck: {test: x}",
            "healthcheck: {test: [CMD, x]}",
            "healthcheck: {test: [CMD-SHELL, x], disable: false}",
            // Nobody knows whether the image has one.
            "healthcheck: {interval: 5s}",
            "healthcheck: {}",
            "healthcheck: {test: []}",
        ] {
            assert_eq!(one(&format!("image: x, {rest}")), [""; 0], "{rest}");
        }
    }

    #[test]
    fn a_disabled_check_is_none() {
        let text = "the health check is disabled";
        for (rest, at) in [
            ("healthcheck: {disable: true}", 40),
            ("healthcheck: {test: [NONE]}", 37),
            ("healthcheck: {test: x, disable: true}", 49),
        ] {
            let found = one(&format!("image: x, {rest}"));
            assert_eq!(found, [format!("2:{at} error {text}")], "{rest}");
        }
    }

    #[test]
    fn what_is_meant_to_end_needs_none() {
        let stack = |condition: &str| {
            format!(
                "services:\n  a: {{image: x}}\n  b:\n    image: x\n    healthcheck: {{test: x}}\n    depends_on: {{a: {{condition: {condition}}}}}\n"
            )
        };
        assert_eq!(of("CV301", &stack("service_completed_successfully")), [""; 0]);
        assert_eq!(of("CV301", &stack("service_started")).len(), 1);
    }

    #[test]
    fn what_compose_does_not_run_needs_none() {
        assert_eq!(one("provider: {type: model}"), [""; 0]);
    }

    #[test]
    fn the_check_of_an_image_is_told_of() {
        let text = "`a` has no health check but the one that its image brings";
        assert_eq!(one("image: test/carries:1"), [format!("2:3 note {text}")]);
        assert_eq!(one("image: test/carries:1, healthcheck: {interval: 5s}"), [""; 0]);
        // What is built here is another image.
        assert_eq!(one("image: test/carries:1, build: ."), ["2:3 error `a` has no health check"]);
        let text = "`healthcheck` has no `test`, and the image brings none";
        let found = one("image: test/plain:1, healthcheck: {interval: 5s}");
        assert_eq!(found, [format!("2:28 error {text}")]);
    }

    #[test]
    fn an_image_without_a_shell_cannot_have_one() {
        let text = "`a` has no health check, and its image no shell to run one";
        assert_eq!(one("image: test/distroless:1"), [format!("2:3 note {text}")]);
    }

    #[test]
    fn the_fix_is_what_is_known_of_the_image() {
        assert_eq!(
            fixed("CV301", "services:\n  a:\n    image: test/plain:1\n"),
            "services:
  a:
    image: test/plain:1
    healthcheck:
      test: [\"CMD-SHELL\", \"ask -u \\\"$${OWNER:-x}\\\"\"]
      interval: 10s
      timeout: 5s
      retries: 5
      start_period: 30s
"
        );
        // The times that are there stay.
        assert_eq!(
            fixed("CV301", "services: {a: {image: test/plain:1, healthcheck: {interval: 1m}}}\n"),
            "services: {a: {image: test/plain:1, healthcheck: {interval: 1m, test: [\"CMD-SHELL\", \"ask -u \\\"$${OWNER:-x}\\\"\"], timeout: 5s, retries: 5, start_period: 30s}}}\n"
        );
        assert_eq!(
            fixed("CV301", "services: {a: {image: test/slow:1}}\n"),
            "services: {a: {image: test/slow:1, healthcheck: {test: [\"CMD\", \"/serve\", \"-health\"], interval: 10s, timeout: 5s, retries: 5, start_period: 75s}}}\n"
        );
    }
}
