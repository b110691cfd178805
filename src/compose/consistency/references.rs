//! Names that a service refers to, and whether they exist.

use super::Check;
use crate::compose::codes;
use crate::compose::finding::{Code, Finding};
use crate::compose::node::{Map, Node, Value};
use crate::compose::source::Span;
use crate::core::error::nearest;

impl Check<'_, '_> {
    pub(super) fn networks(&mut self) {
        let networks = self.get(&["networks"]).and_then(Node::map);
        let mode = self.get(&["network_mode"]).filter(|node| node.text() != Some(""));
        if let (Some(mode), Some(networks)) = (mode, networks)
            && !networks.is_empty()
        {
            let text = "`network_mode` and `networks` exclude each other";
            let mut finding = Finding::new(codes::EXCLUSIVE, mode.span, text);
            if let Some(first) = networks.values().next() {
                finding = finding.note(first.key, "the networks are given here");
            }
            self.say(finding, Some(mode));
        }
        for (name, entry) in networks.into_iter().flatten() {
            if name.starts_with("x-") {
                let text =
                    format!("Compose takes `{name}` for an extension, and not for a network");
                let finding = Finding::new(codes::UNDEFINED_NETWORK, entry.key, text);
                self.say(finding.help("give the network another name"), Some(&entry.node));
                continue;
            }
            self.defined(
                "networks",
                "network",
                codes::UNDEFINED_NETWORK,
                name,
                entry.key,
                &entry.node,
            );
        }
        if let Some(name) = mode.and_then(Node::text).and_then(|text| text.strip_prefix("service:"))
            && !self.parted.enabled.contains_key(name)
            && let Some(mode) = mode
        {
            self.no_service(name, mode);
        }
    }

    pub(super) fn dependencies(&mut self) {
        let depends_on = self.get(&["depends_on"]).and_then(Node::map);
        for (name, entry) in depends_on.into_iter().flatten() {
            let is_required = entry
                .node
                .get("required")
                .is_none_or(|node| !matches!(node.value, Value::Bool(false)));
            let is_disabled = self.parted.disabled.contains_key(&**name);
            let is_excused = is_disabled && !is_required;
            if !self.parted.enabled.contains_key(&**name) && !is_excused {
                let at = Node { span: entry.key, ..entry.node.clone() };
                self.no_service(name, &at);
            }
        }
    }

    pub(super) fn no_service(&mut self, name: &str, node: &Node) {
        if self.parted.is_incomplete {
            return;
        }
        let code = codes::UNDEFINED_SERVICE;
        let finding = if let Some((at, disabled)) = self.parted.disabled.get(name) {
            let text = format!("the service `{name}` is not enabled");
            let finding = Finding::new(code, node.span, text).note(*at, "it belongs to a profile");
            let profiles = disabled.get("profiles").and_then(Node::list).unwrap_or_default();
            match profiles.iter().find_map(Node::text) {
                Some(first) => finding.help(format!("enable it with `--profile {first}`")),
                None => finding,
            }
        } else {
            let text = format!("the service `{name}` does not exist");
            let finding = Finding::new(code, node.span, text);
            let known = self.parted.enabled.keys().chain(self.parted.disabled.keys());
            match nearest(name, known.copied()) {
                Some(known) => finding.help(format!("did you mean `{known}`?")),
                None => finding,
            }
        };
        self.say(finding, Some(node));
    }

    pub(super) fn references(&mut self) {
        for mount in self.list(&["volumes"]) {
            let is_volume = mount.get("type").and_then(Node::text) == Some("volume");
            let source = mount.get("source").filter(|_| is_volume);
            if let Some(name) = source.and_then(Node::text).filter(|name| !name.is_empty()) {
                self.defined("volumes", "volume", codes::UNDEFINED_VOLUME, name, mount.span, mount);
            }
        }
        let all: [(&[&str], _, _, _); 3] = [
            (&["build", "secrets"], "secrets", "secret", codes::UNDEFINED_SECRET),
            (&["configs"], "configs", "config", codes::UNDEFINED_CONFIG),
            (&["secrets"], "secrets", "secret", codes::UNDEFINED_SECRET),
        ];
        for (keys, section, kind, code) in all {
            for item in self.list(keys) {
                let source = item.get("source").and_then(Node::text).unwrap_or_default();
                self.defined(section, kind, code, source, item.span, item);
            }
        }
        let models = self.get(&["models"]).and_then(Node::map);
        for (name, entry) in models.into_iter().flatten() {
            self.defined("models", "model", codes::UNDEFINED_MODEL, name, entry.key, &entry.node);
        }
    }

    fn defined(
        &mut self,
        section: &str,
        kind: &str,
        code: &'static Code,
        name: &str,
        at: Span,
        node: &Node,
    ) {
        let known = self.parted.model.get(section).map(|entry| &entry.node);
        let map = known.and_then(Node::map);
        let is_unknown = self.parted.is_incomplete || known.is_some_and(Node::is_bad);
        if is_unknown || map.is_some_and(|map| map.contains_key(name)) {
            return;
        }
        let text = format!("the {kind} `{name}` is not defined");
        let mut finding = Finding::new(code, at, text);
        let names = map.into_iter().flat_map(Map::keys).map(|name| &**name);
        finding.help = Some(match nearest(name, names) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("define it under `{section}:` at the top of the file"),
        });
        self.say(finding, Some(node));
    }
}
