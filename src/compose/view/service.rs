//! One service: its keys, its variables.

use crate::compose::node::{Entry, Map, Node, Value};
use crate::compose::source::Span;

/// A service of the model.
#[derive(Debug, Clone, Copy)]
pub(in crate::compose) struct Service<'m> {
    pub(in crate::compose) name: &'m str,
    /// Where its name stands.
    pub(in crate::compose) key: Span,
    pub(in crate::compose) node: &'m Node,
}

/// A variable of a service's environment.
#[derive(Debug, Clone, Copy)]
pub(in crate::compose) struct Variable<'m> {
    pub(in crate::compose) name: &'m str,
    /// `None` where it is handed on and the shell does not set it.
    pub(in crate::compose) value: Option<&'m str>,
    /// Where its name stands; in a list, the item.
    pub(in crate::compose) key: Span,
    pub(in crate::compose) node: &'m Node,
}

impl<'m> Service<'m> {
    pub(super) fn new(name: &'m str, entry: &'m Entry) -> Self {
        Self { name, key: entry.key, node: &entry.node }
    }

    /// The value at the end of these keys, if one is given.
    pub(in crate::compose) fn get(&self, keys: &[&str]) -> Option<&'m Node> {
        self.node.at(keys).filter(|node| !node.is_null())
    }

    /// The last of these keys with its value.
    pub(in crate::compose) fn entry(&self, keys: &[&str]) -> Option<&'m Entry> {
        let (last, path) = keys.split_last()?;
        let entry = self.node.at(path)?.map()?.get(*last)?;
        (!entry.node.is_null()).then_some(entry)
    }

    /// A string that is not empty.
    pub(in crate::compose) fn text(&self, keys: &[&str]) -> Option<&'m str> {
        self.get(keys).and_then(Node::text).filter(|text| !text.is_empty())
    }

    pub(in crate::compose) fn is_on(&self, keys: &[&str]) -> bool {
        self.get(keys).is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// The items of a list; none where there is no list.
    pub(in crate::compose) fn list(&self, keys: &[&str]) -> &'m [Node] {
        self.get(keys).and_then(Node::list).unwrap_or_default()
    }

    /// The entries of a mapping; none where there is no mapping.
    pub(in crate::compose) fn map(
        &self,
        keys: &[&str],
    ) -> impl Iterator<Item = (&'m str, &'m Entry)> {
        let map = self.get(keys).and_then(Node::map);
        map.into_iter().flat_map(Map::iter).map(|(name, entry)| (&**name, entry))
    }

    pub(in crate::compose) fn profiles(&self) -> Vec<&'m str> {
        let profiles = self.list(&["profiles"]).iter().filter_map(Node::text);
        profiles.filter(|profile| !profile.is_empty()).collect()
    }

    /// How many containers it is; 1 where nothing is said.
    pub(in crate::compose) fn replicas(&self) -> u64 {
        let of = |keys: &[&str]| match self.get(keys)?.value {
            Value::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        of(&["scale"]).or_else(|| of(&["deploy", "replicas"])).unwrap_or(1)
    }

    pub(in crate::compose) fn is_built(&self) -> bool {
        self.get(&["build"]).is_some()
    }

    /// Its variables, those of `env_file` first. They are all there where the service is enabled.
    pub(in crate::compose) fn environment(&self) -> Vec<Variable<'m>> {
        let Some(node) = self.get(&["environment"]) else { return Vec::new() };
        let of_item = |item: &'m Node| {
            let text = item.text()?;
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (text, None),
            };
            Some(Variable { name, value, key: item.span, node: item })
        };
        match &node.value {
            Value::List(list) => list.iter().filter_map(of_item).collect(),
            Value::Map(map) => {
                let of_entry = |(name, entry): (&'m super::super::node::Text, &'m Entry)| {
                    Variable { name, value: entry.node.text(), key: entry.key, node: &entry.node }
                };
                map.iter().map(of_entry).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The value of a variable and where it stands, if it is set.
    pub(in crate::compose) fn variable(&self, name: &str) -> Option<Variable<'m>> {
        self.environment().into_iter().find(|variable| variable.name == name)
    }
}
