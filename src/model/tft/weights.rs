//! Named tensors of `model.safetensors`, each checked for its shape and its values as it is taken.

use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors};

/// A tensor that is not as the network needs it.
#[derive(Debug, thiserror::Error, PartialEq)]
pub(super) enum WeightError {
    #[error("tensor {0} is missing")]
    Missing(String),
    #[error("tensor {name} is {got:?}, {expected:?} was expected")]
    Shape { name: String, got: Vec<usize>, expected: Vec<usize> },
    #[error("tensor {name} holds {dtype} values, F32 was expected")]
    Type { name: String, dtype: String },
    #[error("tensor {0} holds a value that is not a finite number")]
    NotFinite(String),
}

/// The tensors below a prefix of names.
#[derive(Clone)]
pub(super) struct Weights<'a> {
    file: &'a SafeTensors<'a>,
    prefix: String,
}

impl<'a> Weights<'a> {
    pub(super) fn new(file: &'a SafeTensors<'a>) -> Self {
        Self { file, prefix: String::new() }
    }

    /// The tensors below `name`.
    pub(super) fn at(&self, name: impl AsRef<str>) -> Self {
        Self { file: self.file, prefix: format!("{}{}.", self.prefix, name.as_ref()) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.file.tensor(&self.full(name)).is_ok()
    }

    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn values(&self, name: &str, expected: &[usize]) -> Result<Vec<f32>, WeightError> {
        let name = self.full(name);
        let Ok(tensor) = self.file.tensor(&name) else { return Err(WeightError::Missing(name)) };
        if tensor.shape() != expected {
            let (got, expected) = (tensor.shape().to_vec(), expected.to_vec());
            return Err(WeightError::Shape { name, got, expected });
        }
        if tensor.dtype() != Dtype::F32 {
            return Err(WeightError::Type { name, dtype: format!("{:?}", tensor.dtype()) });
        }
        let (values, _) = tensor.data().as_chunks::<4>();
        let values: Vec<f32> = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if values.iter().any(|x| !x.is_finite()) {
            return Err(WeightError::NotFinite(name));
        }
        Ok(values)
    }

    pub(super) fn vector(&self, name: &str, len: usize) -> Result<Array1<f32>, WeightError> {
        Ok(Array1::from_vec(self.values(name, &[len])?))
    }

    /// [rows, columns]
    pub(super) fn matrix(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Array2<f32>, WeightError> {
        let values = self.values(name, &[rows, columns])?;
        Ok(Array2::from_shape_vec((rows, columns), values).expect("the shape was checked"))
    }
}
