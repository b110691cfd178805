//! The interpreter beside a whole implementation of JSON Schema.

use proptest::prelude::*;
use serde_json::json;

use super::{SCHEMA, TEXT, check};
use crate::compose::finding::Findings;
use crate::compose::node::{Entry, Map, Node, Value};
use crate::compose::source::Span;

/// Whether the other implementation takes it.
fn is_valid(document: &Json) -> bool {
    thread_local! {
        static OTHER: jsonschema::Validator = {
            let mut schema: Json = serde_json::from_str(TEXT).unwrap();
            // It is called 07 there, and written for 2020-12, which compose-go reads it by.
            schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
            jsonschema::validator_for(&schema).unwrap()
        };
    }
    OTHER.with(|other| other.is_valid(document))
}

use serde_json::Value as Json;

fn node(json: &Json) -> Node {
    let at = Span::top(0);
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number.into()),
            None => Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => Value::text(text),
        Json::Array(list) => Value::List(list.iter().map(node).collect()),
        Json::Object(map) => Value::Map(map_of(map)),
    };
    Node::new(value, at)
}

fn map_of(map: &serde_json::Map<String, Json>) -> Map {
    let entry = |json| Entry { key: Span::top(0), node: node(json) };
    map.iter().map(|(key, json)| (key.as_str().into(), entry(json))).collect()
}

/// The findings of our own.
fn found(document: &Json) -> Vec<String> {
    let mut findings = Findings::default();
    check(&map_of(document.as_object().unwrap()), &mut findings);
    findings.sorted().into_iter().map(|finding| finding.message).collect()
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3_i64..300).prop_map(Json::from),
        (-5.0..50.0).prop_map(Json::from),
        Just(json!(4.0)),
        prop::sample::select(vec![
            "",
            "all",
            "host",
            "bind",
            "always",
            "x",
            "1g",
            "service_healthy"
        ])
        .prop_map(Json::from),
    ]
}

fn any_value() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(3, 12, 3, |inner| {
        let keys = prop::sample::select(
            [
                "source",
                "target",
                "type",
                "x-a",
                "soft",
                "hard",
                "count",
                "capabilities",
                "path",
                "a b",
            ]
            .map(str::to_owned)
            .to_vec(),
        );
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::btree_map(keys, inner, 0..3)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// Every key that the schema knows, and some that it does not.
fn key() -> impl Strategy<Value = String> {
    let service = SCHEMA.definitions["#/$defs/service"];
    let mut keys: Vec<String> = SCHEMA.rules[service].properties.keys().cloned().collect();
    keys.sort();
    keys.extend(["x-own", "unknown"].map(str::to_owned));
    prop::sample::select(keys)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn a_service_is_taken_by_both_or_by_none(
        fields in prop::collection::btree_map(key(), any_value(), 0..4)
    ) {
        let service = Json::Object(fields.into_iter().collect());
        let document = json!({ "services": { "a": service } });
        let found = found(&document);
        prop_assert_eq!(found.is_empty(), is_valid(&document), "{} {:?}", document, found);
    }

    #[test]
    fn a_section_is_taken_by_both_or_by_none(
        section in prop::sample::select(vec!["volumes", "networks", "secrets", "configs", "models"]),
        name in "[a-z ._-]{0,3}",
        value in any_value(),
    ) {
        let document = json!({ section: { name: value } });
        let found = found(&document);
        prop_assert_eq!(found.is_empty(), is_valid(&document), "{} {:?}", document, found);
    }
}

#[test]
fn what_is_wrong_is_said_once_and_in_words() {
    for (service, said) in [
        (json!({ "image": 1 }), "`image` must be a string, and this is a number"),
        (json!({ "imag": "a" }), "the service has no key `imag`"),
        (json!({ "volumes": [{}] }), "an item of `volumes` lacks the key `type`"),
        (json!({ "cap_add": ["A", "A"] }), "`cap_add` holds the same item twice"),
        (json!({ "cgroup": "x" }), "`cgroup` must be `host`, `private`, and this is `x`"),
        (json!({ "cpu_percent": 101 }), "`cpu_percent` must be from 0 to 100, and this is 101"),
        (
            json!({ "depends_on": 1 }),
            "`depends_on` must be a list or a mapping, and this is a number",
        ),
        (
            json!({ "ports": [true] }),
            "an item of `ports` must be a string, a number or a mapping, and this is a boolean",
        ),
        (
            json!({ "healthcheck": { "interval": 5 } }),
            "`interval` must be a length of time, and this is `5`",
        ),
    ] {
        assert_eq!(found(&json!({ "services": { "a": service } })), [said]);
    }
}
