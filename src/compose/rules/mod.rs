//! The rules that judge a stack, each in a file of its own with its page and its examples.

mod data;
mod gpu;
mod health;
mod lifecycle;
mod resources;
mod settings;
#[cfg(test)]
pub(super) mod testing;
mod tuning;

use super::finding::{Code, Findings};
use super::fix::Safety;
use super::view::View;

pub use settings::{Host, Settings, Stated};

/// Rules that act together.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Set {
    /// What a platform asks of every stack
    Platform,
    /// Only what breaks or contradicts itself
    Safe,
    /// All there is
    Strict,
}

/// One thing that is asked of stacks.
#[derive(Debug)]
pub struct Rule {
    pub code: Code,
    pub sets: &'static [Set],
    /// Whether `--fix` can mend what it finds.
    pub fix: Option<Safety>,
    /// What is looked at, and why: paragraphs of Markdown.
    pub why: &'static str,
    /// A stack that breaks it.
    pub bad: &'static str,
    /// The same stack as it should be.
    pub good: &'static str,
    pub(super) check: fn(&View<'_>, &mut Findings),
}

/// What only a platform asks for.
const PLATFORM: &[Set] = &[Set::Platform, Set::Strict];
/// What breaks or contradicts itself.
const EVERY: &[Set] = &[Set::Platform, Set::Safe, Set::Strict];
const STRICT: &[Set] = &[Set::Strict];

/// Every rule there is, in the order of their codes.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [resources::RULES, lifecycle::RULES, health::RULES, gpu::RULES, tuning::RULES, data::RULES]
        .into_iter()
        .flatten()
        .copied()
}

#[cfg(test)]
mod tests {
    use super::testing::{judged, of};
    use super::*;

    #[test]
    fn codes_are_in_order_and_each_is_there_once() {
        let ids: Vec<&str> = all().map(|rule| rule.code.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    }

    #[test]
    fn every_rule_finds_what_is_bad_and_nothing_in_what_is_good() {
        for rule in all() {
            let id = rule.code.id;
            assert!(!of(id, rule.bad).is_empty(), "{id} finds nothing in its bad example");
            assert_eq!(of(id, rule.good), [""; 0], "{id} finds something in its good example");
            for text in [rule.bad, rule.good] {
                let read: Vec<_> =
                    judged(text).into_iter().filter(|f| f.code.id < "CV100").collect();
                assert!(read.is_empty(), "{id}: {read:#?}");
            }
            assert!(rule.why.trim().len() > 80, "{id} does not say why");
            assert!(rule.sets.contains(&Set::Strict), "{id}");
        }
    }

    /// A fix changes what it says and nothing else, and what was found is gone after it.
    #[test]
    fn fixes_mend_the_bad_example() {
        for rule in all().filter(|rule| rule.fix.is_some()) {
            let id = rule.code.id;
            let fixed = super::testing::fixed(id, rule.bad);
            assert_eq!(of(id, &fixed), [""; 0], "{id}: {fixed}");
        }
    }
}
