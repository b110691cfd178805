//! A file, or a part of one, that is read here and there: the position, the bounds, and errors that
//! say where.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Format, WeightsError};

/// What weights are read from: a file, or bytes in a test.
pub trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

const BUFFER: usize = 4 << 10;

/// A window of a source, read through a small buffer. Seeking costs nothing until something is read.
pub(super) struct Input<'a> {
    source: &'a mut dyn Source,
    format: Format,
    /// Where the window starts in the source.
    start: u64,
    len: u64,
    position: u64,
    buffer: Vec<u8>,
    /// Where the buffer starts in the window.
    buffered_at: u64,
    bytes_read: u64,
}

impl<'a> Input<'a> {
    /// The whole source.
    pub(super) fn new(source: &'a mut dyn Source, format: Format) -> Result<Self, WeightsError> {
        let len = source.seek(SeekFrom::End(0))?;
        Ok(Self {
            source,
            format,
            start: 0,
            len,
            position: 0,
            buffer: Vec::new(),
            buffered_at: 0,
            bytes_read: 0,
        })
    }

    /// A part of this one, as a file of its own; cut where this one ends.
    pub(super) fn window(&mut self, start: u64, len: u64) -> Input<'_> {
        let start = start.min(self.len);
        Input {
            source: &mut *self.source,
            format: self.format,
            start: self.start + start,
            len: len.min(self.len - start),
            position: 0,
            buffer: Vec::new(),
            buffered_at: 0,
            bytes_read: 0,
        }
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    pub(super) fn set_format(&mut self, format: Format) {
        self.format = format;
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// What has been read from the source, not what was passed over.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    pub(super) fn remaining(&self) -> u64 {
        self.len - self.position
    }

    pub(super) fn seek(&mut self, to: u64) -> Result<(), WeightsError> {
        if to > self.len {
            return Err(self.truncated(to - self.len));
        }
        self.position = to;
        Ok(())
    }

    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), WeightsError> {
        if bytes > self.remaining() {
            return Err(self.truncated(bytes - self.remaining()));
        }
        self.position += bytes;
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WeightsError> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, WeightsError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, WeightsError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, WeightsError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A little-endian integer of up to 8 bytes.
    pub(super) fn uint(&mut self, bytes: u8) -> Result<u64, WeightsError> {
        (0..bytes.min(8))
            .try_fold(0, |value, k| Ok(value | u64::from(self.u8()?) << (8 * u32::from(k))))
    }

    /// The next bytes, at most `limit` of them.
    pub(super) fn bytes(&mut self, count: u64, limit: u64) -> Result<Vec<u8>, WeightsError> {
        if count > self.remaining() {
            return Err(self.truncated(count - self.remaining()));
        }
        if count > limit {
            return Err(self.too_large(count, limit));
        }
        let mut bytes = vec![0; count as usize];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, mut out: &mut [u8]) -> Result<(), WeightsError> {
        while !out.is_empty() {
            match self.read(out)? {
                0 => return Err(self.truncated(out.len() as u64)),
                read => out = &mut out[read..],
            }
        }
        Ok(())
    }

    fn truncated(&self, missing: u64) -> WeightsError {
        WeightsError::Truncated { format: self.format, len: self.start + self.len, missing }
    }

    pub(super) fn malformed(&self, what: impl AsRef<str>) -> WeightsError {
        let at = self.start + self.position;
        WeightsError::Malformed { format: self.format, at, what: short(what.as_ref()) }
    }

    pub(super) fn unsupported(&self, what: impl AsRef<str>) -> WeightsError {
        let at = self.start + self.position;
        WeightsError::Unsupported { format: self.format, at, what: short(what.as_ref()) }
    }

    pub(super) fn too_large(&self, size: u64, limit: u64) -> WeightsError {
        let at = self.start + self.position;
        WeightsError::TooLarge { format: self.format, at, size, limit }
    }
}

/// For a message: a file's own names may be of any length, and hold anything.
fn short(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(200).map(clean).collect()
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let buffered = self
            .position
            .checked_sub(self.buffered_at)
            .and_then(|skipped| self.buffer.get(skipped as usize..))
            .is_some_and(|rest| !rest.is_empty());
        if !buffered {
            let want = (BUFFER as u64).min(self.remaining()) as usize;
            self.buffer.resize(want, 0);
            self.source.seek(SeekFrom::Start(self.start + self.position))?;
            let read = self.source.read(&mut self.buffer).inspect_err(|_| self.buffer.clear())?;
            self.buffer.truncate(read);
            self.buffered_at = self.position;
            self.bytes_read += read as u64;
        }
        let rest = self.buffer.get((self.position - self.buffered_at) as usize..).unwrap_or(&[]);
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        Ok(count)
    }
}
