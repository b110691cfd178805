//! The code cells of a notebook's JSON, found without building its tree: one pass over the tokens, in which
//! pictures cost no more than a search for their closing quote.

use std::borrow::Cow;

use memchr::{memchr_iter, memchr2};

/// What a notebook has.
#[derive(Debug, Default)]
pub(super) struct Cells<'a> {
    pub(super) code: Vec<Vec<Source<'a>>>,
    /// The ending of the language's source files, without the dot.
    pub(super) language: Option<String>,
    /// The line that asks for an accelerator.
    pub(super) accelerator: Option<u32>,
    /// Whether all brackets and strings are closed.
    pub(super) whole: bool,
}

/// One string of a cell's source: a line in most notebooks, the whole cell in others.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) text: Cow<'a, str>,
    /// The line of the file that the string begins on.
    pub(super) line: u32,
}

/// Finds the code cells of a text that may be a notebook.
pub(super) fn cells(text: &str) -> Cells<'_> {
    let mut scan = Scan {
        text,
        line: 1,
        counted: 0,
        depth: 0,
        value: None,
        cell: Cell::default(),
        found: Cells::default(),
    };
    scan.found.whole = scan.run() && scan.depth == 0;
    // The cell that a broken file ends in.
    scan.end_cell();
    scan.found
}

/// The cell that is being read.
#[derive(Debug, Default)]
struct Cell<'a> {
    is_code: bool,
    sources: Vec<Source<'a>>,
    /// How deep its keys are, once one of them has been seen.
    depth: Option<usize>,
}

struct Scan<'a> {
    text: &'a str,
    /// The line of `counted`, up to where newlines are counted.
    line: u32,
    counted: usize,
    /// Open brackets and braces.
    depth: usize,
    /// The key whose value comes next or is being read, and how deep the key is.
    value: Option<(&'a str, usize)>,
    cell: Cell<'a>,
    found: Cells<'a>,
}

impl<'a> Scan<'a> {
    /// Goes through the tokens; false where a string does not end.
    fn run(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let Some(end) = string_end(bytes, at + 1) else { return false };
                    let raw = self.text.get(at + 1..end).unwrap_or_default();
                    let next = bytes.get(end + 1..).unwrap_or_default();
                    let space = next
                        .iter()
                        .take(SPACES)
                        .take_while(|byte| byte.is_ascii_whitespace())
                        .count();
                    if next.get(space) == Some(&b':') {
                        self.value = Some((raw, self.depth));
                        at = end + 2 + space;
                    } else {
                        self.string(raw, at);
                        at = end + 1;
                    }
                    continue;
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    if self.cell.depth == Some(self.depth) && byte == b'}' {
                        self.end_cell();
                    }
                    self.depth = self.depth.saturating_sub(1);
                }
                b't' if self.key() == Some("isGpuEnabled") => {
                    self.found.accelerator = Some(self.line_of(at));
                }
                _ => {}
            }
            at += 1;
        }
        true
    }

    /// The key of the value at hand.
    fn key(&self) -> Option<&'a str> {
        self.value.map(|(key, _)| key)
    }

    /// A string that is not a key.
    fn string(&mut self, raw: &'a str, at: usize) {
        let Some((key, depth)) = self.value else { return };
        match key {
            "cell_type" => {
                self.cell.is_code = raw == "code";
                self.cell.depth = Some(depth);
            }
            // Version 3 calls it input. A list's strings are one deeper than its key.
            "source" | "input"
                if self.depth <= depth + 1 && self.cell.depth.is_none_or(|cell| cell == depth) =>
            {
                let line = self.line_of(at);
                self.cell.sources.push(Source { text: unescape(raw), line });
            }
            "file_extension" => {
                self.found.language = Some(raw.trim_start_matches('.').to_lowercase());
            }
            "accelerator" if !raw.eq_ignore_ascii_case("none") && !raw.is_empty() => {
                self.found.accelerator = Some(self.line_of(at));
            }
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if cell.is_code {
            self.found.code.push(cell.sources);
        }
    }

    fn line_of(&mut self, at: usize) -> u32 {
        let between = self.text.as_bytes().get(self.counted..at).unwrap_or_default();
        let lines = u32::try_from(memchr_iter(b'\n', between).count()).unwrap_or(u32::MAX);
        self.line = self.line.saturating_add(lines);
        self.counted = at;
        self.line
    }
}

/// Spaces between a key and its colon.
const SPACES: usize = 8;

/// The place of the quote that ends a string.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let ahead = memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at + ahead) == Some(&b'"') {
            return Some(at + ahead);
        }
        at += ahead + 2;
    }
}

/// The text that a JSON string means; as it is where its escapes are broken.
fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    serde_json::from_str(&format!("\"{raw}\"")).map_or(Cow::Borrowed(raw), Cow::Owned)
}
