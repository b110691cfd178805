//! The GPUs that a service asks for.

use super::Service;
use crate::compose::node::{Node, Value};

/// How many GPUs a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::compose) enum Count<'m> {
    /// `count: all`, or neither a number nor names: Compose then takes all.
    All,
    Number(u64),
    /// By id: an index or a UUID.
    Ids(Vec<&'m str>),
}

/// An item of `deploy.resources.reservations.devices` or of `gpus`, or a CDI device.
#[derive(Debug, Clone)]
pub(in crate::compose) struct GpuRequest<'m> {
    pub(in crate::compose) count: Count<'m>,
    /// The request.
    pub(in crate::compose) node: &'m Node,
    /// Its `count` or `device_ids`, where it is written.
    pub(in crate::compose) number: Option<&'m Node>,
}

impl GpuRequest<'_> {
    /// The ids that the engine hands over: where a number is asked for, it always takes the first ones. `None` where
    /// all are asked for. Not more than 64 are written out.
    pub(in crate::compose) fn ids(&self) -> Option<Vec<String>> {
        match &self.count {
            Count::All => None,
            Count::Number(number) => Some((0..*number.min(&64)).map(|id| id.to_string()).collect()),
            Count::Ids(ids) => Some(ids.iter().map(|id| (*id).to_owned()).collect()),
        }
    }

    /// Whether it is for GPUs of NVIDIA, which is what the engine takes where no driver is named.
    pub(in crate::compose) fn is_nvidia(&self) -> bool {
        let driver = self.node.get("driver").and_then(Node::text).unwrap_or_default();
        matches!(driver, "" | "nvidia" | "cdi")
    }

    /// Whether it hands over the driver's tools (`nvidia-smi`, NVML) only, and nothing that computes.
    pub(in crate::compose) fn is_for_watching(&self) -> bool {
        let capabilities = self.node.get("capabilities").and_then(Node::list).unwrap_or_default();
        let has = |names: &[&str]| {
            capabilities.iter().filter_map(Node::text).any(|name| names.contains(&name))
        };
        has(&["utility"]) && !has(&["compute", "graphics", "video", "display", "all"])
    }
}

impl<'m> Service<'m> {
    pub(in crate::compose) fn gpus(&self) -> Vec<GpuRequest<'m>> {
        let reserved = self.list(&["deploy", "resources", "reservations", "devices"]).iter();
        let reserved = reserved.filter(|request| is_gpu(request));
        let requests = reserved.chain(self.list(&["gpus"])).filter(|node| node.map().is_some());
        requests.map(request).chain(self.cdi()).collect()
    }

    /// `devices: [nvidia.com/gpu=0]`.
    fn cdi(&self) -> impl Iterator<Item = GpuRequest<'m>> {
        self.list(&["devices"]).iter().filter_map(|device| {
            let source = device.get("source").and_then(Node::text)?;
            let id = source.strip_prefix(CDI)?;
            let count = named([id].into_iter());
            Some(GpuRequest { count, node: device, number: Some(device) })
        })
    }
}

fn is_gpu(request: &Node) -> bool {
    let capabilities = request.get("capabilities").and_then(Node::list).unwrap_or_default();
    let is_named =
        capabilities.iter().any(|item| matches!(item.text(), Some("gpu" | "nvidia" | "compute")));
    is_named || request.get("driver").and_then(Node::text) == Some("nvidia")
}

/// What the container toolkit calls GPUs as CDI devices.
const CDI: &str = "nvidia.com/gpu=";

fn request(node: &Node) -> GpuRequest<'_> {
    let ids = node.get("device_ids").and_then(Node::list).filter(|ids| !ids.is_empty());
    let written = |key| node.get(key).filter(|value| value.span != node.span);
    let count = match (ids, node.get("count").map(|count| &count.value)) {
        (Some(ids), _) => named(ids.iter().filter_map(Node::text)),
        (None, Some(Value::Int(number))) if *number >= 0 => {
            Count::Number(u64::try_from(*number).unwrap_or(u64::MAX))
        }
        _ => Count::All,
    };
    let number = if ids.is_some() { written("device_ids") } else { written("count") };
    GpuRequest { count, node, number }
}

/// The engine joins ids with commas, so that one text may hold several.
fn named<'m>(ids: impl Iterator<Item = &'m str>) -> Count<'m> {
    let parts = ids.flat_map(|text| text.split(','));
    let parts = parts.map(str::trim).map(|id| id.strip_prefix(CDI).unwrap_or(id));
    let ids: Vec<&str> = parts.filter(|id| !id.is_empty()).collect();
    if ids.contains(&"all") { Count::All } else { Count::Ids(ids) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::rules::testing::{settings, stack};

    #[test]
    fn requests_are_read_in_every_form() {
        use Count::{All, Ids, Number};
        let reserved = |device: &str| {
            format!("deploy: {{resources: {{reservations: {{devices: [{device}]}}}}}}")
        };
        let ids =
            |device: &str| reserved(&format!("{{device_ids: {device}, capabilities: [gpu]}}"));
        for (keys, wanted) in [
            ("gpus: all".to_owned(), vec![All]),
            ("gpus: [{count: 2}]".to_owned(), vec![Number(2)]),
            (reserved("{capabilities: [gpu]}"), vec![All]),
            (reserved("{count: all, capabilities: [gpu]}"), vec![All]),
            (reserved("{count: 0, capabilities: [gpu]}"), vec![Number(0)]),
            (reserved("{capabilities: [tpu]}"), vec![]),
            (reserved("{driver: amd, capabilities: [gpu]}"), vec![All]),
            (ids("['0', '3']"), vec![Ids(vec!["0", "3"])]),
            (ids("['0, 3']"), vec![Ids(vec!["0", "3"])]),
            (ids("['']"), vec![Ids(vec![])]),
            (ids("[all]"), vec![All]),
            (ids("[nvidia.com/gpu=all]"), vec![All]),
            (ids("['nvidia.com/gpu=1']"), vec![Ids(vec!["1"])]),
            ("devices: ['nvidia.com/gpu=1']".to_owned(), vec![Ids(vec!["1"])]),
            ("devices: ['/dev/dri:/dev/dri']".to_owned(), vec![]),
        ] {
            let settings = settings();
            stack(&format!("services: {{a: {{image: a, {keys}}}}}\n")).viewed(
                &[],
                &settings,
                |view| {
                    let found: Vec<Count<'_>> =
                        view.services[0].gpus().into_iter().map(|request| request.count).collect();
                    assert_eq!(found, wanted, "{keys}");
                },
            );
        }
    }
}
