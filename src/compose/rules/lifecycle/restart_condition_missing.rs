//! CV204.

use super::policy::{self, Mode};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::Safety;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::View;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV204",
        name: "restart-condition-missing",
        severity: Severity::Warning,
        about: "a restart policy without a condition never restarts anything",
    },
    sets: EVERY,
    fix: Some(Safety::Unsafe),
    why: "\
The Compose specification says that `deploy.restart_policy.condition` is `any` where it is not given. Compose does not
do so: it hands an empty policy to the engine (docker/compose, `pkg/compose/create.go`, `getRestartPolicy`), which
takes it for *never*. It also wins over `restart` (CV203), so that even `restart: always` is without effect.

The fix sets the policy that `restart` under `[compose]` in `ut.toml` asks for (`on-failure:3`), or `on-failure` where
`max_attempts` is there: the engine takes a count with no other policy.",
    bad: "\
services:
  worker:
    image: ghcr.io/acme/worker:3.1.0
    deploy:
      restart_policy:
        max_attempts: 3
",
    good: "\
services:
  worker:
    image: ghcr.io/acme/worker:3.1.0
    deploy:
      restart_policy:
        condition: on-failure
        max_attempts: 3
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers() {
        let Some((entry, policy)) = policy::long(service) else { continue };
        let condition = entry.node.get("condition");
        let is_open = condition.is_some_and(|node| policy::is_open(view, node));
        if policy.mode != Mode::Unnamed || is_open {
            continue;
        }
        let text = "without a `condition` this policy never restarts anything";
        let mut finding = Finding::new(&RULE.code, entry.key, text).service(service.name);
        if let Some(via) = entry.node.via {
            finding = finding.note(via.span, via.how.text());
        }
        let help = "set `condition: on-failure`, or `any`";
        let fix = policy::mend_long(view, service, entry);
        findings.add(finding.help(help).fix(Some(fix)));
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    fn one(policy: &str) -> String {
        format!("services: {{a: {{image: a, deploy: {{restart_policy: {policy}}}}}}}\n")
    }

    #[test]
    fn a_policy_needs_its_condition() {
        for policy in [
            "{delay: 5s}",
            "{max_attempts: 3}",
            "{}",
            "{condition: ''}",
            "{condition: , delay: 5s}",
        ] {
            assert_eq!(
                of("CV204", &one(policy)),
                ["1:35 warning without a `condition` this policy never restarts anything"],
                "{policy}"
            );
        }
        for policy in [
            "{condition: any}",
            "{condition: none}",
            "{condition: on-failure}",
            "{condition: nonsense}",
            "{condition: \"${WHEN}\"}",
            "",
        ] {
            assert!(of("CV204", &one(policy)).is_empty(), "{policy}");
        }
        assert!(of("CV204", "services: {a: {image: a, restart: always}}\n").is_empty());
    }

    #[test]
    fn the_fix_gives_a_policy_that_the_engine_takes() {
        for (policy, wanted) in [
            ("{max_attempts: 5}", "{max_attempts: 5, condition: on-failure}"),
            ("{delay: 5s}", "{delay: 5s, condition: on-failure, max_attempts: 3}"),
            ("{}", "{condition: on-failure, max_attempts: 3}"),
            ("{condition: ''}", "{condition: 'on-failure', max_attempts: 3}"),
        ] {
            assert_eq!(fixed("CV204", &one(policy)), one(wanted));
        }
    }

    #[test]
    fn services_of_one_anchor_are_one_finding() {
        let text = "x-d: &d\n  restart_policy:\n    delay: 5s\nservices:\n  a: {image: a, deploy: *d}\n  b: {image: b, deploy: *d}\n";
        let found: Vec<_> = judged(text).into_iter().filter(|f| f.code.id == "CV204").collect();
        assert_eq!((found.len(), found[0].services.len()), (1, 2));
        assert_eq!(
            fixed("CV204", text),
            text.replace("5s\n", "5s\n    condition: on-failure\n    max_attempts: 3\n")
        );
    }
}
