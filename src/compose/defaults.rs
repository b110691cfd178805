//! What Compose fills in where nothing is said.

use super::node::{Entry, Map, Node, Value};
use super::source::Span;

/// The mappings of a section, each with its name.
pub(super) fn section<'m>(
    model: &'m mut Map,
    name: &str,
) -> impl Iterator<Item = (&'m super::node::Text, &'m mut Entry)> {
    let section = model.get_mut(name).and_then(|entry| entry.node.map_mut());
    section.into_iter().flat_map(|map| map.iter_mut())
}

/// compose-go's `SetDefaultValues`.
pub(super) fn set(model: &mut Map) {
    for (_, service) in section(model, "services") {
        let Some(service) = service.node.map_mut() else { continue };
        if let Some(build) = service.get_mut("build") {
            or(&mut build.node, "context", |_| Value::text("."));
        }
        for secret in items(service, "secrets") {
            let source = secret.get("source").map(|node| node.value.sprint()).unwrap_or_default();
            or(secret, "target", |_| Value::text(&format!("/run/secrets/{source}")));
        }
        for port in items(service, "ports") {
            or(port, "protocol", |_| Value::text("tcp"));
            or(port, "mode", |_| Value::text("ingress"));
        }
        for mount in items(service, "volumes") {
            if let Some(bind) = mount.map_mut().and_then(|map| map.get_mut("bind")) {
                or(&mut bind.node, "create_host_path", |_| Value::Bool(true));
            }
        }
        items(service, "gpus").for_each(all_devices);
        let keys = ["deploy", "resources", "reservations"];
        let reservations = keys
            .iter()
            .try_fold(service, |map, key| map.get_mut(*key).and_then(|entry| entry.node.map_mut()));
        if let Some(reservations) = reservations {
            items(reservations, "devices").for_each(all_devices);
        }
    }
}

/// The items of a list.
pub(super) fn items<'m>(map: &'m mut Map, key: &str) -> impl Iterator<Item = &'m mut Node> {
    let list = map.get_mut(key).and_then(|entry| match &mut entry.node.value {
        Value::List(list) => Some(list),
        _ => None,
    });
    list.into_iter().flatten()
}

/// Sets a key that a mapping lacks.
pub(super) fn or(node: &mut Node, key: &str, value: impl Fn(Span) -> Value) {
    let at = node.span;
    if let Some(map) = node.map_mut()
        && !map.contains_key(key)
    {
        map.insert(key.into(), Entry::implied(value(at), at));
    }
}

/// Without a number and without names, a request is for all devices.
fn all_devices(request: &mut Node) {
    if request.get("device_ids").is_none() {
        or(request, "count", |_| Value::text("all"));
    }
}
