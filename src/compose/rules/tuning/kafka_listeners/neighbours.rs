//! Who is beside a broker.

use std::collections::{HashMap, HashSet};

use crate::compose::node::{Entry, Node};
use crate::compose::rules::tuning::kafka::{self, Server};
use crate::compose::rules::tuning::lines;
use crate::compose::view::{Service, View};

/// The brokers of a stack, by what they are looked up by.
#[derive(Default)]
pub(super) struct Brokers<'s, 'm> {
    pub(super) by_name: HashMap<&'m str, Vec<&'s Server<'m>>>,
    pub(super) by_cluster: HashMap<&'m str, Vec<&'s Server<'m>>>,
}

impl<'s, 'm> Brokers<'s, 'm> {
    pub(super) fn of(servers: &'s [Server<'m>]) -> Self {
        let mut brokers = Self::default();
        for server in servers.iter().filter(|server| server.is_broker) {
            // One that shares another's network has its names.
            let shared = server.service.text(&["network_mode"]);
            let shared = shared.and_then(|mode| mode.strip_prefix("service:"));
            for name in kafka::names(&server.service).into_iter().chain(shared) {
                brokers.by_name.entry(name).or_default().push(server);
            }
            if let Some(cluster) = cluster(server) {
                brokers.by_cluster.entry(cluster).or_default().push(server);
            }
        }
        brokers
    }
}

/// Who names which address, and which names there are.
pub(super) struct Clients<'v> {
    pub(super) by_address: HashMap<(&'v str, u16), Vec<(&'v Service<'v>, &'v Node)>>,
    names: HashSet<&'v str>,
    /// A host's name may be given to a container in ways that are not looked at.
    has_other_names: bool,
}

impl<'v> Clients<'v> {
    pub(super) fn of<'m: 'v>(view: &'v View<'m>) -> Self {
        let mut by_address: HashMap<(&str, u16), Vec<(&Service<'_>, &Node)>> = HashMap::new();
        let in_network = |service: &&Service<'_>| service.text(&["network_mode"]).is_none();
        for service in view.services.iter().filter(in_network) {
            // Of its own addresses a server speaks in these.
            let is_own = |name: &str| name.contains("LISTENERS") || name.contains("QUORUM");
            let variables = service.environment().into_iter().filter(|v| !is_own(v.name));
            let values = variables.filter_map(|v| Some((v.value?, v.node)));
            let words = lines::tokens(service).into_iter().map(|token| (token.text, token.node));
            for (text, node) in values.chain(words) {
                for address in addresses(text) {
                    by_address.entry(address).or_default().push((service, node));
                }
            }
        }
        let names = view.services.iter().flat_map(kafka::names).collect();
        let names_hosts = |service: &Service<'_>| {
            ["extra_hosts", "external_links", "links", "dns"]
                .iter()
                .any(|key| service.get(&[key]).is_some())
        };
        let is_external = |(_, entry): (&str, &Entry)| entry.node.get("external").is_some();
        let has_other_names =
            view.services.iter().any(names_hosts) || view.section("networks").any(is_external);
        Self { by_address, names, has_other_names }
    }

    /// A name without a dot, so not one of the world's, and that of no service.
    pub(super) fn is_nobody(&self, host: &str) -> bool {
        let is_name =
            host.starts_with(|c: char| c.is_ascii_alphabetic()) && !host.contains(['.', ':']);
        is_name && !self.has_other_names && !self.names.contains(host)
    }
}

/// All `host:port` in a text.
fn addresses(text: &str) -> impl Iterator<Item = (&str, u16)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    text.split(move |c| !is_part(c)).filter_map(|word| {
        let (host, port) = word.split_once(':')?;
        Some((host, port.parse().ok()?)).filter(|_| !host.is_empty())
    })
}

/// What servers of one cluster have in common, word for word.
pub(super) fn cluster<'m>(server: &Server<'m>) -> Option<&'m str> {
    let names = ["ZOOKEEPER_CONNECT", "CONTROLLER_QUORUM_VOTERS"];
    names.iter().find_map(|name| server.setting(name).text())
}
