//! Whether it is machine learning: a logistic function of the features.

use super::features::Learning;

/// The probability that a project with these features is machine learning. The coefficients were fitted
/// to labelled repositories, kept from below zero and rounded; `docs/detect-workload.md` says which.
pub(super) fn probability(of: &Learning) -> f64 {
    let odds = -3.85
        + 1.5 * of.packages
        + 2.5 * of.name
        + 2.5 * of.imports
        + 1.5 * of.code
        + 0.5 * of.builds
        + 1.0 * of.images
        + 1.0 * of.weights
        + 7.0 * of.about
        + 3.0 * of.share;
    1.0 / (1.0 + (-odds).exp())
}
