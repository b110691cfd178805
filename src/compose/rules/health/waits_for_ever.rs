//! CV309.

use super::checks;
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::images::Kind;
use crate::compose::node::Node;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV309",
        name: "waits-for-ever",
        severity: Severity::Error,
        about: "a service waits for the end of one that does not end",
    },
    sets: EVERY,
    fix: None,
    why: "\
`condition: service_completed_successfully` waits until a container has ended with status 0. A service with `restart:
always` or `unless-stopped` (in `deploy.restart_policy`: `any`) is started again as soon as it has ended, and a database
or a proxy never ends by itself: what waits for them does not start.

Of the two ways to give a policy, `deploy.restart_policy` counts. That an image serves is claimed only where the table
of images says so and the stack gives it no other `command` or `entrypoint`.",
    bad: "\
services:
  api:
    image: acme/api:2.4
    depends_on:
      migrate:
        condition: service_completed_successfully
  migrate:
    image: acme/api:2.4
    command: [\"alembic\", \"upgrade\", \"head\"]
    restart: unless-stopped
",
    good: "\
services:
  api:
    image: acme/api:2.4
    depends_on:
      migrate:
        condition: service_completed_successfully
  migrate:
    image: acme/api:2.4
    command: [\"alembic\", \"upgrade\", \"head\"]
    restart: on-failure:3
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let services = checks::by_name(view);
    for service in &view.services {
        for dependency in service.dependencies() {
            if dependency.condition != "service_completed_successfully" {
                continue;
            }
            let Some(target) = services.get(dependency.name) else { continue };
            if !checks::has_containers(target) {
                continue;
            }
            let name = target.name;
            let node = dependency.entry.node.get("condition").unwrap_or(&dependency.entry.node);
            let found = if let Some(policy) = restarts(target) {
                let text = format!("`{name}` never stays ended: it restarts whenever it ends");
                let finding =
                    node.finding(&RULE.code, text).note(policy.span, "its restart policy");
                finding.help(format!("give `{name}` the policy `on-failure:3`, or `\"no\"`"))
            } else if let Some(image) = target.image_node().filter(|_| serves(target)) {
                let text = format!("`{name}` serves, and does not end");
                let finding = node.finding(&RULE.code, text).note(image.span, "its image serves");
                finding.help("wait with `condition: service_healthy`")
            } else {
                continue;
            };
            findings.add(found.service(service.name));
        }
    }
}

/// The policy that starts it again after it has ended in good order.
fn restarts<'m>(service: &Service<'m>) -> Option<&'m Node> {
    if service.get(&["deploy", "restart_policy"]).is_some() {
        let condition = service.get(&["deploy", "restart_policy", "condition"])?;
        return matches!(condition.text()?, "any" | "always" | "unless-stopped")
            .then_some(condition);
    }
    let policy = service.get(&["restart"])?;
    let name = policy.text()?.split(':').next().unwrap_or_default();
    matches!(name, "always" | "unless-stopped").then_some(policy)
}

/// Whether it is known to run until it is stopped.
fn serves(service: &Service<'_>) -> bool {
    let is_as_it_comes =
        service.get(&["command"]).is_none() && service.get(&["entrypoint"]).is_none();
    let kind = service.known().kind();
    is_as_it_comes
        && matches!(
            kind,
            Some(
                Kind::Database
                    | Kind::Cache
                    | Kind::Broker
                    | Kind::Coordinator
                    | Kind::Metrics
                    | Kind::Dashboard
                    | Kind::Proxy
            )
        )
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn with(condition: &str, target: &str) -> Vec<String> {
        let text = format!(
            "services:\n  a:\n    image: x\n    depends_on: {{b: {{condition: {condition}}}}}\n  b: {{{target}}}\n"
        );
        of("CV309", &text)
    }

    fn one(target: &str) -> Vec<String> {
        with("service_completed_successfully", target)
    }

    #[test]
    fn what_restarts_does_not_end() {
        for rest in [
            "restart: always",
            "restart: unless-stopped",
            "deploy: {restart_policy: {condition: any}}",
            "restart: 'no', deploy: {restart_policy: {condition: any}}",
        ] {
            let found = one(&format!("image: x, {rest}"));
            let text = "4:33 error `b` never stays ended: it restarts whenever it ends";
            assert_eq!(found, [text], "{rest}");
        }
        for rest in [
            "restart: 'no'",
            "restart: on-failure",
            "restart: on-failure:3",
            "restart: ''",
            "deploy: {restart_policy: {condition: on-failure}}",
            "deploy: {restart_policy: {condition: none}}",
            // The second counts, and gives no condition.
            "restart: always, deploy: {restart_policy: {max_attempts: 3}}",
            "restart: always, deploy: {restart_policy: {condition: none}}",
            "restart: always, scale: 0",
        ] {
            assert_eq!(one(&format!("image: x, {rest}")), [""; 0], "{rest}");
        }
    }

    #[test]
    fn what_serves_does_not_end() {
        assert_eq!(one("image: 'postgres:17'"), ["4:33 error `b` serves, and does not end"]);
        for rest in [
            "image: 'postgres:17', command: psql -f /x.sql",
            "image: 'postgres:17', entrypoint: /migrate",
            "image: 'postgres:17', build: .",
            "image: x",
            "image: 'python:3.12'",
        ] {
            assert_eq!(one(rest), [""; 0], "{rest}");
        }
    }

    #[test]
    fn other_conditions_do_not_wait_for_the_end() {
        for condition in ["service_started", "service_healthy"] {
            assert_eq!(
                with(condition, "image: x, restart: always, healthcheck: {test: x}"),
                [""; 0]
            );
        }
    }
}
