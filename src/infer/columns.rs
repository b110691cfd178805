//! Which columns rows have.

use crate::model::tft::{Inputs, TimeColumn};

/// The columns of rows, in the order in which their fields are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Tell servers apart.
    pub groups: Vec<String>,
    pub time: TimeColumn,
    pub reals: Vec<String>,
    pub categoricals: Vec<String>,
}

impl Columns {
    /// Those that a model needs.
    pub fn of(inputs: &Inputs) -> Self {
        Self {
            groups: inputs.groups.clone(),
            time: inputs.time.clone(),
            reals: inputs.reals.clone(),
            categoricals: inputs.categoricals.iter().map(|c| c.name.clone()).collect(),
        }
    }

    /// The columns of labels that are no group columns.
    pub fn own_categoricals(&self) -> impl Iterator<Item = (usize, &String)> {
        self.categoricals.iter().enumerate().filter(|(_, name)| !self.groups.contains(name))
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<String> {
        let time = self.time.columns().into_iter().map(str::to_owned);
        let (groups, values) = (self.groups.iter(), self.reals.iter().chain(&self.categoricals));
        groups.cloned().chain(time).chain(values.cloned()).collect()
    }
}
