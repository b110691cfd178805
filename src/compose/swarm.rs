//! Settings that Compose takes and does not act on: only Swarm does.

use super::codes;
use super::consistency::Parted;
use super::finding::{Finding, Findings};

const IGNORED: [(&[&str], &str); 6] = [
    (&["deploy"], "placement"),
    (&["deploy"], "update_config"),
    (&["deploy"], "rollback_config"),
    (&["deploy", "restart_policy"], "delay"),
    (&["deploy", "restart_policy"], "window"),
    (&["deploy", "resources", "reservations"], "cpus"),
];

pub(super) fn check(parted: &Parted<'_>, findings: &mut Findings) {
    for (name, (_, service)) in &parted.enabled {
        for (keys, key) in IGNORED {
            let map = service.at(keys).and_then(super::node::Node::map);
            if let Some(entry) = map.and_then(|map| map.get(key)) {
                let text =
                    format!("Compose ignores `{}.{key}`: only Swarm acts on it", keys.join("."));
                findings.add(Finding::new(codes::SWARM_ONLY, entry.key, text).service(*name));
            }
        }
    }
}
