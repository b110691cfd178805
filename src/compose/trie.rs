//! Paths of keys with something to do at their ends, followed step by step while a tree is walked.

use super::finding::Findings;
use super::node::{Map, Node, Value};

/// Rules below one step. A step of a pattern is a key, `*` for any key or item, `[]` for any item.
#[derive(Debug)]
pub(super) struct Trie<T> {
    pub(super) rule: Option<T>,
    keys: Vec<(&'static str, Trie<T>)>,
    any: Option<Box<Trie<T>>>,
}

/// The step from a list to an item.
pub(super) const ITEM: &str = "[]";

impl<T: Copy> Trie<T> {
    /// Patterns are written with dots: `services.*.ports`.
    pub(super) fn new(rules: &[(&'static str, T)]) -> Self {
        let mut top = Self::empty();
        for (pattern, rule) in rules {
            let mut place = &mut top;
            for step in pattern.split('.') {
                place = place.child(step);
            }
            place.rule = Some(*rule);
        }
        top
    }

    fn empty() -> Self {
        Self { rule: None, keys: Vec::new(), any: None }
    }

    fn child(&mut self, step: &'static str) -> &mut Self {
        if step == "*" {
            return self.any.get_or_insert_with(|| Box::new(Self::empty()));
        }
        let known = self.keys.iter().position(|(key, _)| *key == step);
        let at = known.unwrap_or_else(|| {
            self.keys.push((step, Self::empty()));
            self.keys.len() - 1
        });
        &mut self.keys[at].1
    }

    /// What holds one step further; `None` where no rule lies that way.
    pub(super) fn step(&self, key: &str) -> Option<&Self> {
        let own = self.keys.iter().find(|(known, _)| *known == key).map(|(_, trie)| trie);
        own.or(self.any.as_deref())
    }
}

/// Hands over every value at the top of a document, and of its services each one, with the rules that lie below it. What is
/// found meanwhile belongs to that service.
pub(super) fn sections<T: Copy>(
    map: &mut Map,
    rules: &Trie<T>,
    findings: &mut Findings,
    mut visit: impl FnMut(&mut Node, Option<&Trie<T>>, &mut Findings),
) {
    for (key, entry) in map.iter_mut() {
        let rules = rules.step(key);
        match (&mut entry.node.value, &**key) {
            (Value::Map(services), "services") => {
                for (name, service) in services.iter_mut() {
                    findings.enter(name);
                    visit(&mut service.node, rules.and_then(|rules| rules.step(name)), findings);
                }
                findings.leave();
            }
            _ => visit(&mut entry.node, rules, findings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_followed_key_by_key() {
        let trie = Trie::new(&[("a.*.b", 1), ("a.*.c.[]", 2), ("a.*", 3)]);
        let at = |path: &str| {
            path.split('.').try_fold(&trie, |trie, key| trie.step(key)).and_then(|trie| trie.rule)
        };
        assert_eq!(at("a.x.b"), Some(1));
        assert_eq!(at("a.x.c.[]"), Some(2));
        assert_eq!(at("a.x"), Some(3));
        assert_eq!(at("a.x.d"), None);
        assert_eq!(at("b"), None);
    }
}
