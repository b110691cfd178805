//! What the schema cannot say: keys that exclude each other, addresses, empty paths.

use std::net::IpAddr;

use super::codes;
use super::defaults::{items, section};
use super::finding::{Code, Finding, Findings};
use super::node::{Entry, Map, Node};

/// compose-go's `validation`, over a whole model.
pub(super) fn check(model: &mut Map, findings: &mut Findings) {
    for (name, volume) in section(model, "volumes") {
        external(name, &volume.node, findings);
    }
    for (name, config) in section(model, "configs") {
        sources("config", name, config, &["file", "environment", "content"], findings);
    }
    for (name, secret) in section(model, "secrets") {
        sources("secret", name, secret, &["file", "environment"], findings);
    }
    for (name, service) in section(model, "services") {
        if let Some(service) = service.node.map_mut() {
            findings.enter(name);
            self::service(service, findings);
            findings.leave();
        }
    }
}

fn service(service: &mut Map, findings: &mut Findings) {
    let mut say = |code: &'static Code, node: &Node, text: String| {
        findings.add(node.finding(code, text));
    };
    for port in items(service, "ports") {
        if let Some(address) = port.get("host_ip").and_then(Node::text)
            && address.parse::<IpAddr>().is_err()
        {
            say(codes::ADDRESS, port, format!("`{address}` is no address"));
        }
    }
    let watched = service.get_mut("develop").and_then(|entry| entry.node.map_mut());
    for watch in watched.into_iter().flat_map(|develop| items(develop, "watch")) {
        if let Some(path) = watch.get("path").filter(|path| path.text() == Some("")) {
            say(codes::VALUE, path, "the path to watch is empty".to_owned());
        }
    }
    let mut requests: Vec<&Node> = Vec::new();
    let at = |keys: &[&str]| {
        let (first, rest) = keys.split_first()?;
        service.get(*first)?.node.at(rest)
    };
    requests.extend(at(&["gpus"]).and_then(Node::list).into_iter().flatten());
    let devices = at(&["deploy", "resources", "reservations", "devices"]);
    requests.extend(devices.and_then(Node::list).into_iter().flatten());
    for request in requests {
        if let (Some(count), Some(_)) = (request.get("count"), request.get("device_ids")) {
            let text = "`count` and `device_ids` exclude each other".to_owned();
            say(codes::EXCLUSIVE, count, text);
        }
    }
}

/// What exists elsewhere is not described here.
fn external(name: &str, volume: &Node, findings: &mut Findings) {
    use super::node::Value::Bool;
    let is_external = volume.get("external").is_some_and(|node| matches!(node.value, Bool(true)));
    let Some(map) = volume.map().filter(|_| is_external) else { return };
    let is_allowed = |key: &str| matches!(key, "name" | "external") || key.starts_with("x-");
    for (key, entry) in map.iter().filter(|(key, _)| !is_allowed(key)) {
        let text = format!("the volume `{name}` is external: `{key}` cannot be given too");
        findings.add(Finding::new(codes::EXCLUSIVE, entry.key, text));
    }
}

/// Exactly one source of a file's content.
fn sources(kind: &str, name: &str, entry: &Entry, keys: &[&str], findings: &mut Findings) {
    let Some(map) = entry.node.map() else { return };
    let given: Vec<&&str> = keys.iter().filter(|key| map.contains_key(**key)).collect();
    match given[..] {
        [first, second, ..] => {
            let text =
                format!("`{first}` and `{second}` of the {kind} `{name}` exclude each other");
            let finding = Finding::new(codes::EXCLUSIVE, map[*second].key, text);
            findings.add(finding.note(map[*first].key, "the other is given here"));
        }
        [] if !map.contains_key("driver") && !map.contains_key("external") => {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            let text = format!("the {kind} `{name}` needs one of {}", keys.join(", "));
            findings.add(Finding::new(codes::MISSING_KEY, entry.key, text));
        }
        _ => {}
    }
}
