//! Sums tensors up.

use std::collections::BTreeMap;

use super::dtype::{Class, Dtype};
use super::{Architecture, Format, Weights};

/// What a tensor is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A weight or a buffer: its type tells which.
    State,
    /// A weight, whatever its type.
    Parameter,
    /// What an optimizer keeps beside the model.
    Optimizer,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    parameters: u64,
    buffers: u64,
    bytes: u64,
    optimizer_bytes: u64,
    elements: BTreeMap<Dtype, u64>,
}

impl Tally {
    /// Adds a tensor. Nothing where a sum leaves the range of numbers, which no file's tensors do.
    pub(super) fn add(&mut self, dtype: Dtype, elements: u64, role: Role) -> Option<()> {
        let bytes = dtype.bytes(elements)?;
        if role == Role::Optimizer {
            self.optimizer_bytes = self.optimizer_bytes.checked_add(bytes)?;
            return Some(());
        }
        self.bytes = self.bytes.checked_add(bytes)?;
        let learned = role == Role::Parameter || dtype.class() != Class::Integer;
        let sum = if learned { &mut self.parameters } else { &mut self.buffers };
        *sum = sum.checked_add(elements)?;
        let of_type = self.elements.entry(dtype).or_default();
        *of_type = of_type.checked_add(elements)?;
        Some(())
    }

    pub(super) fn weights(self, format: Format, architecture: Option<Architecture>) -> Weights {
        let mut dtypes: Vec<_> = self.elements.into_iter().collect();
        dtypes.sort_by_key(|&(dtype, elements)| (std::cmp::Reverse(elements), dtype));
        Weights {
            format,
            parameters: self.parameters,
            buffers: self.buffers,
            bytes: self.bytes,
            dtypes,
            optimizer_bytes: self.optimizer_bytes,
            architecture,
        }
    }
}

/// The elements of a shape; nothing where they overflow.
pub(super) fn elements(dims: &[u64]) -> Option<u64> {
    if dims.contains(&0) {
        return Some(0);
    }
    dims.iter().try_fold(1, |product: u64, &dim| product.checked_mul(dim))
}
