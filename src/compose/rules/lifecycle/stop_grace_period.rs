//! CV205.

use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV205",
        name: "stop-grace-period",
        severity: Severity::Warning,
        about: "nobody says how long a service may take to stop",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
`docker compose stop`, `down`, and every `up` that replaces a container send SIGTERM, wait, and then kill. Where
`stop_grace_period` is not given they wait 10 seconds (Compose specification). A database that writes its last
checkpoint, a trainer that saves its weights or a server that finishes its requests may need more, and being killed
then costs a recovery at the next start, or data.

The fix takes the time from what is known of the image, else 30 seconds. Services that stop at once lose nothing by
it.",
    bad: "\
services:
  registry:
    image: postgres:17.2
",
    good: "\
services:
  registry:
    image: postgres:17.2
    stop_grace_period: 60s
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let key = "stop_grace_period";
    for service in view.containers().filter(|service| service.get(&[key]).is_none()) {
        let time = usual(service);
        let text = format!("`{}` has no `{key}`: it is killed after 10 seconds", service.name);
        let finding = Finding::new(&RULE.code, service.key, text).service(service.name);
        let fix = Fix::set(Safety::Unsafe, vec![Set::of(service.name, &[key], &*time)]);
        findings.add(finding.help(format!("set `{key}: {time}`")).fix(Some(fix)));
    }
}

fn usual(service: &Service<'_>) -> String {
    format!("{}s", service.known().grace().map_or(30, |time| time.as_secs()))
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    #[test]
    fn any_time_is_one() {
        for time in ["10s", "1m30s", "0s", "500ms"] {
            let text = format!("services: {{a: {{image: a, stop_grace_period: {time}}}}}\n");
            assert!(of("CV205", &text).is_empty(), "{time}");
        }
        for none in ["stop_signal: SIGINT", "stop_grace_period: "] {
            let text = format!("services: {{a: {{image: a, {none}}}}}\n");
            assert_eq!(
                of("CV205", &text),
                ["1:12 warning `a` has no `stop_grace_period`: it is killed after 10 seconds"],
                "{none}"
            );
        }
    }

    #[test]
    fn the_time_is_the_images() {
        assert_eq!(
            fixed("CV205", "services:\n  a:\n    image: a\n  b:\n    image: postgres:17\n"),
            "services:\n  a:\n    image: a\n    stop_grace_period: 30s\n  b:\n    image: postgres:17\n    stop_grace_period: 60s\n"
        );
        let all = judged("services: {a: {image: postgres, build: .}}\n");
        let found = all.iter().find(|f| f.code.id == "CV205").unwrap();
        assert_eq!(found.help.as_deref(), Some("set `stop_grace_period: 30s`"));
    }
}
