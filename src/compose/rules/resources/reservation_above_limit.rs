//! CV104.

use super::amounts::{RESERVED, half};
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::fix::Safety;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::View;
use crate::core::output::units::bytes;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV104",
        name: "reservation-above-limit",
        severity: Severity::Error,
        about: "a service reserves more memory than its limit lets it have",
    },
    sets: EVERY,
    fix: Some(Safety::Unsafe),
    why: "\
`docker compose config` is content with a reservation above the limit, but the engine refuses to make the container:
*Minimum memory limit can not be less than memory reservation limit* (moby, `daemon/daemon_unix.go`).

It is the memory that is compared, whichever way the two are written. `reservations.cpus` is not: only Swarm reads it.

The fix sets the reservation to half of the limit; it may as well be the limit that is wrong.",
    bad: "\
services:
  trainer:
    image: ghcr.io/acme/trainer:2.0.1
    mem_limit: 4g
    mem_reservation: 8g
",
    good: "\
services:
  trainer:
    image: ghcr.io/acme/trainer:2.0.1
    mem_limit: 8g
    mem_reservation: 4g
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers() {
        let (Some(limit), Some(reserved)) = (service.memory_limit(), service.memory_reservation())
        else {
            continue;
        };
        if reserved.value <= limit.value {
            continue;
        }
        let text = format!(
            "{} are reserved, above the limit of {}",
            bytes(reserved.value),
            bytes(limit.value)
        );
        let finding = reserved.node.finding(&RULE.code, text).service(service.name);
        let finding = finding.note(limit.node.span, "the limit is set here");
        let half = half(limit.value);
        let fix = half.as_ref().map(|half| RESERVED.replace(view, service, half));
        let help = match half {
            Some(half) => format!("reserve less, as `{half}`, or raise the limit"),
            None => "raise the limit".to_owned(),
        };
        findings.add(finding.help(help).fix(fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    #[test]
    fn each_pair_of_ways_is_compared() {
        let new = "deploy: {resources: {limits: {memory: 1g}, reservations: {memory: 2g}}}";
        for (keys, column) in [
            ("mem_limit: 1g, mem_reservation: 2g", 58),
            (new, 92),
            ("mem_limit: 1g, deploy: {resources: {reservations: {memory: 2g}}}", 85),
            ("mem_reservation: 2g, deploy: {resources: {limits: {memory: 1g}}}", 43),
        ] {
            let text = format!("services: {{a: {{image: a, {keys}}}}}\n");
            let wanted =
                format!("1:{column} error 2.0 GiB are reserved, above the limit of 1.0 GiB");
            assert_eq!(of("CV104", &text), [wanted], "{keys}");
        }
    }

    #[test]
    fn as_much_as_the_limit_may_be_reserved() {
        for keys in [
            "mem_limit: 1g, mem_reservation: 1g",
            "mem_limit: 1g, mem_reservation: 1023m",
            "mem_limit: 1g",
            "mem_reservation: 1g",
            "mem_limit: 0, mem_reservation: 1g",
            "deploy: {resources: {limits: {cpus: '1'}, reservations: {cpus: '2'}}}",
        ] {
            let text = format!("services: {{a: {{image: a, {keys}}}}}\n");
            assert!(of("CV104", &text).is_empty(), "{keys}");
        }
    }

    #[test]
    fn services_that_share_both_are_one_finding() {
        let text = "\
x-base: &base
  mem_limit: 1g
  mem_reservation: 2g
services:
  a: {<<: *base, image: a}
  b: {<<: *base, image: b}
  c: {<<: *base, image: c, mem_limit: 4g}
";
        let found: Vec<_> = judged(text).into_iter().filter(|f| f.code.id == "CV104").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].services.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(of("CV104", text).len(), 1);
        assert_eq!(fixed("CV104", text), text.replace("2g", "512m"));
    }

    #[test]
    fn the_fix_changes_the_reservation_wherever_it_stands() {
        let text = "services:\n  a:\n    image: a\n    mem_reservation: '2g'\n    deploy: {resources: {limits: {memory: 1g}, reservations: {memory: 2g}}}\n";
        assert_eq!(
            fixed("CV104", text),
            "services:\n  a:\n    image: a\n    mem_reservation: '512m'\n    deploy: {resources: {limits: {memory: 1g}, reservations: {memory: 512m}}}\n"
        );
    }

    /// What stands in a variable cannot be changed in the file.
    #[test]
    fn a_value_with_a_variable_is_left_to_an_override() {
        let text = "services: {a: {image: a, mem_limit: 1g, mem_reservation: \"${M:-2g}\"}}\n";
        let found = judged(text).into_iter().find(|f| f.code.id == "CV104").unwrap();
        let fix = found.fix.unwrap();
        assert!(fix.edits.is_empty());
        assert_eq!(fix.sets[0].value, "512m");
    }

    #[test]
    fn huge_and_tiny_sizes_do_no_harm() {
        let text = "services: {a: {image: a, mem_limit: 1, mem_reservation: 8e9g}}\n";
        assert_eq!(of("CV104", text).len(), 1);
    }
}
