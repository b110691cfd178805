//! The model as `docker compose config --format json` prints it.

use std::collections::BTreeSet;

use serde_json::{Map as Object, Number, Value as Json};

use super::{Field, Kind, Omit, tables};
use crate::compose::node::{Entry, Map, Node, Value};

/// The model below its name: every field that Compose would print, and what extends the file at its top.
pub(in crate::compose) fn json(name: &str, model: &Map) -> Json {
    let mut object = Object::new();
    object.insert("name".to_owned(), Json::from(name));
    for field in tables::PROJECT.iter().filter(|field| field.name != "models") {
        if let Some(entry) = model.get(field.name)
            && (field.name == "services" || entry.node.map().is_some_and(|map| !map.is_empty()))
        {
            object.insert(field.name.to_owned(), value(&entry.node, &field.kind));
        }
    }
    object.entry("services").or_insert_with(|| Json::Object(Object::new()));
    for (key, entry) in model.iter().filter(|(key, _)| key.starts_with("x-")) {
        object.insert(key.to_string(), raw(&entry.node));
    }
    Json::Object(object)
}

/// The model with these services only, and without what none of them uses.
pub(in crate::compose) fn pruned(model: &Map, enabled: &[&str]) -> Map {
    let mut model = model.clone();
    let mut used: BTreeSet<(&str, String)> = BTreeSet::new();
    if let Some(services) = model.get_mut("services").and_then(|entry| entry.node.map_mut()) {
        services.retain(|name, _| enabled.contains(&&**name));
        services.values().for_each(|entry| uses(&entry.node, &mut used));
        services.values_mut().for_each(|entry| scale(&mut entry.node));
    }
    for section in ["networks", "volumes", "secrets", "configs"] {
        if let Some(map) = model.get_mut(section).and_then(|entry| entry.node.map_mut()) {
            map.retain(|name, _| used.contains(&(section, name.to_string())));
        }
    }
    model
}

/// `scale` goes before `deploy.replicas`.
fn scale(service: &mut Node) {
    let Some(scale) = service.get("scale").cloned() else { return };
    let deploy = service.map_mut().and_then(|map| map.get_mut("deploy"));
    if let Some(deploy) = deploy.and_then(|entry| entry.node.map_mut()) {
        deploy.insert("replicas".into(), Entry { key: scale.span, node: scale });
    }
}

/// What a service refers to.
fn uses(service: &Node, used: &mut BTreeSet<(&'static str, String)>) {
    for name in service.get("networks").and_then(Node::map).into_iter().flat_map(Map::keys) {
        used.insert(("networks", name.to_string()));
    }
    let lists: [(&[&str], &str); 4] = [
        (&["volumes"], "volumes"),
        (&["secrets"], "secrets"),
        (&["build", "secrets"], "secrets"),
        (&["configs"], "configs"),
    ];
    for (keys, section) in lists {
        for item in service.at(keys).and_then(Node::list).into_iter().flatten() {
            let kind = item.get("type").and_then(Node::text);
            if section != "volumes" || kind == Some("volume") {
                let source = item.get("source").and_then(Node::text).unwrap_or_default();
                used.insert((section, source.to_owned()));
            }
        }
    }
}

fn value(node: &Node, kind: &Kind) -> Json {
    match (&node.value, kind) {
        (Value::Map(map), Kind::Struct(fields)) => Json::Object(structure(map, fields)),
        (Value::Null, Kind::Struct(fields)) => Json::Object(structure(&Map::new(), fields)),
        (Value::Map(map), Kind::Dict(kind)) => {
            let each = map.iter().map(|(key, entry)| {
                let is_pointer = matches!(kind, Kind::Struct(_)) && entry.node.is_null();
                (key.to_string(), if is_pointer { Json::Null } else { value(&entry.node, kind) })
            });
            Json::Object(each.collect())
        }
        (Value::Map(map), Kind::Ulimit) => {
            let known = map.iter().filter(|(key, _)| matches!(&***key, "soft" | "hard"));
            let given = known.filter(|(_, entry)| !matches!(entry.node.value, Value::Int(0)));
            Json::Object(given.map(|(key, entry)| (key.to_string(), raw(&entry.node))).collect())
        }
        (Value::Int(0), Kind::Ulimit) => Json::Object(Object::new()),
        (Value::List(list), Kind::List(kind)) => {
            Json::Array(list.iter().map(|item| value(item, kind)).collect())
        }
        (Value::Int(size), Kind::Bytes) => Json::from(size.to_string()),
        (Value::Int(rights), Kind::Mode) => Json::from(format!("0{rights:o}")),
        (Value::Int(number), Kind::Float | Kind::Cores) => single(*number as f32),
        (Value::Float(number), Kind::Float | Kind::Cores) => single(*number as f32),
        (Value::Null, Kind::Str) => Json::from(""),
        _ => raw(node),
    }
}

fn structure(map: &Map, fields: &[Field]) -> Object<String, Json> {
    let mut object = Object::new();
    for field in fields {
        let node = map.get(field.name).map(|entry| &entry.node);
        let json = match (node, field.omit) {
            (_, Omit::Always) | (None, Omit::Empty | Omit::Absent) => continue,
            (Some(node), Omit::Absent) if node.is_null() => continue,
            (Some(node), _) => value(node, &field.kind),
            (None, Omit::Never) => nothing(&field.kind),
        };
        let is_opted_in = matches!(field.kind, Kind::OptOut) && json == Json::Bool(true);
        let is_opt_out = matches!(field.kind, Kind::OptOut);
        let is_zero = matches!(field.kind, Kind::Bytes) && json == "0";
        let is_left_out = !is_opt_out && (is_empty(&json) || is_zero);
        if is_opted_in || (field.omit == Omit::Empty && is_left_out) {
            continue;
        }
        object.insert(field.printed.to_owned(), json);
    }
    object
}

/// What Go's model holds where nothing was given.
fn nothing(kind: &Kind) -> Json {
    match kind {
        Kind::Struct(fields) => Json::Object(structure(&Map::new(), fields)),
        Kind::Bool => Json::Bool(false),
        Kind::Str => Json::from(""),
        Kind::Int | Kind::Uint(_) => Json::from(0),
        Kind::Bytes => Json::from("0"),
        _ => Json::Null,
    }
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty() || text == "0s",
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
    }
}

/// Compose keeps cores in single precision.
fn single(number: f32) -> Json {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Json::from(number as i64);
    }
    let shortest: f64 = number.to_string().parse().unwrap_or_default();
    Number::from_f64(shortest).map_or(Json::Null, Json::Number)
}

/// A value as it is.
fn raw(node: &Node) -> Json {
    match &node.value {
        Value::Null | Value::Reset | Value::Bad => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(number) => Number::from_i128(*number).map_or(Json::Null, Json::Number),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            Json::from(*number as i64)
        }
        Value::Float(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        // What is printed can be read again: a `$` means nothing more.
        Value::Time(text) => Json::from(rfc3339(text)),
        Value::Text(text) => Json::from(text.replace('$', "$$")),
        Value::List(list) => Json::Array(list.iter().map(raw).collect()),
        Value::Map(map) => {
            let each = map.iter().map(|(key, entry)| (key.replace('$', "$$"), raw(&entry.node)));
            Json::Object(each.collect())
        }
    }
}

/// `2026-01-31 10:20:30 +0200 +0200` as JSON has it.
fn rfc3339(time: &str) -> String {
    let mut parts = time.split(' ');
    let (date, clock) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match parts.next().unwrap_or_default() {
        "+0000" => format!("{date}T{clock}Z"),
        zone => format!(
            "{date}T{clock}{}:{}",
            zone.get(..3).unwrap_or_default(),
            zone.get(3..).unwrap_or_default()
        ),
    }
}
