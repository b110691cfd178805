//! Columns of little-endian numbers, with a running checksum.

use std::io::{self, Read, Write};

use crc32fast::Hasher;

/// Bytes that are converted at a time.
const CHUNK: usize = 1 << 13;

/// A number as it lies in a file.
pub(super) trait Number: Copy {
    const WIDTH: usize;
    fn put(self, to: &mut [u8]);
    /// `from` is `WIDTH` bytes long.
    fn get(from: &[u8]) -> Self;
}

macro_rules! number {
    ($($t:ty),*) => {$(
        impl Number for $t {
            const WIDTH: usize = size_of::<$t>();
            fn put(self, to: &mut [u8]) {
                to.copy_from_slice(&self.to_le_bytes());
            }
            fn get(from: &[u8]) -> Self {
                let mut bytes = [0; size_of::<$t>()];
                bytes.copy_from_slice(from);
                <$t>::from_le_bytes(bytes)
            }
        }
    )*};
}
number!(u32, i64, f32);

/// Writes and sums up.
pub(super) struct Writer<W> {
    inner: W,
    sum: Hasher,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, sum: Hasher::new(), buffer: vec![0; CHUNK] }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.inner.write_all(bytes)
    }

    pub(super) fn numbers<T: Number>(&mut self, numbers: &[T]) -> io::Result<()> {
        for part in numbers.chunks(CHUNK / T::WIDTH) {
            let buffer = &mut self.buffer[..part.len() * T::WIDTH];
            for (to, number) in buffer.chunks_exact_mut(T::WIDTH).zip(part) {
                number.put(to);
            }
            self.sum.update(buffer);
            self.inner.write_all(buffer)?;
        }
        Ok(())
    }

    /// The checksum of all bytes so far.
    pub(super) fn sum(&self) -> u32 {
        self.sum.clone().finalize()
    }
}

/// Reads and sums up.
pub(super) struct Reader<R> {
    inner: R,
    sum: Hasher,
    buffer: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, sum: Hasher::new(), buffer: vec![0; CHUNK] }
    }

    pub(super) fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.inner.by_ref().take(count as u64).read_to_end(&mut bytes)?;
        self.sum.update(&bytes);
        if bytes.len() < count { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
    }

    pub(super) fn numbers<T: Number>(&mut self, count: usize) -> io::Result<Vec<T>> {
        let mut numbers = Vec::with_capacity(count);
        while numbers.len() < count {
            let part = (count - numbers.len()).min(CHUNK / T::WIDTH);
            let buffer = &mut self.buffer[..part * T::WIDTH];
            self.inner.read_exact(buffer)?;
            self.sum.update(buffer);
            numbers.extend(buffer.chunks_exact(T::WIDTH).map(T::get));
        }
        Ok(numbers)
    }

    pub(super) fn number<T: Number>(&mut self) -> io::Result<T> {
        Ok(self.numbers(1)?[0])
    }

    /// The checksum of all bytes so far.
    pub(super) fn sum(&self) -> u32 {
        self.sum.clone().finalize()
    }
}
