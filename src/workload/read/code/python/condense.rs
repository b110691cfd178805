//! Python source without what does not run: one statement a line, comments and long strings gone,
//! spaces only where they part two words, strings in double quotes. Code that means the same then
//! reads the same, and one search finds it.

use memchr::{memchr, memchr2, memchr3};

/// A string longer than this is text, not an option or a name.
const SHORT: usize = 40;

/// Condensed source.
#[derive(Debug, Default)]
pub(super) struct Condensed {
    /// Statements, each ended by a newline. Kept as bytes: a cut never falls inside a character, as only
    /// ASCII is dropped or added, but nothing here needs to know.
    pub(super) code: Vec<u8>,
    pub(super) statements: Vec<Statement>,
    /// `(offset in code, line of the source)`, ascending: from this offset on, this line.
    lines: Vec<(usize, u32)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    pub(super) start: usize,
    /// Columns before it, a tab counting as eight; one more for the body on its header's line.
    pub(super) indent: usize,
}

impl Condensed {
    /// The source line, from 1, of an offset in `code`.
    pub(super) fn line(&self, offset: usize) -> u32 {
        let at = self.lines.partition_point(|&(start, _)| start <= offset);
        self.lines.get(at.wrapping_sub(1)).map_or(1, |&(_, line)| line)
    }
}

/// Condenses any text, Python 2 or 3 or neither, in time linear in its length.
pub(super) fn condense(source: &str) -> Condensed {
    let mut lexer = Lexer {
        source: source.as_bytes(),
        at: 0,
        line: 1,
        depth: 0,
        indent: 0,
        open: false,
        spaced: false,
        colon: false,
        out: Condensed::default(),
    };
    lexer.out.code.reserve(source.len());
    lexer.run();
    lexer.out
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    line: u32,
    /// Open brackets.
    depth: usize,
    indent: usize,
    /// Whether the current statement has anything yet.
    open: bool,
    /// Whether there were spaces since the last thing kept.
    spaced: bool,
    /// Whether the current statement had a colon that may end its header.
    colon: bool,
    out: Condensed,
}

impl Lexer<'_> {
    fn run(&mut self) {
        self.begin_line();
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | 0x0c => {
                    self.at += 1;
                    self.spaced = true;
                }
                b'\n' => self.newline(),
                b'#' => self.at = self.find(memchr(b'\n', self.rest())),
                b'"' | b'\'' => self.string(byte),
                b'\\' => self.backslash(),
                b'(' | b'[' | b'{' => {
                    self.depth += 1;
                    self.keep(1);
                }
                b')' | b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.keep(1);
                }
                b';' if self.depth == 0 => {
                    self.at += 1;
                    self.end_statement();
                }
                b':' if self.depth == 0 => {
                    self.keep(1);
                    self.header();
                }
                _ => {
                    let run = self.rest().iter().take_while(|&&byte| PLAIN[byte as usize]).count();
                    self.keep(run.max(1));
                }
            }
        }
        self.end_statement();
    }

    fn rest(&self) -> &[u8] {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// The place of something found in the rest, or the end.
    fn find(&self, found: Option<usize>) -> usize {
        found.map_or(self.source.len(), |ahead| self.at + ahead)
    }

    /// Copies the next bytes, which hold no newline.
    fn keep(&mut self, length: usize) {
        let end = self.at + length;
        self.begin(self.source.get(self.at).copied().unwrap_or_default());
        self.out.code.extend_from_slice(self.source.get(self.at..end).unwrap_or_default());
        self.at = end;
    }

    /// Opens a statement where none is, and parts two words.
    fn begin(&mut self, next: u8) {
        let start = self.out.code.len();
        if !self.open {
            self.open = true;
            self.colon = false;
            self.out.statements.push(Statement { start, indent: self.indent });
            self.mark_line();
        } else if self.spaced && is_word(next) && self.out.code.last().is_some_and(|&b| is_word(b))
        {
            self.out.code.push(b' ');
        }
        self.spaced = false;
    }

    fn mark_line(&mut self) {
        let start = self.out.code.len();
        match self.out.lines.last_mut() {
            Some(last) if last.0 == start => last.1 = self.line,
            Some(last) if last.1 == self.line => {}
            _ => self.out.lines.push((start, self.line)),
        }
    }

    fn end_statement(&mut self) {
        if self.open {
            self.out.code.push(b'\n');
        }
        self.open = false;
        self.spaced = false;
    }

    fn newline(&mut self) {
        self.at += 1;
        self.line = self.line.saturating_add(1);
        self.spaced = true;
        // Brackets left open would swallow the rest of a broken file.
        if self.depth > 0 && starts_statement(self.rest()) {
            self.depth = 0;
        }
        if self.depth == 0 {
            self.end_statement();
            self.begin_line();
        } else {
            self.mark_line();
        }
    }

    fn begin_line(&mut self) {
        let blank = self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        let (length, indent) = blank.fold((0, 0), |(length, indent), byte| {
            (length + 1, if *byte == b'\t' { indent / 8 * 8 + 8 } else { indent + 1 })
        });
        self.at += length;
        self.indent = indent;
    }

    /// A backslash joins two lines; elsewhere it means nothing.
    fn backslash(&mut self) {
        let rest = self.rest();
        let joined = if rest.starts_with(b"\\\n") {
            2
        } else if rest.starts_with(b"\\\r\n") {
            3
        } else {
            return self.keep(1);
        };
        self.at += joined;
        self.line = self.line.saturating_add(1);
        self.spaced = true;
        if self.open {
            self.mark_line();
        }
    }

    /// After a colon outside brackets: what follows `try:` on its line is a statement of its own.
    fn header(&mut self) {
        // Once a statement, so that many colons cost no more than one.
        if std::mem::replace(&mut self.colon, true) {
            return;
        }
        let start = self.out.statements.last().map_or(0, |statement| statement.start);
        let statement = self.out.code.get(start..).unwrap_or_default();
        let word = statement.iter().take_while(|&&byte| is_word(byte)).count();
        let header = matches!(
            statement.get(..word).unwrap_or_default(),
            b"if"
                | b"elif"
                | b"else"
                | b"try"
                | b"except"
                | b"finally"
                | b"for"
                | b"while"
                | b"with"
                | b"def"
                | b"class"
                | b"async"
        );
        // `lambda x: y` in a condition has a colon of its own.
        if header && !contains_lambda(statement) {
            self.end_statement();
            self.indent += 1;
        }
    }

    fn string(&mut self, quote: u8) {
        self.drop_prefix();
        let triple = self.rest().starts_with(&[quote; 3]);
        let (content, end) =
            if triple { self.long_string(quote) } else { self.short_string(quote) };
        self.begin(b'"');
        self.out.code.push(b'"');
        let text = self.source.get(self.at + 1..content).unwrap_or_default();
        if !triple && text.len() <= SHORT && text.iter().all(|&byte| is_name(byte)) {
            self.out.code.extend_from_slice(text);
        }
        self.out.code.push(b'"');
        let lines = memchr::memchr_iter(b'\n', self.source.get(self.at..end).unwrap_or_default());
        let lines = u32::try_from(lines.count()).unwrap_or(u32::MAX);
        self.at = end;
        if lines > 0 {
            self.line = self.line.saturating_add(lines);
            self.mark_line();
        }
    }

    /// Takes back the `r`, `b`, `f` that belongs to the string that begins here.
    fn drop_prefix(&mut self) {
        let code = &mut self.out.code;
        let word = code.iter().rev().take(3).take_while(|&&byte| is_word(byte)).count();
        let start = code.len() - word;
        let prefix = code.get(start..).unwrap_or_default();
        let letters = prefix.iter().all(|byte| b"rbuftRBUFT".contains(byte));
        if !self.spaced && (1..=2).contains(&word) && letters {
            code.truncate(start);
        }
    }

    /// Where the content and the whole of a string of one quote end; a newline ends a broken one.
    fn short_string(&self, quote: u8) -> (usize, usize) {
        let mut at = self.at + 1;
        loop {
            let rest = self.source.get(at..).unwrap_or_default();
            let Some(ahead) = memchr3(quote, b'\\', b'\n', rest) else {
                return (self.source.len(), self.source.len());
            };
            match rest.get(ahead) {
                Some(b'\\') => at += ahead + 2,
                Some(b'\n') => return (at + ahead, at + ahead),
                _ => return (at + ahead, at + ahead + 1),
            }
        }
    }

    /// Where a string of three quotes ends.
    fn long_string(&self, quote: u8) -> (usize, usize) {
        let mut at = self.at + 3;
        loop {
            let rest = self.source.get(at..).unwrap_or_default();
            let Some(ahead) = memchr2(quote, b'\\', rest) else {
                return (self.source.len(), self.source.len());
            };
            let found = rest.get(ahead..).unwrap_or_default();
            if found.starts_with(&[quote; 3]) {
                return (at + ahead, at + ahead + 3);
            }
            at += ahead + if found.starts_with(b"\\") { 2 } else { 1 };
        }
    }
}

/// Whether a byte is part of an identifier; bytes of letters beyond ASCII are.
pub(super) fn is_word(byte: u8) -> bool {
    WORD[byte as usize]
}

static WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
        byte += 1;
    }
    table
};

/// Bytes that are kept as they are and mean nothing to the lexer.
static PLAIN: [bool; 256] = {
    let special = b" \t\r\n\x0c#\"'\\()[]{};:";
    let mut table = [true; 256];
    let mut at = 0;
    while at < special.len() {
        table[special[at] as usize] = false;
        at += 1;
    }
    table
};

/// Whether a byte may stand in an option, a device or a module's name.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-:./{}".contains(&byte)
}

/// Whether a line begins as no line inside brackets does.
fn starts_statement(line: &[u8]) -> bool {
    [&b"import "[..], b"from ", b"def ", b"class ", b"@"].iter().any(|word| line.starts_with(word))
}

fn contains_lambda(statement: &[u8]) -> bool {
    memchr::memmem::find(statement, b"lambda").is_some()
}
