//! Lists in which the later entry of a key takes the place of the earlier one.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::codes;
use super::finding::{Finding, Findings};
use super::node::{Map, Node, Value};
use super::short;
use super::trie::{Trie, sections};

#[derive(Debug, Clone, Copy)]
enum Key {
    /// What stands before `=`.
    Name,
    /// The whole text or number.
    Whole,
    Mount,
    Device,
    Port,
    EnvFile,
    /// The target, else the source below this folder.
    Target(&'static str),
}

/// compose-go's `unique`.
static KEYS: LazyLock<Trie<Key>> = LazyLock::new(|| {
    use Key::{Device, EnvFile, Mount, Name, Port, Target, Whole};
    Trie::new(&[
        ("networks.*.labels", Name),
        ("networks.*.ipam.options", Name),
        ("services.*.annotations", Name),
        ("services.*.build.args", Name),
        ("services.*.build.additional_contexts", Name),
        ("services.*.build.platform", Name),
        ("services.*.build.tags", Name),
        ("services.*.build.labels", Name),
        ("services.*.cap_add", Name),
        ("services.*.cap_drop", Name),
        ("services.*.devices", Device),
        ("services.*.configs", Target("")),
        ("services.*.deploy.labels", Name),
        ("services.*.dns", Name),
        ("services.*.dns_opt", Name),
        ("services.*.dns_search", Name),
        ("services.*.environment", Name),
        ("services.*.env_file", EnvFile),
        ("services.*.expose", Whole),
        ("services.*.labels", Name),
        ("services.*.links", Name),
        ("services.*.networks.*.aliases", Name),
        ("services.*.networks.*.link_local_ips", Name),
        ("services.*.ports", Port),
        ("services.*.profiles", Name),
        ("services.*.secrets", Target("/run/secrets")),
        ("services.*.sysctls", Name),
        ("services.*.tmpfs", Name),
        ("services.*.volumes", Mount),
    ])
});

/// Makes every such list unique. An entry whose key cannot be told stays, and is said.
pub(super) fn enforce(map: &mut Map, findings: &mut Findings) {
    sections(map, &KEYS, findings, |node, keys, findings| {
        if let (Value::Map(map), Some(keys)) = (&mut node.value, keys) {
            walk(map, keys, findings);
        }
    });
}

fn walk(map: &mut Map, keys: &Trie<Key>, findings: &mut Findings) {
    for (name, entry) in map.iter_mut() {
        let Some(keys) = keys.step(name) else { continue };
        match &mut entry.node.value {
            Value::Map(map) => walk(map, keys, findings),
            Value::List(list) => {
                if let Some(key) = keys.rule {
                    unique(list, key, findings);
                }
            }
            _ => {}
        }
    }
}

fn unique(list: &mut Vec<Node>, key: Key, findings: &mut Findings) {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(list.len());
    let mut kept: Vec<Node> = Vec::with_capacity(list.len());
    for node in list.drain(..) {
        match key_of(&node, key) {
            Ok(Some(key)) => {
                if let Some(at) = places.get(&key) {
                    kept[*at] = node;
                } else {
                    places.insert(key, kept.len());
                    kept.push(node);
                }
            }
            Ok(None) => kept.push(node),
            Err(finding) => {
                findings.add(*finding);
                kept.push(Node { value: Value::Bad, ..node });
            }
        }
    }
    *list = kept;
}

/// What tells an entry from the others; `None` where that is for the schema to say.
fn key_of(node: &Node, key: Key) -> Result<Option<String>, Box<Finding>> {
    let missing = |what: &str| {
        let text = format!("`{what}` is missing");
        Err(Box::new(node.finding(codes::MISSING_KEY, text)))
    };
    Ok(match (key, &node.value) {
        (Key::Name, Value::Text(text)) => {
            Some(text.split_once('=').map_or(&**text, |(name, _)| name).to_owned())
        }
        (Key::Whole | Key::Port | Key::EnvFile, Value::Text(text)) => Some(text.to_string()),
        (Key::Whole | Key::Port, Value::Int(number)) => Some(number.to_string()),
        (Key::Whole, Value::Float(_)) => {
            let text = "a port to expose must be a whole number or a string";
            return Err(Box::new(node.finding(codes::PORT, text)));
        }
        (Key::Mount, Value::Text(text)) => match short::mount(text) {
            Ok(mount) => Some(mount.target),
            Err(why) => return Err(Box::new(node.finding(codes::MOUNT, why))),
        },
        (Key::Device, Value::Text(text)) => {
            let mut parts = text.split(':');
            let source = parts.next().unwrap_or_default();
            Some(parts.next().unwrap_or(source).to_owned())
        }
        (Key::Mount | Key::Device, Value::Map(_)) => match node.get("target") {
            Some(target) => target.text().map(str::to_owned),
            None => return missing("target"),
        },
        (Key::Port, Value::Map(_)) => match node.get("target") {
            Some(target) => Some(port(node, target)),
            None => return missing("target"),
        },
        (Key::EnvFile, Value::Map(_)) => match node.get("path") {
            Some(path) => path.text().map(str::to_owned),
            None => return missing("path"),
        },
        (Key::Target(folder), Value::Text(text)) => Some(format!("{folder}/{text}")),
        (Key::Target(folder), Value::Map(_)) => match (node.get("target"), node.get("source")) {
            (Some(target), _) => target.text().map(str::to_owned),
            (None, Some(source)) => Some(format!("{folder}/{}", source.value.sprint())),
            (None, None) => Some(format!("{folder}/")),
        },
        _ => None,
    })
}

fn port(node: &Node, target: &Node) -> String {
    let part = |key: &str, default: &str| match node.get(key) {
        // 80 and "80" are two.
        Some(Node { value: Value::Int(number), .. }) => format!("#{number}"),
        Some(node) => node.value.sprint(),
        None => default.to_owned(),
    };
    format!(
        "{}:{}:{}/{}",
        part("host_ip", "0.0.0.0"),
        part("published", ""),
        target.value.sprint(),
        part("protocol", "tcp")
    )
}
