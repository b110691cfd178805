//! Python: what is imported and what the code does, outside comments and strings.

mod blocks;
mod condense;
mod imports;

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::finder::{Finder, Hit};
use super::known::{known, root};
use crate::workload::catalogue::code::Says;
use crate::workload::evidence::Scope;
use crate::workload::mention::{Language, Mention, What};
use crate::workload::read::Read;
use blocks::{Blocks, Needed};
use condense::{Condensed, Statement, condense};
use imports::Import;

/// What a use of a GPU is that the code makes only where there is one, or where it is asked to.
const BEHIND_A_CHOICE: &str = "if cuda";
/// What it is to give up where there is no GPU.
const RAISES: &str = "raise without a GPU";

static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new("python", |_| true, spell));

/// Words that make a file worth reading which imports nothing known.
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new(["cuda", "def fit(self", "def predict(self", "def backprop"])
        .expect("few words")
});

/// Reads Python source of any version.
///
/// An import is guarded that the code goes on without: in a `try` that catches its failure and does not
/// raise again, under an `if` that asks whether it is there, or in the body of a function other than
/// `main`. Imports for type checkers are left out. A pattern or a module is mentioned once, at its first line.
pub(super) fn read(text: &str, scope: Scope) -> Read {
    if !imports::any_known(text, known(Language::Python)) && !WORDS.is_match(text) {
        return Read::default();
    }
    let condensed = condense(text);
    let (imports, codes) = walk(&condensed);
    let roots: HashSet<&str> = imports.iter().map(|import| root(import.module, '.')).collect();
    let mut mentions = Vec::new();
    let mut seen = HashSet::new();
    for import in &imports {
        if known(Language::Python).contains(root(import.module, '.'))
            && seen.insert((import.module, import.guarded))
        {
            let module = import.module.to_owned();
            let what = What::Import { language: Language::Python, module, guarded: import.guarded };
            mentions.push(Mention { what, line: condensed.line(import.start), scope });
        }
    }
    let mut seen = HashSet::new();
    for code in codes {
        let with =
            code.with.is_empty() || code.with.iter().any(|root| roots.contains(root.as_str()));
        if with && seen.insert(code.name) {
            let what = What::Code(code.name);
            mentions.push(Mention { what, line: condensed.line(code.start), scope });
        }
    }
    Read { mentions, note: None }
}

/// A pattern found, and where in the condensed source.
struct Code {
    name: &'static str,
    with: &'static [String],
    start: usize,
}

/// Goes through the statements and the patterns in them at once.
fn walk(condensed: &Condensed) -> (Vec<Import<'_>>, Vec<Code>) {
    let mut blocks = Blocks::default();
    let mut imports = Vec::new();
    let mut codes = Vec::new();
    let mut hits = FINDER.hits(&condensed.code).peekable();
    let ends = condensed.statements.iter().skip(1).map(|next| next.start);
    let ends = ends.chain([condensed.code.len()]);
    for (&Statement { start, indent }, end) in condensed.statements.iter().zip(ends) {
        let code = condensed.code.get(start..end).unwrap_or_default().trim_ascii_end();
        let inside = blocks.enter(code, indent, &mut imports);
        if inside.raises_without_gpu {
            codes.push(Code { name: RAISES, with: &[], start });
        }
        if inside.import != Needed::Never {
            imports::read(code, start, inside.import == Needed::Perhaps, &mut imports);
        }
        let mut choice = None;
        while let Some(hit) = hits.next_if(|hit| hit.start < end) {
            let chosen = || inside.choice || blocks::chooses(code);
            codes.extend(meaning(hit, || *choice.get_or_insert_with(chosen)));
        }
    }
    blocks.finish(&mut imports);
    (imports, codes)
}

/// What a pattern means where it stands: the use of a GPU may be behind a choice.
fn meaning(hit: Hit, mut chosen: impl FnMut() -> bool) -> Option<Code> {
    let pattern = hit.meaning.pattern;
    let code = Code { name: hit.meaning.name, with: &pattern.with, start: hit.start };
    match pattern.says {
        Says::NeedsGpu if chosen() => Some(Code { name: BEHIND_A_CHOICE, ..code }),
        Says::GpuCompute if chosen() => None,
        _ => Some(code),
    }
}

/// A pattern as condensed code writes it.
fn spell(pattern: &str) -> String {
    let mut out = String::new();
    let mut spaced = false;
    for character in pattern.chars() {
        let word = |character: char| character.is_ascii() && condense::is_word(character as u8);
        if character == ' ' {
            spaced = true;
            continue;
        }
        if spaced && word(character) && out.chars().last().is_some_and(word) {
            out.push(' ');
        }
        spaced = false;
        out.push(if character == '\'' { '"' } else { character });
    }
    out
}

#[cfg(test)]
mod tests;
