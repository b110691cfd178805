//! GPUs: who has which, and what programs are told of them.

mod beyond_host;
mod cuda_visible_devices;
mod double_booked;
mod implicit;
mod mismatch;
mod need;
mod not_reserved;
mod service;
mod shm;
mod visible;

use super::Rule;

pub(super) const RULES: &[&Rule] = &[
    &not_reserved::RULE,
    &double_booked::RULE,
    &beyond_host::RULE,
    &implicit::RULE,
    &cuda_visible_devices::RULE,
    &mismatch::RULE,
    &shm::RULE,
];
