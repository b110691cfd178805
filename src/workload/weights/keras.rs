//! Keras 3's archive: `config.json`, and the weights as HDF5.

use super::input::Input;
use super::zip::Archive;
use super::{Weights, WeightsError, hdf5};

/// The member with the weights.
pub(super) const WEIGHTS: &str = "model.weights.h5";

pub(super) fn read(input: &mut Input, archive: &Archive) -> Result<Weights, WeightsError> {
    let Some(member) = archive.member(WEIGHTS) else {
        return Err(input.malformed("it has no weights"));
    };
    member.open(input, |weights| hdf5::read(weights, 0))
}
