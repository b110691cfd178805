//! CV202.

use super::policy::{self, Mode, Policy};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::Safety;
use crate::compose::node::Node;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV202",
        name: "restart-unbounded",
        severity: Severity::Warning,
        about: "a service that fails is restarted without end",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
A container that crashes at every start and is restarted for ever looks alive from afar: it is *up 3 seconds*, again
and again, for days. The fault is hidden, the log is filled, and a trainer or model server that loads its weights each
time keeps a GPU busy with nothing. With a count the service stays down after some attempts, and somebody notices.

Found are `always`, `unless-stopped`, `any`, and `on-failure` without a count (or with 0, or one that is no number,
which Compose takes for 0). A count beside any other policy than `on-failure` is an error: the engine refuses the
container (*maximum retry count can only be used with 'on-failure'*, moby, `api/types/container`).

Mind that `on-failure` starts nothing when the host or Docker itself comes up again; `always` and `unless-stopped` do.
Where services must come back by themselves, set `restart = \"unless-stopped\"` under `[compose]` in `ut.toml`: this
rule is then silent, as it is for any policy without end that is wanted there.",
    bad: "\
services:
  trainer:
    image: ghcr.io/acme/trainer:2.0.1
    restart: always
",
    good: "\
services:
  trainer:
    image: ghcr.io/acme/trainer:2.0.1
    restart: on-failure:3
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let is_allowed = Policy::parse(&view.settings.restart).is_unbounded();
    for service in view.containers() {
        let long = policy::long(service);
        let (node, policy) = match (long, policy::short(service)) {
            (Some((entry, policy)), _) => (entry.node.get("condition"), policy),
            (None, Some((entry, policy))) => (Some(&entry.node), policy),
            (None, None) => continue,
        };
        let Some(node) = node else { continue };
        let finding = if policy.has_refused_count() {
            refused(service, node)
        } else if policy.is_unbounded() && !is_allowed {
            unbounded(node, policy)
        } else {
            continue;
        };
        let wanted = &view.settings.restart;
        let (help, fix) = match long {
            Some((entry, _)) => (
                "use `condition: on-failure` with `max_attempts`".to_owned(),
                policy::mend_long(view, service, entry),
            ),
            None => (format!("use `restart: {wanted}`"), policy::mend_short(view, service, node)),
        };
        findings.add(finding.service(service.name).help(help).fix(Some(fix)));
    }
}

fn unbounded(node: &Node, policy: Policy) -> Finding {
    let said = node.value.sprint();
    let text = if policy.mode == Mode::OnFailure {
        format!("`{said}` gives no number of attempts: a crash loop never ends")
    } else {
        format!("`{said}` restarts without end: a crash loop never ends")
    };
    node.finding(&RULE.code, text)
}

fn refused(service: &Service<'_>, node: &Node) -> Finding {
    let text = format!(
        "`{}` takes no number of attempts: the engine refuses the container",
        node.value.sprint()
    );
    let finding = node.finding(&RULE.code, text).severity(Severity::Error);
    match service.get(&["deploy", "restart_policy", "max_attempts"]) {
        Some(attempts) => finding.note(attempts.span, "the number is given here"),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of, of_with, settings};

    fn one(keys: &str) -> String {
        format!("services: {{a: {{image: a, {keys}}}}}\n")
    }

    #[test]
    fn policies_without_end_are_found() {
        for (keys, wanted) in [
            (
                "restart: always",
                "1:35 warning `always` restarts without end: a crash loop never ends",
            ),
            (
                "restart: unless-stopped",
                "1:35 warning `unless-stopped` restarts without end: a crash loop never ends",
            ),
            (
                "restart: on-failure",
                "1:35 warning `on-failure` gives no number of attempts: a crash loop never ends",
            ),
            (
                "restart: 'on-failure:0'",
                "1:35 warning `on-failure:0` gives no number of attempts: a crash loop never ends",
            ),
            (
                "deploy: {restart_policy: {condition: any}}",
                "1:63 warning `any` restarts without end: a crash loop never ends",
            ),
            (
                "deploy: {restart_policy: {condition: on-failure, delay: 5s}}",
                "1:63 warning `on-failure` gives no number of attempts: a crash loop never ends",
            ),
            (
                "restart: always:3",
                "1:35 error `always:3` takes no number of attempts: the engine refuses the container",
            ),
            (
                "deploy: {restart_policy: {condition: any, max_attempts: 3}}",
                "1:63 error `any` takes no number of attempts: the engine refuses the container",
            ),
        ] {
            assert_eq!(of("CV202", &one(keys)), [wanted], "{keys}");
        }
        for keys in [
            "restart: on-failure:3",
            "restart: on-failure:10",
            "restart: 'no'",
            "restart: ''",
            "restart: nonsense",
            "restart: \"${RESTART}\"",
            "deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}",
            "deploy: {restart_policy: {condition: none}}",
            "deploy: {restart_policy: {max_attempts: 3}}",
            // It wins.
            "restart: always, deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}",
            "restart: always, deploy: {restart_policy: {delay: 3s}}",
        ] {
            assert!(of("CV202", &one(keys)).is_empty(), "{keys}");
        }
    }

    #[test]
    fn the_wanted_policy_is_an_option() {
        let mut settings = settings();
        for wanted in ["unless-stopped", "always", "on-failure"] {
            settings.restart = wanted.to_owned();
            assert!(of_with("CV202", &one("restart: always"), &settings).is_empty(), "{wanted}");
            assert_eq!(of_with("CV202", &one("restart: always:2"), &settings).len(), 1);
        }
        for wanted in ["on-failure:5", "no"] {
            settings.restart = wanted.to_owned();
            assert_eq!(of_with("CV202", &one("restart: always"), &settings).len(), 1, "{wanted}");
        }
    }

    #[test]
    fn services_of_one_anchor_are_one_finding_and_one_edit() {
        let text = "\
x-base: &base
  restart: unless-stopped # always up
services:
  a: {<<: *base, image: a}
  b: {<<: *base, image: b}
  c: {<<: *base, image: c, deploy: {restart_policy: {condition: on-failure, max_attempts: 2}}}
";
        let found: Vec<_> = judged(text).into_iter().filter(|f| f.code.id == "CV202").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].services.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fixed("CV202", text), text.replace("unless-stopped", "on-failure:3"));
    }

    #[test]
    fn either_way_is_mended_in_its_words() {
        for (keys, wanted) in [
            ("restart: always", "restart: on-failure:3"),
            ("restart: \"always\"", "restart: \"on-failure:3\""),
            ("restart: always:7", "restart: on-failure:3"),
            (
                "deploy: {restart_policy: {condition: any}}",
                "deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}",
            ),
            (
                "deploy: {restart_policy: {condition: any, max_attempts: 5}}",
                "deploy: {restart_policy: {condition: on-failure, max_attempts: 5}}",
            ),
            (
                "deploy: {restart_policy: {condition: on-failure, max_attempts: 0}}",
                "deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}",
            ),
        ] {
            assert_eq!(fixed("CV202", &one(keys)), one(wanted));
        }
    }

    #[test]
    fn a_shared_mapping_gets_its_count_once() {
        let text = "\
x-deploy: &deploy
  restart_policy:
    condition: on-failure
services:
  a:
    image: a
    deploy: *deploy
  b:
    image: b
    deploy: *deploy
";
        let wanted = text.replace("on-failure\n", "on-failure\n    max_attempts: 3\n");
        assert_eq!(fixed("CV202", text), wanted);
    }

    #[test]
    fn a_policy_with_a_variable_is_left_to_an_override() {
        let text = one("restart: \"${RESTART:-always}\"");
        let all = judged(&text);
        let fix = all.iter().find(|f| f.code.id == "CV202").unwrap().fix.clone().unwrap();
        assert!(fix.edits.is_empty());
        assert_eq!(fix.sets[0].value, "on-failure:3");
    }
}
