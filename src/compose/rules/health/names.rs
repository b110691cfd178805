//! Which services name which others, as `host:port`, in their variables and commands.

use std::collections::{HashMap, HashSet};

use crate::compose::node::Node;
use crate::compose::view::{Service, View};

/// A place where a service names another one.
#[derive(Debug)]
pub(super) struct Naming<'v, 'm> {
    /// `db:5432`.
    pub(super) text: &'m str,
    pub(super) target: &'v Service<'m>,
    pub(super) node: &'m Node,
}

/// Variables that hold addresses for others to use, or none at all.
const OTHER: &[&str] = &[
    "ADVERTISED",
    "ALLOW",
    "CALLBACK",
    "CORS",
    "EXTERNAL",
    "IMAGE",
    "NO_PROXY",
    "ORIGIN",
    "PUBLIC",
    "REDIRECT",
    "TAG",
    "VERSION",
];

/// The names under which services are reached.
pub(super) struct Hosts<'v, 'm> {
    names: HashMap<&'m str, Vec<&'v Service<'m>>>,
}

impl<'v, 'm> Hosts<'v, 'm> {
    pub(super) fn of(view: &'v View<'m>) -> Self {
        let mut names: HashMap<&str, Vec<&Service<'_>>> = HashMap::new();
        for service in &view.services {
            let aliases = service.map(&["networks"]).flat_map(|(_, entry)| {
                let aliases = entry.node.get("aliases").and_then(Node::list).unwrap_or_default();
                aliases.iter().filter_map(Node::text)
            });
            let own = [Some(service.name), service.text(&["container_name"])];
            let all: HashSet<&str> = own.into_iter().flatten().chain(aliases).collect();
            for name in all {
                names.entry(name).or_default().push(service);
            }
        }
        Self { names }
    }

    /// Every other service that a service names, each where it is named first.
    pub(super) fn named_by(&self, service: &Service<'m>) -> Vec<Naming<'v, 'm>> {
        let variables = service.environment().into_iter().filter(|variable| {
            let name = variable.name.to_ascii_uppercase();
            !OTHER.iter().any(|other| name.contains(other))
        });
        let variables = variables.filter_map(|variable| Some((variable.value?, variable.node)));
        let words = service.words().into_iter().map(|word| (word.text, word.node));
        let mut found: Vec<Naming<'_, '_>> = Vec::new();
        let mut seen = HashSet::new();
        for (text, node) in variables.chain(words) {
            for (host, text) in addresses(text) {
                let Some(targets) = self.names.get(host) else { continue };
                // A name that several have, or that the service gives another meaning.
                let [target] = targets[..] else { continue };
                if target.name != service.name
                    && !has_host(service, host)
                    && seen.insert(target.name)
                {
                    found.push(Naming { text, target, node });
                }
            }
        }
        found
    }
}

/// Whether `extra_hosts` gives a name an address.
fn has_host(service: &Service<'_>, host: &str) -> bool {
    let is_it = |text: &str| text.split(['=', ':']).next() == Some(host);
    service.list(&["extra_hosts"]).iter().filter_map(Node::text).any(is_it)
        || service.map(&["extra_hosts"]).any(|(name, _)| name == host)
}

/// Every `host:port` in a text: the host, and both.
fn addresses(text: &str) -> Vec<(&str, &str)> {
    memchr::memchr_iter(b':', text.as_bytes()).filter_map(|colon| address(text, colon)).collect()
}

fn address(text: &str, colon: usize) -> Option<(&str, &str)> {
    let (before, after) = (text.get(..colon)?, text.get(colon + 1..)?);
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let port: u16 = after.get(..digits).filter(|_| digits <= 5)?.parse().ok()?;
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    // `user:123@host`, `image:1.2`, `1:2:3`.
    if after[digits..].starts_with(|c: char| is_of_host(c) || "@:".contains(c)) {
        return None;
    }
    let start = before.trim_end_matches(is_of_host).len();
    let host = before.get(start..).filter(|host| !host.is_empty())?;
    let prefix = before.get(..start)?;
    let is_url = prefix.ends_with("//") || prefix.ends_with('@');
    let is_word =
        prefix.chars().next_back().is_none_or(|c| c.is_whitespace() || ",;=\"'`([{<|".contains(c));
    // Small numbers are tags of images more often than ports.
    let is_port = is_url && port > 0 || is_word && port >= 80;
    is_port.then(|| (host, text.get(start..=colon + digits).unwrap_or(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_texts() {
        for (text, wanted) in [
            ("db:5432", vec!["db:5432"]),
            ("postgresql://user:pw@db:5432/x", vec!["db:5432"]),
            (
                "PLAINTEXT://kafka-1:9092,PLAINTEXT://kafka_2:9093",
                vec!["kafka-1:9092", "kafka_2:9093"],
            ),
            ("1@a:9093,2@b:9093", vec!["a:9093", "b:9093"]),
            ("--server=a.b:80 'c:81'", vec!["a.b:80", "c:81"]),
            ("http://web:8/x", vec!["web:8"]),
            ("redis:7", vec![]),
            ("redis:7.2", vec![]),
            ("redis:700-alpine", vec![]),
            ("postgres://db:12345@host", vec![]),
            ("a:80:80", vec![]),
            ("a:80x", vec![]),
            ("/a:8080", vec![]),
            ("http://x/a:8080", vec![]),
            ("a:99999", vec![]),
            ("a:0", vec![]),
            ("a:", vec![]),
            (":80", vec![]),
            ("a:000000000080", vec![]),
            ("é:80 ü", vec![]),
        ] {
            let found: Vec<&str> = addresses(text).into_iter().map(|(_, text)| text).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
