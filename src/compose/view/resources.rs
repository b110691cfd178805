//! Limits and reservations, whichever of Compose's two ways they are written in.

use super::{Service, number};
use crate::compose::node::{Node, Value};

/// A value, and where it is written.
#[derive(Debug, Clone, Copy)]
pub(in crate::compose) struct Given<'m, T> {
    pub(in crate::compose) value: T,
    pub(in crate::compose) node: &'m Node,
}

const LIMITS: [&str; 3] = ["deploy", "resources", "limits"];
const RESERVATIONS: [&str; 3] = ["deploy", "resources", "reservations"];

impl<'m> Service<'m> {
    /// In bytes; more than nothing.
    pub(in crate::compose) fn memory_limit(&self) -> Option<Given<'m, u64>> {
        self.below(LIMITS, "memory").and_then(size).or_else(|| size(self.get(&["mem_limit"])?))
    }

    /// In bytes; more than nothing.
    pub(in crate::compose) fn memory_reservation(&self) -> Option<Given<'m, u64>> {
        let old = || size(self.get(&["mem_reservation"])?);
        self.below(RESERVATIONS, "memory").and_then(size).or_else(old)
    }

    /// In cores; more than nothing.
    pub(in crate::compose) fn cpu_limit(&self) -> Option<Given<'m, f64>> {
        let cores = |node: &'m Node| {
            let value = number(node).filter(|cores| *cores > 0.0)?;
            Some(Given { value, node })
        };
        let quota = || {
            let quota = cores(self.get(&["cpu_quota"])?)?;
            let period = self.get(&["cpu_period"]).and_then(number).filter(|period| *period > 0.0);
            Some(Given { value: quota.value / period.unwrap_or(100_000.0), ..quota })
        };
        self.below(LIMITS, "cpus")
            .and_then(cores)
            .or_else(|| cores(self.get(&["cpus"])?))
            .or_else(quota)
    }

    fn below(&self, path: [&str; 3], key: &str) -> Option<&'m Node> {
        self.get(&[path[0], path[1], path[2], key])
    }

    /// Whether limits are written as `mem_limit` and `cpus`: Compose refuses a mixture.
    pub(in crate::compose) fn has_old_limits(&self) -> bool {
        ["mem_limit", "cpus", "mem_reservation", "pids_limit"]
            .iter()
            .any(|key| self.get(&[key]).is_some())
    }
}

/// `0` and `-1` set no limit.
fn size(node: &Node) -> Option<Given<'_, u64>> {
    match node.value {
        Value::Int(number) if number > 0 => {
            Some(Given { value: u64::try_from(number).ok()?, node })
        }
        _ => None,
    }
}
