//! `setup.cfg` and `setup.py`, the latter without running it.

use std::collections::{BTreeMap, BTreeSet};

use super::python::{Token, tokens};
use super::{Read, leaves::line_number, leaves::without_comment, names, requirements};
use crate::workload::evidence::Scope;
use crate::workload::mention::Ecosystem;

/// Reads `setup.cfg`.
pub(super) fn cfg(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let (mut section, mut key) = ("", "");
    for (at, line) in text.lines().enumerate() {
        let number = line_number(at);
        let indented = line.starts_with([' ', '\t']);
        let line = without_comment(line).trim();
        let value = if let Some(name) =
            line.strip_prefix('[').and_then(|l| l.strip_suffix(']')).filter(|_| !indented)
        {
            (section, key) = (name.trim(), "");
            continue;
        } else if indented {
            line
        } else if let Some((name, value)) = line.split_once('=') {
            key = name.trim();
            value.trim()
        } else {
            line
        };
        if value.is_empty() {
            continue;
        }
        match (section, key) {
            ("metadata", "name") => read.name(Ecosystem::Pypi, value, number, scope),
            ("metadata", "description" | "summary" | "keywords" | "classifiers" | "classifier") => {
                read.about(value, number, scope);
            }
            ("options", "install_requires") => requirement(&mut read, value, number, scope),
            ("options", "tests_require") => {
                requirement(&mut read, value, number, scope.max(Scope::Test));
            }
            ("options", "setup_requires") => {
                requirement(&mut read, value, number, scope.max(Scope::Dev));
            }
            ("options.extras_require", extra) => {
                requirement(&mut read, value, number, scope.max(names::extra(extra)));
            }
            _ => {}
        }
    }
    read
}

fn requirement(read: &mut Read, text: &str, line: u32, scope: Scope) {
    requirements::item(text, line, scope, &mut Vec::new(), read);
}

/// Variables that lead to variables are followed this far.
const FOLLOW: usize = 4;

/// Reads the literals of `setup.py`: those written in the call, and those of the variables it names.
pub(super) fn py(text: &str, scope: Scope) -> Read {
    let mut tokens = tokens(text);
    // For what is looked at in fives.
    tokens.extend([(Token::Mark(b'\n'), u32::MAX); 4]);
    // Before the call `name=` is of other things: extensions, arguments of functions.
    let call = tokens
        .windows(2)
        .position(|pair| pair[0].0 == Token::Word("setup") && pair[1].0 == Token::Mark(b'('));
    let mut setup = Setup {
        values: values(&tokens),
        tokens: &tokens,
        read: Read::default(),
        seen: BTreeSet::new(),
        left: 200_000,
    };
    for (name, meaning) in [
        ("description", Meaning::About),
        ("keywords", Meaning::About),
        ("classifiers", Meaning::About),
        ("install_requires", Meaning::Requires(scope)),
        ("extras_require", Meaning::Extras),
        ("tests_require", Meaning::Requires(scope.max(Scope::Test))),
        ("setup_requires", Meaning::Requires(scope.max(Scope::Dev))),
    ] {
        setup.variable(name, &meaning, scope, 0);
    }
    let own =
        setup.values.get("name").and_then(|starts| starts.iter().find(|(at, _)| Some(*at) > call));
    if let Some(&(at, _)) = own {
        setup.value(at, &Meaning::Name, scope, 0);
    }
    setup.read.mentions.sort_by_key(|mention| mention.line);
    let extension = |word: &str| {
        tokens.iter().find(|(token, _)| *token == Token::Word(word)).map(|(_, line)| *line)
    };
    if let Some(line) = extension("CUDAExtension") {
        let guarded = ["CppExtension", "is_available", "FORCE_CUDA", "BUILD_CUDA_EXT"]
            .into_iter()
            .any(|word| extension(word).is_some());
        setup.read.build(
            "torch.utils.cpp_extension",
            line,
            if guarded { scope.max(Scope::Extra) } else { scope },
        );
    }
    setup.read
}

enum Meaning {
    Name,
    About,
    Requires(Scope),
    Extras,
}

/// Where each variable's or argument's values begin, and the key of a subscript: `extras["gpu"] = …`.
type Values<'a> = BTreeMap<&'a str, Vec<(usize, Option<&'a str>)>>;

fn values<'a>(tokens: &[(Token<'a>, u32)]) -> Values<'a> {
    let mut values = Values::new();
    for (at, window) in tokens.windows(5).enumerate() {
        let (found, key) = match window {
            [(Token::Word(name), _), (Token::Mark(b'='), _), (next, _), ..]
                if *next != Token::Mark(b'=') =>
            {
                ((name, 2), None)
            }
            [(Token::Word(name), _), (Token::Mark(b'+'), _), (Token::Mark(b'='), _), ..] => {
                ((name, 3), None)
            }
            [
                (Token::Word(name), _),
                (Token::Mark(b':'), _),
                (Token::Word(_), _),
                (Token::Mark(b'='), _),
                _,
            ] => ((name, 4), None),
            [
                (Token::Word(name), _),
                (Token::Mark(b'.'), _),
                (Token::Word("append" | "extend" | "update"), _),
                (Token::Mark(b'('), _),
                _,
            ] => ((name, 3), None),
            [
                (Token::Word(name), _),
                (Token::Mark(b'['), _),
                (Token::Text(key), _),
                (Token::Mark(b']'), _),
                (Token::Mark(b'='), _),
            ] => ((name, 5), Some(*key)),
            [(Token::Text(name), _), (Token::Mark(b':'), _), ..] => ((name, 2), None),
            _ => continue,
        };
        values.entry(found.0).or_default().push((at + found.1, key));
    }
    values
}

struct Setup<'t, 'a> {
    tokens: &'t [(Token<'a>, u32)],
    values: Values<'a>,
    read: Read,
    /// Where values begin that are read: what the project needs to run comes first, and stays so.
    seen: BTreeSet<usize>,
    /// Tokens that may still be looked at: variables can name each other many times over.
    left: usize,
}

impl Setup<'_, '_> {
    fn variable(&mut self, name: &str, meaning: &Meaning, scope: Scope, depth: usize) {
        let Some(starts) = self.values.get(name).cloned() else { return };
        for (at, key) in starts {
            if !self.seen.insert(at) {
                continue;
            }
            match (meaning, key) {
                (Meaning::Extras, Some(key)) => {
                    self.value(at, &Meaning::Requires(scope.max(names::extra(key))), scope, depth);
                }
                _ => self.value(at, meaning, scope, depth),
            }
        }
    }

    /// Takes the strings of the value that begins at a token, to its last bracket or the end of its line.
    fn value(&mut self, start: usize, meaning: &Meaning, scope: Scope, depth: usize) {
        let tokens = self.tokens;
        let Some(&(_, first_line)) = tokens.get(start) else { return };
        let (mut open, mut extra) = (0_usize, None);
        for (at, (token, line)) in tokens.iter().enumerate().skip(start) {
            if self.left == 0 || (open == 0 && at > start && *line != first_line) {
                return;
            }
            self.left -= 1;
            let next = tokens.get(at + 1).map(|next| next.0);
            match token {
                Token::Mark(b'[' | b'(' | b'{') => open += 1,
                Token::Mark(b']' | b')' | b'}') if open <= 1 => return,
                Token::Mark(b']' | b')' | b'}') => open -= 1,
                Token::Mark(b',') if open == 0 => return,
                Token::Text(key)
                    if matches!(meaning, Meaning::Extras) && next == Some(Token::Mark(b':')) =>
                {
                    extra = Some(*key);
                }
                Token::Text(text) => match meaning {
                    Meaning::Name if open == 0 => {
                        return self.read.name(Ecosystem::Pypi, text, *line, scope);
                    }
                    Meaning::Name => {}
                    Meaning::About => self.read.about(text, *line, scope),
                    Meaning::Requires(scope) => requirement(&mut self.read, text, *line, *scope),
                    Meaning::Extras => requirement(
                        &mut self.read,
                        text,
                        *line,
                        scope.max(extra.map_or(Scope::Extra, names::extra)),
                    ),
                },
                // A variable, not what is called or indexed.
                Token::Word(name)
                    if depth < FOLLOW && !matches!(next, Some(Token::Mark(b'(' | b'.' | b'['))) =>
                {
                    match (meaning, extra) {
                        (Meaning::Extras, Some(extra)) => self.variable(
                            name,
                            &Meaning::Requires(scope.max(names::extra(extra))),
                            scope,
                            depth + 1,
                        ),
                        _ => self.variable(name, meaning, scope, depth + 1),
                    }
                }
                _ => {}
            }
        }
    }
}
