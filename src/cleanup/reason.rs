//! Why a run is kept, and how that is written.

use std::collections::BTreeMap;

/// One bit each, in the order in which they are told.
pub type Reasons = u16;

pub const RUNNING: Reasons = 1;
pub const SCHEDULED: Reasons = 1 << 1;
pub const TAG: Reasons = 1 << 2;
pub const REGISTRY: Reasons = 1 << 3;
pub const RECENT: Reasons = 1 << 4;
pub const TOP: Reasons = 1 << 5;
pub const NO_METRIC: Reasons = 1 << 6;
pub const UNKNOWN_AGE: Reasons = 1 << 7;
pub const CHILD: Reasons = 1 << 8;
pub const ANCESTOR: Reasons = 1 << 9;
pub const MODEL_USED: Reasons = 1 << 10;
pub const MIN_KEEP: Reasons = 1 << 11;

/// What makes a run protected by itself, so that its children are kept too.
pub const PROTECTED: Reasons = RUNNING | SCHEDULED | TAG | REGISTRY;

/// The words of a summary, each with the reasons that it counts; and the label of a metric.
pub const GROUPS: [(Reasons, &str, &str); 9] = [
    (RECENT, "by age", "age"),
    (TOP, "top", "top"),
    (TAG, "tag", "tag"),
    (REGISTRY, "registry", "registry"),
    (CHILD | ANCESTOR | MODEL_USED, "relatives", "relatives"),
    (RUNNING | SCHEDULED, "running", "running"),
    (NO_METRIC, "no metric", "no_metric"),
    (UNKNOWN_AGE, "unknown age", "unknown_age"),
    (MIN_KEEP, "min-keep", "min_keep"),
];

/// What is said of a run beside the bits, where it is rare.
pub type Details = BTreeMap<u32, Vec<String>>;

/// As in `"reasons"`: `top-3`, `tag:stage=production`, `registry:alias champion`.
pub fn texts(
    reasons: Reasons,
    rank: Option<u32>,
    tags: &[String],
    registry: &[String],
) -> Vec<String> {
    let mut texts = Vec::new();
    let mut say = |bit, text: &str| {
        if reasons & bit != 0 {
            texts.push(text.to_owned());
        }
    };
    say(RUNNING, "running");
    say(SCHEDULED, "scheduled");
    for tag in tags {
        say(TAG, &format!("tag:{tag}"));
    }
    for label in registry {
        say(REGISTRY, &format!("registry:{label}"));
    }
    say(RECENT, "recent");
    say(TOP, &format!("top-{}", rank.unwrap_or(0)));
    say(NO_METRIC, "no-metric");
    say(UNKNOWN_AGE, "unknown-age");
    say(CHILD, "child");
    say(ANCESTOR, "ancestor");
    say(MODEL_USED, "model-used");
    say(MIN_KEEP, "min-keep");
    texts
}
