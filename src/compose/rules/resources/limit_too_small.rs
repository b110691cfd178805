//! CV105.

use super::amounts::{LEAST, MEMORY, Place, RESERVED};
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::fix::Safety;
use crate::compose::node::{Node, Value};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Service, View};
use crate::core::output::units::bytes;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV105",
        name: "limit-too-small",
        severity: Severity::Error,
        about: "a memory limit is below the 6 MiB that the engine takes",
    },
    sets: EVERY,
    fix: Some(Safety::Unsafe),
    why: "\
The engine refuses to make a container with a memory limit or a reservation below 6 MiB: *Minimum memory limit allowed
is 6MB* (moby, `daemon/daemon_unix.go`, `linuxMinMemory`: 6 291 456 bytes). `docker compose config` is content with
it.

The usual cause is a number without a unit, which means bytes: `mem_limit: 512` are 512 bytes. Where the number looks
like megabytes (or, below 6, gigabytes) the fix adds the unit.

`0` sets no limit (CV101). `-1` is refused too: leave the key out where no limit is meant.",
    bad: "\
services:
  cache:
    image: redis:7.4.1
    mem_limit: 512
",
    good: "\
services:
  cache:
    image: redis:7.4.1
    mem_limit: 512m
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers() {
        for (place, what) in [(MEMORY, "limit"), (RESERVED, "reservation")] {
            let Some((node, size)) = given(service, place) else { continue };
            // A reservation below nothing is none.
            let is_refused = size < i128::from(LEAST) && (size > 0 || what == "limit");
            if !is_refused {
                continue;
            }
            let text = match u64::try_from(size) {
                Ok(size) => {
                    format!("a memory {what} of {} is refused: 6 MiB are the least", bytes(size))
                }
                Err(_) => format!("a memory {what} of {size} is refused: it cannot be negative"),
            };
            let finding = node.finding(&RULE.code, text).service(service.name);
            let (help, fix) = match meant(size) {
                Some(meant) => (
                    format!("a number without a unit is bytes: write `{meant}` if you mean that"),
                    Some(place.replace(view, service, &meant)),
                ),
                None if size < 0 => (format!("leave the {what} out if there is to be none"), None),
                None => ("give the size with its unit, as `512m`".to_owned(), None),
            };
            findings.add(finding.help(help).fix(fix));
        }
    }
}

/// The value that Compose hands to the engine: that below `deploy` if it is not 0.
fn given<'m>(service: &Service<'m>, place: Place) -> Option<(&'m Node, i128)> {
    let size = |keys: &[&str]| {
        let node = service.get(keys)?;
        match node.value {
            Value::Int(size) if size != 0 => Some((node, size)),
            _ => None,
        }
    };
    size(&["deploy", "resources", place.group, place.key]).or_else(|| size(&[place.old]))
}

/// The size that someone had in mind who wrote this number alone.
fn meant(size: i128) -> Option<String> {
    match size {
        1..6 => Some(format!("{size}g")),
        6..=65_536 => Some(format!("{size}m")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    fn one(keys: &str) -> String {
        format!("services: {{a: {{image: a, {keys}}}}}\n")
    }

    #[test]
    fn less_than_six_mebibytes_are_refused() {
        for (keys, wanted) in [
            (
                "mem_limit: 512",
                "1:37 error a memory limit of 512 bytes is refused: 6 MiB are the least",
            ),
            (
                "mem_limit: 4m",
                "1:37 error a memory limit of 4.0 MiB is refused: 6 MiB are the least",
            ),
            (
                "mem_limit: 512k",
                "1:37 error a memory limit of 512.0 KiB is refused: 6 MiB are the least",
            ),
            (
                "mem_limit: 6291455",
                "1:37 error a memory limit of 6.0 MiB is refused: 6 MiB are the least",
            ),
            ("mem_limit: -1", "1:37 error a memory limit of -1 is refused: it cannot be negative"),
            (
                "deploy: {resources: {limits: {memory: '256'}}}",
                "1:64 error a memory limit of 256 bytes is refused: 6 MiB are the least",
            ),
            (
                "mem_reservation: 1m",
                "1:43 error a memory reservation of 1.0 MiB is refused: 6 MiB are the least",
            ),
        ] {
            assert_eq!(of("CV105", &one(keys)), [wanted], "{keys}");
        }
        for keys in [
            "mem_limit: 6m",
            "mem_limit: 6291456",
            "mem_limit: 0",
            "mem_limit: 8e9g",
            "mem_reservation: 0",
            "memswap_limit: 1",
            "shm_size: 1m",
            "deploy: {resources: {limits: {memory: 64M}}}",
        ] {
            assert!(of("CV105", &one(keys)).is_empty(), "{keys}");
        }
    }

    #[test]
    fn a_number_alone_is_told_apart_from_a_small_size() {
        for (size, help) in [
            ("512", "a number without a unit is bytes: write `512m` if you mean that"),
            ("2", "a number without a unit is bytes: write `2g` if you mean that"),
            ("4m", "give the size with its unit, as `512m`"),
            ("-1", "leave the limit out if there is to be none"),
        ] {
            let all = judged(&one(&format!("mem_limit: {size}")));
            let found = all.iter().find(|f| f.code.id == "CV105").unwrap();
            assert_eq!(found.help.as_deref(), Some(help), "{size}");
            assert_eq!(found.fix.is_some(), help.contains("bytes"), "{size}");
        }
    }

    #[test]
    fn limit_and_reservation_are_both_mended() {
        let text = "x-r: &r {limits: {memory: '512'}, reservations: {memory: \"256\"}}\nservices: {a: {image: a, deploy: {resources: *r}}, b: {image: b, deploy: {resources: *r}}}\n";
        assert_eq!(of("CV105", text).len(), 2);
        assert_eq!(fixed("CV105", text), text.replace("512", "512m").replace("256", "256m"));
    }

    /// Both ways may say the same: they are one limit, and both are mended.
    #[test]
    fn the_same_limit_twice_is_one_finding() {
        let text = one("mem_limit: 512, deploy: {resources: {limits: {memory: '512'}}}");
        assert_eq!(of("CV105", &text).len(), 1);
        assert_eq!(
            fixed("CV105", &text),
            one("mem_limit: 512m, deploy: {resources: {limits: {memory: '512m'}}}")
        );
    }
}
