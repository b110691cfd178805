//! Which Kafka servers are one cluster: those that share a ZooKeeper ensemble or a quorum of controllers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::kafka::{self, Server};
use super::lines::Given;
use crate::compose::view::{Service, View};

/// Servers that are meant to be one.
#[derive(Debug)]
pub(super) struct Cluster<'s, 'm> {
    pub(super) servers: Vec<&'s Server<'m>>,
    /// All of it is in the stack, as far as that can be told.
    is_whole: bool,
}

impl Cluster<'_, '_> {
    /// How many brokers it has; `None` where some may be elsewhere.
    pub(super) fn brokers(&self) -> Option<u64> {
        let brokers = self.servers.iter().filter(|server| server.is_broker);
        let replicas = brokers.map(|server| server.service.replicas());
        self.is_whole.then(|| replicas.fold(0, u64::saturating_add))
    }
}

/// The clusters of a stack. A server that does not say where it belongs to is in none.
pub(super) fn clusters<'s, 'm>(view: &View<'m>, servers: &'s [Server<'m>]) -> Vec<Cluster<'s, 'm>> {
    let names = owners(view);
    let ensembles = ensembles(view, &names);
    let mut groups = Groups::default();
    let mut keys: Vec<Option<String>> = Vec::new();
    let mut outside: BTreeSet<String> = BTreeSet::new();
    let mut is_complete = !has_other_brokers(view, servers);
    for server in servers {
        let Some(all) = coordinators(server, &names, &ensembles) else {
            is_complete &= !server.is_broker;
            keys.push(None);
            continue;
        };
        let key = all.first().map(|(key, _)| key.clone());
        for (other, is_here) in &all {
            if !is_here {
                outside.insert(other.clone());
            }
            if let Some(key) = &key {
                groups.join(key, other);
            }
        }
        keys.push(key);
    }
    let outside: BTreeSet<String> = outside.iter().map(|key| groups.find(key)).collect();
    let mut clusters: BTreeMap<String, Cluster<'s, 'm>> = BTreeMap::new();
    for (server, key) in servers.iter().zip(&keys) {
        let Some(key) = key else { continue };
        let key = groups.find(key);
        let is_whole = is_complete && !outside.contains(&key);
        let empty = || Cluster { servers: Vec::new(), is_whole };
        clusters.entry(key).or_insert_with(empty).servers.push(server);
    }
    clusters.into_values().collect()
}

/// Whose name is whose.
fn owners<'m>(view: &View<'m>) -> HashMap<&'m str, &'m str> {
    let mut owners = HashMap::new();
    for service in &view.services {
        for name in kafka::names(service) {
            owners.entry(name).or_insert(service.name);
        }
    }
    owners
}

/// Services that look like brokers of an image that nobody knows: how many brokers there are cannot be told then.
fn has_other_brokers(view: &View<'_>, servers: &[Server<'_>]) -> bool {
    let known: BTreeSet<&str> = servers.iter().map(|server| server.service.name).collect();
    let is_mark = |name: &str| {
        let name = name.trim_start_matches("KAFKA_").trim_start_matches("CFG_");
        matches!(name, "ADVERTISED_LISTENERS" | "BROKER_ID" | "ZOOKEEPER_CONNECT")
    };
    view.services.iter().any(|service| {
        !known.contains(service.name)
            // Of a known image with a command of its own it is a tool.
            && kafka::family(service).is_none()
            && service.environment().iter().any(|variable| is_mark(variable.name))
    })
}

/// The hosts that a server's cluster meets at, each with whether it is in the stack; `None` where nobody can tell.
fn coordinators(
    server: &Server<'_>,
    names: &HashMap<&str, &str>,
    ensembles: &Groups,
) -> Option<Vec<(String, bool)>> {
    let own = server.service.name;
    let owner = |host: &str| {
        if kafka::is_local(host) || host == "0.0.0.0" {
            Some(own)
        } else {
            names.get(host).copied()
        }
    };
    let of_list = |list: &str, of: &dyn Fn(&str, Option<&str>) -> String| {
        let hosts = list.split(',').map(str::trim).filter(|host| !host.is_empty());
        let all: Option<Vec<(String, bool)>> = hosts
            .map(|item| {
                let item = item.split_once('@').map_or(item, |(_, address)| address);
                let (host, port) =
                    item.rsplit_once(':').map_or((item, None), |(h, p)| (h, Some(p)));
                let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                let is_readable = !host.is_empty() && host.chars().all(is_host);
                let found = owner(host);
                is_readable.then(|| (of(found.unwrap_or(host), port), found.is_some()))
            })
            .collect();
        all.filter(|all| !all.is_empty())
    };
    if server.is_kraft {
        let setting = ["CONTROLLER_QUORUM_VOTERS", "CONTROLLER_QUORUM_BOOTSTRAP_SERVERS"];
        let list = setting.iter().find_map(|name| server.setting(name).text())?;
        of_list(list, &|host, port| format!("quorum {host}:{}", port.unwrap_or_default()))
    } else {
        let text = server.setting("ZOOKEEPER_CONNECT").text()?;
        let (list, root) = text.split_once('/').unwrap_or((text, ""));
        of_list(list, &|host, _| format!("ensemble {} /{root}", ensembles.find(host)))
    }
}

/// A list of the members of an ensemble, as one of them has it.
struct Members<'m> {
    given: Given<'m>,
    hosts: Vec<&'m str>,
}

/// `ZOO_SERVERS` and `ZOOKEEPER_SERVERS`: `server.1=a:2888:3888;2181 …` (the official image), `a:2888:3888;b:2888:3888`
/// (Confluent's), `a:2888:3888,…` (Bitnami's).
fn members<'m>(service: &Service<'m>) -> Option<Members<'m>> {
    let variables = service.environment();
    let is_list = |v: &&crate::compose::view::Variable<'_>| {
        matches!(v.name, "ZOO_SERVERS" | "ZOOKEEPER_SERVERS")
    };
    let given = Given::of(variables.iter().find(is_list)?)?;
    let parts = given.value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    let hosts: Vec<&str> = parts
        .filter(|part| part.matches(':').count() >= 2 && !part.ends_with(":observer"))
        .filter_map(|part| {
            let address = part.split_once('=').map_or(part, |(_, address)| address);
            let host = address.split(':').next()?;
            Some(if matches!(host, "0.0.0.0" | "localhost" | "127.0.0.1") {
                service.name
            } else {
                host
            })
        })
        .collect();
    (!hosts.is_empty()).then_some(Members { given, hosts })
}

/// Which ZooKeepers are one ensemble.
fn ensembles(view: &View<'_>, names: &HashMap<&str, &str>) -> Groups {
    let mut groups = Groups::default();
    for service in &view.services {
        for host in members(service).iter().flat_map(|members| &members.hosts) {
            groups.join(service.name, names.get(host).copied().unwrap_or(host));
        }
    }
    groups
}

/// The ensembles with an even number of members: the service that says so first, the list and the number.
pub(super) fn even_ensembles<'v, 'm>(
    view: &'v View<'m>,
) -> Vec<(&'v Service<'m>, Given<'m>, usize)> {
    let names = owners(view);
    let groups = ensembles(view, &names);
    let mut seen = BTreeSet::new();
    let even = view.services.iter().filter_map(|service| {
        let Members { given, hosts } = members(service)?;
        let count = hosts.iter().collect::<BTreeSet<_>>().len();
        let is_new = seen.insert(groups.find(service.name));
        (is_new && count.is_multiple_of(2)).then_some((service, given, count))
    });
    let is_known = |service: &Service<'_>| {
        let image = service.image().map(|image| image.repository);
        image.is_some_and(|image| image.contains("zookeeper"))
    };
    even.filter(|(service, ..)| is_known(service)).collect()
}

/// Names that are one: each points to another of its group, and the last to none.
#[derive(Debug, Default)]
struct Groups {
    next: HashMap<String, String>,
    sizes: HashMap<String, usize>,
}

impl Groups {
    fn find(&self, name: &str) -> String {
        let mut at = name;
        while let Some(next) = self.next.get(at) {
            at = next;
        }
        at.to_owned()
    }

    fn join(&mut self, a: &str, b: &str) {
        let (a, b) = (self.find(a), self.find(b));
        if a == b {
            return;
        }
        let size = |name: &String| self.sizes.get(name).copied().unwrap_or(1);
        let total = size(&a) + size(&b);
        // The smaller below the larger: ways stay short.
        let (small, large) = if size(&a) < size(&b) { (a, b) } else { (b, a) };
        self.sizes.insert(large.clone(), total);
        self.next.insert(small, large);
    }
}
