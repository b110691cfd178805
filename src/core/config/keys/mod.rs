//! What settings are; the catalogue of them is beside it.

mod catalogue;
mod lists;

pub use catalogue::KEYS;
pub use lists::LISTS;

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Path,
    Choice(&'static [&'static str]),
    Text,
    /// A text that nobody is shown: an address with a token in it.
    Secret,
    /// Texts; as a variable with commas between them.
    Texts,
    /// A whole number, also none.
    Whole,
    /// A number of things, or a share of them: `20%`.
    CountOrShare,
    /// At least one.
    Count,
    /// From one to so many.
    CountUpTo(i64),
    /// A number from here to there.
    Between(f64, f64),
    /// True or false; as a variable also 1 or 0.
    Switch,
    /// A length of time with its unit: `30min`, `1h 30min`.
    Duration,
    /// Numbers between zero and one.
    Fractions,
    /// `auto`, `cpu`, `cuda` or `cuda:1`.
    Device,
    /// A text for each of some names; as a variable written as in TOML.
    Named,
    /// The same, one level deeper.
    NamedTwice,
}

/// A setting.
#[derive(Debug)]
pub struct Key {
    /// `room.setting`, as in `ut.toml`.
    pub name: &'static str,
    pub kind: Kind,
    /// What holds when nothing is said, in words.
    pub default: &'static str,
    pub help: &'static str,
}

/// Settings of which a file has a table for each thing: `[[health.check]]`. There is no variable for them.
#[derive(Debug)]
pub struct List {
    pub name: &'static str,
    pub fields: &'static [Key],
}

impl List {
    pub(super) fn field(&self, name: &str) -> Option<&'static Key> {
        self.fields.iter().find(|key| key.name == name)
    }
}

/// Sections that hold a table for each of their things, beside what holds for all.
pub(super) const NAMED: [&str; 2] = ["breakers", "cleanup"];

impl Key {
    /// Whether it can be set for one breaker, or for one experiment.
    pub(super) fn is_for_one(&self) -> bool {
        const EXPERIMENT: [&str; 6] =
            ["retention-days", "top-n", "metric", "mode", "protect-tags", "min-keep"];
        match self.name.split_once('.') {
            Some(("breakers", _)) => true,
            Some(("cleanup", setting)) => EXPERIMENT.contains(&setting),
            _ => false,
        }
    }

    /// `infer.input-format` → `UT_INFER_INPUT_FORMAT`.
    pub fn variable(&self) -> String {
        format!("UT_{}", self.name.to_uppercase().replace(['.', '-'], "_"))
    }
}
