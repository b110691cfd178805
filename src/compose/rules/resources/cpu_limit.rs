//! CV102.

use super::amounts::CPUS;
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety};
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV102",
        name: "cpu-limit",
        severity: Severity::Error,
        about: "a service may take all cores of its host",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
Without a limit, one busy service (a training run, a query without an index, a build of an index) slows everything
else on the host, health checks too: these then time out, and services that are well are called unhealthy. Many
programs also start a thread a core; on a large host that is far more than one service should have.

Looked at are `deploy.resources.limits.cpus`, `cpus` and `cpu_quota` (against `cpu_period`, or 100 000), in the merged
stack. `0` and a quota of `-1` set no limit. `cpu_shares` only weighs services against each other, and `cpuset` pins a
service to cores which others may use as well: neither is counted as a limit.

The fix takes the number from what is known of the image, else 1: look at what the service really takes.",
    bad: "\
services:
  api:
    image: ghcr.io/acme/api:1.4.2
    deploy:
      resources:
        limits:
          memory: 512m
",
    good: "\
services:
  api:
    image: ghcr.io/acme/api:1.4.2
    deploy:
      resources:
        limits:
          memory: 512m
          cpus: 0.5
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers().filter(|service| service.cpu_limit().is_none()) {
        let text = format!("`{}` has no CPU limit", service.name);
        let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
        let help = "set `deploy.resources.limits.cpus`, or `cpus`";
        findings.add(finding.help(help).fix(fix(view, service)));
    }
}

/// The engine takes no number of cores beside a quota or a period.
fn fix(view: &View<'_>, service: &Service<'_>) -> Option<Fix> {
    let has_quota = ["cpu_quota", "cpu_period"].iter().any(|key| service.get(&[key]).is_some());
    let cores = service.known().cpus().unwrap_or(1.0);
    (!has_quota).then(|| CPUS.fix(view, service, format!("{cores:?}")))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    fn one(keys: &str) -> String {
        format!("services: {{a: {{image: a, {keys}}}}}\n")
    }

    #[test]
    fn every_way_of_writing_it_is_a_limit() {
        for limit in [
            "cpus: 0.5",
            "cpus: '1'",
            "cpu_quota: 50000",
            "cpu_quota: 50000, cpu_period: 20000",
            "deploy: {resources: {limits: {cpus: '0.25'}}}",
            "deploy: {resources: {limits: {cpus: 2}}}",
        ] {
            assert!(of("CV102", &one(limit)).is_empty(), "{limit}");
        }
        for none in [
            "cpus: 0",
            "cpu_quota: -1",
            "cpu_period: 100000",
            "cpu_shares: 512",
            "cpuset: '0-3'",
            "deploy: {resources: {limits: {memory: 1g}}}",
            "deploy: {resources: {limits: {cpus: '0'}}}",
            "deploy: {resources: {reservations: {cpus: '1'}}}",
        ] {
            assert_eq!(of("CV102", &one(none)), ["1:12 error `a` has no CPU limit"], "{none}");
        }
    }

    #[test]
    fn a_limit_may_come_through_an_anchor() {
        let text = "x-limits: &l {limits: {cpus: 1}}\nservices:\n  a: {image: a, deploy: {resources: *l}}\n  b: {image: b}\n";
        assert_eq!(of("CV102", text), ["4:3 error `b` has no CPU limit"]);
    }

    #[test]
    fn the_fix_follows_the_way_that_is_there() {
        assert_eq!(fixed("CV102", &one("mem_limit: 1g")), one("mem_limit: 1g, cpus: 1.0"));
        assert_eq!(
            fixed("CV102", "services:\n  a:\n    image: postgres:17\n"),
            "services:\n  a:\n    image: postgres:17\n    deploy:\n      resources:\n        limits:\n          cpus: 1.0\n"
        );
        // Compose refuses `cpus` beside limits without it.
        assert_eq!(
            fixed("CV102", &one("mem_limit: 1g, deploy: {resources: {limits: {memory: 1g}}}")),
            one("mem_limit: 1g, deploy: {resources: {limits: {memory: 1g, cpus: 1.0}}}")
        );
    }

    /// The engine refuses `cpus` beside these.
    #[test]
    fn there_is_no_fix_beside_a_quota_or_a_period() {
        for keys in ["cpu_quota: -1", "cpu_period: 50000"] {
            let found = judged(&one(keys)).into_iter().find(|f| f.code.id == "CV102").unwrap();
            assert_eq!(found.fix, None, "{keys}");
        }
    }
}
