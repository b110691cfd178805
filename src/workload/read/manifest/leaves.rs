//! Takes TOML, JSON and YAML apart into leaves: a path of keys, a scalar and its line. One pass, no
//! recursion, no tree; what is broken is stepped over, and the rest is still read.

use std::borrow::Cow;

/// Takes a leaf: its path (items of a list have the list's path), its value without quotes, its line from 1.
pub(super) type Emit<'e, 'a> = dyn FnMut(&[&'a str], &str, u32) + 'e;

/// Lists and tables in one another beyond this are not read.
const DEPTH: usize = 64;

/// Reads TOML. False where some of it could not be taken for TOML.
pub(super) fn toml<'a>(text: &'a str, emit: &mut Emit<'_, 'a>) -> bool {
    let mut scan = Scan::new(text);
    let (mut table, mut path, mut whole) = (Vec::new(), Vec::new(), true);
    loop {
        scan.skip_blank();
        match scan.peek() {
            None => return whole,
            Some(b'[') => {
                while scan.peek() == Some(b'[') {
                    scan.at += 1;
                }
                table.clear();
                scan.keys(&mut table);
                whole &= scan.peek() == Some(b']');
                scan.skip_line();
            }
            Some(_) => {
                path.clone_from(&table);
                if scan.keys(&mut path) && scan.take_assign() {
                    whole &= scan.value(&mut path, emit);
                } else {
                    whole = false;
                    scan.skip_line();
                }
            }
        }
    }
}

/// Reads JSON. False where it is broken off or nested too deep.
pub(super) fn json<'a>(text: &'a str, emit: &mut Emit<'_, 'a>) -> bool {
    let mut scan = Scan::new(text.trim_start_matches('\u{feff}'));
    scan.skip_blank();
    scan.value(&mut Vec::new(), emit)
}

/// Reads the block form of YAML with scalars and one-line lists, which is what conda writes; templates are
/// taken as text.
pub(super) fn yaml<'a>(text: &'a str, emit: &mut Emit<'_, 'a>) {
    let mut keys: Vec<(usize, &str)> = Vec::new();
    let mut path: Vec<&str> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut content = without_comment(line).trim_end();
        let mut column = content.len() - content.trim_start_matches(' ').len();
        content = content.trim_start();
        let mut item = false;
        while let Some(rest) = content
            .strip_prefix("- ")
            .or_else(|| content.strip_prefix('-').filter(|r| r.is_empty()))
        {
            keys.truncate(keys.iter().rposition(|key| key.0 <= column).map_or(0, |at| at + 1));
            column += content.len() - rest.trim_start().len();
            content = rest.trim_start();
            item = true;
        }
        if content.is_empty() {
            continue;
        }
        let pair = content.split_once(':').filter(|(key, value)| {
            (value.is_empty() || value.starts_with(' '))
                && !key.contains(['{', '[', ' '])
                && !key.is_empty()
        });
        let value = match pair {
            Some((key, value)) => {
                keys.truncate(keys.iter().rposition(|key| key.0 < column).map_or(0, |at| at + 1));
                if keys.len() >= DEPTH {
                    continue;
                }
                keys.push((column, unquoted(key)));
                value.trim()
            }
            None if item => content,
            None => continue,
        };
        path.clear();
        path.extend(keys.iter().map(|key| key.1));
        let number = line_number(at);
        match value.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
            Some(list) => {
                list.split(',').for_each(|item| emit(&path, unquoted(item.trim()), number));
            }
            None if value.is_empty() => {}
            None => emit(&path, unquoted(value), number),
        }
    }
}

/// The line number, from 1, of the line at an index.
pub(super) fn line_number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)
}

/// A line up to a `#` that begins it or follows a blank.
pub(super) fn without_comment(line: &str) -> &str {
    memchr::memchr_iter(b'#', line.as_bytes())
        .find(|&at| line[..at].chars().next_back().is_none_or(char::is_whitespace))
        .map_or(line, |at| &line[..at])
}

/// A text without the quotes that it stands between.
pub(super) fn unquoted(text: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The text between two places, empty where either splits a character.
    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over blanks, line ends and comments.
    fn skip_blank(&mut self) {
        loop {
            match self.peek() {
                Some(b'\n') => {
                    self.line = self.line.saturating_add(1);
                    self.at += 1;
                }
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'#') => self.skip_line(),
                _ => return,
            }
        }
    }

    /// Steps to the end of the line.
    fn skip_line(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// Reads a key, dotted or quoted, onto the path; false where there is none.
    fn keys(&mut self, path: &mut Vec<&'a str>) -> bool {
        let before = path.len();
        loop {
            self.skip_spaces();
            if let Some(quote @ (b'"' | b'\'')) = self.peek() {
                let from = self.at + 1;
                self.string(quote);
                path.push(self.slice(from, self.at.saturating_sub(1).max(from)));
            } else {
                let from = self.at;
                while self.peek().is_some_and(|b| {
                    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'@' | b'/') || b >= 0x80
                }) {
                    self.at += 1;
                }
                if self.at == from {
                    return path.len() > before;
                }
                path.push(self.slice(from, self.at));
            }
            self.skip_spaces();
            if self.peek() != Some(b'.') {
                return true;
            }
            self.at += 1;
        }
    }

    /// Takes `=`, or `:` as JSON has it.
    fn take_assign(&mut self) -> bool {
        self.skip_spaces();
        let there = matches!(self.peek(), Some(b'=' | b':'));
        self.at += usize::from(there);
        there
    }

    /// Reads a value with all that is in it; false where it is broken.
    fn value(&mut self, path: &mut Vec<&'a str>, emit: &mut Emit<'_, 'a>) -> bool {
        // The open lists and tables: which, and how long the path was outside.
        let mut open: Vec<(u8, usize)> = Vec::new();
        loop {
            if open.is_empty() {
                self.skip_spaces();
            } else {
                self.skip_blank();
            }
            let Some(byte) = self.peek() else { return false };
            let fresh_line = self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n');
            match byte {
                b'\n' => return false,
                // The next table: the list before it was not closed.
                b'[' if fresh_line && !open.is_empty() && self.is_header() => return false,
                b'[' | b'{' => {
                    if open.len() >= DEPTH {
                        self.at = self.text.len();
                        return false;
                    }
                    self.at += 1;
                    open.push((byte, path.len()));
                    self.entry(&open, path);
                }
                b']' | b'}' => {
                    self.at += 1;
                    let Some((_, length)) = open.pop() else { return false };
                    path.truncate(length);
                    if open.is_empty() {
                        return true;
                    }
                }
                b',' => {
                    self.at += 1;
                    if open.is_empty() {
                        return false;
                    }
                    self.entry(&open, path);
                }
                b'"' | b'\'' => {
                    let line = self.line;
                    let (value, closed) = self.string(byte);
                    emit(path, &value, line);
                    if open.is_empty() {
                        self.skip_spaces();
                        return closed;
                    }
                }
                _ => {
                    let from = self.at;
                    let rest = self.text.as_bytes().get(from..).unwrap_or_default();
                    self.at +=
                        rest.iter().position(|b| b",]}\n#".contains(b)).unwrap_or(rest.len());
                    let value = self.slice(from, self.at);
                    if fresh_line && !open.is_empty() && value.contains('=') {
                        self.at = from;
                        return false;
                    }
                    emit(path, value.trim(), self.line);
                    if open.is_empty() {
                        return true;
                    }
                }
            }
        }
    }

    /// Where a table is open, reads the key of its next entry onto the path.
    fn entry(&mut self, open: &[(u8, usize)], path: &mut Vec<&'a str>) {
        let Some(&(kind, length)) = open.last() else { return };
        path.truncate(length);
        if kind == b'{' {
            self.skip_blank();
            if self.keys(path) {
                self.skip_blank();
                self.take_assign();
            }
        }
    }

    /// Whether a TOML table's header stands here: `[name` or `[[name`.
    fn is_header(&self) -> bool {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        rest.iter().find(|b| **b != b'[').is_some_and(u8::is_ascii_alphabetic)
    }

    /// Reads a string, of one line or between three quotes; false where it is not closed.
    fn string(&mut self, quote: u8) -> (Cow<'a, str>, bool) {
        let bytes = self.text.as_bytes();
        let triple = [quote; 3];
        let long = bytes.get(self.at..).is_some_and(|rest| rest.starts_with(&triple));
        self.at += if long { 3 } else { 1 };
        let (from, mut escaped) = (self.at, false);
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'\\' if quote == b'"' => {
                    escaped = true;
                    self.at += 1;
                    if bytes.get(self.at) == Some(&b'\n') {
                        self.line = self.line.saturating_add(1);
                    }
                }
                b'\n' if !long => return (self.text_of(from, escaped), false),
                b'\n' => self.line = self.line.saturating_add(1),
                _ if byte == quote
                    && (!long
                        || bytes.get(self.at..).is_some_and(|rest| rest.starts_with(&triple))) =>
                {
                    let text = self.text_of(from, escaped);
                    self.at += if long { 3 } else { 1 };
                    return (text, true);
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = bytes.len();
        (self.text_of(from, escaped), false)
    }

    /// The text from a place to here, escapes resolved as far as names need them.
    fn text_of(&self, from: usize, escaped: bool) -> Cow<'a, str> {
        let raw = self.slice(from, self.at);
        if !escaped {
            return Cow::Borrowed(raw);
        }
        let mut text = String::with_capacity(raw.len());
        let mut chars = raw.chars();
        while let Some(char) = chars.next() {
            match char {
                '\\' => {
                    text.push(chars.next().map_or(' ', |next| {
                        if matches!(next, 'n' | 't' | 'r') { ' ' } else { next }
                    }));
                }
                _ => text.push(char),
            }
        }
        Cow::Owned(text)
    }
}
