//! Limits that fixes set: how much, and in which of Compose's two ways.

use crate::compose::fix::{Fix, Safety, Set};
use crate::compose::node::Value;
use crate::compose::rules::tuning;
use crate::compose::view::{Service, View};

/// The engine refuses a smaller limit or reservation (moby, `daemon/daemon_unix.go`, `linuxMinMemory`).
pub(super) const LEAST: u64 = 6 << 20;

/// A limit for a service without one, in bytes: what is usual for its image, and no less than what its programs are
/// told to take, with as much again for shared memory.
pub(super) fn usual_memory(service: &Service<'_>) -> u64 {
    let known = service.known().memory().and_then(crate::compose::bytes);
    let known = known.and_then(|size| u64::try_from(size).ok());
    let usual = known.unwrap_or(if service.gpus().is_empty() { 512 << 20 } else { 4 << 30 });
    let shared = match service.get(&["shm_size"]).map(|node| &node.value) {
        Some(Value::Int(size)) => u64::try_from(*size).unwrap_or_default(),
        _ => 0,
    };
    let needed = tuning::memory_needed(service).unwrap_or_default().max(shared.saturating_mul(2));
    usual.max(needed.div_ceil(STEP).saturating_mul(STEP))
}

/// Sizes are written as multiples of it.
const STEP: u64 = 64 << 20;

/// As Compose reads it.
pub(super) fn written(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 30) {
        format!("{}g", bytes >> 30)
    } else {
        format!("{}m", bytes >> 20)
    }
}

/// Half of a limit, as Compose reads it; `None` where the engine takes no reservation below the limit.
pub(super) fn half(limit: u64) -> Option<String> {
    let half = (limit / 2).max(LEAST);
    (half <= limit).then(|| format!("{}m", half >> 20))
}

/// A key below `deploy.resources`, and the older key of the service that says the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// `limits` or `reservations`.
    pub(super) group: &'static str,
    pub(super) key: &'static str,
    pub(super) old: &'static str,
}

pub(super) const MEMORY: Place = Place { group: "limits", key: "memory", old: "mem_limit" };
pub(super) const RESERVED: Place =
    Place { group: "reservations", key: "memory", old: "mem_reservation" };
pub(super) const CPUS: Place = Place { group: "limits", key: "cpus", old: "cpus" };
pub(super) const PIDS: Place = Place { group: "limits", key: "pids", old: "pids_limit" };

impl Place {
    /// Compose refuses an old key where the mapping of the new one is there without it: the new one then, else
    /// whichever the service uses.
    pub(super) fn keys(self, service: &Service<'_>) -> Vec<&'static str> {
        let has_group = service.get(&["deploy", "resources", self.group]).is_some();
        if !has_group && service.has_old_limits() {
            vec![self.old]
        } else {
            vec!["deploy", "resources", self.group, self.key]
        }
    }

    /// Sets a value that is missing, or that sets no limit.
    pub(super) fn fix(self, view: &View<'_>, service: &Service<'_>, value: String) -> Fix {
        let keys = self.keys(service);
        let written = service.get(&keys).and_then(|node| view.replace(node, &value));
        let sets = vec![Set::of(service.name, &keys, value)];
        match written {
            Some((edit, paths)) => Fix::edit(Safety::Unsafe, vec![edit], paths).or_set(sets),
            None => Fix::set(Safety::Unsafe, sets),
        }
    }

    /// Another value in the place of one that is given, wherever it is given.
    pub(super) fn replace(self, view: &View<'_>, service: &Service<'_>, value: &str) -> Fix {
        let new = ["deploy", "resources", self.group, self.key];
        let old = [self.old];
        let given = [&new[..], &old].into_iter();
        let given: Vec<_> = given.filter_map(|keys| Some((keys, service.get(keys)?))).collect();
        let sets = given.iter().map(|(keys, _)| Set::of(service.name, keys, value)).collect();
        let edits: Option<Vec<_>> =
            given.iter().map(|(_, node)| view.replace(node, value)).collect();
        match edits {
            Some(edits) => {
                let (edits, paths): (Vec<_>, Vec<_>) = edits.into_iter().unzip();
                Fix::edit(Safety::Unsafe, edits, paths.concat()).or_set(sets)
            }
            None => Fix::set(Safety::Unsafe, sets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::rules::testing;

    #[test]
    fn a_limit_has_room_for_what_programs_are_told_to_take() {
        for (keys, wanted) in [
            ("image: a", "512m"),
            ("image: a, gpus: all", "4g"),
            ("image: a, shm_size: 1g", "2g"),
            ("image: 'postgres:17'", "1g"),
            ("image: a, environment: {JAVA_OPTS: -Xmx3g}", "4g"),
            ("image: apache/kafka, environment: {KAFKA_HEAP_OPTS: -Xmx3g}", "6g"),
            ("image: 'redis:7', command: redis-server --maxmemory 2gb", "2752m"),
        ] {
            let text = format!("services: {{a: {{{keys}}}}}\n");
            let (stack, settings) = (testing::stack(&text), testing::settings());
            stack.viewed(&[], &settings, |view| {
                assert_eq!(written(usual_memory(&view.services[0])), wanted, "{keys}");
            });
        }
    }

    #[test]
    fn half_of_a_limit_is_no_less_than_the_engine_takes() {
        for (limit, wanted) in [
            (1 << 30, Some("512m")),
            (3 << 29, Some("768m")),
            (LEAST * 2 - 1, Some("6m")),
            (LEAST, Some("6m")),
            (LEAST - 1, None),
            (0, None),
            (1_000_000_000, Some("476m")),
            (u64::MAX, Some("8796093022207m")),
        ] {
            assert_eq!(half(limit).as_deref(), wanted, "{limit}");
        }
    }
}
