//! What is mounted into a service.

use super::Service;
use crate::compose::node::Node;

/// An item of `volumes` or `tmpfs`.
#[derive(Debug, Clone, Copy)]
pub(in crate::compose) struct Mount<'m> {
    /// `volume`, `bind`, `tmpfs`, `image`, `npipe` or `cluster`.
    pub(in crate::compose) kind: &'m str,
    /// A volume's name or a path; `None` for anonymous volumes.
    pub(in crate::compose) source: Option<&'m str>,
    /// An absolute path.
    pub(in crate::compose) target: &'m str,
    pub(in crate::compose) node: &'m Node,
}

impl<'m> Service<'m> {
    pub(in crate::compose) fn mounts(&self) -> Vec<Mount<'m>> {
        let volumes = self.list(&["volumes"]).iter().filter_map(|node| {
            let text =
                |key: &str| node.get(key).and_then(Node::text).filter(|text| !text.is_empty());
            let kind = text("type").unwrap_or("volume");
            Some(Mount { kind, source: text("source"), target: text("target")?, node })
        });
        let tmpfs = self.list(&["tmpfs"]).iter().filter_map(|node| {
            let target = node.text()?.split(':').next()?;
            Some(Mount { kind: "tmpfs", source: None, target, node })
        });
        volumes.chain(tmpfs).collect()
    }
}

impl Mount<'_> {
    /// Whether a path of the container lies in it.
    pub(in crate::compose) fn holds(&self, path: &str) -> bool {
        let target = self.target.trim_end_matches('/');
        path == target || path.strip_prefix(target).is_some_and(|rest| rest.starts_with('/'))
    }
}
