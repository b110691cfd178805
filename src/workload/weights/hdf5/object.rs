//! Headers of objects: messages in chunks.

use super::super::WeightsError;
use super::super::dtype::Dtype;
use super::File;
use super::message;

/// Messages of an object's header.
const MESSAGES: usize = 65_536;

/// What an object's header says of it.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// Of a dataset: elements, and their type where it is one of numbers.
    pub(super) elements: Option<u64>,
    pub(super) dtype: Option<Dtype>,
    /// Where a dataset is in one piece: its address and bytes.
    pub(super) piece: Option<(u64, u64)>,
    /// Of a group of the old style: its tree, and the heap of its names.
    pub(super) table: Option<(u64, u64)>,
    /// Of a group of the new style.
    pub(super) links: Vec<(String, u64)>,
    /// Where the links are in a heap: its address, and its index by name.
    pub(super) heap: Option<(u64, u64)>,
}

impl Object {
    /// The type and the elements, where it is a dataset of numbers.
    pub(super) fn dataset(&self, file: &File) -> Result<Option<(Dtype, u64)>, WeightsError> {
        let Some((dtype, elements)) = self.dtype.zip(self.elements) else { return Ok(None) };
        if let Some((address, bytes)) = self.piece {
            let end = file.base.checked_add(address).and_then(|at| at.checked_add(bytes));
            if dtype.bytes(elements) != Some(bytes) || end.is_none_or(|end| end > file.input.len())
            {
                let what = format!("{elements} {} values in {bytes} bytes", dtype.name());
                return Err(file.input.malformed(format!("{what} at {address}")));
            }
        }
        Ok(Some((dtype, elements)))
    }
}

/// Bytes of the header, that may continue elsewhere.
struct Chunks {
    /// Where and how long.
    todo: Vec<(u64, u64)>,
    /// Version 2 of the header.
    compact: bool,
    /// Messages have a number of their own.
    ordered: bool,
    messages: usize,
}

pub(super) fn read(file: &mut File, at: u64) -> Result<Object, WeightsError> {
    file.goto(at)?;
    let mut object = Object::default();
    let mut chunks = Chunks { todo: Vec::new(), compact: false, ordered: false, messages: 0 };
    let first = file.input.u8()?;
    let size = if first == 1 {
        file.input.skip(7)?;
        let size = u64::from(file.input.u32()?);
        file.input.skip(4)?;
        size
    } else {
        file.goto(at)?;
        file.signature(*b"OHDR")?;
        let version = file.input.u8()?;
        if version != 2 {
            return Err(file.input.unsupported(format!("an object header of version {version}")));
        }
        let flags = file.input.u8()?;
        chunks.compact = true;
        chunks.ordered = flags & 4 != 0;
        let times = if flags & 0x20 == 0 { 0 } else { 16 };
        let phases = if flags & 0x10 == 0 { 0 } else { 4 };
        file.input.skip(times + phases)?;
        file.input.uint(1 << (flags & 3))?
    };
    chunks.read(file, size, &mut object)?;
    while let Some((at, size)) = chunks.todo.pop() {
        file.goto(at)?;
        if chunks.compact {
            file.signature(*b"OCHK")?;
            // Without its signature and its checksum.
            chunks.read(file, size.saturating_sub(8), &mut object)?;
        } else {
            chunks.read(file, size, &mut object)?;
        }
    }
    Ok(object)
}

impl Chunks {
    /// Reads the messages of a chunk that starts here.
    fn read(
        &mut self,
        file: &mut File,
        size: u64,
        object: &mut Object,
    ) -> Result<(), WeightsError> {
        if size > file.input.remaining() {
            file.input.skip(size)?;
        }
        let end = file.input.position() + size;
        let head = match (self.compact, self.ordered) {
            (false, _) => 8,
            (true, false) => 4,
            (true, true) => 6,
        };
        // A rest too small for a message is a gap.
        while file.input.position() + head <= end {
            let kind = if self.compact { file.input.u8()?.into() } else { file.input.u16()? };
            let length = u64::from(file.input.u16()?);
            let flags = file.input.u8()?;
            file.input.skip(head - if self.compact { 4 } else { 5 })?;
            let next = file.input.position() + length;
            self.messages += 1;
            file.count(1)?;
            if next > end || self.messages > MESSAGES {
                return Err(file.input.malformed("a message that leaves its object's header"));
            }
            if kind == 0x10 {
                let at = file.address()?;
                let size = file.length()?;
                self.todo.extend(at.map(|at| (at, size)));
            } else {
                message::read(file, kind, flags, object)?;
            }
            if file.input.position() > next {
                return Err(file.input.malformed("a message that is longer than it says"));
            }
            file.input.seek(next)?;
        }
        Ok(())
    }
}
