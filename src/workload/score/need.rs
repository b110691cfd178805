//! What machine learning runs on.

use super::features::Gpus;
use crate::workload::text::Need;

/// What a project of machine learning needs.
pub(super) fn need(of: &Gpus) -> Need {
    // Kernels without a framework that could do the same on the CPU.
    let own = of.kernels * (1.0 - of.is_switched) * (1.0 - of.can_use);
    let required = -2.0
        + 2.5 * of.packages
        + 2.5 * of.unasked
        + 2.0 * of.demanded
        + 1.0 * of.deployed
        + 1.0 * of.kernels * (1.0 - of.is_switched)
        + 2.0 * own
        + 2.5 * of.large
        + 2.0 * of.said
        - 1.5 * of.optional
        - 2.0 * of.without;
    if required > 0.0 {
        Need::GpuRequired
    } else if of.can_use.max(of.optional) >= 0.6 || of.kernels >= 0.15 {
        Need::GpuOptional
    } else {
        Need::Cpu
    }
}
