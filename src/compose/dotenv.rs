//! Files of variables: `.env`, `env_file`, `label_file`.

use super::template::{Refused, substitute};

/// Why a file of variables cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    /// Byte offset of the fault.
    pub(super) at: usize,
    pub(super) why: String,
}

/// A variable and where its line begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Reads the variables in order. `lookup` knows what holds outside of the file; the file's own
/// lines are known to those below them.
pub(super) fn parse(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Line>, BadLine> {
    let mut reader = Reader { text, at: 0, lines: Vec::new(), lookup };
    while reader.statement()? {}
    Ok(reader.lines)
}

/// The format `raw`: what stands behind the first `=`, as it is.
pub(super) fn raw(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Line>, BadLine> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end().len();
        let own = line.trim_end_matches(['\n', '\r']).trim_start();
        if !own.is_empty() && !own.starts_with('#') {
            let (name, value) = match own.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (own, lookup(own)),
            };
            let name = name.to_owned();
            if name.is_empty() || name.contains(char::is_whitespace) {
                let why = format!("{name:?} cannot be the name of a variable");
                return Err(BadLine { at: start, why });
            }
            lines.extend(value.map(|value| Line { name, value, start, end }));
        }
        start += line.len();
    }
    Ok(lines)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    lines: Vec<Line>,
    lookup: &'t dyn Fn(&str) -> Option<String>,
}

/// White space within a line.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn bad(&self, why: impl Into<String>) -> BadLine {
        BadLine { at: self.at, why: why.into() }
    }

    /// Reads one line that says something; false at the end.
    fn statement(&mut self) -> Result<bool, BadLine> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if !self.rest().starts_with('#') {
                break;
            }
            let Some(end) = self.rest().find('\n') else { return Ok(false) };
            self.at += end;
        }
        if self.rest().is_empty() {
            return Ok(false);
        }
        let start = self.at;
        if let Some(after) =
            self.rest().strip_prefix("export").filter(|r| r.starts_with(char::is_whitespace))
        {
            let after = after.trim_start_matches(is_blank);
            self.at = self.text.len() - after.len();
        }
        let (name, is_inherited) = self.name()?;
        if is_inherited {
            if let Some(value) = (self.lookup)(&name) {
                self.push(name, value, start);
            }
            return Ok(true);
        }
        let value = self.value()?;
        self.push(name, value, start);
        Ok(true)
    }

    fn push(&mut self, name: String, value: String, start: usize) {
        self.lines.push(Line { name, value, start, end: self.at });
    }

    /// The name up to `=` or `:`; a line without either takes the value from outside.
    fn name(&mut self) -> Result<(String, bool), BadLine> {
        let rest = self.rest();
        let mut end = None;
        for (at, c) in rest.char_indices() {
            match c {
                '=' | ':' | '\n' => {
                    end = Some((at, c));
                    break;
                }
                '_' | '.' | '-' | '[' | ']' => {}
                c if is_blank(c) || c.is_alphabetic() || c.is_numeric() => {}
                c => {
                    let line = rest.lines().next().unwrap_or_default();
                    let text = format!("unexpected character {c:?} in the name of {line:?}");
                    return Err(self.bad(text));
                }
            }
        }
        // What the file ends with is the value of no name, as in Compose.
        let (at, c) = end.unwrap_or((0, '='));
        let name = rest[..at].trim_end().to_owned();
        let after = if end.is_some() { &rest[at + 1..] } else { rest };
        if name.contains(' ') {
            return Err(self.bad(format!("a space in the name {name:?}")));
        }
        self.at = self.text.len() - after.trim_start_matches(is_blank).len();
        Ok((name, c == '\n'))
    }

    fn value(&mut self) -> Result<String, BadLine> {
        let rest = self.rest();
        if let Some(quote @ ('"' | '\'')) = rest.chars().next() {
            self.quoted(quote)
        } else {
            let line = rest.split('\n').next().unwrap_or_default();
            let value = line.split_once(" #").map_or(line, |(value, _)| value).trim_end();
            let value = self.expand(value)?;
            self.at = (self.at + line.len() + 1).min(self.text.len());
            Ok(value)
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, BadLine> {
        let rest = self.rest();
        let (mut value, mut is_escaped) = (String::new(), false);
        for (at, c) in rest.char_indices().skip(1) {
            if c == quote && !is_escaped {
                let value = if quote == '"' { self.expand(&unescape(&value))? } else { value };
                self.at += at + 1;
                return Ok(value);
            }
            if c == '\\' && !is_escaped {
                is_escaped = true;
                continue;
            }
            if is_escaped && c != quote {
                value.push('\\');
            }
            is_escaped = false;
            value.push(c);
        }
        Err(self.bad(format!("unterminated {quote}")))
    }

    fn expand(&self, value: &str) -> Result<String, BadLine> {
        let lookup = |name: &str| {
            (self.lookup)(name).or_else(|| {
                self.lines.iter().rev().find(|line| line.name == name).map(|l| l.value.clone())
            })
        };
        match substitute(value, &lookup) {
            Ok(done) => Ok(done.text),
            Err(Refused::Invalid) => Err(self.bad(format!("`{value}` cannot be substituted"))),
            Err(Refused::Required { name, why }) => {
                Err(self.bad(format!("the variable `{name}` must be set: {why}")))
            }
        }
    }
}

/// The escapes of a value in double quotes. `\$` becomes `$$`, which is a `$` once substituted.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (known, length) = match after.chars().next() {
            Some('$') => (Some("$$".to_owned()), 1),
            Some('a') => (Some('\u{7}'.to_string()), 1),
            Some('b') => (Some('\u{8}'.to_string()), 1),
            Some('f') => (Some('\u{c}'.to_string()), 1),
            Some('n') => (Some('\n'.to_string()), 1),
            Some('r') => (Some('\r'.to_string()), 1),
            Some('t') => (Some('\t'.to_string()), 1),
            Some('v') => (Some('\u{b}'.to_string()), 1),
            Some('"') => (Some('"'.to_string()), 1),
            Some('\\') => (Some('\\'.to_string()), 1),
            Some('0') => octal(after),
            _ => (None, 0),
        };
        match known {
            Some(text) => out.push_str(&text),
            None => out.push_str(&rest[at..=at + length]),
        }
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

/// `\0123`: three octal digits behind the zero.
fn octal(after: &str) -> (Option<String>, usize) {
    let digits = after[1..].bytes().take(3).take_while(u8::is_ascii_digit).count();
    let code = u32::from_str_radix(&after[1..=digits], 8).ok().filter(|_| digits == 3);
    match code.filter(|code| *code < 256).and_then(char::from_u32) {
        Some(c) => (Some(c.to_string()), 4),
        None => (None, 1 + digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(name: &str) -> Option<String> {
        (name == "OUT").then(|| "outside".to_owned())
    }

    fn read(text: &str) -> Vec<(String, String)> {
        let lines = parse(text, &outside).unwrap();
        lines.into_iter().map(|line| (line.name, line.value)).collect()
    }

    #[test]
    fn lines_are_read_as_compose_reads_them() {
        for (text, name, value) in [
            ("A=1", "A", "1"),
            ("A: 1", "A", "1"),
            ("export A=1", "A", "1"),
            ("  A = 1  ", "A", "1"),
            ("A=b # c", "A", "b"),
            ("A=b#c", "A", "b#c"),
            ("A='$OUT #'", "A", "$OUT #"),
            ("A=\"x\\ny $OUT\"", "A", "x\ny outside"),
            ("A=\"\\$OUT\"", "A", "$OUT"),
            ("A=${OUT:-x}", "A", "outside"),
            ("A=\"two\nlines\"", "A", "two\nlines"),
            ("A=", "A", ""),
            ("A=\"say \\\"hi\\\"\"", "A", "say \"hi\""),
            ("OUT\n", "OUT", "outside"),
            ("A.b-c[0]=1", "A.b-c[0]", "1"),
            ("# c\n\nA=1\n", "A", "1"),
        ] {
            assert_eq!(read(text), [(name.to_owned(), value.to_owned())], "{text:?}");
        }
        assert_eq!(read("A=1\nB=$A$A\n")[1].1, "11");
        assert_eq!(read("UNKNOWN\nA=1").len(), 1);
        assert_eq!(read("A"), [(String::new(), "A".to_owned())]);
        assert_eq!(read(""), []);
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (text, at) in [("A=1\nB@=2", 4), ("A='x", 2), ("A B=1", 0), ("A=${", 2)] {
            assert_eq!(parse(text, &outside).unwrap_err().at, at, "{text:?}");
        }
    }
}
