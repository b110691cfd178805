//! The rows of many servers.

use std::collections::BTreeSet;

use crate::core::error::nearest;
use crate::model::tft::{Dictionary, Inputs, Labels, Series};

/// Labels of a column that are kept before it is looked which of them are still in use.
const LABELS_MAX: usize = 4096;

/// Recent rows of all servers, and the labels in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    /// One per column of labels.
    pub dictionaries: Vec<Dictionary>,
    pub servers: Vec<Series>,
}

/// A wanted server that is neither among the rows nor known to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownServer {
    pub name: String,
    /// The name that it most resembles.
    pub near: Option<String>,
}

impl Records {
    /// No rows, with this many columns of labels.
    pub fn new(categoricals: usize) -> Self {
        Self { dictionaries: vec![Dictionary::default(); categoricals], servers: Vec::new() }
    }

    /// Rows of all servers.
    pub fn len(&self) -> usize {
        self.servers.iter().map(Series::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code of a label of a column. Labels that no row has any more make room for new ones.
    pub fn code(&mut self, column: usize, label: &str) -> u32 {
        if let Some(code) = self.dictionaries[column].get(label) {
            return code;
        }
        let count = self.dictionaries[column].len();
        if count >= LABELS_MAX && count.is_power_of_two() {
            self.forget_unused(column);
        }
        self.dictionaries[column].code(label)
    }

    /// Drops the labels that no row has.
    pub fn forget_unused(&mut self, column: usize) {
        let mut used = vec![false; self.dictionaries[column].len()];
        for code in self.servers.iter().filter_map(|s| s.categoricals().get(column)).flatten() {
            used[*code as usize] = true;
        }
        if used.iter().all(|u| *u) {
            return;
        }
        let mut kept = Dictionary::default();
        let labels = self.dictionaries[column].labels().iter().zip(&used);
        let codes: Vec<u32> =
            labels.map(|(label, used)| if *used { kept.code(label) } else { 0 }).collect();
        self.servers.iter_mut().for_each(|s| s.recode(column, &codes));
        self.dictionaries[column] = kept;
    }

    /// Orders the servers as their labels are in the model; unknown ones last, by name.
    pub fn sort(&mut self, inputs: &Inputs) {
        let rank = |(order, label): (&Labels<u32>, &String)| {
            (order.get(label).copied().unwrap_or(u32::MAX), label.clone())
        };
        let orders = &inputs.group_order;
        self.servers
            .sort_by_cached_key(|s| orders.iter().zip(&s.labels).map(rank).collect::<Vec<_>>());
    }

    /// Adds the wanted servers that only the model knows, without rows. Those that it does not know
    /// either come back; `others` are further names that they may resemble.
    pub fn admit(
        &mut self,
        wanted: &[String],
        inputs: &Inputs,
        others: &BTreeSet<String>,
    ) -> Vec<UnknownServer> {
        let mut unknown = Vec::new();
        for name in wanted {
            if self.servers.iter().any(|s| &s.labels[0] == name) {
                continue;
            }
            match inputs.group_order.as_slice() {
                [order] if order.get(name).is_some() => {
                    self.servers.push(Series::new(vec![name.clone()], inputs.capacity()));
                }
                _ => {
                    let names = self.servers.iter().map(|s| &s.labels[0]).chain(others);
                    let near = nearest(name, names.map(String::as_str)).map(str::to_owned);
                    unknown.push(UnknownServer { name: name.clone(), near });
                }
            }
        }
        unknown
    }

    /// The servers whose first label is wanted; all, if none is named.
    pub fn of(&self, wanted: &[String]) -> Vec<&Series> {
        let is_wanted = |s: &&Series| wanted.is_empty() || wanted.contains(&s.labels[0]);
        self.servers.iter().filter(is_wanted).collect()
    }
}
