//! Health checks, and who waits for whom.

use std::time::Duration;

use super::{Service, duration};
use crate::compose::node::{Entry, Node, Value};

/// What a service says of its health check.
#[derive(Debug, Clone)]
pub(in crate::compose) struct Healthcheck<'m> {
    pub(in crate::compose) entry: &'m Entry,
    /// `CMD`, `CMD-SHELL` or `NONE` first; empty where only times are given, and the image's check counts.
    pub(in crate::compose) test: Vec<&'m str>,
    pub(in crate::compose) test_node: Option<&'m Node>,
    /// `disable: true`, or `NONE`.
    pub(in crate::compose) is_disabled: bool,
}

impl Healthcheck<'_> {
    /// `interval`, `timeout`, `start_period` or `start_interval`, if it is given.
    pub(in crate::compose) fn time(&self, key: &str) -> Option<Duration> {
        self.entry.node.get(key).and_then(duration)
    }

    pub(in crate::compose) fn retries(&self) -> Option<u64> {
        match self.entry.node.get("retries")?.value {
            Value::Int(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    /// How long after its start a container that never answers is called unhealthy: `start_period` and then
    /// `interval` × `retries`, with Docker's defaults of 0, 30 s and 3.
    pub(in crate::compose) fn patience(&self) -> Duration {
        let interval = self.time("interval").filter(|time| !time.is_zero());
        let interval = interval.unwrap_or(Duration::from_secs(30));
        let retries = self.retries().filter(|number| *number > 0).unwrap_or(3);
        let retries = u32::try_from(retries).unwrap_or(u32::MAX);
        let start = self.time("start_period").unwrap_or_default();
        start.saturating_add(interval.saturating_mul(retries))
    }
}

/// One service of `depends_on`.
#[derive(Debug, Clone, Copy)]
pub(in crate::compose) struct Dependency<'m> {
    pub(in crate::compose) name: &'m str,
    /// `service_started`, `service_healthy` or `service_completed_successfully`.
    pub(in crate::compose) condition: &'m str,
    pub(in crate::compose) entry: &'m Entry,
}

impl<'m> Service<'m> {
    pub(in crate::compose) fn healthcheck(&self) -> Option<Healthcheck<'m>> {
        let entry = self.entry(&["healthcheck"])?;
        let test_node = entry.node.get("test").filter(|node| !node.is_null());
        let words = test_node.and_then(Node::list).unwrap_or_default();
        let test: Vec<&str> = words.iter().filter_map(Node::text).collect();
        let is_disabled = self.is_on(&["healthcheck", "disable"]) || test.first() == Some(&"NONE");
        Some(Healthcheck { entry, test, test_node, is_disabled })
    }

    /// Those that it names, and those that follow from links and shared namespaces.
    pub(in crate::compose) fn dependencies(&self) -> Vec<Dependency<'m>> {
        let of_entry = |(name, entry): (&'m str, &'m Entry)| Dependency {
            name,
            condition: entry
                .node
                .get("condition")
                .and_then(Node::text)
                .unwrap_or("service_started"),
            entry,
        };
        self.map(&["depends_on"]).map(of_entry).collect()
    }
}
