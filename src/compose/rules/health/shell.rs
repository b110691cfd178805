//! Lines of shell, as far as they must be read to know which programs they run. What is not understood (loops,
//! functions, here-documents) is not read at all: nothing is claimed of it.

/// How deep brackets and substitutions are followed.
pub(super) const DEEPEST: usize = 16;

/// Commands one after the other, each with what joins it to those before.
pub(super) type List = Vec<(Joint, Command)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    Then,
    And,
    Or,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Simple(Simple),
    /// More than one.
    Pipeline(Vec<Command>),
    Not(Box<Command>),
    /// In brackets of either kind.
    Group {
        list: List,
        is_subshell: bool,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) words: Vec<Word>,
    /// What is redirected to or from.
    pub(super) redirects: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Without quotes; variables as they are written.
    pub(super) text: String,
    /// Nothing is put into it when it runs.
    pub(super) is_fixed: bool,
    /// `$(…)` in it.
    pub(super) inner: Vec<List>,
}

impl Word {
    pub(super) fn fixed(text: &str) -> Self {
        Self { text: text.to_owned(), is_fixed: true, inner: Vec::new() }
    }
}

/// Words that begin what is not read.
const RESERVED: &[&str] = &[
    "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "esac",
    "select", "function", "coproc",
];

/// The commands of a line; `None` where it is not understood.
pub(super) fn parse(line: &str, depth: usize) -> Option<List> {
    let mut parser = Parser { chars: line.chars().collect(), at: 0, depth };
    let list = parser.list(None)?;
    (parser.at == parser.chars.len()).then_some(list)
}

pub(super) struct Parser {
    chars: Vec<char>,
    pub(super) at: usize,
    pub(super) depth: usize,
}

impl Parser {
    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn after(&self, offset: usize) -> Option<char> {
        self.chars.get(self.at + offset).copied()
    }

    /// Takes these characters if they come next.
    fn take(&mut self, text: &str) -> bool {
        let is_next = text.chars().enumerate().all(|(at, c)| self.after(at) == Some(c));
        if is_next {
            self.at += text.chars().count();
        }
        is_next
    }

    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.after(1) == Some('\n') => self.at += 2,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// `{` and `!` mean something only where they stand alone.
    fn is_alone(&self, c: char) -> bool {
        let ends = self.after(1).is_none_or(|c| c.is_whitespace() || ";&|)".contains(c));
        self.peek() == Some(c) && ends
    }

    /// Up to the bracket that closes it, which is left.
    fn list(&mut self, end: Option<char>) -> Option<List> {
        if self.depth > DEEPEST {
            return None;
        }
        let mut list = List::new();
        let mut joint = Joint::Then;
        loop {
            self.blanks();
            match self.peek() {
                Some('\n') => {
                    self.at += 1;
                    continue;
                }
                Some(';') if joint == Joint::Then => {
                    self.at += 1;
                    continue;
                }
                // Nothing follows `&&`.
                c if c == end && joint != Joint::Then => return None,
                c if c == end => return Some(list),
                _ => {}
            }
            list.push((joint, self.pipeline()?));
            self.blanks();
            joint = if self.take("&&") {
                Joint::And
            } else if self.take("||") {
                Joint::Or
            } else if self.take(";") || self.take("\n") || self.take("&") {
                Joint::Then
            } else if self.peek() == end {
                return Some(list);
            } else {
                return None;
            };
        }
    }

    fn pipeline(&mut self) -> Option<Command> {
        let mut is_negated = false;
        while self.is_alone('!') {
            is_negated = !is_negated;
            self.at += 1;
            self.blanks();
        }
        let mut parts = vec![self.command()?];
        loop {
            self.blanks();
            if self.peek() != Some('|') || self.after(1) == Some('|') {
                break;
            }
            self.at += 1;
            let _ = self.take("&");
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            parts.push(self.command()?);
        }
        let command = if parts.len() == 1 { parts.remove(0) } else { Command::Pipeline(parts) };
        Some(if is_negated { Command::Not(Box::new(command)) } else { command })
    }

    fn command(&mut self) -> Option<Command> {
        let is_subshell = self.peek() == Some('(');
        if !is_subshell && !self.is_alone('{') {
            let simple = self.simple()?;
            let is_empty = simple.words.is_empty() && simple.redirects.is_empty();
            return (!is_empty).then_some(Command::Simple(simple));
        }
        self.at += 1;
        if is_subshell && self.peek() == Some('(') {
            return None;
        }
        let end = if is_subshell { ')' } else { '}' };
        let list = self.within(end)?;
        // What is redirected around it changes nothing.
        let rest = self.simple()?;
        rest.words.is_empty().then_some(Command::Group { list, is_subshell })
    }

    /// A list with its closing bracket.
    pub(super) fn within(&mut self, end: char) -> Option<List> {
        self.depth += 1;
        let list = self.list(Some(end))?;
        self.depth -= 1;
        self.take(&end.to_string()).then_some(list)
    }

    fn simple(&mut self) -> Option<Simple> {
        let mut simple = Simple::default();
        loop {
            self.blanks();
            match self.peek() {
                None | Some(';' | '\n' | '|' | ')') => break,
                Some('&') if self.after(1) != Some('>') => break,
                Some('(') => return None,
                _ if self.redirect(&mut simple)? => {}
                Some(c) => {
                    let word = self.word()?;
                    let is_first = simple.words.is_empty();
                    if is_first && c.is_ascii_lowercase() && RESERVED.contains(&&*word.text) {
                        return None;
                    }
                    let is_test = is_first && word.text == "[[";
                    simple.words.push(word);
                    if is_test {
                        self.double_brackets(&mut simple)?;
                    }
                }
            }
        }
        Some(simple)
    }

    /// `[[ … ]]`, where operators are words.
    fn double_brackets(&mut self, simple: &mut Simple) -> Option<()> {
        while simple.words.last().is_none_or(|word| word.text != "]]") {
            self.blanks();
            let c = self.peek()?;
            if "&|<>()\n;".contains(c) {
                self.at += 1;
                simple.words.push(Word::fixed(&c.to_string()));
            } else {
                simple.words.push(self.word()?);
            }
        }
        Some(())
    }

    /// Whether a redirection came, and was taken.
    fn redirect(&mut self, simple: &mut Simple) -> Option<bool> {
        let start = self.at;
        if !self.take("&") {
            while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                self.at += 1;
            }
        }
        if !matches!(self.peek(), Some('<' | '>')) {
            self.at = start;
            return Some(false);
        }
        let is_here_string = self.take("<<<");
        // A here-document, or a process in the place of a file.
        let is_other = self.take("<<") || self.take("<(") || self.take(">(");
        if !is_here_string && is_other {
            return None;
        }
        while matches!(self.peek(), Some('<' | '>' | '&' | '|')) {
            self.at += 1;
        }
        self.blanks();
        let target = self.word()?;
        if target.text.is_empty() {
            return None;
        }
        if !is_here_string {
            simple.redirects.push(target.text);
        }
        Some(true)
    }
}

pub(super) fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
