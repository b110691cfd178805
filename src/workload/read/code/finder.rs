//! The catalogue's patterns of one language, found in one pass.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::workload::catalogue::code::{Pattern, patterns};

pub(super) struct Finder {
    automaton: AhoCorasick,
    /// What each spelling means.
    meanings: Vec<Meaning>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    pub(super) name: &'static str,
    pub(super) pattern: &'static Pattern,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) meaning: Meaning,
}

impl Finder {
    /// Those patterns of a language of the catalogue whose name `takes` is true of, each written as
    /// `spell` has it.
    pub(super) fn new(language: &str, takes: fn(&str) -> bool, spell: fn(&str) -> String) -> Self {
        let mut needles = Vec::new();
        let mut meanings = Vec::new();
        for (name, pattern) in patterns(language).iter().filter(|(name, _)| takes(name)) {
            for spelling in pattern.spellings(name) {
                needles.push(spell(spelling));
                meanings.push(Meaning { name, pattern });
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(needles)
            .expect("the catalogue's patterns are few and short");
        Self { automaton, meanings }
    }

    /// Where patterns stand in `text`, whole words only, in order; where several begin the longest.
    pub(super) fn hits<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Hit> + 'a {
        // An automaton without patterns would still read the text.
        let text = if self.meanings.is_empty() { &[] } else { text };
        let found = self.automaton.find_iter(text).filter(|found| whole(text, found.range()));
        found.filter_map(|found| {
            let meaning = *self.meanings.get(found.pattern().as_usize())?;
            Some(Hit { start: found.start(), meaning })
        })
    }
}

/// Whether the text does not go on as the same word on either side.
fn whole(text: &[u8], range: std::ops::Range<usize>) -> bool {
    let word =
        |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let before = range.start.checked_sub(1).is_some_and(word) && word(range.start);
    let after = word(range.end) && range.end.checked_sub(1).is_some_and(word);
    !before && !after
}
