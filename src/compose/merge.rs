//! What one file says laid over what the files before it say.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::codes;
use super::finding::{Finding, Findings};
use super::node::{Entry, Map, Node, Value, same};
use super::source::Span;
use super::trie::{ITEM, Trie};

#[derive(Debug, Clone, Copy)]
enum Rule {
    /// The later one stands.
    Replace,
    /// Both become lists, the later one behind.
    Append,
    /// As `Append`, each item once.
    Hosts,
    Build,
    DependsOn,
    /// Names become mappings of nothing.
    Names,
    Logging,
    Ipam,
}

/// compose-go's `mergeSpecials`.
static RULES: LazyLock<Trie<Rule>> = LazyLock::new(|| {
    use Rule::{Append, Build, DependsOn, Hosts, Ipam, Logging, Names, Replace};
    Trie::new(&[
        ("networks.*.ipam.config", Ipam),
        ("networks.*.labels", Append),
        ("volumes.*.labels", Append),
        ("services.*.annotations", Append),
        ("services.*.build", Build),
        ("services.*.build.args", Append),
        ("services.*.build.additional_contexts", Append),
        ("services.*.build.extra_hosts", Hosts),
        ("services.*.build.labels", Append),
        ("services.*.command", Replace),
        ("services.*.depends_on", DependsOn),
        ("services.*.deploy.labels", Append),
        ("services.*.dns", Append),
        ("services.*.dns_opt", Append),
        ("services.*.dns_search", Append),
        ("services.*.entrypoint", Replace),
        ("services.*.env_file", Append),
        ("services.*.label_file", Append),
        ("services.*.environment", Append),
        ("services.*.extra_hosts", Hosts),
        ("services.*.healthcheck.test", Replace),
        ("services.*.labels", Append),
        ("services.*.volumes.*.volume.labels", Append),
        ("services.*.logging", Logging),
        ("services.*.models", Names),
        ("services.*.networks", Names),
        ("services.*.sysctls", Append),
        ("services.*.tmpfs", Append),
        ("services.*.ulimits.*", Replace),
    ])
});

/// Lays a whole document over another.
pub(super) fn documents(base: &mut Map, over: Map, findings: &mut Findings) {
    Merge { findings }.maps(base, over, Some(&RULES));
}

/// Lays a service over the one that it extends.
pub(super) fn services(base: &mut Node, over: Node, findings: &mut Findings) {
    let rules = RULES.step("services").and_then(|rules| rules.step("*"));
    Merge { findings }.nodes(base, over, rules);
}

/// Lays what is at `section.name` over what an included file says there.
pub(super) fn resources(base: &mut Node, over: Node, section: &str, findings: &mut Findings) {
    let rules = RULES.step(section).and_then(|rules| rules.step("*"));
    Merge { findings }.nodes(base, over, rules);
}

/// Pairs of pools that are held against each other, at most.
const POOLS: usize = 10_000;

struct Merge<'f> {
    findings: &'f mut Findings,
}

impl Merge<'_> {
    fn maps(&mut self, base: &mut Map, over: Map, rules: Option<&Trie<Rule>>) {
        for (key, entry) in over {
            let rules = rules.and_then(|rules| rules.step(&key));
            match base.get_mut(&key) {
                Some(known) => {
                    known.key = entry.key;
                    self.nodes(&mut known.node, entry.node, rules);
                }
                None => {
                    base.insert(key, entry);
                }
            }
        }
    }

    fn nodes(&mut self, base: &mut Node, over: Node, rules: Option<&Trie<Rule>>) {
        if let Some(rule) = rules.and_then(|rules| rules.rule) {
            return self.special(rule, base, over, rules);
        }
        match (&mut base.value, over.value) {
            (Value::Map(map), Value::Map(other)) => {
                base.span = over.span;
                base.via = over.via;
                self.maps(map, other, rules);
            }
            (Value::List(list), Value::List(other)) => {
                base.span = over.span;
                base.via = over.via;
                list.extend(other);
            }
            (_, Value::Null) | (Value::Map(_) | Value::List(_), Value::Bad) | (Value::Bad, _) => {}
            (Value::Map(_) | Value::List(_), value) => {
                let text =
                    format!("{} cannot take the place of {}", value.kind(), base.value.kind());
                let finding = Finding::new(codes::WRONG_TYPE, over.span, text);
                self.findings.add(finding.note(base.span, "which is given here"));
                base.value = Value::Bad;
            }
            (_, value) => *base = Node { value, ..over },
        }
    }

    fn special(&mut self, rule: Rule, base: &mut Node, over: Node, rules: Option<&Trie<Rule>>) {
        if base.is_bad() || over.is_bad() {
            base.value = Value::Bad;
            return;
        }
        let span = over.span;
        match rule {
            Rule::Replace => *base = over,
            Rule::Append => {
                let mut list = into_list(take(base));
                list.extend(into_list(over));
                *base = Node::new(Value::List(list), span);
            }
            Rule::Hosts => {
                let mut list = into_list(take(base));
                let known: HashSet<String> = list.iter().map(|item| item.value.sprint()).collect();
                let others = into_list(over).into_iter();
                list.extend(others.filter(|item| !known.contains(&item.value.sprint())));
                *base = Node::new(Value::List(list), span);
            }
            Rule::Build => self.mapped(base, over, rules, |node| {
                let at = node.span;
                match node.value {
                    Value::Text(_) => {
                        [("context".into(), Entry { key: at, node })].into_iter().collect()
                    }
                    value => as_map(value),
                }
            }),
            Rule::DependsOn => self.mapped(base, over, rules, |node| names(node, started)),
            Rule::Names => self.mapped(base, over, rules, |node| names(node, |_| Value::Null)),
            Rule::Logging => self.logging(base, over, rules),
            Rule::Ipam => self.ipam(base, over, rules),
        }
    }

    fn mapped(
        &mut self,
        base: &mut Node,
        over: Node,
        rules: Option<&Trie<Rule>>,
        map: impl Fn(Node) -> Map,
    ) {
        let (span, via) = (over.span, over.via);
        let mut merged = map(take(base));
        self.maps(&mut merged, map(over), rules);
        *base = Node { via, ..Node::new(Value::Map(merged), span) };
    }

    /// Another driver takes no options of the first.
    fn logging(&mut self, base: &mut Node, over: Node, rules: Option<&Trie<Rule>>) {
        let (one, other) = (base.get("driver"), over.get("driver"));
        let is_same = match (one, other) {
            (Some(one), Some(other)) => same(&one.value, &other.value),
            _ => true,
        };
        if is_same {
            self.mapped(base, over, rules, |node| as_map(node.value));
        } else {
            *base = over;
        }
    }

    /// Pools are the same where their subnet is.
    fn ipam(&mut self, base: &mut Node, over: Node, rules: Option<&Trie<Rule>>) {
        let subnet = |node: &Node| node.get("subnet").map(|node| node.value.sprint());
        let (Value::List(known), Value::List(others)) = (take(base).value, over.value) else {
            let text = "pools must be a list";
            self.findings.add(Finding::new(codes::WRONG_TYPE, over.span, text));
            base.value = Value::Bad;
            return;
        };
        if known.len().saturating_mul(others.len()) > POOLS {
            let text = "more pools are laid over each other than any network has";
            self.findings.add(Finding::new(codes::TOO_LARGE, over.span, text));
            base.value = Value::Bad;
            return;
        }
        let mut pools: Vec<Node> = Vec::new();
        for mut pool in known {
            for other in &others {
                let at = pools.iter().position(|known| subnet(known) == subnet(other));
                if subnet(other) != subnet(&pool) && at.is_none() {
                    pools.push(other.clone());
                    continue;
                }
                if let (Value::Map(map), Value::Map(other)) = (&mut pool.value, &other.value) {
                    self.maps(map, other.clone(), rules);
                }
                match pools.iter().position(|known| subnet(known) == subnet(&pool)) {
                    Some(at) => pools[at] = pool.clone(),
                    None => pools.push(pool.clone()),
                }
            }
        }
        *base = Node::new(Value::List(pools), over.span);
    }
}

fn take(node: &mut Node) -> Node {
    let empty = Node::new(Value::Null, node.span);
    std::mem::replace(node, empty)
}

fn as_map(value: Value) -> Map {
    match value {
        Value::Map(map) => map,
        _ => Map::new(),
    }
}

fn started(at: Span) -> Value {
    let mut map = Map::new();
    map.insert("condition".into(), Entry::implied(Value::text("service_started"), at));
    map.insert("required".into(), Entry::implied(Value::Bool(true), at));
    Value::Map(map)
}

/// A list of names as a mapping.
pub(super) fn names(node: Node, value: impl Fn(Span) -> Value) -> Map {
    match node.value {
        Value::List(list) => {
            let named = list.into_iter().filter_map(|item| {
                let Value::Text(name) = &item.value else { return None };
                let node = Node { value: value(item.span), ..item.clone() };
                Some((name.clone(), Entry { key: item.span, node }))
            });
            named.collect()
        }
        value => as_map(value),
    }
}

/// `key=value` items of a mapping, in the order of their text.
pub(super) fn into_list(node: Node) -> Vec<Node> {
    match node.value {
        Value::List(list) => list,
        Value::Text(_) => vec![node],
        Value::Map(map) => {
            let mut list = Vec::with_capacity(map.len());
            for (key, entry) in map {
                let item = |value: &Value| {
                    let text = format!("{key}={}", value.sprint());
                    Node { value: Value::text(&text), ..entry.node.clone() }
                };
                match &entry.node.value {
                    Value::Null => {
                        list.push(Node { value: Value::Text(key.clone()), ..entry.node.clone() });
                    }
                    Value::List(values) => list.extend(values.iter().map(|v| item(&v.value))),
                    Value::Bad => list.push(entry.node),
                    value => list.push(item(value)),
                }
            }
            list.sort_by(|a, b| a.text().cmp(&b.text()));
            list
        }
        _ => Vec::new(),
    }
}

/// Takes away what a later file marks with `!reset` or `!override`.
pub(super) fn reset(map: &mut Map, paths: &[Vec<super::node::Text>]) {
    for path in paths {
        let Some((last, keys)) = path.split_last() else { continue };
        let mut place = Some(&mut *map);
        for key in keys {
            if &**key == ITEM {
                place = None;
            }
            place = place.and_then(|map| map.get_mut(key)).and_then(|e| e.node.map_mut());
        }
        if let Some(map) = place {
            map.shift_remove(last);
        }
    }
}
