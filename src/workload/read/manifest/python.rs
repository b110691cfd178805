//! The words, strings and marks of Python, for what `setup.py` says without being run.

/// A token that matters to literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// A string's content as written, without quotes and prefix.
    Text(&'a str),
    Mark(u8),
}

/// A file's first tokens, each with its line from 1; more than these no `setup.py` has.
pub(super) fn tokens(text: &str) -> Vec<(Token<'_>, u32)> {
    const MOST: usize = 50_000;
    let bytes = text.as_bytes();
    let (mut at, mut line, mut tokens) = (0, 1_u32, Vec::new());
    while let Some(&byte) = bytes.get(at).filter(|_| tokens.len() < MOST) {
        let start = at;
        match byte {
            b'\n' => {
                line = line.saturating_add(1);
                at += 1;
            }
            b' ' | b'\t' | b'\r' | b'\\' => at += 1,
            b'#' => at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at),
            b'"' | b'\'' => {
                let (from, to, end) = string(bytes, at);
                tokens.push((Token::Text(text.get(from..to).unwrap_or_default()), line));
                line = line
                    .saturating_add(memchr::memchr_iter(b'\n', &bytes[from..to]).count() as u32);
                at = end;
            }
            _ if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => {
                while bytes
                    .get(at)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80)
                {
                    at += 1;
                }
                let is_prefix = at - start <= 2 && matches!(bytes.get(at), Some(b'"' | b'\''));
                if !is_prefix {
                    tokens.push((Token::Word(text.get(start..at).unwrap_or_default()), line));
                }
            }
            _ => {
                tokens.push((Token::Mark(byte), line));
                at += 1;
            }
        }
    }
    tokens
}

/// Where the content of the string at a quote begins and ends, and where the string does.
fn string(bytes: &[u8], at: usize) -> (usize, usize, usize) {
    let quote = bytes[at];
    let long = bytes[at..].starts_with(&[quote; 3]);
    let from = at + if long { 3 } else { 1 };
    let mut end = from.min(bytes.len());
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 1,
            b'\n' if !long => return (from, end, end),
            _ if byte == quote && !long => return (from, end, end + 1),
            _ if byte == quote && bytes[end..].starts_with(&[quote; 3]) => {
                return (from, end, end + 3);
            }
            _ => {}
        }
        end += 1;
    }
    let end = end.min(bytes.len());
    (from.min(end), end, end)
}
