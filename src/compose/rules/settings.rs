//! What a person may set for the rules.

use std::time::Duration;

/// The machine that a stack is meant for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Host {
    pub cores: f64,
    /// `None` where the system does not tell.
    pub memory_bytes: Option<u64>,
    pub gpus: u64,
    /// What somebody said of it. The rest is of the machine that `ut` runs on, and nobody knows whether the stack is
    /// meant for that.
    pub stated: Stated,
}

/// Of which of a host's things somebody said how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stated {
    pub cores: bool,
    pub memory: bool,
    pub gpus: bool,
}

impl Stated {
    pub const ALL: Self = Self { cores: true, memory: true, gpus: true };
}

/// What rules go by.
#[derive(Debug, Clone)]
pub struct Settings {
    pub host: Host,
    /// How much of the host the limits may add up to.
    pub overcommit: f64,
    /// The restart policy that services should have.
    pub restart: String,
    /// The strict set acts, in which some cases are worse.
    pub is_strict: bool,
    /// Several services may have one GPU.
    pub shares_gpus: bool,
    /// Tags of images that are no versions; `*` is any text.
    pub moving_tags: Vec<String>,
    /// How long a model server may take to load, at least.
    pub model_load: Duration,
}

impl Settings {
    /// A host that is large enough for all but what is meant not to fit, and every default: for examples.
    pub fn of_examples() -> Self {
        Self {
            host: Host { cores: 16.0, memory_bytes: Some(64 << 30), gpus: 4, stated: Stated::ALL },
            overcommit: 1.0,
            restart: "on-failure:3".to_owned(),
            is_strict: false,
            shares_gpus: false,
            moving_tags: vec!["latest".to_owned()],
            model_load: Duration::from_secs(120),
        }
    }
}
