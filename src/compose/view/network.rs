//! Ports and networks.

use super::Service;
use crate::compose::node::{Node, Value};

/// An item of `ports`.
#[derive(Debug, Clone, Copy)]
pub(in crate::compose) struct Port<'m> {
    /// Where it is published; `None` is every address of the host.
    pub(in crate::compose) address: Option<&'m str>,
    /// The first and the last port of the host that it may take; `None` where the engine chooses.
    pub(in crate::compose) published: Option<(u16, u16)>,
    pub(in crate::compose) target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub(in crate::compose) protocol: &'m str,
    pub(in crate::compose) node: &'m Node,
}

impl<'m> Service<'m> {
    pub(in crate::compose) fn ports(&self) -> Vec<Port<'m>> {
        self.list(&["ports"]).iter().filter_map(port).collect()
    }

    /// The networks that it is in; none with `network_mode`.
    pub(in crate::compose) fn networks(&self) -> Vec<&'m str> {
        self.map(&["networks"]).map(|(name, _)| name).collect()
    }
}

fn port(node: &Node) -> Option<Port<'_>> {
    let text = |key: &str| node.get(key).and_then(Node::text).filter(|text| !text.is_empty());
    let published = text("published").and_then(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first > 0).then_some((first, last))
    });
    let target = match node.get("target")?.value {
        Value::Int(number) => u16::try_from(number).ok()?,
        _ => return None,
    };
    Some(Port {
        address: text("host_ip"),
        published,
        target,
        protocol: text("protocol").unwrap_or("tcp"),
        node,
    })
}
