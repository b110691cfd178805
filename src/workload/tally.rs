//! What the files of a project mention, counted: where something stands first, and in how many files.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use super::evidence::{Kind, Scope};

/// What is counted as one thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub kind: Kind,
    pub scope: Scope,
    /// The code goes on without it.
    pub guarded: bool,
    /// The catalogue's name of it.
    pub name: String,
}

/// A place in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    /// From 1; 0 for the whole file.
    pub line: u32,
}

impl Place {
    /// The first line of a file.
    pub fn top(file: &str) -> Self {
        Self { file: file.to_owned(), line: 1 }
    }

    /// Files near the top come first.
    pub(in crate::workload) fn order(&self) -> (usize, &str, u32) {
        (self.file.matches('/').count(), &self.file, self.line)
    }
}

/// Where something was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<T> {
    /// The number of files that mention it.
    pub files: u32,
    pub first: Place,
    /// Of the first place.
    pub what: T,
}

/// Things seen, each once. The order of files does not matter.
#[derive(Debug, Clone)]
pub struct Tally<T> {
    seen: HashMap<Key, Seen<T>>,
}

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self { seen: HashMap::new() }
    }
}

impl<T> Tally<T> {
    /// Something seen in a file, once for each file.
    pub fn add(&mut self, key: Key, first: Place, what: T) {
        self.put(key, Seen { files: 1, first, what });
    }

    fn put(&mut self, key: Key, seen: Seen<T>) {
        match self.seen.entry(key) {
            Slot::Occupied(mut slot) => slot.get_mut().join(seen),
            Slot::Vacant(slot) => drop(slot.insert(seen)),
        }
    }

    pub fn join(&mut self, other: Self) {
        for (key, seen) in other.seen {
            self.put(key, seen);
        }
    }

    /// All, in the order of their keys.
    pub fn into_sorted(self) -> Vec<(Key, Seen<T>)> {
        let mut all: Vec<_> = self.seen.into_iter().collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

impl<T> Seen<T> {
    fn join(&mut self, other: Self) {
        self.files += other.files;
        if other.first.order() < self.first.order() {
            self.first = other.first;
            self.what = other.what;
        }
    }
}
