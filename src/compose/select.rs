//! Which codes act, and how bad what they find is.

use std::collections::BTreeMap;

use super::codes;
use super::finding::{Code, Severity};
use super::rules::{self, Rule, Set};

/// A code, or the beginning of several: `CV501`, `CV5`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector(String);

/// A text that selects nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no code `{0}`")]
pub struct NoCode(String);

impl std::str::FromStr for Selector {
    type Err = NoCode;

    /// Takes a rule's name too: `memory-limit`.
    fn from_str(text: &str) -> Result<Self, NoCode> {
        let text = text.trim();
        let upper = text.to_ascii_uppercase();
        let is_code = upper.starts_with("CV") && all().any(|code| code.id.starts_with(&*upper));
        let named = || all().find(|code| code.name == text).map(|code| code.id.to_owned());
        let id = is_code.then_some(upper).or_else(named);
        id.map(Self).ok_or_else(|| NoCode(text.to_owned()))
    }
}

impl Selector {
    pub fn holds(&self, code: &Code) -> bool {
        code.id.starts_with(&self.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Every code there is, in order: those of reading, then those of rules.
pub fn all() -> impl Iterator<Item = &'static Code> {
    codes::ALL.iter().copied().chain(rules::all().map(|rule| &rule.code))
}

/// A code by its number or its name.
pub fn find(text: &str) -> Option<&'static Code> {
    let is_meant = |code: &&Code| code.id.eq_ignore_ascii_case(text) || code.name == text;
    all().find(is_meant)
}

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Where nothing is selected by code.
    pub set: Option<Set>,
    pub select: Vec<Selector>,
    /// Beside the set or what is selected.
    pub extend: Vec<Selector>,
    pub ignore: Vec<Selector>,
    /// In the place of the severity that a code has.
    pub severities: BTreeMap<&'static str, Severity>,
}

impl Selection {
    /// Whether a code acts. Of two selectors the longer one counts, of the same `ignore`. What Compose refuses a
    /// stack for is always told, unless it is ignored.
    pub fn acts(&self, code: &Code) -> bool {
        let longest = |list: &[Selector]| {
            list.iter().filter(|one| one.holds(code)).map(|one| one.0.len()).max()
        };
        let selected = longest(&self.select).max(longest(&self.extend));
        match (selected, longest(&self.ignore)) {
            (selected, Some(ignored)) => selected.is_some_and(|selected| selected > ignored),
            (Some(_), None) => true,
            (None, None) => self.acts_unasked(code),
        }
    }

    fn acts_unasked(&self, code: &Code) -> bool {
        match rules::all().find(|rule| rule.code.id == code.id) {
            Some(rule) => self.select.is_empty() && rule.sets.contains(&self.set()),
            None => self.select.is_empty() || code.severity == Severity::Error,
        }
    }

    pub fn set(&self) -> Set {
        self.set.unwrap_or(Set::Platform)
    }

    /// The rules that act.
    pub fn rules(&self) -> Vec<&'static Rule> {
        rules::all().filter(|rule| self.acts(&rule.code)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(select: &str, extend: &str, ignore: &str) -> Selection {
        let list = |text: &str| text.split_whitespace().map(|t| t.parse().unwrap()).collect();
        Selection {
            select: list(select),
            extend: list(extend),
            ignore: list(ignore),
            ..Selection::default()
        }
    }

    #[test]
    fn the_longer_selector_counts() {
        let memory = find("CV101").unwrap();
        for (select, extend, ignore, acts) in [
            ("", "", "", true),
            ("", "", "CV1", false),
            ("CV1", "", "", true),
            ("CV101", "", "CV1", true),
            ("CV1", "", "CV101", false),
            ("CV101", "", "CV101", false),
            ("CV0", "", "", false),
            ("CV0", "memory-limit", "", true),
            ("", "CV101", "CV1", true),
        ] {
            assert_eq!(selection(select, extend, ignore).acts(memory), acts, "{select} {ignore}");
        }
    }

    #[test]
    fn errors_of_reading_are_always_told_unless_they_are_ignored() {
        let (error, warning) = (codes::UNKNOWN_KEY, codes::OBSOLETE_VERSION);
        for (select, ignore, errors, warnings) in [
            ("", "", true, true),
            ("CV1", "", true, false),
            ("CV1 CV036", "", true, true),
            ("", "CV0", false, false),
            ("", "CV010", false, true),
        ] {
            let selection = selection(select, "", ignore);
            let found = (selection.acts(error), selection.acts(warning));
            assert_eq!(found, (errors, warnings), "{select} {ignore}");
        }
    }

    #[test]
    fn what_selects_nothing_is_refused() {
        for text in ["", "CV9", "CV1011", "E1", "memory"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
        assert_eq!("cv1".parse::<Selector>().unwrap().as_str(), "CV1");
        assert_eq!("memory-limit".parse::<Selector>().unwrap().as_str(), "CV101");
    }
}
