//! The schema of compose-go, read once, and held against trees that know where they were written.
//!
//! It uses twelve keywords of draft 2020-12; the interpreter knows those and refuses others.

mod check;
mod explain;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value as Json;

pub(super) use check::check;

const TEXT: &str = include_str!("compose-spec.json");

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let json = serde_json::from_str(TEXT).expect("the schema is JSON");
    Schema::new(&json)
});

/// Types as bits, so that a list of them is one number.
const NULL: u8 = 1;
const BOOLEAN: u8 = 2;
const INTEGER: u8 = 4;
const NUMBER: u8 = 8;
const STRING: u8 = 16;
const ARRAY: u8 = 32;
const OBJECT: u8 = 64;

/// The rules that a value must keep.
#[derive(Debug, Default)]
struct Rules {
    /// Allowed types; 0 is any.
    types: u8,
    /// Index of the rules that hold in this place instead.
    refers: Option<usize>,
    properties: HashMap<String, usize>,
    patterns: Vec<(Pattern, usize)>,
    is_closed: bool,
    items: Option<usize>,
    one_of: Vec<usize>,
    is_unique: bool,
    required: Vec<String>,
    allowed: Vec<String>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    pattern: Option<Regex>,
}

/// Which keys a pattern is for. The common ones need no expression.
#[derive(Debug)]
enum Pattern {
    Extension,
    Name,
    Any,
    Other(Regex),
}

#[derive(Debug)]
struct Schema {
    rules: Vec<Rules>,
    definitions: HashMap<String, usize>,
    /// Of each key of a service, the mappings that know it, as dotted paths below the service.
    homes: BTreeMap<String, Vec<String>>,
}

impl Schema {
    fn new(json: &Json) -> Self {
        let mut schema =
            Self { rules: Vec::new(), definitions: HashMap::new(), homes: BTreeMap::new() };
        schema.rules.push(Rules::default());
        let definitions = json["$defs"].as_object().expect("the schema has definitions");
        for name in definitions.keys() {
            schema.rules.push(Rules::default());
            schema.definitions.insert(format!("#/$defs/{name}"), schema.rules.len() - 1);
        }
        for (name, definition) in definitions {
            let at = schema.definitions[&format!("#/$defs/{name}")];
            schema.rules[at] = schema.read(definition);
        }
        schema.rules[0] = schema.read(json);
        let service = schema.definitions["#/$defs/service"];
        let mut homes = BTreeMap::new();
        schema.find_homes(service, &mut Vec::new(), &mut homes);
        schema.homes = homes;
        schema
    }

    fn add(&mut self, json: &Json) -> usize {
        let rules = self.read(json);
        self.rules.push(rules);
        self.rules.len() - 1
    }

    fn read(&mut self, json: &Json) -> Rules {
        let mut rules = Rules::default();
        let keywords = json.as_object().expect("rules are an object");
        for (keyword, value) in keywords {
            match keyword.as_str() {
                "type" => rules.types = types(value),
                "$ref" => {
                    let name = value.as_str().expect("a reference is a name");
                    rules.refers = Some(self.definitions[name]);
                }
                "properties" => {
                    for (key, value) in value.as_object().into_iter().flatten() {
                        let at = self.add(value);
                        rules.properties.insert(key.clone(), at);
                    }
                }
                "patternProperties" => {
                    for (key, value) in value.as_object().into_iter().flatten() {
                        let at = self.add(value);
                        rules.patterns.push((Pattern::new(key), at));
                    }
                }
                "additionalProperties" => rules.is_closed = *value == Json::Bool(false),
                "items" => rules.items = Some(self.add(value)),
                "oneOf" => {
                    let branches = value.as_array().into_iter().flatten();
                    rules.one_of = branches.map(|branch| self.add(branch)).collect();
                }
                "uniqueItems" => rules.is_unique = *value == Json::Bool(true),
                "required" => rules.required = texts(value),
                "enum" => rules.allowed = texts(value),
                "minimum" => rules.minimum = value.as_f64(),
                "maximum" => rules.maximum = value.as_f64(),
                "pattern" => {
                    let text = value.as_str().expect("a pattern is a text");
                    rules.pattern = Some(Regex::new(text).expect("a pattern of the schema is one"));
                }
                "$schema" | "$id" | "$defs" | "title" | "description" | "default"
                | "deprecated" => {}
                other => unreachable!("the schema uses the keyword `{other}`"),
            }
        }
        rules
    }

    /// Rules with their reference followed.
    fn get(&self, at: usize) -> &Rules {
        let rules = &self.rules[at];
        match rules.refers {
            Some(at) => self.get(at),
            None => rules,
        }
    }

    fn find_homes(
        &self,
        at: usize,
        path: &mut Vec<String>,
        homes: &mut BTreeMap<String, Vec<String>>,
    ) {
        let rules = self.get(at);
        if path.len() > 5 {
            return;
        }
        for branch in &rules.one_of {
            self.find_homes(*branch, path, homes);
        }
        let mut keys: Vec<_> = rules.properties.iter().collect();
        keys.sort();
        for (key, inner) in keys {
            homes.entry(key.clone()).or_default().push(path.join("."));
            path.push(key.clone());
            self.find_homes(*inner, path, homes);
            path.pop();
        }
    }
}

impl Pattern {
    fn new(text: &str) -> Self {
        match text {
            "^x-" => Self::Extension,
            "^[a-zA-Z0-9._-]+$" => Self::Name,
            "^.+$" | ".+" => Self::Any,
            other => Self::Other(Regex::new(other).expect("a pattern of the schema is one")),
        }
    }

    fn takes(&self, key: &str) -> bool {
        match self {
            Self::Extension => key.starts_with("x-"),
            Self::Name => {
                let is_part = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
                !key.is_empty() && key.bytes().all(is_part)
            }
            Self::Any => key.chars().any(|c| c != '\n'),
            Self::Other(pattern) => pattern.is_match(key),
        }
    }
}

fn types(value: &Json) -> u8 {
    let one = |name: &str| match name {
        "null" => NULL,
        "boolean" => BOOLEAN,
        "integer" => INTEGER,
        "number" => NUMBER,
        "string" => STRING,
        "array" => ARRAY,
        "object" => OBJECT,
        other => unreachable!("the schema knows a type `{other}`"),
    };
    match value {
        Json::Array(names) => names.iter().filter_map(Json::as_str).map(one).sum(),
        value => value.as_str().map_or(0, one),
    }
}

fn texts(value: &Json) -> Vec<String> {
    let each = value.as_array().into_iter().flatten().filter_map(Json::as_str);
    each.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
