//! What the words of a brief or of a README say: which phrases of the catalogue they have, and what these
//! mean together.

mod judge;
mod lexicon;
mod page;
mod readme;
mod sentence;
mod sizes;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use judge::{Need, Verdict, brief, judge};
pub use lexicon::{Entry, Form};
pub use readme::{About, readme};
pub use sizes::{Stated, sizes};

use crate::workload::cut::head;
use lexicon::{LEXICON, Lexicon};
use sentence::{Found, LONGEST, Sentence, Span};
use words::{Break, words};

/// Hits kept of one entry.
const KEPT: usize = 8;

/// Bytes of a token kept.
const TOKEN: usize = 120;

/// A phrase of the catalogue in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// From 1.
    pub line: u32,
    /// As written, line ends as spaces.
    pub token: String,
    pub entry: &'static Entry,
    pub sense: Sense,
}

/// Whether a phrase means what the catalogue says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    Meant,
    /// `No GPU`, `without machine learning`.
    Denied,
    /// Its sentence makes it another thing: a transformer beside a voltage.
    Other,
}

/// The phrases of the catalogue in a text, in order. One pass; of an entry the first eight alone are kept,
/// so that memory does not grow with the text.
pub fn hits(text: &str) -> Vec<Hit> {
    let lexicon: &'static Lexicon = &LEXICON;
    let mut hits = Hits { text, lexicon, kept: HashMap::new(), found: Vec::new() };
    let mut sentence = Sentence { words: Vec::new() };
    for word in words(text) {
        if word.gap == Break::Sentence || sentence.words.len() == LONGEST {
            hits.read(&sentence);
            sentence.words.clear();
        }
        sentence.words.push((word, lexicon.stem(word.text)));
    }
    hits.read(&sentence);
    let mut found = hits.found;
    if let Some(name) = title(text) {
        doubt(&mut found, name);
    }
    found
}

/// The name that a text has as its title: `# name` or `# name: what it is`.
fn title(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| !line.trim().is_empty())?.trim().strip_prefix('#')?;
    let mut words = words(line);
    let name = words.next()?;
    words.next().is_none_or(|second| second.gap > Break::None).then_some(name.text)
}

/// Projects are named after things of other fields: a name alone says nothing when nothing else in the
/// text agrees with it.
fn doubt(found: &mut [Hit], name: &str) {
    let named = |hit: &Hit| hit.token.eq_ignore_ascii_case(name);
    let agrees = |hit: &Hit| hit.sense == Sense::Meant && hit.entry.weight >= 0.3 && !named(hit);
    if !found.iter().any(agrees) {
        found.iter_mut().filter(|hit| named(hit)).for_each(|hit| hit.sense = Sense::Other);
    }
}

struct Hits<'a> {
    text: &'a str,
    lexicon: &'static Lexicon,
    kept: HashMap<usize, usize>,
    found: Vec<Hit>,
}

impl Hits<'_> {
    fn read(&mut self, sentence: &Sentence) {
        let lexicon = self.lexicon;
        let found = sentence.find(lexicon);
        for &(entry, span) in &found.entries {
            self.keep(sentence, &found, entry, span, span);
        }
        for &entry in &lexicon.patterns {
            let of = &lexicon.entries[entry];
            let at = found.pattern(&lexicon.all[entry], of.within, of.ordered);
            if let Some((span, verb)) = at {
                self.keep(sentence, &found, entry, span, verb);
            }
        }
    }

    /// Keeps a hit at `span`, which is denied when the words at `verb` are.
    fn keep(&mut self, sentence: &Sentence, found: &Found, entry: usize, span: Span, verb: Span) {
        let lexicon = self.lexicon;
        let (with, unless) = (&lexicon.with[entry], &lexicon.unless[entry]);
        let kept = self.kept.entry(entry).or_default();
        let words = sentence.words.get(span.start..span.end).unwrap_or_default();
        let (Some((first, _)), Some((last, _))) = (words.first(), words.last()) else { return };
        if *kept == KEPT {
            return;
        }
        *kept += 1;
        let sense = if found.has_any(unless) || (!with.is_empty() && !found.has_any(with)) {
            Sense::Other
        } else if sentence.denies(lexicon, found, verb) {
            Sense::Denied
        } else {
            Sense::Meant
        };
        let token = self.text.get(first.start..last.start + last.text.len()).unwrap_or_default();
        // Words may be far apart: what is between them is not read to its end.
        let token = head(token, 4 * TOKEN).split_whitespace().collect::<Vec<_>>().join(" ");
        let token = head(&token, TOKEN).to_owned();
        self.found.push(Hit { line: first.line, token, entry: &lexicon.entries[entry], sense });
    }
}
