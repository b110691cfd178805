//! Mappings and lists of names: labels, variables, options, hosts.

use super::Kind;
use super::decode::Decode;
use crate::compose::codes;
use crate::compose::finding::Finding;
use crate::compose::node::{Entry, Map, Node, Value};

impl Decode<'_> {
    /// Labels, arguments, variables: a mapping, or a list of `name=value`.
    pub(super) fn mapping(&mut self, node: &mut Node, kind: &Kind) {
        let empty = || match kind {
            Kind::Environment => Value::Null,
            _ => Value::text(""),
        };
        match &mut node.value {
            Value::Map(map) => {
                self.extensions(map);
                for entry in map.values_mut() {
                    match &entry.node.value {
                        Value::Null => entry.node.value = empty(),
                        Value::Text(_) | Value::Bad => {}
                        value => entry.node.value = Value::text(&value.sprint()),
                    }
                }
            }
            Value::List(list) => {
                let mut map = Map::with_capacity(list.len());
                for item in std::mem::take(list).into_iter().filter(|item| !item.is_bad()) {
                    let text = item.value.sprint();
                    let (name, value) = match text.split_once('=') {
                        Some((name, value)) => (name, Value::text(value)),
                        None => (&*text, empty()),
                    };
                    if matches!(kind, Kind::Environment) && name.ends_with(char::is_whitespace) {
                        let text = format!("the variable `{}` ends with a space", name.trim_end());
                        self.findings.add(item.finding(codes::VALUE, text));
                    }
                    map.insert(name.into(), Entry { key: item.span, node: Node { value, ..item } });
                }
                node.value = Value::Map(map);
            }
            _ => self.wrong(node, "a mapping or a list of `name=value`"),
        }
    }

    /// Compose puts keys that begin with `x-` together under a name of its own, even among variables and labels.
    fn extensions(&mut self, map: &mut Map) {
        let mut taken = Map::new();
        map.retain(|key, entry| {
            let is_extension = key.starts_with("x-");
            if is_extension {
                taken.insert(key.clone(), entry.clone());
            }
            !is_extension
        });
        let Some(at) = taken.values().next().map(|entry| entry.key) else { return };
        for (key, entry) in &taken {
            let text = format!("Compose takes `{key}` for an extension, and not for a name");
            let finding = Finding::new(codes::EXTENSION, entry.key, text);
            self.findings
                .add(finding.help(format!("write the list `- {key}=…` where one is allowed")));
        }
        let together = Value::text(&Value::Map(taken).sprint());
        map.insert("#extensions".into(), Entry::implied(together, at));
    }

    pub(super) fn options(&mut self, node: &mut Node, kind: &Kind) {
        let Value::Map(map) = &mut node.value else { return self.wrong(node, "a mapping") };
        self.extensions(map);
        let is_multiple = matches!(kind, Kind::MultiOptions);
        for entry in map.values_mut() {
            let inner = &mut entry.node;
            match (&mut inner.value, is_multiple) {
                (Value::Bad, _) => {}
                (Value::List(list), true) => {
                    list.iter_mut().for_each(|item| item.value = Value::text(&item.value.sprint()));
                }
                (value, true) => {
                    let item = Node::new(Value::text(&value.sprint()), inner.span);
                    inner.value = Value::List(vec![item]);
                }
                (Value::Null, false) => inner.value = Value::text(""),
                (value, false) => *value = Value::text(&value.sprint()),
            }
        }
    }

    /// `extra_hosts`: becomes a list of `host=address`.
    pub(super) fn hosts(&mut self, node: &mut Node) {
        let mut pairs: Vec<(String, Node)> = Vec::new();
        match &node.value {
            Value::Map(map) => {
                for (host, entry) in map {
                    let inner = &entry.node;
                    match &inner.value {
                        Value::List(list) => {
                            pairs.extend(list.iter().map(|item| (host.to_string(), item.clone())));
                        }
                        Value::Null => {
                            let item = Node { value: Value::text(""), ..inner.clone() };
                            pairs.push((host.to_string(), item));
                        }
                        Value::Text(_) if !host.starts_with("x-") => {
                            pairs.push((host.to_string(), inner.clone()));
                        }
                        _ => {
                            let text = format!("`{host}` must have an address or a list of them");
                            self.findings.add(inner.finding(codes::ADDRESS, text));
                        }
                    }
                }
            }
            Value::List(list) => {
                for item in list.iter().filter(|item| !item.is_bad()) {
                    let text = item.value.sprint();
                    let Some((host, addresses)) =
                        text.split_once('=').or_else(|| text.split_once(':'))
                    else {
                        let text = format!("`{text}` is not `host=address`");
                        self.findings.add(item.finding(codes::ADDRESS, text));
                        continue;
                    };
                    for address in addresses.split(',') {
                        let node = Node { value: Value::text(address), ..item.clone() };
                        pairs.push((host.to_owned(), node));
                    }
                }
            }
            _ => return self.wrong(node, "a mapping or a list of `host=address`"),
        }
        let mut list = Vec::with_capacity(pairs.len());
        for (host, item) in pairs {
            if host.is_empty() || host.contains([':', '=']) {
                let text = format!("`{host}` is no name of a host");
                self.findings.add(item.finding(codes::ADDRESS, text));
                continue;
            }
            let address = item.value.sprint();
            let bare = address.strip_prefix('[').and_then(|address| address.strip_suffix(']'));
            let address = bare.filter(|bare| !bare.is_empty()).unwrap_or(&address);
            list.push(Node { value: Value::text(&format!("{host}={address}")), ..item });
        }
        list.sort_by(|a, b| a.text().cmp(&b.text()));
        node.value = Value::List(list);
    }
}
