//! JSON without control characters that a terminal would act on.

use std::io::{self, Write};

/// Escapes DEL and U+0080 to U+009F on the way. JSON lets them stand in strings, and there are none elsewhere in it.
pub(super) struct Escape<W> {
    to: W,
    /// The last byte was the first of two that may be such a character.
    is_half: bool,
}

impl<W: Write> Escape<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, is_half: false }
    }
}

impl<W: Write> Write for Escape<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_plain = |byte: &u8| !matches!(byte, 0x7f | 0xc2);
        if !self.is_half && bytes.iter().all(is_plain) {
            return self.to.write_all(bytes).map(|()| bytes.len());
        }
        for byte in bytes {
            match (std::mem::take(&mut self.is_half), byte) {
                (true, 0x80..=0x9f) => write!(self.to, "\\u{byte:04x}")?,
                (true, byte) => self.to.write_all(&[0xc2, *byte])?,
                (false, 0xc2) => self.is_half = true,
                (false, 0x7f) => self.to.write_all(b"\\u007f")?,
                (false, byte) => self.to.write_all(&[*byte])?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped_however_it_is_cut() {
        let text = "\"a\u{7f}\u{9b}ü\u{a0}€\u{80}\"";
        for cut in 0..=text.len() {
            let mut out = Escape::new(Vec::new());
            out.write_all(&text.as_bytes()[..cut]).unwrap();
            out.write_all(&text.as_bytes()[cut..]).unwrap();
            let written = String::from_utf8(out.to).unwrap();
            assert_eq!(written, "\"a\\u007f\\u009bü\u{a0}€\\u0080\"");
            assert_eq!(serde_json::from_str::<String>(&written).unwrap().len(), text.len() - 2);
        }
    }
}
