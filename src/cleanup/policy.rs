//! What an experiment's runs are kept for.

use std::fmt;
use std::str::FromStr;

use super::facts::Millis;

pub const DAY: Millis = 86_400_000;

/// Which end of a metric is the better one.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Max,
    Min,
}

/// `KEY=VALUE`. Values compare without case, for Python writes `True`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

impl FromStr for Tag {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().to_owned(), value: value.trim().to_owned() })
            }
            _ => Err("a tag such as stage=production was expected"),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// How many runs may go at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxDelete {
    /// Of all experiments together.
    Runs(usize),
    /// Per cent of an experiment's active runs.
    Share(f64),
}

impl FromStr for MaxDelete {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a number of runs, or a share such as 20% was expected";
        match text.trim().strip_suffix('%') {
            Some(share) => match share.trim().parse() {
                Ok(share) if (0.0..=100.0).contains(&share) => Ok(Self::Share(share)),
                _ => Err(wrong),
            },
            None => text.trim().parse().map(Self::Runs).map_err(|_| wrong),
        }
    }
}

impl fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs(runs) => write!(f, "{runs}"),
            Self::Share(share) => write!(f, "{share}%"),
        }
    }
}

/// The policy of an experiment: a run that any of it keeps is kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Policy {
    pub retention_days: u32,
    pub top_n: u32,
    pub metric: String,
    pub mode: Mode,
    /// At most 64.
    pub protect_tags: Vec<Tag>,
    /// Active runs that stay in any case.
    pub min_keep: u32,
}

impl Policy {
    /// Neither age nor rank keeps anything.
    pub fn is_empty(&self) -> bool {
        self.retention_days == 0 && self.top_n == 0
    }

    /// Which of the protecting tags this is, as bits.
    pub fn protects(&self, key: &str, value: &str) -> u64 {
        let value = value.trim().to_lowercase();
        let is_it = |tag: &Tag| tag.key == key && tag.value.to_lowercase() == value;
        let bits = self.protect_tags.iter().take(64).enumerate();
        bits.filter(|(_, tag)| is_it(tag)).fold(0, |bits, (index, _)| bits | 1 << index)
    }

    pub fn retention(&self) -> Millis {
        Millis::from(self.retention_days) * DAY
    }
}
