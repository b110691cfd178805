//! CV103.

use super::amounts::{RESERVED, half, usual_memory};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety};
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV103",
        name: "memory-reservation",
        severity: Severity::Warning,
        about: "nobody says how much memory a service needs to work",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
A limit says how much a service may take at worst, a reservation how much it needs to work. The sum of the
reservations tells whether a stack fits its host at all (CV106), while limits may well add up to more than the host
has. When memory runs short, the kernel takes it first from those that have more than they reserved.

Looked at are `deploy.resources.reservations.memory` and `mem_reservation`. Compose hands both to the engine; versions
before the fix of docker/compose#9902 ignored the first.

The fix reserves half of the limit: look at what the service really takes.",
    bad: "\
services:
  registry:
    image: postgres:17.2
    deploy:
      resources:
        limits:
          memory: 1g
",
    good: "\
services:
  registry:
    image: postgres:17.2
    deploy:
      resources:
        limits:
          memory: 1g
        reservations:
          memory: 512m
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers().filter(|service| service.memory_reservation().is_none()) {
        let text = format!("`{}` reserves no memory", service.name);
        let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
        let help = "set `deploy.resources.reservations.memory`, or `mem_reservation`";
        findings.add(finding.help(help).fix(fix(view, service)));
    }
}

/// Half of the limit, or of the one that CV101 would set.
fn fix(view: &View<'_>, service: &Service<'_>) -> Option<Fix> {
    let limit = match service.memory_limit() {
        Some(limit) => limit.value,
        None => usual_memory(service),
    };
    Some(RESERVED.fix(view, service, half(limit)?))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    fn one(keys: &str) -> String {
        format!("services: {{a: {{image: a, {keys}}}}}\n")
    }

    #[test]
    fn either_way_of_writing_it_reserves_memory() {
        for reserved in
            ["mem_reservation: 64m", "deploy: {resources: {reservations: {memory: 64m}}}"]
        {
            assert!(of("CV103", &one(reserved)).is_empty(), "{reserved}");
        }
        for none in [
            "mem_limit: 1g",
            "mem_reservation: 0",
            "deploy: {resources: {reservations: {cpus: '1'}}}",
            "deploy: {resources: {reservations: {memory: '0'}}}",
        ] {
            let found = of("CV103", &one(none));
            assert_eq!(found, ["1:12 warning `a` reserves no memory"], "{none}");
        }
    }

    #[test]
    fn the_fix_reserves_half_of_the_limit() {
        for (keys, wanted) in [
            ("mem_limit: 1g", "mem_limit: 1g, mem_reservation: 512m"),
            ("cpus: 1", "cpus: 1, mem_reservation: 256m"),
            ("scale: 1", "scale: 1, deploy: {resources: {reservations: {memory: 256m}}}"),
            ("mem_limit: 8m", "mem_limit: 8m, mem_reservation: 6m"),
            // Compose refuses the old key beside reservations without it.
            (
                "mem_limit: 2g, deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 1}]}}}",
                "mem_limit: 2g, deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 1}], memory: 1024m}}}",
            ),
        ] {
            assert_eq!(fixed("CV103", &one(keys)), one(wanted));
        }
    }

    #[test]
    fn below_what_the_engine_takes_there_is_no_fix() {
        let all = judged(&one("mem_limit: 1m"));
        assert_eq!(all.iter().find(|f| f.code.id == "CV103").unwrap().fix, None);
    }
}
