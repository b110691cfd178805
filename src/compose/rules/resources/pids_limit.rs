//! CV107.

use super::amounts::PIDS;
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::Safety;
use crate::compose::node::Value;
use crate::compose::rules::{Rule, STRICT};
use crate::compose::view::{Service, View};

/// Podman's limit where none is given (podman-run(1), `--pids-limit`).
const USUAL: u32 = 2048;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV107",
        name: "pids-limit",
        severity: Severity::Note,
        about: "a service may start as many processes as its host can hold",
    },
    sets: STRICT,
    fix: Some(Safety::Unsafe),
    why: "\
A host has one table of process ids for all containers. A service that forks without end (a pool that leaks workers,
an attack) fills it, and then no other service can start a process or a thread, not even a health check or a shell to
look at what is wrong. Docker sets no limit of its own.

Looked at are `pids_limit` and `deploy.resources.limits.pids`; `0` and `-1` set no limit. Threads count as processes:
give a Java or Python service with many threads enough. The fix sets 2048, which Podman takes where nothing is said.",
    bad: "\
services:
  worker:
    image: ghcr.io/acme/worker:3.1.0
    mem_limit: 1g
",
    good: "\
services:
  worker:
    image: ghcr.io/acme/worker:3.1.0
    mem_limit: 1g
    pids_limit: 2048
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers().filter(|service| !is_limited(service)) {
        let text = format!("`{}` has no limit on processes", service.name);
        let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
        let help = "set `deploy.resources.limits.pids`, or `pids_limit`";
        let fix = PIDS.fix(view, service, USUAL.to_string());
        findings.add(finding.help(help).fix(Some(fix)));
    }
}

fn is_limited(service: &Service<'_>) -> bool {
    let is_limit = |keys: &[&str]| {
        service.get(keys).is_some_and(|node| matches!(node.value, Value::Int(number) if number > 0))
    };
    is_limit(&["pids_limit"]) || is_limit(&["deploy", "resources", "limits", "pids"])
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, of};

    fn one(keys: &str) -> String {
        format!("services: {{a: {{image: a, {keys}}}}}\n")
    }

    #[test]
    fn either_way_of_writing_it_is_a_limit() {
        for limit in [
            "pids_limit: 100",
            "pids_limit: '100'",
            "deploy: {resources: {limits: {pids: 1}}}",
            "deploy: {resources: {limits: {pids: '10'}}}",
        ] {
            assert!(of("CV107", &one(limit)).is_empty(), "{limit}");
        }
        for none in [
            "scale: 1",
            "pids_limit: 0",
            "pids_limit: -1",
            "deploy: {resources: {limits: {cpus: 1}}}",
            "ulimits: {nproc: 100}",
        ] {
            let found = of("CV107", &one(none));
            assert_eq!(found, ["1:12 note `a` has no limit on processes"], "{none}");
        }
    }

    #[test]
    fn the_fix_follows_the_way_that_is_there() {
        for (keys, wanted) in [
            ("mem_limit: 1g", "mem_limit: 1g, pids_limit: 2048"),
            ("pids_limit: -1", "pids_limit: 2048"),
            (
                "deploy: {resources: {limits: {cpus: 1}}}",
                "deploy: {resources: {limits: {cpus: 1, pids: 2048}}}",
            ),
            ("scale: 1", "scale: 1, deploy: {resources: {limits: {pids: 2048}}}"),
        ] {
            assert_eq!(fixed("CV107", &one(keys)), one(wanted));
        }
    }
}
