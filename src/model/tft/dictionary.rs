//! The distinct labels of a column.

use std::collections::HashMap;

/// Labels in the order of their first appearance. Rows hold a label's position, its code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dictionary {
    labels: Vec<String>,
    codes: HashMap<String, u32>,
}

impl Dictionary {
    /// The code of a label, if it is in.
    pub fn get(&self, label: &str) -> Option<u32> {
        self.codes.get(label).copied()
    }

    /// The code of a label, which is added if it is new.
    pub fn code(&mut self, label: &str) -> u32 {
        self.get(label).unwrap_or_else(|| {
            let code = self.labels.len() as u32;
            self.labels.push(label.to_owned());
            self.codes.insert(label.to_owned(), code);
            code
        })
    }

    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Dictionary {
    fn from_iter<I: IntoIterator<Item = S>>(labels: I) -> Self {
        let mut dictionary = Self::default();
        for label in labels {
            dictionary.code(label.as_ref());
        }
        dictionary
    }
}
