//! The stages of a cleanup, as they are counted.

use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The store is read.
    List,
    /// It is decided what goes.
    Plan,
    Archive,
    /// Runs are soft-deleted, and their artifacts removed.
    Delete,
    /// Archives are read.
    Verify,
}

impl Stage {
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Plan => "plan",
            Self::Archive => "archive",
            Self::Delete => "delete",
            Self::Verify => "verify",
        }
    }
}

/// How long each stage took.
pub type Took = BTreeMap<Stage, Duration>;
