//! What a stack takes of its host, for each set of profiles.

use std::collections::BTreeSet;

use super::node::{Node, Value};
use super::stack::{Stack, is_enabled};

/// The sums over the services of one set of profiles, each as often as it has replicas.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Total {
    /// The profiles that are enabled; none is what runs without any, `*` everything.
    pub profiles: Vec<String>,
    pub services: usize,
    pub cores: f64,
    pub memory_limit_bytes: u64,
    pub memory_reserved_bytes: u64,
    pub gpus: u64,
    /// Services that ask for every GPU there is.
    pub services_with_all_gpus: usize,
    /// Services without a limit, which the sums know nothing of.
    pub services_without_cpu_limit: usize,
    pub services_without_memory_limit: usize,
}

impl Stack {
    /// What runs with the profiles that were asked for; then, if the stack has profiles, with each of them, and with all.
    pub fn totals(&self) -> Vec<Total> {
        let mut sets = vec![self.profiles.clone()];
        let known: BTreeSet<&str> = self
            .services()
            .flat_map(|(_, service)| {
                service.get("profiles").and_then(Node::list).unwrap_or_default()
            })
            .filter_map(Node::text)
            .filter(|name| !name.is_empty())
            .collect();
        sets.extend(known.iter().map(|name| vec![(*name).to_owned()]));
        if known.len() > 1 {
            sets.push(vec!["*".to_owned()]);
        }
        let mut seen = BTreeSet::new();
        for set in &mut sets {
            set.retain(|name| !name.is_empty());
        }
        sets.retain(|set| seen.insert(set.clone()));
        sets.into_iter().map(|set| self.total(set)).collect()
    }

    fn total(&self, profiles: Vec<String>) -> Total {
        let mut enabled = profiles.clone();
        enabled.push(String::new());
        let mut total = Total { profiles, ..Total::default() };
        for (_, service) in self.services().filter(|(_, service)| is_enabled(service, &enabled)) {
            total.add(service);
        }
        total
    }
}

impl Total {
    fn add(&mut self, service: &Node) {
        let replicas = ["scale", "deploy.replicas"].iter().find_map(|path| {
            let keys: Vec<&str> = path.split('.').collect();
            match service.at(&keys)?.value {
                Value::Int(number) => u64::try_from(number).ok(),
                _ => None,
            }
        });
        let replicas = replicas.unwrap_or(1);
        let limits = |key| ["deploy", "resources", "limits", key];
        let quota = || {
            let period = number(service, &["cpu_period"]).filter(|period| *period > 0.0);
            Some(number(service, &["cpu_quota"])? / period.unwrap_or(100_000.0))
        };
        let cores =
            number(service, &limits("cpus")).or_else(|| number(service, &["cpus"])).or_else(quota);
        let memory = whole(service, &limits("memory")).or_else(|| whole(service, &["mem_limit"]));
        let reserved = whole(service, &["deploy", "resources", "reservations", "memory"])
            .or_else(|| whole(service, &["mem_reservation"]));
        self.services += 1;
        self.cores += cores.unwrap_or(0.0) * replicas as f64;
        self.memory_limit_bytes =
            self.memory_limit_bytes.saturating_add(memory.unwrap_or(0).saturating_mul(replicas));
        self.memory_reserved_bytes = self
            .memory_reserved_bytes
            .saturating_add(reserved.unwrap_or(0).saturating_mul(replicas));
        self.services_without_cpu_limit += usize::from(cores.is_none());
        self.services_without_memory_limit += usize::from(memory.is_none());
        let (gpus, is_all) = gpus(service);
        self.gpus = self.gpus.saturating_add(gpus.saturating_mul(replicas));
        self.services_with_all_gpus += usize::from(is_all);
    }
}

/// GPUs that a service asks for by number or name, and whether it asks for all.
fn gpus(service: &Node) -> (u64, bool) {
    let devices = service.at(&["deploy", "resources", "reservations", "devices"]);
    let reserved = devices.and_then(Node::list).unwrap_or_default().iter().filter(|request| {
        let capabilities = request.get("capabilities").and_then(Node::list).unwrap_or_default();
        capabilities.iter().any(|capability| matches!(capability.text(), Some("gpu" | "nvidia")))
    });
    let gpus = service.get("gpus").and_then(Node::list).unwrap_or_default();
    let (mut count, mut is_all) = (0_u64, false);
    for request in reserved.chain(gpus) {
        let named = request.get("device_ids").and_then(Node::list).map_or(0, <[Node]>::len);
        match request.get("count").map(|node| &node.value) {
            Some(Value::Int(-1)) => is_all = true,
            Some(Value::Int(number)) => {
                count = count.saturating_add(u64::try_from(*number).unwrap_or(0));
            }
            _ => count += named as u64,
        }
    }
    (count, is_all)
}

fn number(service: &Node, keys: &[&str]) -> Option<f64> {
    let number = match service.at(keys)?.value {
        Value::Int(number) => number as f64,
        Value::Float(number) => number,
        _ => return None,
    };
    (number > 0.0).then_some(number)
}

/// A number that is given and more than nothing; `0` and `-1` set no limit.
fn whole(service: &Node, keys: &[&str]) -> Option<u64> {
    match service.at(keys)?.value {
        Value::Int(number) if number > 0 => u64::try_from(number).ok(),
        _ => None,
    }
}
