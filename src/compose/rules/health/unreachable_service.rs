//! CV311.

use std::collections::{BTreeSet, HashMap};

use super::checks;
use super::names::Hosts;
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::node::{Node, Value};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV311",
        name: "unreachable-service",
        severity: Severity::Warning,
        about: "a service names another one that it shares no network with",
    },
    sets: EVERY,
    fix: None,
    why: "\
Docker resolves the name of a service for those only that share a network with it. If `web` is in `front` and
`registry` in `back`, `registry:5432` is an unknown host in `web`, whether `depends_on` is there or not.

Looked at is `name:port` in the values of variables and the words of `command` and `entrypoint`, where the name is
that of another service, its `container_name` or one of its aliases, and the two can run together. Networks are
compared by their real names. With `network_mode: service:…`, the networks of that service count. Nothing is said of
services in the network of the host or in an external network: there, the name may be known from elsewhere. Variables
that hold addresses for others (`…ADVERTISED…`, `…CORS…`, `…ORIGIN…` and the like) are not looked at.",
    bad: "\
services:
  web:
    image: acme/web:1.2
    networks: [front]
    environment:
      DATABASE_URL: postgresql://web@registry:5432/web
  registry:
    image: postgres:17.2
    networks: [back]
networks:
  front: {}
  back: {}
",
    good: "\
services:
  web:
    image: acme/web:1.2
    networks: [front, back]
    environment:
      DATABASE_URL: postgresql://web@registry:5432/web
  registry:
    image: postgres:17.2
    networks: [back]
networks:
  front: {}
  back: {}
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let networks = Networks::of(view);
    let hosts = Hosts::of(view);
    // One without an image is a part of a stack, to be laid over another one.
    let is_whole = |service: &&Service<'_>| service.is_built() || service.image().is_some();
    for service in view.services.iter().filter(is_whole) {
        let Some(own) = networks.of_service(service).filter(|own| !networks.any_external(own))
        else {
            continue;
        };
        for naming in hosts.named_by(service) {
            let target = naming.target;
            // Through another service's network, it has no name of its own.
            let theirs = match target.get(&["network_mode"]) {
                None => networks.of_service(target),
                Some(_) => None,
            };
            let Some(theirs) = theirs else { continue };
            if !own.is_disjoint(theirs) || !view.run_together(service, target) {
                continue;
            }
            let name = target.name;
            let text =
                format!("`{}` is unknown here: `{name}` is in none of these networks", naming.text);
            let keys: Vec<String> =
                target.networks().iter().map(|key| format!("`{key}`")).collect();
            let place = target.entry(&["networks"]).map_or(target.key, |entry| entry.key);
            let finding = naming.node.finding(&RULE.code, text).service(service.name);
            let finding = finding.note(place, format!("it is in {}", keys.join(", ")));
            findings.add(finding.help("put both into one network"));
        }
    }
}

/// The networks of the stack, and its services, by name.
struct Networks<'v, 'm> {
    services: HashMap<&'m str, &'v Service<'m>>,
    /// Of each service.
    used: HashMap<&'m str, BTreeSet<&'m str>>,
    external: BTreeSet<&'m str>,
}

/// How far `network_mode: service:…` is followed.
const FARTHEST: usize = 8;

impl<'v, 'm> Networks<'v, 'm> {
    fn of(view: &'v View<'m>) -> Self {
        let (mut names, mut external) = (HashMap::new(), BTreeSet::new());
        for (key, entry) in view.section("networks") {
            let name = entry.node.get("name").and_then(Node::text).unwrap_or(key);
            names.insert(key, name);
            let is_external = entry.node.get("external").map(|node| &node.value);
            if matches!(is_external, Some(Value::Bool(true))) {
                external.insert(name);
            }
        }
        let real = |key: &'m str| names.get(key).copied().unwrap_or(key);
        let of = |service: &Service<'m>| service.networks().into_iter().map(real).collect();
        let used = view.services.iter().map(|service| (service.name, of(service))).collect();
        Self { services: checks::by_name(view), used, external }
    }

    /// The real names of the networks that a service is in; `None` where that is no matter of the stack.
    fn of_service(&self, service: &Service<'m>) -> Option<&BTreeSet<&'m str>> {
        let mut service = service;
        for _ in 0..FARTHEST {
            let Some(mode) = service.get(&["network_mode"]) else {
                return self.used.get(service.name).filter(|names| !names.is_empty());
            };
            service = self.services.get(mode.text()?.strip_prefix("service:")?)?;
        }
        None
    }

    fn any_external(&self, names: &BTreeSet<&str>) -> bool {
        names.iter().any(|name| self.external.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn one(rest: &str, others: &str, networks: &str) -> Vec<String> {
        let image = if rest.contains("image") { "" } else { "image: x, " };
        let text = format!(
            "services:\n  a: {{{image}environment: {{DB: 'b:5432'}}, {rest}}}\n  b: {{image: y, {others}}}\nnetworks: {{{networks}}}\n"
        );
        of("CV311", &text)
    }

    const TWO: &str = "one: , two: ";

    #[test]
    fn who_is_named_shares_a_network() {
        let wanted = ["2:35 warning `b:5432` is unknown here: `b` is in none of these networks"];
        assert_eq!(one("networks: [one]", "networks: [two]", TWO), wanted);
        assert_eq!(one("networks: [one]", "restart: always", TWO), wanted);
        assert_eq!(one("restart: always", "networks: [two]", TWO), wanted);
        let others = "networks: [two]}\n  c: {image: z, networks: [one]";
        assert_eq!(one("network_mode: 'service:c'", others, TWO), wanted);
        // Under its real name, it is another network.
        assert_eq!(one("networks: [one]", "networks: [two]", "one: {name: two}, two: "), wanted);
    }

    #[test]
    fn what_is_shared_or_unknown_is_fine() {
        for (rest, others, networks) in [
            ("restart: always", "restart: always", TWO),
            ("networks: [one, two]", "networks: [two]", TWO),
            ("networks: [one]", "networks: [two]", "one: {name: n}, two: {name: n}"),
            ("networks: [one]", "networks: [two]", "one: {external: true}, two: "),
            ("network_mode: host", "networks: [two]", TWO),
            ("networks: [one]", "network_mode: host", TWO),
            ("image: '', networks: [one]", "networks: [two]", TWO),
            ("networks: [one]", "network_mode: 'service:c'}\n  c: {image: z, networks: [two]", TWO),
            ("networks: [one], profiles: [p]", "networks: [two], profiles: [q]", TWO),
            ("networks: [one], extra_hosts: {b: 10.0.0.1}", "networks: [two]", TWO),
        ] {
            assert_eq!(one(rest, others, networks), [""; 0], "{rest} {others} {networks}");
        }
    }

    #[test]
    fn circles_are_borne() {
        let found = one(
            "network_mode: 'service:c'",
            "networks: [two]}\n  c: {image: z, network_mode: 'service:a'",
            TWO,
        );
        assert_eq!(found, [""; 0]);
    }
}
