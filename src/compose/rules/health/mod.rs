//! Health checks, and who waits for whom.

mod checks;
mod depends_on_healthy_unchecked;
mod depends_on_not_healthy;
#[cfg(test)]
mod depends_on_not_healthy_tests;
mod healthcheck;
mod healthcheck_binary_missing;
mod healthcheck_hollow;
mod healthcheck_incomplete;
mod healthcheck_timing;
mod http_clients;
mod long_form;
mod missing_dependency;
mod names;
mod probe;
#[cfg(test)]
mod probe_tests;
mod shell;
#[cfg(test)]
mod shell_tests;
mod shell_words;
mod start_period_too_short;
mod unreachable_service;
mod waits_for_ever;
mod weights;
mod wrappers;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &healthcheck::RULE,
    &healthcheck_incomplete::RULE,
    &healthcheck_binary_missing::RULE,
    &healthcheck_hollow::RULE,
    &healthcheck_timing::RULE,
    &start_period_too_short::RULE,
    &depends_on_not_healthy::RULE,
    &depends_on_healthy_unchecked::RULE,
    &waits_for_ever::RULE,
    &missing_dependency::RULE,
    &unreachable_service::RULE,
];
