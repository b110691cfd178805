//! Files as text: UTF-8, or UTF-16 that says so.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The largest file that is read. Compose files have a few hundred lines.
const LARGEST: u64 = 32 << 20;

/// Why a file gives no text.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is larger than {} MiB", LARGEST >> 20)]
    Large,
    #[error("it is a folder")]
    Folder,
    #[error("it is no regular file")]
    Special,
}

/// A text, and the first byte of it that is none.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) text: String,
    pub(super) bad_at: Option<usize>,
}

/// Reads a file that a stack refers to. Pipes and devices are not waited for.
pub(super) fn file(path: &Path) -> Result<Opened, Unreadable> {
    // Opening a pipe would wait for whoever writes to it.
    let kind = std::fs::metadata(path)?;
    if kind.is_dir() {
        return Err(Unreadable::Folder);
    }
    if !kind.is_file() {
        return Err(Unreadable::Special);
    }
    stream(File::open(path)?)
}

/// Reads what somebody has named or piped in.
pub(super) fn stream(input: impl Read) -> Result<Opened, Unreadable> {
    let mut bytes = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Unreadable::Large);
    }
    Ok(decode(bytes))
}

pub(super) fn decode(bytes: Vec<u8>) -> Opened {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]]));
        let text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        let half = (bytes.len() % 2 == 1).then_some(text.len());
        let bad_at = text.find(char::REPLACEMENT_CHARACTER).or_else(|| not_printable(&text));
        Opened { bad_at: bad_at.or(half), text }
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => return wide(u16::from_le_bytes),
        Some([0xfe, 0xff]) => return wide(u16::from_be_bytes),
        _ => {}
    }
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    match String::from_utf8(bytes) {
        Ok(text) => Opened { bad_at: not_printable(&text), text },
        Err(error) => {
            let bad_at = Some(error.utf8_error().valid_up_to());
            Opened { bad_at, text: String::from_utf8_lossy(error.as_bytes()).into_owned() }
        }
    }
}

/// The first character that YAML allows nowhere.
fn not_printable(text: &str) -> Option<usize> {
    let is_plain = |b: u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    if text.bytes().all(is_plain) {
        return None;
    }
    let is_printable = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
            && c != '\u{feff}'
    };
    text.char_indices().find(|(_, c)| !is_printable(*c)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_three_encodings_are_read() {
        for bytes in [
            b"a: 1".to_vec(),
            b"\xef\xbb\xbfa: 1".to_vec(),
            b"\xff\xfea\0:\0 \x001\0".to_vec(),
            b"\xfe\xff\0a\0:\0 \x001".to_vec(),
        ] {
            let opened = decode(bytes);
            assert_eq!((&*opened.text, opened.bad_at), ("a: 1", None));
        }
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        assert_eq!(decode(b"a: \xff".to_vec()).bad_at, Some(3));
        assert_eq!(decode(b"a: \0".to_vec()).bad_at, Some(3));
        assert_eq!(decode(b"\xff\xfea\0:".to_vec()).bad_at, Some(1));
        assert_eq!(decode("ü\u{7f}".into()).bad_at, Some(2));
        assert_eq!(decode("ü\u{1f600}".into()).bad_at, None);
    }
}
