//! CV207.

use super::policy::is_open;
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::node::{Node, Value};
use crate::compose::rules::{Rule, STRICT};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV207",
        name: "log-rotation",
        severity: Severity::Note,
        about: "the log of a service may fill the disk of its host",
    },
    sets: STRICT,
    fix: Some(Safety::Unsafe),
    why: "\
Docker's driver `json-file`, the one that is taken where nobody says another, keeps all that a container ever wrote in
one file below `/var/lib/docker`. A service that logs each request, or that crashes and starts again, fills the disk
in days or weeks, and then every service of the host stops: databases first.

Found are services without `logging`, and those with `json-file` and no `max-size` (or `-1`, which is without end).
Other drivers are not: `local` keeps at most 100 MB by itself, and `journald`, `syslog` and the like store elsewhere.
Options are checked where no driver is given too, as `json-file` is what most hosts have. Whoever sets another driver
or `log-opts` in `/etc/docker/daemon.json` for all containers may ignore this rule.

The fix sets `max-size: 10m` and `max-file: 3`.",
    bad: "\
services:
  api:
    image: ghcr.io/acme/api:1.4.2
",
    good: "\
services:
  api:
    image: ghcr.io/acme/api:1.4.2
    logging:
      driver: json-file
      options:
        max-size: 10m
        max-file: \"3\"
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers() {
        let driver = service.get(&["logging", "driver"]);
        let is_json = match driver {
            Some(node) if is_open(view, node) => false,
            Some(node) => matches!(node.text(), Some("json-file" | "")),
            None => true,
        };
        let size = service.get(&["logging", "options", "max-size"]);
        if !is_json || size.is_some_and(|size| is_limit(size) || is_open(view, size)) {
            continue;
        }
        let finding = if let Some(logging) = service.entry(&["logging"]) {
            let at = size.or(driver).unwrap_or(&logging.node);
            at.finding(&RULE.code, "the log is never rotated: `max-size` is not given")
        } else {
            let text = format!("the log of `{}` is never rotated", service.name);
            Finding::new(&RULE.code, service.key, text)
        };
        let help = "set `max-size` and `max-file` under `logging.options`, or `driver: local`";
        findings.add(finding.service(service.name).help(help).fix(fix(service, size)));
    }
}

fn is_limit(size: &Node) -> bool {
    match &size.value {
        Value::Int(number) => *number > 0,
        Value::Text(text) => !text.is_empty() && !text.starts_with('-') && &**text != "0",
        _ => true,
    }
}

/// A size that is there and says nothing is for its author to change.
fn fix(service: &Service<'_>, size: Option<&Node>) -> Option<Fix> {
    if size.is_some() {
        return None;
    }
    let keys: [(&[&str], &str); 3] = [
        (&["logging", "driver"], "json-file"),
        (&["logging", "options", "max-size"], "10m"),
        (&["logging", "options", "max-file"], "\"3\""),
    ];
    let missing = keys.into_iter().filter(|(keys, _)| service.get(keys).is_none());
    let sets = missing.map(|(keys, value)| Set::of(service.name, keys, value)).collect();
    Some(Fix::set(Safety::Unsafe, sets))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    fn one(logging: &str) -> String {
        format!("services: {{a: {{image: a, logging: {logging}}}}}\n")
    }

    #[test]
    fn a_log_needs_an_end() {
        for logging in [
            "{driver: json-file}",
            "{driver: json-file, options: {max-file: '3'}}",
            "{driver: json-file, options: {max-size: '-1'}}",
            "{driver: json-file, options: {max-size: ''}}",
            "{options: {tag: a}}",
            "{}",
        ] {
            let found = of("CV207", &one(logging));
            assert_eq!(found.len(), 1, "{logging}");
            assert!(found[0].ends_with("note the log is never rotated: `max-size` is not given"));
        }
        for logging in [
            "{driver: json-file, options: {max-size: 10m}}",
            "{driver: json-file, options: {max-size: 1000000}}",
            "{driver: json-file, options: {max-size: \"${LOG_SIZE}\"}}",
            "{options: {max-size: 10m}}",
            "{driver: local}",
            "{driver: journald}",
            "{driver: none}",
            "{driver: \"${LOG_DRIVER}\"}",
            "{driver: gelf, options: {gelf-address: 'udp://a:1'}}",
        ] {
            assert!(of("CV207", &one(logging)).is_empty(), "{logging}");
        }
        for text in ["services: {a: {image: a}}\n", "services: {a: {image: a, logging: }}\n"] {
            assert_eq!(of("CV207", text), ["1:12 note the log of `a` is never rotated"]);
        }
    }

    #[test]
    fn services_of_one_anchor_are_one_finding() {
        let text = "x-l: &l {driver: json-file}\nservices: {a: {image: a, logging: *l}, b: {image: b, logging: *l}}\n";
        assert_eq!(
            of("CV207", text),
            ["1:18 note the log is never rotated: `max-size` is not given"]
        );
    }

    #[test]
    fn what_is_missing_is_set() {
        assert_eq!(
            fixed("CV207", "services:\n  a:\n    image: a\n"),
            "services:\n  a:\n    image: a\n    logging:\n      driver: json-file\n      options:\n        max-size: 10m\n        max-file: \"3\"\n"
        );
        assert_eq!(
            fixed("CV207", &one("{driver: json-file, options: {max-file: '9'}}")),
            one("{driver: json-file, options: {max-file: '9', max-size: 10m}}")
        );
        let all = judged(&one("{options: {max-size: '-1'}}"));
        assert_eq!(all.iter().find(|f| f.code.id == "CV207").unwrap().fix, None);
    }
}
