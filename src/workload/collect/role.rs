//! Who reads a file, and how much of it.

use crate::workload::read::{Reader, reader_of};

/// Bytes of a file that are read: more of it is data. Notebooks carry pictures.
const LONGEST: u64 = 4 << 20;
const LONGEST_NOTEBOOK: u64 = 8 << 20;
/// Of a README and a configuration.
const LONGEST_PAGE: u64 = 64 << 10;

/// Who reads a file.
pub(super) enum Role {
    Readme,
    Config,
    Reader(Reader),
}

impl Role {
    pub(super) fn of(relative: &str) -> Option<Self> {
        let name = relative.rsplit('/').next().unwrap_or(relative);
        let lower = name.to_ascii_lowercase();
        let is_top = !relative.contains('/');
        if is_top && lower.starts_with("readme") {
            return Some(Self::Readme);
        }
        if name == "config.json" {
            return Some(Self::Config);
        }
        reader_of(relative).map(Self::Reader)
    }

    pub(super) fn longest(&self, name: &str) -> u64 {
        let is_notebook = name.rsplit_once('.').is_some_and(|(_, ending)| ending == "ipynb");
        match self {
            Self::Readme | Self::Config => LONGEST_PAGE,
            Self::Reader(_) if is_notebook => LONGEST_NOTEBOOK,
            Self::Reader(_) => LONGEST,
        }
    }
}
