//! CV201.

use super::policy::{self, Mode};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::node::Node;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV201",
        name: "restart-policy",
        severity: Severity::Error,
        about: "a service stays down once it has failed",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
Without a restart policy Docker leaves a container that exits as it is: one crash (out of memory, a database that was
not up yet) and the service is down until somebody looks. A policy that the engine does not know is worse: it refuses
to make the container, and `docker compose config` is content with it.

Looked at are `restart` and `deploy.restart_policy`, which wins where both are given. `restart: \"no\"` is a policy
too: somebody decided. A service that others await with `service_completed_successfully` is meant to end and needs
none, and neither does what a provider runs. A variable that is not set is not judged.

`restart` under `[compose]` in `ut.toml` says which policy is wanted (`on-failure:3`); with `no`, none is asked for.",
    bad: "\
services:
  api:
    image: ghcr.io/acme/api:1.4.2
",
    good: "\
services:
  api:
    image: ghcr.io/acme/api:1.4.2
    restart: on-failure:3
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers() {
        match given(service) {
            Some((node, Mode::Unknown)) => {
                let text = format!("the engine knows no restart policy `{}`", node.value.sprint());
                let finding = node.finding(&RULE.code, text).service(service.name);
                findings.add(finding.help(
                    "use `no`, `on-failure`, `always` or `unless-stopped`; under `deploy` also `none` or `any`",
                ));
            }
            Some(_) => {}
            None => missing(view, service, findings),
        }
    }
}

/// What counts, and where it is named.
fn given<'m>(service: &Service<'m>) -> Option<(&'m Node, Mode)> {
    if let Some((entry, policy)) = policy::long(service) {
        return Some((entry.node.get("condition").unwrap_or(&entry.node), policy.mode));
    }
    policy::short(service).map(|(entry, policy)| (&entry.node, policy.mode))
}

fn missing(view: &View<'_>, service: &Service<'_>, findings: &mut Findings) {
    let wanted = &view.settings.restart;
    let is_open = service.get(&["restart"]).is_some_and(|node| policy::is_open(view, node));
    if is_open || view.is_one_shot(service) || wanted == "no" {
        return;
    }
    let text = format!("`{}` has no restart policy", service.name);
    let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
    let help = format!("set `restart: {wanted}`, or `restart: \"no\"` if it is meant to end");
    findings.add(finding.help(help).fix(Some(fix(view, service))));
}

fn fix(view: &View<'_>, service: &Service<'_>) -> Fix {
    // An empty string is there, and stands in the way of a new key.
    if let Some(node) = service.get(&["restart"]) {
        return policy::mend_short(view, service, node);
    }
    let value = policy::written(&view.settings.restart);
    Fix::set(Safety::Unsafe, vec![Set::of(service.name, &["restart"], value)])
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of, of_with, settings};

    fn one(keys: &str) -> String {
        format!("services: {{a: {{image: a, {keys}}}}}\n")
    }

    #[test]
    fn either_way_of_writing_it_is_a_policy() {
        for given in [
            "restart: always",
            "restart: 'no'",
            "restart: no",
            "restart: none",
            "restart: on-failure:5",
            "deploy: {restart_policy: {condition: on-failure}}",
            "deploy: {restart_policy: {condition: unless-stopped}}",
            // CV204 says that this is none.
            "deploy: {restart_policy: {delay: 5s}}",
            "deploy: {restart_policy: {}}",
            // Nobody knows.
            "restart: \"${RESTART}\"",
            "restart: \"${RESTART:-always}\"",
        ] {
            assert!(of("CV201", &one(given)).is_empty(), "{given}");
        }
        for none in
            ["scale: 1", "restart: ''", "deploy: {replicas: 1}", "deploy: {restart_policy: }"]
        {
            let found = of("CV201", &one(none));
            assert_eq!(found, ["1:12 error `a` has no restart policy"], "{none}");
        }
    }

    #[test]
    fn a_service_that_others_await_needs_none() {
        let text = "services:\n  web:\n    image: a\n    restart: always\n    depends_on:\n      migrate: {condition: service_completed_successfully}\n      db: {condition: service_started}\n  migrate: {image: a}\n  db: {image: a}\n";
        assert_eq!(of("CV201", text), ["9:3 error `db` has no restart policy"]);
    }

    #[test]
    fn a_policy_that_nobody_knows_is_refused() {
        for (keys, wanted) in [
            ("restart: allways", "1:35 error the engine knows no restart policy `allways`"),
            ("restart: Always", "1:35 error the engine knows no restart policy `Always`"),
            (
                "restart: always, deploy: {restart_policy: {condition: failure}}",
                "1:80 error the engine knows no restart policy `failure`",
            ),
        ] {
            assert_eq!(of("CV201", &one(keys)), [wanted], "{keys}");
        }
        // What is overridden is not looked at.
        let text = one("restart: allways, deploy: {restart_policy: {condition: any}}");
        assert!(of("CV201", &text).is_empty());
    }

    #[test]
    fn the_fix_sets_what_is_wanted() {
        assert_eq!(
            fixed("CV201", "services:\n  a:\n    image: a\n"),
            "services:\n  a:\n    image: a\n    restart: on-failure:3\n"
        );
        assert_eq!(fixed("CV201", &one("scale: 1")), one("scale: 1, restart: on-failure:3"));
        assert_eq!(fixed("CV201", &one("restart: ''")), one("restart: 'on-failure:3'"));
    }

    #[test]
    fn the_policy_is_an_option() {
        let mut settings = settings();
        settings.restart = "unless-stopped".to_owned();
        assert_eq!(of_with("CV201", &one("scale: 1"), &settings).len(), 1);
        settings.restart = "no".to_owned();
        assert!(of_with("CV201", &one("scale: 1"), &settings).is_empty());
    }

    #[test]
    fn what_a_provider_runs_is_not_restarted() {
        let text = "services: {a: {provider: {type: model, options: {model: m}}}}\n";
        assert!(judged(text).iter().all(|f| f.code.id < "CV100" || f.code.id > "CV299"));
    }
}
