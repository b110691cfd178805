//! CV206.

use std::time::Duration;

use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::node::Node;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, View, duration};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV206",
        name: "stop-grace-too-short",
        severity: Severity::Warning,
        about: "a service is killed before it can stop in good order",
    },
    sets: PLATFORM,
    fix: Some(Safety::Unsafe),
    why: "\
`stop_grace_period` is held against the time that the image is known to need to stop in good order: databases write a
checkpoint, Kafka hands over the lead of its partitions, model servers finish what they answer. An image that is not
in the table is not judged, nor is a service that others await with `service_completed_successfully`: that one ends by
itself.

Compose hands whole seconds to the engine and cuts the rest off (docker/compose, `pkg/compose/convert.go`,
`ToSeconds`), so that a time below one second means that the service is killed at once. That is found for every image;
`0s` is not, as someone meant it.

Where no time is given at all, CV205 tells.",
    bad: "\
services:
  registry:
    image: postgres:17.2
    stop_grace_period: 5s
",
    good: "\
services:
  registry:
    image: postgres:17.2
    stop_grace_period: 60s
",
    check,
};

const KEY: &str = "stop_grace_period";

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in view.containers() {
        let Some(node) = service.get(&[KEY]) else { continue };
        let Some(given) = duration(node) else { continue };
        let needed = service.known().grace().filter(|_| !view.is_one_shot(service));
        let seconds = Duration::from_secs(given.as_secs());
        let (text, time) = match needed {
            Some(needed) if seconds < needed => (
                format!("{} is too short: the image may need {} s", said(node), needed.as_secs()),
                needed,
            ),
            _ if seconds.is_zero() && !given.is_zero() => (
                format!("{} is cut to 0 seconds: the service is killed at once", said(node)),
                Duration::from_secs(1),
            ),
            _ => continue,
        };
        let time = format!("{}s", time.as_secs());
        let finding = node.finding(&RULE.code, text).service(service.name);
        let fix = fix(view, service, node, &time);
        findings.add(finding.help(format!("use `{KEY}: {time}`")).fix(Some(fix)));
    }
}

fn said(node: &Node) -> String {
    format!("`{}`", node.value.sprint())
}

fn fix(view: &View<'_>, service: &Service<'_>, node: &Node, time: &str) -> Fix {
    let sets = vec![Set::of(service.name, &[KEY], time)];
    match view.replace(node, time) {
        Some((edit, paths)) => Fix::edit(Safety::Unsafe, vec![edit], paths).or_set(sets),
        None => Fix::set(Safety::Unsafe, sets),
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, of};

    #[test]
    fn the_time_is_held_against_what_the_image_needs() {
        for (image, time, wanted) in [
            ("postgres:17", "59s", "1:49 warning `59s` is too short: the image may need 60 s"),
            ("postgres:17", "59.9s", "1:49 warning `59.9s` is too short: the image may need 60 s"),
            ("postgres:17", "0s", "1:49 warning `0s` is too short: the image may need 60 s"),
            (
                "registry/x:1",
                "900ms",
                "1:50 warning `900ms` is cut to 0 seconds: the service is killed at once",
            ),
        ] {
            let text = format!("services: {{a: {{image: {image}, stop_grace_period: {time}}}}}\n");
            let found: Vec<String> = of("CV206", &text);
            assert_eq!(found.len(), 1, "{time}");
            let (_, said) = found[0].split_once(' ').unwrap();
            let (_, wanted) = wanted.split_once(' ').unwrap();
            assert_eq!(said, wanted);
        }
        for (keys, time) in [
            ("image: postgres:17", "60s"),
            ("image: postgres:17", "1m"),
            ("image: postgres:17", "2562047h"),
            ("image: registry/x:1", "1s"),
            ("image: registry/x:1", "0s"),
            // Nobody knows what is built here.
            ("image: postgres:17, build: .", "1s"),
        ] {
            let text = format!("services: {{a: {{{keys}, stop_grace_period: {time}}}}}\n");
            assert!(of("CV206", &text).is_empty(), "{keys} {time}");
        }
        // CV205's.
        assert!(of("CV206", "services: {a: {image: postgres:17}}\n").is_empty());
    }

    #[test]
    fn the_value_is_pointed_at() {
        let text = "services:\n  a:\n    image: postgres\n    stop_grace_period: 5s\n";
        assert_eq!(of("CV206", text), ["4:24 warning `5s` is too short: the image may need 60 s"]);
    }

    #[test]
    fn what_ends_by_itself_need_not_be_stopped() {
        let text = "services:\n  a: {image: a, depends_on: {init: {condition: service_completed_successfully}}}\n  init: {image: postgres, stop_grace_period: 5s}\n";
        assert!(of("CV206", text).is_empty());
    }

    #[test]
    fn services_of_one_anchor_are_mended_at_once() {
        let text = "x-b: &b {image: postgres, stop_grace_period: '5s'}\nservices: {a: *b, b: {<<: *b, scale: 1}}\n";
        assert_eq!(of("CV206", text).len(), 1);
        assert_eq!(fixed("CV206", text), text.replace("5s", "60s"));
    }
}
