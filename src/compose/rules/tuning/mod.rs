//! Programs tuned against their limits.

mod coordinators;
mod java;
mod jvm_heap;
mod kafka;
mod kafka_cluster;
mod kafka_listeners;
mod lines;
mod postgres;
mod postgres_memory;
mod redis_maxmemory;
mod size;
mod workers_exceed_cpus;

use super::Rule;
use crate::compose::view::Service;

/// The memory limit below which the programs of a service would not fit into it as they are told to, in bytes.
pub(super) fn memory_needed(service: &Service<'_>) -> Option<u64> {
    jvm_heap::needed(service).max(redis_maxmemory::needed(service))
}

pub(super) const RULES: &[&Rule] = &[
    &jvm_heap::RULE,
    &redis_maxmemory::RULE,
    &postgres_memory::RULE,
    &workers_exceed_cpus::RULE,
    &kafka_listeners::RULE,
    &kafka_cluster::RULE,
];
