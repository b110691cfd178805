//! Lines of a text, for readers that look for words and then at the line around them.

use memchr::{memchr_iter, memrchr};

/// How far code is indented at most; what stands further right does not begin its line.
const INDENT: usize = 200;

/// Says on which line an offset is; offsets are asked for in ascending order, so that the text is read once.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// How far newlines are counted.
    counted: usize,
    line: u32,
    /// Where the line of the last offset begins.
    start: usize,
}

/// Where on its line something stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// From 1.
    pub(super) line: u32,
    /// What stands before it on the line, spaces before that left out; at most some hundred bytes.
    pub(super) before: &'a str,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, counted: 0, line: 1, start: 0 }
    }

    pub(super) fn place(&mut self, offset: usize) -> Place<'a> {
        let between = self.text.as_bytes().get(self.counted..offset).unwrap_or_default();
        if let Some(last) = memrchr(b'\n', between) {
            let lines = u32::try_from(memchr_iter(b'\n', between).count()).unwrap_or(u32::MAX);
            self.line = self.line.saturating_add(lines);
            self.start = self.counted + last + 1;
        }
        self.counted = self.counted.max(offset);
        let mut end = offset.min(self.start + INDENT);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = self.text.get(self.start..end).unwrap_or_default();
        Place { line: self.line, before: before.trim_start() }
    }
}

/// What is left of the line from an offset on; no more of it than a statement has, so that a file of one
/// long line is not read again and again.
pub(super) fn rest_of_line(text: &str, offset: usize) -> &str {
    let mut end = text.len().min(offset.saturating_add(REST));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let rest = text.get(offset..end).unwrap_or_default();
    rest.split_once('\n').map_or(rest, |(line, _)| line)
}

/// Bytes of a line that are looked at after a word.
const REST: usize = 2000;
