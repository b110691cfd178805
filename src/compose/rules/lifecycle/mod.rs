//! Whether services come back, and whether they may stop in good order.

mod log_rotation;
mod policy;
mod restart_condition_missing;
mod restart_overridden;
mod restart_policy;
mod restart_unbounded;
mod stop_grace_period;
mod stop_grace_too_short;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &restart_policy::RULE,
    &restart_unbounded::RULE,
    &restart_overridden::RULE,
    &restart_condition_missing::RULE,
    &stop_grace_period::RULE,
    &stop_grace_too_short::RULE,
    &log_rotation::RULE,
];
