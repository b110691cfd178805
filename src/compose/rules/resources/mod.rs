//! What services may take, and whether the host has it.

mod amounts;
mod cpu_limit;
mod limit_too_small;
mod memory_limit;
mod memory_reservation;
mod pids_limit;
mod reservation_above_limit;
mod stack_exceeds_host;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &memory_limit::RULE,
    &cpu_limit::RULE,
    &memory_reservation::RULE,
    &reservation_above_limit::RULE,
    &limit_too_small::RULE,
    &stack_exceeds_host::RULE,
    &pids_limit::RULE,
];
