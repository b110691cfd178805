//! Languages whose imports begin a line or a call: found by their words, no lexer needed.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::finder::Finder;
use super::known::{known, root};
use super::lines::{Lines, rest_of_line};
use crate::workload::evidence::Scope;
use crate::workload::mention::{Language, Mention, What};
use crate::workload::read::Read;

/// An import as it is found: module, whether the code may go on without it, offset.
type Found<'a> = (&'a str, bool, usize);

/// JavaScript and TypeScript: `import … from 'x'`, `import 'x'`, `import('x')`, `require('x')`.
pub(super) fn javascript(text: &str, scope: Scope) -> Read {
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let words = [
            "require(",
            "import(",
            "from '",
            "from \"",
            "from'",
            "from\"",
            "import '",
            "import \"",
        ];
        AhoCorasick::new(words).expect("few words")
    });
    static FINDER: LazyLock<Finder> =
        LazyLock::new(|| Finder::new("javascript", |_| true, str::to_owned));
    let found = WORDS.find_iter(text).filter_map(|found| {
        let quoted = text.get(found.end() - 1..)?.trim_start_matches('(');
        let module = quoted.strip_prefix(['\'', '"', '`'])?;
        let end = module.bytes().take(LONGEST).position(|byte| b"'\"`\n".contains(&byte))?;
        Some((module.get(..end)?, found.pattern().as_usize() == 1, found.start()))
    });
    let known = known(Language::JavaScript);
    let found = found.filter(|&(module, _, _)| known.contains(package(module)));
    read(text, scope, Language::JavaScript, found, &FINDER)
}

/// `name` or `@scope/name` of the path of a module in a package.
fn package(module: &str) -> &str {
    let name = usize::from(module.starts_with('@'));
    let end = module.match_indices('/').nth(name).map_or(module.len(), |(at, _)| at);
    module.get(..end).unwrap_or(module)
}

/// Rust: `use x::…` and `extern crate x`.
pub(super) fn rust(text: &str, scope: Scope) -> Read {
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(["use ", "extern crate "]).expect("few words"));
    static FINDER: LazyLock<Finder> =
        LazyLock::new(|| Finder::new("rust", |_| true, str::to_owned));
    let found = at_line_start(text, &WORDS);
    let found = found.filter_map(|(at, rest)| {
        let path = rest.trim_start().trim_start_matches("::");
        let end = path.find(|character: char| !character.is_alphanumeric() && character != '_');
        let root = path.get(..end.unwrap_or(path.len()))?;
        known(Language::Rust).contains(root).then_some((root, false, at))
    });
    read(text, scope, Language::Rust, found, &FINDER)
}

/// Go: paths in `import "x"` and `import ( … )`. A package of a known module counts as the module's.
pub(super) fn go(text: &str, scope: Scope) -> Read {
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(["import ", "import("]).expect("few words"));
    static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new("go", |_| true, str::to_owned));
    let imports = at_line_start(text, &WORDS).next();
    // Imports come before all else, and end with a line of something else.
    let head = imports.map_or("", |(at, _)| {
        let rest = text.get(at..).unwrap_or_default();
        let others = memchr::memchr_iter(b'\n', rest.as_bytes()).map(|newline| newline + 1);
        let mut others = others.filter(|&line| {
            let line = rest.as_bytes().get(line..).unwrap_or_default();
            !line.starts_with(b"import") && line.first().is_some_and(u8::is_ascii_alphabetic)
        });
        rest.get(..others.next().unwrap_or(rest.len())).unwrap_or_default()
    });
    let offset = imports.map_or(0, |(at, _)| at);
    let found = head.match_indices('"').filter_map(move |(at, _)| {
        let path = head.get(at + 1..)?;
        let end = path.bytes().take(LONGEST).position(|byte| byte == b'"' || byte == b'\n')?;
        let path = path.get(..end)?;
        let mut ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let known =
            ends.any(|end| known(Language::Go).contains(path.get(..end).unwrap_or_default()));
        known.then_some((path, false, offset + at))
    });
    read(text, scope, Language::Go, found, &FINDER)
}

/// Java, Kotlin, Scala and C#: packages of the catalogue's own patterns.
pub(super) fn java(text: &str, scope: Scope) -> Read {
    static FINDER: LazyLock<Finder> =
        LazyLock::new(|| Finder::new("java", |_| true, str::to_owned));
    read(text, scope, Language::Java, std::iter::empty(), &FINDER)
}

/// R: `library(x)`, `require(x)` and, guarded, `requireNamespace("x")`.
pub(super) fn r(text: &str, scope: Scope) -> Read {
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::new(["library(", "require(", "requireNamespace("]).expect("few words")
    });
    static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new("r", |_| true, str::to_owned));
    let found = WORDS.find_iter(text).filter_map(|found| {
        let name = text.get(found.end()..)?.trim_start_matches(['"', '\'']);
        let end = name.find(|character: char| !character.is_alphanumeric() && character != '.')?;
        let name = name.get(..end.min(LONGEST))?;
        let known = known(Language::R).contains(&name.to_lowercase());
        known.then_some((name, found.pattern().as_usize() == 2, found.start()))
    });
    read(text, scope, Language::R, found, &FINDER)
}

/// Julia: `using A, B` and `import A: f`.
pub(super) fn julia(text: &str, scope: Scope) -> Read {
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(["using ", "import "]).expect("few words"));
    static FINDER: LazyLock<Finder> =
        LazyLock::new(|| Finder::new("julia", |_| true, str::to_owned));
    let found = at_line_start(text, &WORDS).flat_map(|(at, rest)| {
        let list = rest.split([':', '#']).next().unwrap_or_default();
        list.split(',').map(str::trim).map(move |name| (name, false, at))
    });
    let known = known(Language::Julia);
    let found = found.filter(|(name, _, _)| known.contains(&root(name, '.').to_lowercase()));
    read(text, scope, Language::Julia, found, &FINDER)
}

/// A module's path is no longer.
const LONGEST: usize = 200;

/// Where a line begins with one of `words`, spaces and `pub` aside, and the rest of that line.
fn at_line_start<'a>(
    text: &'a str,
    words: &'static AhoCorasick,
) -> impl Iterator<Item = (usize, &'a str)> {
    let mut lines = Lines::new(text);
    let mut offset = 0;
    std::iter::from_fn(move || {
        while let Some(found) = words.find(aho_corasick::Input::new(text).range(offset..)) {
            offset = found.end();
            let place = lines.place(found.start());
            if matches!(place.before.trim_end(), "" | "pub" | "pub(crate)") {
                return Some((found.start(), rest_of_line(text, found.end())));
            }
        }
        None
    })
}

/// Puts imports and patterns together, each once, leaving out what lines of comments say.
pub(super) fn read<'a>(
    text: &str,
    scope: Scope,
    language: Language,
    found: impl Iterator<Item = Found<'a>>,
    finder: &Finder,
) -> Read {
    let mut mentions = Vec::new();
    let mut seen = HashSet::new();
    let mut lines = Lines::new(text);
    for (module, guarded, offset) in found {
        let place = lines.place(offset);
        if !is_comment(place.before) && seen.insert((module, guarded)) {
            let what = What::Import { language, module: module.to_owned(), guarded };
            mentions.push(Mention { what, line: place.line, scope });
        }
    }
    let mut seen = HashSet::new();
    let mut lines = Lines::new(text);
    for hit in finder.hits(text.as_bytes()) {
        if !seen.contains(hit.meaning.name) {
            let place = lines.place(hit.start);
            if !is_comment(place.before) {
                seen.insert(hit.meaning.name);
                mentions.push(Mention {
                    what: What::Code(hit.meaning.name),
                    line: place.line,
                    scope,
                });
            }
        }
    }
    Read { mentions, note: None }
}

/// Whether a line that begins so is a comment in a language of this room.
pub(super) fn is_comment(before: &str) -> bool {
    before.starts_with("//")
        || before.starts_with('*')
        || before.starts_with("/*")
        || before.starts_with('#')
}
