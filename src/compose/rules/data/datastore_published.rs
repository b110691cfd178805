//! CV604.

use std::collections::{HashMap, HashSet};

use super::datastore::is_datastore;
use super::publish::{names_address, on_localhost, published};
use crate::compose::finding::{Code, Findings, Severity};
use crate::compose::fix::{Fix, Safety};
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::source::Span;
use crate::compose::view::{Port, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV604",
        name: "datastore-published",
        severity: Severity::Warning,
        about: "a datastore can be reached from other machines",
    },
    sets: PLATFORM,
    fix: Some(Safety::Safe),
    why: "\
A port that is published without an address is published on all of them: the database of a laptop in a café, or of a
server with a public address, answers everybody. Docker's rules stand before those of `ufw`, so that such a
firewall on the same host does not help (*Packet filtering and firewalls* in Docker's documentation).

Services of the stack need no published port: they reach each other over their network, by name. One that is there for
tools on the same machine belongs on 127.0.0.1.

Looked at are ports of images that are known to keep or hand on data: databases, caches, brokers, object stores. One
with an address passes, `0.0.0.0` too: somebody wrote it down. So does one whose address is a variable, even an empty
one.

The fix puts `127.0.0.1:` before the port, or `host_ip: 127.0.0.1` in the long form. Who really reaches the port from
another machine gives the address of the interface that is meant for it.",
    bad: "\
services:
  registry:
    image: postgres:17.2
    ports:
      - \"5432:5432\"
",
    good: "\
services:
  registry:
    image: postgres:17.2
    ports:
      - \"127.0.0.1:5432:5432\"
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    let found: Vec<(&Service<'_>, Vec<Port<'_>>)> = view
        .services
        .iter()
        .filter(|service| is_datastore(service))
        .map(|service| (service, open(view, service)))
        .filter(|(_, open)| !open.is_empty())
        .collect();
    if found.is_empty() {
        return;
    }
    let users = users(view);
    let mut open_at: HashMap<Span, HashSet<&str>> = HashMap::new();
    for (service, port) in
        found.iter().flat_map(|(service, open)| open.iter().map(move |p| (service, p)))
    {
        open_at.entry(port.node.span).or_default().insert(service.name);
    }
    for (service, open) in &found {
        // A short form with a range is many ports, and one fault.
        let mut told = HashSet::new();
        for port in open.iter().filter(|port| told.insert(port.node.span)) {
            let span = port.node.span;
            let text = format!("port {} is published on every address of the host", port.target);
            let help = "publish it on 127.0.0.1, or not at all: services reach each other by name";
            // What is written once for several services changes for all of them.
            let is_for_all =
                users.get(&span).is_some_and(|users| Some(users) == open_at.get(&span));
            let edit = on_localhost(view, port.node).filter(|_| is_for_all);
            let fix = edit.map(|edit| {
                let mut paths = vec![format!("services.{}.ports", service.name)];
                paths.extend(view.extensions_with(span));
                Fix::edit(Safety::Safe, vec![edit], paths)
            });
            let finding = port.node.finding(&RULE.code, text).service(service.name);
            findings.add(finding.help(help).fix(fix));
        }
    }
}

/// Its ports for data that are published everywhere.
fn open<'m>(view: &View<'m>, service: &Service<'m>) -> Vec<Port<'m>> {
    let known = service.known();
    let mut ports = published(service);
    ports.retain(|port| known.ports().contains(&port.target) && !names_address(view, port));
    ports
}

/// The services that have the port written at a place.
fn users<'m>(view: &View<'m>) -> HashMap<Span, HashSet<&'m str>> {
    let mut users: HashMap<Span, HashSet<&str>> = HashMap::new();
    for service in &view.services {
        for port in service.list(&["ports"]) {
            users.entry(port.span).or_default().insert(service.name);
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::{fixed, judged, of};

    fn text(ports: &str) -> String {
        format!("services:\n  db:\n    image: postgres:17\n    ports:{ports}\n")
    }

    #[test]
    fn an_address_is_asked_for() {
        let found = "port 5432 is published on every address of the host";
        for (ports, place) in [
            (" [5432]", "4:13"),
            (" ['5432']", "4:13"),
            ("\n      - 5432:5432", "5:9"),
            ("\n      - 15432:5432/tcp", "5:9"),
            ("\n      - ${PORT:-5432}:5432", "5:9"),
            ("\n      - target: 5432", "5:9"),
            ("\n      - {target: 5432, published: 1}", "5:9"),
            (" ['5430-5435:5430-5435']", "4:13"),
        ] {
            assert_eq!(of("CV604", &text(ports)), [format!("{place} warning {found}")], "{ports}");
        }
        for ports in [
            " ['127.0.0.1:5432:5432']",
            " ['127.0.0.1::5432']",
            " ['0.0.0.0:5432:5432']",
            " ['${ADDRESS:-}:5432:5432']",
            " ['${ADDRESS:-10.0.0.1}:5432:5432']",
            " [{target: 5432, host_ip: ''}]",
            " ['8080:8080']",
            " ['5432:8080']",
            " ['5432:5432']\n    network_mode: host",
            " ['5432:5432']\n    build: .",
            " []",
        ] {
            assert!(of("CV604", &text(ports)).is_empty(), "{ports}");
        }
        assert!(
            of("CV604", "services: {a: {image: 'me/app:1', ports: ['5432:5432']}}\n").is_empty()
        );
    }

    #[test]
    fn the_address_is_put_before_the_port_in_every_form() {
        for (before, after) in [
            (" [\"5432:5432\"]", " [\"127.0.0.1:5432:5432\"]"),
            (" ['5432:5432' , '80:80']", " ['127.0.0.1:5432:5432' , '80:80']"),
            (" [5432:5432]", " [127.0.0.1:5432:5432]"),
            ("\n    - 5432:5432 # here", "\n    - 127.0.0.1:5432:5432 # here"),
            ("\n      - 5432", "\n      - \"127.0.0.1::5432\""),
            ("\n      - '5432'", "\n      - '127.0.0.1::5432'"),
            ("\n      - 5432/tcp", "\n      - \"127.0.0.1::5432/tcp\""),
            ("\n      - ${P:-5432}:5432", "\n      - 127.0.0.1:${P:-5432}:5432"),
            ("\n      - \"${P:-5432}:5432\"", "\n      - \"127.0.0.1:${P:-5432}:5432\""),
            ("\n      - 5432-5433:5432-5433", "\n      - 127.0.0.1:5432-5433:5432-5433"),
            (
                "\n      - target: 5432\n        published: \"1\"",
                "\n      - target: 5432\n        host_ip: 127.0.0.1\n        published: \"1\"",
            ),
            (
                "\n      - published: 1\n        target: 5432",
                "\n      - host_ip: 127.0.0.1\n        published: 1\n        target: 5432",
            ),
            (
                "\n      - target: 5432\n        mode: host",
                "\n      - host_ip: 127.0.0.1\n        target: 5432\n        mode: host",
            ),
            (
                "\n      -\n        target: 5432",
                "\n      -\n        host_ip: 127.0.0.1\n        target: 5432",
            ),
            (
                " [{target: 5432, published: '5432'}]",
                " [{target: 5432, host_ip: 127.0.0.1, published: '5432'}]",
            ),
        ] {
            assert_eq!(fixed("CV604", &text(before)), text(after));
            assert!(of("CV604", &text(after)).is_empty());
        }
        let crlf = text("\n      - target: 5432\n        published: 1").replace('\n', "\r\n");
        assert!(
            fixed("CV604", &crlf).contains("\r\n        host_ip: 127.0.0.1\r\n        published")
        );
    }

    #[test]
    fn an_anchor_is_changed_if_all_who_share_it_are_datastores() {
        let text = "x-p: &p\n  ports: ['5432:5432']\nservices:\n  a: {image: postgres, <<: *p}\n  b: {image: postgres, <<: *p}\n";
        assert_eq!(fixed("CV604", text), text.replace("'5432:", "'127.0.0.1:5432:"));
        let text = text.replace("b: {image: postgres", "b: {image: me");
        let found = judged(&text);
        let found: Vec<_> = found.iter().filter(|finding| finding.code.id == "CV604").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].fix, None);
    }

    #[test]
    fn what_may_be_more_than_a_port_stays() {
        for ports in [" ['${MAPPING:-5432:5432}']", " ['${P:-5432}']", " [!!str 5432]"] {
            let found = judged(&text(ports));
            let found: Vec<_> = found.iter().filter(|finding| finding.code.id == "CV604").collect();
            assert_eq!(found.len(), 1, "{ports}");
            if ports.contains('$') {
                assert_eq!(found[0].fix, None, "{ports}");
            }
        }
    }
}
