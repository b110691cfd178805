//! CV603.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use super::publish::published;
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Peers, Port, Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV603",
        name: "host-port-twice",
        severity: Severity::Error,
        about: "two services that may run together publish one port of the host",
    },
    sets: EVERY,
    fix: None,
    why: "\
A port of the host is one program's. Where two services publish the same one, the second does not start: *port is
already allocated*. `docker compose config` says nothing of it.

The same port means the same protocol, and addresses that overlap: none given, `0.0.0.0` or `::` is every address, so
that `8080:80` and `127.0.0.1:8080:80` get in each other's way, while 127.0.0.1 and 127.0.0.2 do not. Ranges are
looked at port by port. A range for one port of the container (`8000-8010:80`) takes the first that is free, which is
a warning if another service has one of them.

Services count that may run together: those of different profiles do not, unless both profiles were asked for. With
`network_mode: host`, Docker passes `ports` over. Where a file lists alternatives that are started by name
(`docker compose up vllm`), nothing breaks until somebody starts all of them: give each a profile.",
    bad: "\
services:
  grafana:
    image: grafana/grafana:11.4.0
    ports: [\"3000:3000\"]
  mlflow:
    image: ghcr.io/mlflow/mlflow:v2.19.0
    ports: [\"3000:5000\"]
",
    good: "\
services:
  grafana:
    image: grafana/grafana:11.4.0
    ports: [\"3000:3000\"]
  mlflow:
    image: ghcr.io/mlflow/mlflow:v2.19.0
    ports: [\"5000:5000\"]
",
    check,
};

/// Who publishes one port of one protocol, by address.
#[derive(Default)]
struct Owners<'m> {
    every: Peers<'m>,
    /// Those of one family: IPv4 or IPv6. Who publishes on no address has both.
    family: [Peers<'m>; 2],
    address: HashMap<IpAddr, Peers<'m>>,
    anywhere: Peers<'m>,
}

/// Where a port is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Everywhere,
    Family(usize),
    At(IpAddr),
}

struct Use<'v, 'm> {
    service: &'v Service<'m>,
    port: Port<'m>,
    place: Place,
}

fn check(view: &View<'_>, findings: &mut Findings) {
    let services = view.services.iter().filter(|service| service.replicas() > 0);
    let uses: Vec<Use<'_, '_>> = services
        .flat_map(|service| published(service).into_iter().map(move |port| (service, port)))
        .filter_map(|(service, port)| {
            let place = place(port.address)?;
            Some(Use { service, port, place })
        })
        .collect();
    // A short form with a range is many ports, and one fault.
    let mut told = HashSet::new();
    let mut fixed: BTreeMap<(&str, u16), Owners<'_>> = BTreeMap::new();
    for (at, user) in uses.iter().enumerate() {
        let Some((first, last)) = user.port.published.filter(|(first, last)| first == last) else {
            continue;
        };
        let owners = fixed.entry((user.port.protocol, first)).or_default();
        if let Some(other) = owners.of(view, user).and_then(|other| uses.get(other))
            && told.insert((user.service.name, user.port.node.span))
        {
            findings.add(clash(user, other, last));
        }
        owners.add(view, user, at);
    }
    for user in &uses {
        let Some((first, last)) = user.port.published.filter(|(first, last)| first < last) else {
            continue;
        };
        let (low, high) = ((user.port.protocol, first), (user.port.protocol, last));
        // Enough to find one, and few enough for any number of ranges.
        let taken = fixed
            .range(low..=high)
            .take(64)
            .find_map(|((_, port), owners)| Some((*port, uses.get(owners.of(view, user)?)?)));
        if let Some((port, other)) =
            taken.filter(|(_, other)| other.service.name != user.service.name)
            && told.insert((user.service.name, user.port.node.span))
        {
            let name = other.service.name;
            let text = format!("the range holds port {port} of the host, which `{name}` publishes");
            findings.add(note(user, other, &text).severity(Severity::Warning));
        }
    }
}

fn clash(user: &Use<'_, '_>, other: &Use<'_, '_>, port: u16) -> Finding {
    let text = if user.service.name == other.service.name {
        format!("port {port} of the host is published twice")
    } else {
        format!("port {port} of the host is published by `{}` too", other.service.name)
    };
    note(user, other, &text).help("publish one of them on another port")
}

fn note(user: &Use<'_, '_>, other: &Use<'_, '_>, text: &str) -> Finding {
    let finding = user.port.node.finding(&RULE.code, text).service(user.service.name);
    let span = other.port.node.span;
    // One anchor may hold both.
    let span = if span == finding.span { other.service.key } else { span };
    finding.note(span, "it is published here")
}

/// `None` for what is no address.
fn place(address: Option<&str>) -> Option<Place> {
    let Some(address) = address else { return Some(Place::Everywhere) };
    let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
    let place = Place::At(address);
    Some(if address.is_unspecified() {
        Place::Family(usize::from(address.is_ipv6()))
    } else {
        place
    })
}

impl<'m> Owners<'m> {
    /// The first that publishes it where this one does.
    fn of(&self, view: &View<'m>, user: &Use<'_, 'm>) -> Option<usize> {
        let of = |peers: &Peers<'m>| peers.beside(view, user.service);
        match user.place {
            Place::Everywhere => of(&self.every),
            Place::Family(family) => of(&self.family[family]),
            Place::At(address) => {
                let same = self.address.get(&address).and_then(of);
                let family = IpAddr::from([0_u8; 4]);
                let all = if address.is_ipv6() { IpAddr::from([0_u16; 8]) } else { family };
                let all = self.address.get(&all).and_then(of);
                [same, all, of(&self.anywhere)].into_iter().flatten().min()
            }
        }
    }

    fn add(&mut self, view: &View<'m>, user: &Use<'_, 'm>, at: usize) {
        self.every.add(view, user.service, at);
        match user.place {
            Place::Everywhere => {
                self.anywhere.add(view, user.service, at);
                self.family.iter_mut().for_each(|peers| peers.add(view, user.service, at));
            }
            Place::Family(family) => {
                self.family[family].add(view, user.service, at);
                let all =
                    if family == 1 { IpAddr::from([0_u16; 8]) } else { IpAddr::from([0_u8; 4]) };
                self.address.entry(all).or_default().add(view, user.service, at);
            }
            Place::At(address) => {
                self.family[usize::from(address.is_ipv6())].add(view, user.service, at);
                self.address.entry(address).or_default().add(view, user.service, at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn found(a: &str, b: &str) -> Vec<String> {
        of(
            "CV603",
            &format!("services:\n  a:\n    image: a\n    {a}\n  b:\n    image: b\n    {b}\n"),
        )
    }

    fn ports(a: &str, b: &str) -> Vec<String> {
        found(&format!("ports: [{a}]"), &format!("ports: [{b}]"))
    }

    #[test]
    fn a_port_has_one_service() {
        let wanted = ["7:13 error port 80 of the host is published by `a` too"];
        for (a, b) in [
            ("'80:80'", "'80:8080'"),
            ("'80:80'", "{target: 1, published: '80'}"),
            ("'80:80'", "'0.0.0.0:80:80'"),
            ("'127.0.0.1:80:80'", "'80:80'"),
            ("'127.0.0.1:80:80'", "'0.0.0.0:80:80'"),
            ("'0.0.0.0:80:80'", "'127.0.0.1:80:80'"),
            ("'80:80'", "'127.0.0.1:80:80'"),
            ("'[::]:80:80'", "'[::1]:80:80'"),
            ("'80:80'", "'[::]:80:80'"),
            ("'79-81:1-3'", "'80:80'"),
            ("'80:80/udp'", "'80:81/udp'"),
        ] {
            assert_eq!(ports(a, b), wanted, "{a} {b}");
        }
        for (a, b) in [
            ("'80:80'", "'81:80'"),
            ("'80:80'", "'80:80/udp'"),
            ("'127.0.0.1:80:80'", "'127.0.0.2:80:80'"),
            ("'0.0.0.0:80:80'", "'[::]:80:80'"),
            ("'80'", "'80'"),
            ("80", "'80:80'"),
            ("'0:80'", "'0:80'"),
        ] {
            assert!(ports(a, b).is_empty(), "{a} {b}");
        }
    }

    #[test]
    fn one_service_may_do_it_alone() {
        assert_eq!(
            ports("'80:80', '80:81'", "'1:1'"),
            ["4:22 error port 80 of the host is published twice"]
        );
        assert!(ports("'80:80', '80:80/udp', '[::1]:80:80/sctp'", "'1:1'").is_empty());
    }

    #[test]
    fn ranges_are_one_fault_each() {
        assert_eq!(
            ports("'80-85:80-85'", "'80-85:80-85'"),
            ["7:13 error port 80 of the host is published by `a` too"]
        );
        assert_eq!(
            ports("'82:80'", "'80-85:80'"),
            ["7:13 warning the range holds port 82 of the host, which `a` publishes"]
        );
        assert!(ports("'80-85:80'", "'80-85:80'").is_empty());
        assert!(ports("'86:80'", "'80-85:80'").is_empty());
    }

    #[test]
    fn only_those_that_run_together_count() {
        let (a, b) = ("ports: ['80:80']", "ports: ['80:80']");
        let with = |keys: &str, more: &str| format!("{keys}\n    {more}");
        assert!(found(&with(a, "profiles: [x]"), &with(b, "profiles: [y]")).is_empty());
        assert_eq!(found(&with(a, "profiles: [x]"), &with(b, "profiles: [y, x]")).len(), 1);
        assert_eq!(found(a, &with(b, "profiles: [y]")).len(), 1);
        assert!(found(a, &with(b, "network_mode: host")).is_empty());
        assert!(found(a, &with(b, "scale: 0")).is_empty());
    }

    #[test]
    fn an_anchor_of_two_services_is_found_once() {
        let text = "x-a: &a\n  ports: ['80:80']\nservices:\n  a: {image: a, <<: *a}\n  b: {image: b, <<: *a}\n  c: {image: c, <<: *a}\n";
        assert_eq!(of("CV603", text), ["2:11 error port 80 of the host is published by `a` too"]);
    }
}
