//! CV310.

use std::collections::{HashMap, HashSet};

use super::checks::{self, Checked, checked};
use super::names::Hosts;
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::rules::{Rule, STRICT};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV310",
        name: "missing-dependency",
        severity: Severity::Note,
        about: "a service names another one that it does not wait for",
    },
    sets: STRICT,
    fix: None,
    why: "\
Who has `postgresql://…@registry:5432` in a variable or on the command line is going to connect to `registry`. Without
`depends_on`, Compose starts both at the same time, `docker compose up web` does not start the registry at all, and
`docker compose down` may stop it first.

Looked at is `name:port` in the values of variables and the words of `command` and `entrypoint`, where the name is
that of another service, its `container_name` or one of its aliases. Services that it waits for indirectly count as
awaited. Not told of are services that wait for this one, or name it as well (members of a cluster), and those that
may be absent because of their profiles. Variables that hold addresses for others (`…ADVERTISED…`, `…CORS…`,
`…ORIGIN…` and the like) are not looked at.",
    bad: "\
services:
  web:
    image: acme/web:1.2
    environment:
      DATABASE_URL: postgresql://web@registry:5432/web
  registry:
    image: postgres:17.2
",
    good: "\
services:
  web:
    image: acme/web:1.2
    environment:
      DATABASE_URL: postgresql://web@registry:5432/web
    depends_on:
      - registry
  registry:
    image: postgres:17.2
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let hosts = Hosts::of(view);
    let all: HashMap<&str, Vec<_>> =
        view.services.iter().map(|service| (service.name, hosts.named_by(service))).collect();
    if all.values().all(Vec::is_empty) {
        return;
    }
    let pairs: HashSet<(&str, &str)> = all
        .iter()
        .flat_map(|(name, namings)| namings.iter().map(|naming| (*name, naming.target.name)))
        .collect();
    let mut graph = Graph::of(view);
    for service in &view.services {
        let namings = all.get(service.name).map(Vec::as_slice).unwrap_or_default();
        if namings.is_empty() {
            continue;
        }
        let Some(awaited) = graph.reached(service.name, true) else { return };
        let Some(waiting) = graph.reached(service.name, false) else { return };
        for naming in namings {
            let (name, target) = (naming.target.name, naming.target);
            if awaited.contains(name)
                || pairs.contains(&(name, service.name))
                || !is_there_with(target, service)
                || !checks::has_containers(target)
                || waiting.contains(name)
            {
                continue;
            }
            let text =
                format!("`{}` is named, but `depends_on` does not lead to `{name}`", naming.text);
            let condition = match checked(target) {
                Checked::Yes => "service_healthy",
                _ => "service_started",
            };
            let help = format!("add `depends_on: {{{name}: {{condition: {condition}}}}}`");
            let finding = naming.node.finding(&RULE.code, text).service(service.name);
            findings.add(finding.note(target.key, "it is defined here").help(help));
        }
    }
}

/// Whether one runs whenever another does.
fn is_there_with(target: &Service<'_>, service: &Service<'_>) -> bool {
    let (theirs, ours) = (target.profiles(), service.profiles());
    theirs.is_empty() || (!ours.is_empty() && ours.iter().all(|own| theirs.contains(own)))
}

/// Who waits for whom.
struct Graph<'m> {
    forward: HashMap<&'m str, Vec<&'m str>>,
    backward: HashMap<&'m str, Vec<&'m str>>,
    /// How many steps are still gone: no stack that is meant to run needs them all.
    left: usize,
}

impl<'m> Graph<'m> {
    fn of(view: &View<'m>) -> Self {
        let mut graph =
            Self { forward: HashMap::new(), backward: HashMap::new(), left: 10_000_000 };
        for service in &view.services {
            for dependency in service.dependencies() {
                graph.forward.entry(service.name).or_default().push(dependency.name);
                graph.backward.entry(dependency.name).or_default().push(service.name);
            }
        }
        graph
    }

    /// All that a service waits for, at any distance, or all that wait for it. `None` where that takes too long.
    fn reached(&mut self, name: &'m str, is_forward: bool) -> Option<HashSet<&'m str>> {
        let edges = if is_forward { &self.forward } else { &self.backward };
        let (mut seen, mut open) = (HashSet::new(), vec![name]);
        while let Some(name) = open.pop() {
            let next = edges.get(name).map(Vec::as_slice).unwrap_or_default();
            self.left = self.left.checked_sub(next.len())?;
            open.extend(next.iter().filter(|next| seen.insert(**next)));
        }
        Some(seen)
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn one(rest: &str, others: &str) -> Vec<String> {
        of("CV310", &format!("services:\n  a: {{image: x, {rest}}}\n  b: {{image: y{others}}}\n"))
    }

    #[test]
    fn a_service_that_is_named_must_be_awaited() {
        let text = "`b:5432` is named, but `depends_on` does not lead to `b`";
        for (rest, at) in [
            ("environment: {DB: 'b:5432'}", 35),
            ("environment: ['DB=pg://u:p@b:5432/x']", 31),
            ("command: serve --db b:5432", 26),
            ("command: [sh, -c, 'wait b:5432 && serve']", 35),
            ("entrypoint: [wait, 'b:5432']", 36),
        ] {
            assert_eq!(one(rest, ""), [format!("2:{at} note {text}")], "{rest}");
        }
        let found = one("environment: {DB: 'c:80', OTHER: 'c:81'}", ", container_name: c");
        assert_eq!(found, ["2:35 note `c:80` is named, but `depends_on` does not lead to `b`"]);
        let found = one("command: 'd:80'", ", networks: {default: {aliases: [d]}}");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn what_is_awaited_or_not_to_be_awaited_is_fine() {
        let named = "environment: {DB: 'b:5432'}";
        for (rest, others) in [
            ("depends_on: [b], environment: {DB: 'b:5432'}", ""),
            ("links: [b], environment: {DB: 'b:5432'}", ""),
            // Indirectly.
            ("depends_on: [c], environment: {DB: 'b:5432'}", "}\n  c: {image: z, depends_on: [b]"),
            // The other way round.
            (named, ", depends_on: [a]"),
            (named, ", depends_on: [c]}\n  c: {image: z, depends_on: [a]"),
            // Members of a cluster.
            (named, ", environment: {PEER: 'a:1234'}"),
            (named, ", profiles: [extra]"),
            ("profiles: [one], environment: {DB: 'b:5432'}", ", profiles: [extra]"),
            (named, ", scale: 0"),
            ("extra_hosts: ['b:10.0.0.1'], environment: {DB: 'b:5432'}", ""),
            ("environment: {CORS_ORIGINS: 'http://b:5432'}", ""),
            ("environment: {DB: b, URL: 'a:80', IMG: 'b:17', EMPTY: }", ""),
            // Two have this name.
            (
                "environment: {DB: 'b:5432'}",
                ", container_name: q}\n  c: {image: z, networks: {default: {aliases: [b]}}",
            ),
        ] {
            assert_eq!(one(rest, others), [""; 0], "{rest} {others}");
        }
        let both = ", profiles: [one, two]";
        assert_eq!(one("profiles: [one], environment: {DB: 'b:5432'}", both).len(), 1);
    }

    #[test]
    fn circles_are_borne() {
        // Compose refuses it; the rule must come to an end.
        let found = one(
            "depends_on: [b], environment: {DB: 'c:5432'}",
            ", depends_on: [a]}\n  c: {image: z",
        );
        assert_eq!(found.len(), 1);
    }
}
