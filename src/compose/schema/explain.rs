//! What is wrong with a tree that does not keep the rules, in words and in place.

use super::check::{keeps_scalar, twin, type_of};
use super::{ARRAY, BOOLEAN, INTEGER, NULL, NUMBER, OBJECT, Rules, STRING, Schema};
use crate::compose::codes;
use crate::compose::finding::{Code, Finding, Findings};
use crate::compose::node::{Map, Node, Value};
use crate::compose::shape::no_duration;
use crate::compose::source::Span;
use crate::core::error::nearest;

/// Keys whose number lacks its unit.
const DURATIONS: [&str; 8] = [
    "interval",
    "timeout",
    "start_period",
    "start_interval",
    "stop_grace_period",
    "delay",
    "window",
    "monitor",
];

pub(super) struct Explain<'a> {
    schema: &'a Schema,
    findings: &'a mut Findings,
    /// Keys from the top; `[]` for an item.
    path: Vec<String>,
}

impl<'a> Explain<'a> {
    pub(super) fn new(schema: &'a Schema, findings: &'a mut Findings) -> Self {
        Self { schema, findings, path: Vec::new() }
    }

    pub(super) fn document(&mut self, map: &Map) {
        self.map(self.schema.get(0), map, None);
    }

    fn value(&mut self, at: usize, node: &Node) {
        if self.schema.keeps(at, node) {
            return;
        }
        let rules = self.schema.get(at);
        let is_of_type = rules.types == 0 || type_of(&node.value) & rules.types != 0;
        if !is_of_type {
            return self.wrong_type(rules.types, node);
        }
        if !rules.one_of.is_empty() && self.schema.branches(rules, node) != 1 {
            return self.one_of(rules, node);
        }
        match &node.value {
            Value::Map(map) => self.map(rules, map, Some(node)),
            Value::List(list) => self.list(rules, list),
            value if !keeps_scalar(rules, value) => self.scalar(rules, node),
            _ => {}
        }
    }

    /// The branch that is meant is the one of the value's own type.
    fn one_of(&mut self, rules: &Rules, node: &Node) {
        let own = type_of(&node.value);
        let types = |at: &usize| self.types(*at);
        let meant = rules.one_of.iter().find(|at| types(at) & own != 0);
        if let Some(at) = meant {
            self.value(*at, node);
        } else {
            let all = rules.one_of.iter().fold(0, |all, at| all | self.types(*at));
            self.wrong_type(all, node);
        }
    }

    /// The types that rules allow, through branches.
    fn types(&self, at: usize) -> u8 {
        let rules = self.schema.get(at);
        match rules.types {
            0 if rules.one_of.is_empty() => u8::MAX,
            0 => rules.one_of.iter().fold(0, |all, at| all | self.types(*at)),
            types => types,
        }
    }

    fn map(&mut self, rules: &Rules, map: &Map, node: Option<&Node>) {
        for key in rules.required.iter().filter(|key| !map.contains_key(&***key)) {
            if let Some(node) = node {
                let text = format!("{} lacks the key `{key}`", self.place());
                self.say(codes::MISSING_KEY, node.span, node, text, None);
            }
        }
        for (key, entry) in map {
            let own = rules.properties.get(&**key).copied().into_iter();
            let others = rules.patterns.iter().filter(|(pattern, _)| pattern.takes(key));
            let all: Vec<usize> = own.chain(others.map(|(_, at)| *at)).collect();
            if all.is_empty() && rules.is_closed {
                self.unknown(rules, key, entry.key, &entry.node);
            }
            self.path.push(key.to_string());
            all.iter().for_each(|at| self.value(*at, &entry.node));
            self.path.pop();
        }
    }

    fn list(&mut self, rules: &Rules, list: &[Node]) {
        if let Some(at) = rules.items {
            self.path.push("[]".to_owned());
            list.iter().for_each(|item| self.value(at, item));
            self.path.pop();
        }
        if rules.is_unique
            && let Some((first, second)) = twin(list)
        {
            let text = format!("{} holds the same item twice", self.place());
            let finding = Finding::new(codes::VALUE, list[second].span, text);
            let finding = finding.note(list[first].span, "it is given here before");
            self.add(finding);
        }
    }

    fn scalar(&mut self, rules: &Rules, node: &Node) {
        let value = node.value.sprint();
        let place = self.place();
        let (text, help) = match (rules.minimum, rules.maximum) {
            (Some(least), Some(most)) => {
                (format!("{place} must be from {least} to {most}, and this is {value}"), None)
            }
            (Some(least), None) => {
                (format!("{place} must be at least {least}, and this is {value}"), None)
            }
            _ if !rules.allowed.is_empty() => {
                let known = rules.allowed.iter().map(String::as_str);
                let help = nearest(&value, known).map(|known| format!("did you mean `{known}`?"));
                let known: Vec<_> =
                    rules.allowed.iter().map(|known| format!("`{known}`")).collect();
                (format!("{place} must be {}, and this is `{value}`", known.join(", ")), help)
            }
            _ => (format!("{place} cannot be `{value}`"), None),
        };
        self.say(codes::VALUE, node.span, node, text, help);
    }

    fn wrong_type(&mut self, types: u8, node: &Node) {
        if let Some(key) = self.path.last()
            && DURATIONS.contains(&key.as_str())
            && matches!(node.value, Value::Int(_) | Value::Float(_))
        {
            return self.add(no_duration(key, node));
        }
        let is = node.value.kind();
        let text = format!("{} must be {}, and this is {is}", self.place(), names(types));
        let help = match &node.value {
            // What was in quotes has become a number meanwhile, and its place is longer.
            Value::Int(_) | Value::Float(_) | Value::Bool(_)
                if types & (STRING | NUMBER | INTEGER | BOOLEAN) == STRING && is_as_long(node) =>
            {
                Some(format!("put it in quotes: \"{}\"", node.value.sprint()))
            }
            Value::Null => Some("give it a value, or leave the key out".to_owned()),
            _ => None,
        };
        self.say(codes::WRONG_TYPE, node.span, node, text, help);
    }

    fn unknown(&mut self, rules: &Rules, key: &str, at: Span, node: &Node) {
        let text = match self.path.last().map(String::as_str) {
            None => format!("`{key}` is no key of a Compose file"),
            Some("services" | "volumes" | "networks" | "secrets" | "configs")
                if self.path.len() == 1 =>
            {
                format!(
                    "`{key}` cannot be a name: only letters, digits, `.`, `_` and `-` can be in it"
                )
            }
            Some(_) => format!("{} has no key `{key}`", self.place()),
        };
        let known = rules.properties.keys().map(String::as_str);
        let help = self
            .home(key)
            .or_else(|| nearest(key, known).map(|known| format!("did you mean `{known}`?")));
        self.say(codes::UNKNOWN_KEY, at, node, text, help);
    }

    /// Where in a service a key belongs that stands elsewhere in it.
    fn home(&self, key: &str) -> Option<String> {
        if self.path.first().is_none_or(|first| first != "services") {
            // What belongs into a service or beside it may stand at the top.
            let is_top = self.path.is_empty() && self.schema.homes.contains_key(key);
            return is_top.then(|| format!("`{key}` belongs to a service"));
        }
        let top = &self.schema.rules[0].properties;
        if self.path.len() == 2 && top.contains_key(key) {
            return Some(format!("`{key}` belongs to the top of the file"));
        }
        let here = self.path.get(2..).unwrap_or_default().join(".");
        let homes = self.schema.homes.get(key)?;
        let below = homes.iter().find(|home| home.starts_with(&here) && **home != here);
        let home = below.or_else(|| homes.iter().find(|home| home.is_empty()))?;
        Some(match home.as_str() {
            "" => format!("`{key}` belongs to the service itself"),
            home => format!("`{key}` belongs under `{home}`"),
        })
    }

    /// The value that is looked at, as a message begins with it.
    fn place(&self) -> String {
        match (self.path.last().map(String::as_str), self.path.len()) {
            (None, _) => "the file".to_owned(),
            (Some("[]"), length) => format!("an item of `{}`", self.path[length - 2]),
            // Without its name, the same fault in several services is one.
            (Some(_), 2) if self.path[0] == "services" => "the service".to_owned(),
            (Some(name), 2) => {
                let kind = self.path[0].trim_end_matches('s');
                format!("the {kind} `{name}`")
            }
            (Some(name), _) => format!("`{name}`"),
        }
    }

    fn say(
        &mut self,
        code: &'static Code,
        span: Span,
        node: &Node,
        text: String,
        help: Option<String>,
    ) {
        let mut finding = node.finding(code, text);
        finding.span = span;
        finding.help = help;
        self.add(finding);
    }

    fn add(&mut self, finding: Finding) {
        match &self.path[..] {
            [section, service, ..] if section == "services" => self.findings.enter(service),
            _ => self.findings.leave(),
        }
        self.findings.add(finding);
        self.findings.leave();
    }
}

fn is_as_long(node: &Node) -> bool {
    (node.span.end - node.span.start) as usize == node.value.sprint().len()
}

/// `a string, a list or a mapping`
fn names(types: u8) -> String {
    let all = [
        (STRING, "a string"),
        (NUMBER, "a number"),
        (INTEGER, "a whole number"),
        (BOOLEAN, "a boolean"),
        (ARRAY, "a list"),
        (OBJECT, "a mapping"),
        (NULL, "nothing"),
    ];
    let is_meant = |bit: u8| types & bit != 0 && !(bit == INTEGER && types & NUMBER != 0);
    let names: Vec<&str> = all.iter().filter(|(bit, _)| is_meant(*bit)).map(|(_, n)| *n).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "anything".to_owned(),
    }
}
