//! CV308.

use super::checks::{self, Checked, checked};
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::node::Value;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Dependency, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV308",
        name: "depends-on-healthy-unchecked",
        severity: Severity::Error,
        about: "a service waits for the health of one that has no health check",
    },
    sets: EVERY,
    fix: None,
    why: "\
`docker compose config` is content with `condition: service_healthy` on a service without a health check. `docker
compose up` is not: it starts that service, asks the engine for its health, and stops with `container … has no
healthcheck configured`. What waits never starts.

It is an error where the check is disabled, or the image is known to bring none. Where the service is built here, or
nobody knows its image, its `HEALTHCHECK` may do: most who write such a dependency have one, so this is a note and no
more. Nothing is said where the service sets the times of that check. It is a warning where the dependency says
`required: false`, as Compose then goes on.",
    bad: "\
services:
  web:
    image: acme/web:1.2
    depends_on:
      registry:
        condition: service_healthy
  registry:
    image: postgres:17.2
",
    good: "\
services:
  web:
    image: acme/web:1.2
    depends_on:
      registry:
        condition: service_healthy
  registry:
    image: postgres:17.2
    healthcheck:
      test: [\"CMD-SHELL\", \"pg_isready -U postgres\"]
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let services = checks::by_name(view);
    for service in &view.services {
        for dependency in service.dependencies() {
            if dependency.condition != "service_healthy" {
                continue;
            }
            let Some(target) = services.get(dependency.name) else { continue };
            let state = checked(target);
            // Who sets the times of a check has seen it in the image.
            let is_timed = state == Checked::Perhaps && target.healthcheck().is_some();
            if state == Checked::Yes || is_timed || !checks::has_containers(target) {
                continue;
            }
            let text = text(target, state);
            let node = dependency.entry.node.get("condition").unwrap_or(&dependency.entry.node);
            let finding = node.finding(&RULE.code, text).service(service.name);
            let severity = match state {
                Checked::Perhaps => Severity::Note,
                _ if is_required(&dependency) => Severity::Error,
                _ => Severity::Warning,
            };
            let finding = finding.severity(severity).note(target.key, "it is defined here");
            findings.add(finding.help(help(target)));
        }
    }
}

fn text(target: &Service<'_>, state: Checked) -> String {
    let name = target.name;
    match state {
        Checked::Perhaps if target.is_built() => {
            format!("`{name}` has no health check but what its Dockerfile may bring")
        }
        Checked::Perhaps => format!("`{name}` has no health check but what its image may bring"),
        _ if target.healthcheck().is_some_and(|check| check.is_disabled) => {
            format!("the health check of `{name}` is disabled: Compose cannot wait for it")
        }
        _ => format!("`{name}` has no health check that Compose could wait for"),
    }
}

fn is_required(dependency: &Dependency<'_>) -> bool {
    let required = dependency.entry.node.get("required");
    required.is_none_or(|node| !matches!(node.value, Value::Bool(false)))
}

fn help(target: &Service<'_>) -> String {
    match target.known().health() {
        Some(line) => format!("give `{}` a `healthcheck`: `{line}`", target.name),
        None => format!("give `{}` a `healthcheck`, or wait with `service_started`", target.name),
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn with(dependency: &str, target: &str) -> Vec<String> {
        let text = format!(
            "services:\n  a:\n    image: x\n    depends_on: {{b: {{{dependency}}}}}\n  b: {{{target}}}\n"
        );
        of("CV308", &text)
    }

    fn one(target: &str) -> Vec<String> {
        with("condition: service_healthy", target)
    }

    #[test]
    fn there_must_be_a_check() {
        assert_eq!(
            one("image: 'test/plain:1'"),
            ["4:33 error `b` has no health check that Compose could wait for"]
        );
        assert_eq!(
            one("image: x"),
            ["4:33 note `b` has no health check but what its image may bring"]
        );
        assert_eq!(
            one("image: 'test/plain:1', build: ."),
            ["4:33 note `b` has no health check but what its Dockerfile may bring"]
        );
        let disabled = "4:33 error the health check of `b` is disabled: Compose cannot wait for it";
        for rest in ["disable: true", "test: [NONE]", "test: x, disable: true"] {
            assert_eq!(
                one(&format!("image: 'test/carries:1', healthcheck: {{{rest}}}")),
                [disabled]
            );
        }
        let timed = one("image: 'test/plain:1', healthcheck: {interval: 1s}");
        assert_eq!(timed.len(), 1);
        for fine in [
            "image: x, healthcheck: {test: x}",
            "image: 'test/carries:1'",
            "image: 'test/carries:1', healthcheck: {interval: 1s}",
            "image: x, healthcheck: {interval: 1s}",
            "build: ., healthcheck: {start_period: 10s, timeout: 1s}",
            // Compose does not wait for these.
            "image: 'test/plain:1', deploy: {replicas: 0}",
            "provider: {type: x}",
        ] {
            assert_eq!(one(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn other_conditions_need_none() {
        for condition in ["service_started", "service_completed_successfully"] {
            assert_eq!(with(&format!("condition: {condition}"), "image: 'test/plain:1'"), [""; 0]);
        }
        let text = "services: {a: {image: x, depends_on: [b]}, b: {image: 'test/plain:1'}}\n";
        assert_eq!(of("CV308", text), [""; 0]);
    }

    #[test]
    fn what_is_not_required_is_no_error() {
        let found = with("condition: service_healthy, required: false", "image: 'test/plain:1'");
        assert_eq!(found, ["4:33 warning `b` has no health check that Compose could wait for"]);
    }
}
