//! One sentence: the phrases in it, what is denied, and which classes stand near each other.

use super::lexicon::{Lexicon, Means, Phrase};
use super::words::{Break, Word};

/// Words read at once: a longer sentence is cut here, so that work and memory stay linear in the text.
pub(super) const LONGEST: usize = 120;

/// Words that a denial reaches over.
const DENIED: usize = 7;
/// Words that a plain `no` reaches over: its noun.
const NO: usize = 4;

pub(super) struct Sentence<'a> {
    pub(super) words: Vec<(Word<'a>, Option<u32>)>,
}

/// Where something was found: words from `start`, up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What was found in a sentence.
#[derive(Default)]
pub(super) struct Found {
    pub(super) entries: Vec<(usize, Span)>,
    pub(super) classes: Vec<(usize, Span)>,
}

impl Sentence<'_> {
    /// The phrases, from left to right: of entries that overlap the longest, and of classes all but those
    /// inside a longer entry.
    pub(super) fn find(&self, lexicon: &Lexicon) -> Found {
        let mut found = Found::default();
        let mut start = 0;
        while start < self.words.len() {
            let mut longest = 0;
            let phrases = self.words[start].1.into_iter().flat_map(|stem| lexicon.starting(stem));
            for phrase in phrases.filter(|phrase| self.has(phrase, start)) {
                let length = phrase.stems.len();
                if length < longest {
                    break;
                }
                let span = Span { start, end: start + length };
                match phrase.means {
                    Means::Entry(entry) => {
                        longest = length;
                        found.entries.push((entry, span));
                        found.classes.extend(lexicon.is[entry].iter().map(|&class| (class, span)));
                    }
                    Means::Class(class) => found.classes.push((class, span)),
                }
            }
            start += longest.max(1);
        }
        found
    }

    fn has(&self, phrase: &Phrase, start: usize) -> bool {
        let Some(words) = self.words.get(start..start + phrase.stems.len()) else { return false };
        let mut pairs = words.iter().zip(&phrase.stems).enumerate();
        pairs.all(|(i, ((word, stem), wanted))| {
            *stem == Some(*wanted) && (i == 0 || word.gap == Break::None)
        }) && phrase.fits(words.iter().map(|(word, _)| word.text))
    }

    /// Whether the words at `span` are denied: `no GPU`, `we do not want …`, `… is not needed`.
    pub(super) fn denies(&self, lexicon: &Lexicon, found: &Found, span: Span) -> bool {
        let [no, not, turn, means, denied] =
            ["no", "not", "turn", "means", "denied"].map(|name| lexicon.class(name));
        let at = |class: usize, word: usize| {
            found.classes.iter().any(|(of, s)| *of == class && s.end - 1 == word)
        };
        let after = found.classes.iter().any(|(class, s)| {
            *class == denied
                && s.start >= span.end
                && s.start < span.end + NO
                && !self.breaks(span.end, s.start)
        });
        let mut turns = 0;
        for word in (span.start.saturating_sub(DENIED)..span.start).rev() {
            if self.words[word + 1].0.gap > Break::None {
                break;
            }
            let near = span.start - word <= NO;
            // `Not with …` denies what `not yet, with …` does not.
            let turned = turns > usize::from(at(means, word + 1));
            if (at(not, word) || (near && at(no, word))) && !turned {
                return true;
            }
            turns += usize::from(at(turn, word));
        }
        after
    }

    /// Whether a clause ends between two words.
    fn breaks(&self, from: usize, to: usize) -> bool {
        (from..=to).any(|word| self.words.get(word).is_some_and(|(w, _)| w.gap > Break::None))
    }
}

impl Found {
    pub(super) fn has(&self, class: usize) -> bool {
        self.classes.iter().any(|(of, _)| *of == class)
    }

    pub(super) fn has_any(&self, classes: &[usize]) -> bool {
        classes.iter().any(|&class| self.has(class))
    }

    /// Where a pattern is, if it is in the sentence: from its first to its last word, and its first class.
    pub(super) fn pattern(
        &self,
        all: &[Vec<usize>],
        within: usize,
        ordered: bool,
    ) -> Option<(Span, Span)> {
        let (first, rest) = all.split_first()?;
        self.of(first).find_map(|start| {
            let mut taken = vec![start];
            for any in rest {
                let next = self.of(any).find(|span| {
                    taken.iter().all(|t| t.end <= span.start || span.end <= t.start)
                        && taken.iter().skip(if ordered { taken.len() - 1 } else { 0 }).any(|t| {
                            let after = span.start >= t.end && span.start - t.end <= within;
                            let before = t.start >= span.end && t.start - span.end <= within;
                            after || (before && !ordered)
                        })
                })?;
                taken.push(next);
            }
            let from = taken.iter().map(|span| span.start).min()?;
            let end = taken.iter().map(|span| span.end).max()?;
            Some((Span { start: from, end }, start))
        })
    }

    fn of<'a>(&'a self, any: &'a [usize]) -> impl Iterator<Item = Span> + 'a {
        self.classes.iter().filter(|(class, _)| any.contains(class)).map(|(_, span)| *span)
    }
}
