//! The files that a stack was read from, and places in them.

use std::cell::OnceCell;
use std::path::PathBuf;

/// A range of bytes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Index of the file in [`Sources`].
    pub file: u32,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// Where nothing can be pointed at: the start of a file.
    pub fn top(file: u32) -> Self {
        Self { file, start: 0, end: 0 }
    }
}

/// One file, as text.
#[derive(Debug)]
pub struct Source {
    /// As a person would name it.
    pub name: String,
    pub path: PathBuf,
    pub text: String,
    /// Byte offsets at which lines begin.
    lines: OnceCell<Vec<u32>>,
}

/// All files of a stack, in the order in which they were opened.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    pub fn add(&mut self, name: String, path: PathBuf, text: String) -> u32 {
        self.files.push(Source { name, path, text, lines: OnceCell::new() });
        (self.files.len() - 1) as u32
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.files.len() as u32
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub fn get(&self, file: u32) -> &Source {
        &self.files[file as usize]
    }

    /// Line and column of a span's start, from 1; columns count characters.
    pub fn position(&self, span: Span) -> (usize, usize) {
        self.get(span.file).position(span.start)
    }

    /// Line and column behind a span's end.
    pub fn end_position(&self, span: Span) -> (usize, usize) {
        self.get(span.file).position(span.end)
    }
}

impl Source {
    fn position(&self, offset: u32) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at as u32 + 1);
            std::iter::once(0).chain(breaks).collect()
        });
        let line = lines.partition_point(|start| *start <= offset);
        let start = lines[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |text| text.chars().count());
        (line, column + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a".into(), "a".into(), "é: 1\nb: ü x\n".into());
        let at = |start| sources.position(Span { file, start, end: start });
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 2));
        assert_eq!(at(6), (2, 1));
        assert_eq!(at(12), (2, 6));
        assert_eq!(at(99), (3, 1));
    }
}
