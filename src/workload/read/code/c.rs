//! C, C++, Objective-C, CUDA and HIP: headers of libraries, and what only GPU code has.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::finder::Finder;
use super::lines::{Lines, rest_of_line};
use super::simple;
use crate::workload::evidence::Scope;
use crate::workload::mention::{Language, Mention, What};
use crate::workload::read::Read;

/// Patterns that are headers, written as paths.
static HEADERS: LazyLock<Finder> = LazyLock::new(|| Finder::new("c", is_header, str::to_owned));
static CODE: LazyLock<Finder> =
    LazyLock::new(|| Finder::new("c", |name| !is_header(name), str::to_owned));

/// Objective-C imports its headers.
static DIRECTIVES: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(["include", "import"]).expect("few words"));

/// Reads C and its kin: headers where they are included, by any path that ends so, and other patterns
/// outside lines of comments.
pub(super) fn read(text: &str, scope: Scope) -> Read {
    let mut read = simple::read(text, scope, Language::C, std::iter::empty(), &CODE);
    let mut seen = HashSet::new();
    let mut lines = Lines::new(text);
    for at in DIRECTIVES.find_iter(text).map(|found| found.start()) {
        let place = lines.place(at);
        if place.before.strip_prefix('#').is_none_or(|rest| !rest.trim().is_empty()) {
            continue;
        }
        let header = rest_of_line(text, at).as_bytes();
        for hit in HEADERS.hits(header) {
            let begins = hit.start.checked_sub(1).and_then(|before| header.get(before));
            if matches!(begins, Some(b'<' | b'"' | b'/')) && seen.insert(hit.meaning.name) {
                read.mentions.push(Mention {
                    what: What::Code(hit.meaning.name),
                    line: place.line,
                    scope,
                });
            }
        }
    }
    read
}

fn is_header(pattern: &str) -> bool {
    pattern.starts_with("#include ")
}
