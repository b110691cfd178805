//! CV602.

use std::collections::HashSet;

use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::node::{Entry, Node, Value};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::View;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV602",
        name: "unused-definition",
        severity: Severity::Warning,
        about: "a volume, network, secret or config is defined and not used",
    },
    sets: EVERY,
    fix: None,
    why: "\
A volume, network, secret or config at the top of the file is only made, and only checked, if a service uses it. One
that none uses is often what is left of a service that is gone, or the sign of a mistake: a database whose `pgdata`
volume is defined but was never mounted, a network that somebody meant to put a service in.

Looked at is the whole stack, with the services of all profiles. `default` is used by each service that names no
network. Nothing is said of a file without services, or with one that has neither an image nor a build: it is a part of
a stack, and the other files may use what it defines. A base file whose services are all whole looks like a stack of its
own: check it together with the files that go with it (`-f base.yaml -f prod.yaml`).",
    bad: "\
services:
  web:
    image: nginx:1.27
volumes:
  cache:
",
    good: "\
services:
  web:
    image: nginx:1.27
    volumes:
      - cache:/var/cache/nginx
volumes:
  cache:
",
    check,
};

/// What a service's containers are made from.
const SOURCES: [&str; 3] = ["image", "build", "provider"];

/// What services use, by section and name.
type Used<'m> = HashSet<(&'static str, &'m str)>;

fn check(view: &View<'_>, findings: &mut Findings) {
    let services: Vec<&Node> = view.section("services").map(|(_, entry)| &entry.node).collect();
    // One that cannot be read may use anything.
    if services.is_empty() || services.len() > view.services.len() {
        return;
    }
    // Nor is one whole that is to be laid over another.
    if services.iter().any(|service| SOURCES.iter().all(|key| service.get(key).is_none())) {
        return;
    }
    let mut used = Used::new();
    services.iter().for_each(|service| collect(service, &mut used));
    let sections = [
        ("volumes", "volume", "no service mounts it"),
        ("networks", "network", "no service is in it"),
        ("secrets", "secret", "no service is given it"),
        ("configs", "config", "no service is given it"),
    ];
    for (section, kind, why) in sections {
        for (name, entry) in view.section(section) {
            if name.starts_with("x-") || used.contains(&(section, name)) || is_implied(entry) {
                continue;
            }
            let text = format!("the {kind} `{name}` is defined, and {why}");
            let help = "take it out, or use it";
            findings.add(Finding::new(&RULE.code, entry.key, text).help(help));
        }
    }
}

/// Put there by Compose and not by the author.
fn is_implied(entry: &Entry) -> bool {
    matches!(entry.node.value, Value::Bad) || entry.key.start == entry.key.end
}

fn collect<'m>(service: &'m Node, used: &mut Used<'m>) {
    let list = |keys: &[&str]| service.at(keys).and_then(Node::list).unwrap_or_default();
    let sources = |keys: &[&str]| -> Vec<&'m str> {
        let items = list(keys).iter();
        items.filter_map(|item| item.get("source")?.text().or_else(|| item.text())).collect()
    };
    used.extend(sources(&["volumes"]).into_iter().map(|name| ("volumes", name)));
    used.extend(sources(&["configs"]).into_iter().map(|name| ("configs", name)));
    used.extend(sources(&["secrets"]).into_iter().map(|name| ("secrets", name)));
    used.extend(sources(&["build", "secrets"]).into_iter().map(|name| ("secrets", name)));
    let networks = service.get("networks").and_then(Node::map);
    used.extend(networks.into_iter().flat_map(|map| map.keys()).map(|name| ("networks", &**name)));
    // Not by their names here, but it would be too much to say that nobody uses them.
    let others = [service.at(&["build", "network"]), service.get("network_mode")];
    let others = others.into_iter().flatten().filter_map(Node::text);
    used.extend(others.map(|name| ("networks", name)));
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    #[test]
    fn each_kind_may_be_unused() {
        let text = "services:\n  a: {image: a}\nvolumes:\n  vol:\n  x-v:\nnetworks:\n  n: {driver: bridge}\nsecrets:\n  s: {file: ./s}\nconfigs:\n  c: {external: true}\n";
        assert_eq!(
            of("CV602", text),
            [
                "4:3 warning the volume `vol` is defined, and no service mounts it",
                "7:3 warning the network `n` is defined, and no service is in it",
                "9:3 warning the secret `s` is defined, and no service is given it",
                "11:3 warning the config `c` is defined, and no service is given it",
            ]
        );
    }

    #[test]
    fn every_way_to_use_one_counts() {
        let tops = "volumes: {vol: }\nnetworks: {n: }\nsecrets: {s: {file: ./s}}\nconfigs: {c: {file: ./c}}\n";
        for service in [
            "image: a, volumes: ['vol:/v'], networks: [n], secrets: [s], configs: [c]",
            "image: a, profiles: [p], volumes: [{type: volume, source: vol, target: /v}], networks: {n: }, secrets: [{source: s}], configs: [{source: c}]",
            "build: {context: ., secrets: [s], network: n}, volumes: ['vol:/v'], configs: [c]",
        ] {
            let text = format!("services:\n  a: {{{service}}}\n{tops}");
            assert_eq!(of("CV602", &text), [""; 0], "{service}");
        }
        let folder = "services:\n  a: {image: a, volumes: ['./v:/v']}\nvolumes:\n  vol:\n";
        assert_eq!(of("CV602", folder).len(), 1);
    }

    #[test]
    fn the_default_network_is_used_by_all_who_name_none() {
        let text = "services:\n  a: {image: a}\nnetworks:\n  default: {name: x}\n";
        assert!(of("CV602", text).is_empty());
        let text =
            "services:\n  a: {image: a, networks: [n]}\nnetworks:\n  n:\n  default: {name: x}\n";
        assert_eq!(
            of("CV602", text),
            ["5:3 warning the network `default` is defined, and no service is in it"]
        );
    }

    #[test]
    fn nothing_is_said_of_what_cannot_be_read_whole() {
        assert!(of("CV602", "services: {}\nvolumes:\n  vol:\n").is_empty());
        let broken = "services:\n  a: {image: a, volumes: [':/data']}\nvolumes:\n  vol:\n";
        assert!(of("CV602", broken).is_empty());
    }

    #[test]
    fn nothing_is_said_of_a_part_of_a_stack() {
        let tops = "networks:\n  n: {external: true}\n";
        for (service, wanted) in [
            ("{restart: always}", 0),
            ("{image: a}", 1),
            ("{build: .}", 1),
            ("{provider: {type: x}}", 1),
        ] {
            let text = format!("services:\n  a: {service}\n{tops}");
            assert_eq!(of("CV602", &text).len(), wanted, "{service}");
        }
    }
}
