//! What follows from what is said: the default network, dependencies by links, names.

use super::defaults::section;
use super::node::{Entry, Map, Node, Text, Value};
use super::paths::clean;
use super::source::Span;
use super::variables::Variables;

/// compose-go's `Normalize`.
pub(super) fn normalise(model: &mut Map, name: &str, variables: &Variables) {
    default_network(model);
    for (_, service) in section(model, "services") {
        let at = service.key;
        if let Some(service) = service.node.map_mut() {
            self::service(service, at, variables);
        }
    }
    for kind in ["networks", "volumes", "configs", "secrets"] {
        names(model, kind, name);
    }
}

/// A service that names no network is in the default one, which then exists.
fn default_network(model: &mut Map) {
    let mut used = None;
    for (_, service) in section(model, "services") {
        let at = service.key;
        let Some(map) = service.node.map_mut() else { continue };
        if map.contains_key("provider") || map.contains_key("network_mode") {
            continue;
        }
        let networks = map.get("networks").map(|entry| &entry.node);
        if networks.is_some_and(Node::is_bad) {
            continue;
        }
        let named = networks.and_then(Node::map);
        if named.is_none_or(Map::is_empty) {
            let default = [("default".into(), Entry::implied(Value::Null, at))];
            let networks = Value::Map(default.into_iter().collect());
            map.insert("networks".into(), Entry::implied(networks, at));
            used.get_or_insert(at);
        } else if named.is_some_and(|named| named.contains_key("default")) {
            used.get_or_insert(at);
        }
    }
    let Some(at) = used else { return };
    let networks = model
        .entry("networks".into())
        .or_insert_with(|| Entry::implied(Value::Map(Map::new()), at));
    if networks.node.is_null() {
        networks.node.value = Value::Map(Map::new());
    }
    if let Some(map) = networks.node.map_mut() {
        map.entry("default".into()).or_insert_with(|| Entry::implied(Value::Null, at));
    }
}

fn service(service: &mut Map, at: Span, variables: &Variables) {
    if let Some(policy) = service.get_mut("pull_policy")
        && policy.node.text() == Some("if_not_present")
    {
        policy.node.value = Value::text("missing");
    }
    if let Some(build) = service.get_mut("build").and_then(|entry| entry.node.map_mut()) {
        let dot = || Entry::implied(Value::text("."), at);
        build.entry("context".into()).or_insert_with(dot);
        if !build.contains_key("dockerfile") && !build.contains_key("dockerfile_inline") {
            build.insert("dockerfile".into(), Entry::implied(Value::text("Dockerfile"), at));
        }
        if let Some(args) = build.get_mut("args") {
            from_shell(&mut args.node, variables, false);
        }
    }
    if let Some(environment) = service.get_mut("environment") {
        from_shell(&mut environment.node, variables, true);
    }
    let implied = implied_dependencies(service);
    if !implied.is_empty() {
        let depends_on = service
            .entry("depends_on".into())
            .or_insert_with(|| Entry::implied(Value::Map(Map::new()), at));
        if let Some(map) = depends_on.node.map_mut() {
            for (name, node) in implied {
                map.entry(name).or_insert(Entry { key: node.span, node });
            }
        }
    }
    for mount in super::defaults::items(service, "volumes") {
        if let Some(target) = mount.map_mut().and_then(|map| map.get_mut("target"))
            && let Some(text) = target.node.text()
        {
            target.node.value = Value::text(&clean(text));
        }
    }
    let image = service.get("image").map(|entry| entry.node.clone());
    if let Some(image) = image.filter(|image| image.text().is_some_and(|text| !text.is_empty())) {
        for hook in super::defaults::items(service, "pre_start") {
            if let Some(map) = hook.map_mut() {
                let entry = || Entry { key: image.span, node: image.clone() };
                map.entry("image".into()).or_insert_with(entry);
            }
        }
    }
}

/// Names without a value have the shell's, or none.
fn from_shell(node: &mut Node, variables: &Variables, keeps_empty: bool) {
    match &mut node.value {
        Value::Map(map) => map.retain(|name, entry| {
            if entry.node.is_null()
                && let Some(value) = variables.get(name)
            {
                entry.node.value = Value::text(value);
            }
            keeps_empty || !entry.node.is_null()
        }),
        Value::List(list) => list.retain_mut(|item| {
            let Some(name) = item.text().filter(|text| !text.contains('=')) else { return true };
            let Some(value) = variables.get(name) else { return keeps_empty };
            item.value = Value::text(&format!("{name}={value}"));
            true
        }),
        _ => {}
    }
}

/// Services that must run for a link, a shared namespace or shared volumes.
fn implied_dependencies(service: &Map) -> Vec<(Text, Node)> {
    let mut implied: Vec<(Text, Node)> = Vec::new();
    let mut add = |name: &str, node: &Node, restarts: bool| {
        let fields = [
            ("condition", Value::text("service_started")),
            ("restart", Value::Bool(restarts)),
            ("required", Value::Bool(true)),
        ];
        let value = super::canonical::map_of(&fields, node.span);
        implied.push((name.into(), Node { value, ..node.clone() }));
    };
    let list = |key: &str| service.get(key).and_then(|entry| entry.node.list()).unwrap_or_default();
    for link in list("links") {
        let Some(text) = link.text() else { continue };
        let parts: Vec<&str> = text.split(':').collect();
        add(if parts.len() == 2 { parts[0] } else { text }, link, true);
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        let Some(node) = service.get(key).map(|entry| &entry.node) else { continue };
        if let Some(name) = node.text().and_then(|text| text.strip_prefix("service:")) {
            add(name, node, true);
        }
    }
    for from in list("volumes_from") {
        let Some(text) = from.text().filter(|text| !text.starts_with("container:")) else {
            continue;
        };
        add(text.split(':').next().unwrap_or_default(), from, false);
    }
    implied
}

/// What has no name of its own is named by its key, below the project's name.
fn names(model: &mut Map, kind: &str, project: &str) {
    for (key, entry) in section(model, kind) {
        let at = entry.key;
        if entry.node.is_null() {
            entry.node.value = Value::Map(Map::new());
        }
        let Some(map) = entry.node.map_mut() else { continue };
        if map.get("name").is_some_and(|entry| !entry.node.is_null()) {
            continue;
        }
        let is_external = map.get("external").is_some_and(|entry| {
            matches!(entry.node.value, Value::Bool(true)) || entry.node.text() == Some("true")
        });
        let name = if is_external { key.to_string() } else { format!("{project}_{key}") };
        map.insert("name".into(), Entry::implied(Value::text(&name), at));
    }
}
