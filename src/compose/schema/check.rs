//! Whether a tree keeps the rules.

use std::collections::HashMap;

use super::explain::Explain;
use super::{ARRAY, BOOLEAN, INTEGER, NULL, NUMBER, OBJECT, Rules, SCHEMA, STRING, Schema};
use crate::compose::finding::Findings;
use crate::compose::node::{Map, Node, Value, same};

/// Holds a whole document against the schema. All that is wrong is among the findings.
pub(in crate::compose) fn check(map: &Map, findings: &mut Findings) {
    let schema = &*SCHEMA;
    if !schema.keeps_map(schema.get(0), map) {
        Explain::new(schema, findings).document(map);
    }
}

impl Schema {
    /// Whether the value keeps the rules. What is bad already keeps any.
    pub(super) fn keeps(&self, at: usize, node: &Node) -> bool {
        let rules = self.get(at);
        if node.is_bad() {
            return true;
        }
        if rules.types != 0 && type_of(&node.value) & rules.types == 0 {
            return false;
        }
        if !rules.one_of.is_empty() && self.branches(rules, node) != 1 {
            return false;
        }
        match &node.value {
            Value::Map(map) => self.keeps_map(rules, map),
            Value::List(list) => self.keeps_list(rules, list),
            value => keeps_scalar(rules, value),
        }
    }

    /// How many branches of `oneOf` take the value.
    pub(super) fn branches(&self, rules: &Rules, node: &Node) -> usize {
        rules.one_of.iter().filter(|branch| self.keeps(**branch, node)).count()
    }

    fn keeps_map(&self, rules: &Rules, map: &Map) -> bool {
        rules.required.iter().all(|key| map.contains_key(&**key))
            && map.iter().all(|(key, entry)| {
                let mut is_known = false;
                let own = rules.properties.get(&**key).into_iter();
                let others = rules.patterns.iter().filter(|(pattern, _)| pattern.takes(key));
                for at in own.chain(others.map(|(_, at)| at)) {
                    is_known = true;
                    if !self.keeps(*at, &entry.node) {
                        return false;
                    }
                }
                is_known || !rules.is_closed
            })
    }

    fn keeps_list(&self, rules: &Rules, list: &[Node]) -> bool {
        rules.items.is_none_or(|at| list.iter().all(|item| self.keeps(at, item)))
            && !(rules.is_unique && twin(list).is_some())
    }
}

/// Items up to which each is held against each.
const FEW: usize = 16;

/// The first item that is the same as one before it, and that one.
pub(super) fn twin(list: &[Node]) -> Option<(usize, usize)> {
    let is_twin = |first: usize, at: usize| same(&list[first].value, &list[at].value);
    if list.len() <= FEW {
        return (1..list.len())
            .find_map(|at| (0..at).find(|first| is_twin(*first, at)).map(|first| (first, at)));
    }
    // What prints alike is looked at.
    let mut seen: HashMap<String, Vec<usize>> = HashMap::with_capacity(list.len());
    (0..list.len()).find_map(|at| {
        let alike = seen.entry(list[at].value.sprint()).or_default();
        let first = alike.iter().copied().find(|first| is_twin(*first, at));
        alike.push(at);
        first.map(|first| (first, at))
    })
}

pub(super) fn keeps_scalar(rules: &Rules, value: &Value) -> bool {
    match value {
        Value::Text(text) => {
            (rules.allowed.is_empty() || rules.allowed.iter().any(|known| **known == **text))
                && rules.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
        }
        Value::Int(_) | Value::Float(_) => {
            let number = match value {
                Value::Int(number) => *number as f64,
                Value::Float(number) => *number,
                _ => 0.0,
            };
            rules.allowed.is_empty()
                && rules.minimum.is_none_or(|least| number >= least)
                && rules.maximum.is_none_or(|most| number <= most)
        }
        _ => rules.allowed.is_empty(),
    }
}

pub(super) fn type_of(value: &Value) -> u8 {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Int(_) => INTEGER | NUMBER,
        Value::Float(number) if number.fract() == 0.0 => INTEGER | NUMBER,
        Value::Float(_) => NUMBER,
        Value::Text(_) | Value::Time(_) => STRING,
        Value::List(_) => ARRAY,
        Value::Map(_) => OBJECT,
        Value::Reset | Value::Bad => u8::MAX,
    }
}
