//! Words of a line of shell: quotes, variables, and commands in their place.

use super::shell::{Parser, Word, is_of_name, parse};

impl Parser {
    pub(super) fn word(&mut self) -> Option<Word> {
        let mut word = Word::fixed("");
        while let Some(c) = self.peek() {
            match c {
                ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                c if c.is_whitespace() => break,
                '\\' => {
                    self.at += 1;
                    let c = self.peek()?;
                    if c != '\n' {
                        word.text.push(c);
                    }
                    self.at += 1;
                }
                '\'' => self.single(&mut word, false)?,
                '"' => self.double(&mut word)?,
                '$' => self.expansion(&mut word, false)?,
                '`' => self.backticks(&mut word)?,
                c => {
                    word.text.push(c);
                    self.at += 1;
                }
            }
        }
        Some(word)
    }

    fn single(&mut self, word: &mut Word, has_escapes: bool) -> Option<()> {
        self.at += 1;
        loop {
            let c = self.peek()?;
            self.at += 1;
            match c {
                '\'' => return Some(()),
                '\\' if has_escapes => {
                    word.text.push(self.peek()?);
                    self.at += 1;
                }
                c => word.text.push(c),
            }
        }
    }

    fn double(&mut self, word: &mut Word) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                '"' => {
                    self.at += 1;
                    return Some(());
                }
                '\\' => {
                    let c = self.after(1)?;
                    if !"$`\"\\\n".contains(c) {
                        word.text.push('\\');
                    }
                    if c != '\n' {
                        word.text.push(c);
                    }
                    self.at += 2;
                }
                '$' => self.expansion(word, true)?,
                '`' => self.backticks(word)?,
                c => {
                    word.text.push(c);
                    self.at += 1;
                }
            }
        }
    }

    /// What begins with `$`.
    fn expansion(&mut self, word: &mut Word, is_quoted: bool) -> Option<()> {
        match self.after(1) {
            Some('\'') if !is_quoted => {
                self.at += 1;
                return self.single(word, true);
            }
            Some('(') if self.after(2) == Some('(') => self.skip(word, '(', ')')?,
            Some('(') => {
                self.at += 2;
                let list = self.within(')')?;
                word.inner.push(list);
                word.text += "$()";
            }
            Some('{') => self.skip(word, '{', '}')?,
            Some(c) if c.is_ascii_alphanumeric() || "_?!$#@*-".contains(c) => {
                word.text.extend(['$', c]);
                self.at += 2;
                let is_name = c.is_ascii_alphabetic() || c == '_';
                while let Some(c) = self.peek().filter(|c| is_name && is_of_name(*c)) {
                    word.text.push(c);
                    self.at += 1;
                }
            }
            _ => {
                word.text.push('$');
                self.at += 1;
                return Some(());
            }
        }
        word.is_fixed = false;
        Some(())
    }

    /// Up to the bracket that closes the next one.
    fn skip(&mut self, word: &mut Word, open: char, close: char) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let c = self.peek()?;
            word.text.push(c);
            self.at += 1;
            if c == open {
                depth += 1;
            } else if c == close {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(());
                }
            }
        }
    }

    fn backticks(&mut self, word: &mut Word) -> Option<()> {
        self.at += 1;
        let mut line = String::new();
        loop {
            let c = self.peek()?;
            self.at += 1;
            match c {
                '`' => break,
                '\\' => {
                    let c = self.peek()?;
                    if !"$`\\".contains(c) {
                        line.push('\\');
                    }
                    line.push(c);
                    self.at += 1;
                }
                c => line.push(c),
            }
        }
        word.inner.push(parse(&line, self.depth + 1)?);
        word.text += "$()";
        word.is_fixed = false;
        Some(())
    }
}
