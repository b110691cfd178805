//! Links of a group that has many: a B-tree (version 2) of what is where in a fractal heap.

use super::super::WeightsError;
use super::File;
use super::message;

/// Levels of the tree, and of blocks in blocks.
const LEVELS: u16 = 8;

/// Names and addresses of the objects that a heap at `heap`, indexed by a tree at `index`, links to.
pub(super) fn links(
    file: &mut File,
    heap: u64,
    index: u64,
) -> Result<Vec<(String, u64)>, WeightsError> {
    let heap = Heap::open(file, heap)?;
    let mut links = Vec::new();
    for offset in Tree::open(file, index)?.offsets(file, &heap)? {
        let at = heap.locate(file, offset)?;
        file.goto(at)?;
        links.extend(message::link(file)?);
    }
    Ok(links)
}

/// A tree of records of one size.
struct Tree {
    node_size: u64,
    record_size: u64,
    depth: u16,
    root: Option<u64>,
    records: u64,
}

impl Tree {
    fn open(file: &mut File, at: u64) -> Result<Self, WeightsError> {
        file.goto(at)?;
        file.signature(*b"BTHD")?;
        // 5: an index of links by name. A record is a hash of the name, and the place in the heap.
        let (_version, kind) = (file.input.u8()?, file.input.u8()?);
        let (node_size, record_size) = (file.input.u32()?.into(), file.input.u16()?.into());
        let depth = file.input.u16()?;
        file.input.skip(2)?;
        let root = file.address()?;
        let records = file.input.u16()?.into();
        if kind != 5 || depth > LEVELS || record_size < 5 {
            return Err(file.input.malformed("an index of links that is none"));
        }
        Ok(Self { node_size, record_size, depth, root, records })
    }

    /// Places in the heap of all records.
    fn offsets(&self, file: &mut File, heap: &Heap) -> Result<Vec<u64>, WeightsError> {
        let mut offsets = Vec::new();
        let mut todo: Vec<_> = self.root.iter().map(|&at| (at, self.records, self.depth)).collect();
        while let Some((at, records, depth)) = todo.pop() {
            file.goto(at)?;
            file.signature(if depth == 0 { *b"BTLF" } else { *b"BTIN" })?;
            file.input.skip(2)?;
            file.count(usize::try_from(records).unwrap_or(usize::MAX).min(super::STEPS))?;
            for _ in 0..records {
                file.input.skip(4)?;
                offsets.push(heap.offset(file)?);
                file.input.skip((self.record_size - 4).saturating_sub(heap.id_size()))?;
            }
            for _ in 0..if depth == 0 { 0 } else { records + 1 } {
                let (count, total) = self.pointer_sizes(file, depth);
                let child = file.address()?;
                let records = file.input.uint(count)?;
                file.input.skip(total.into())?;
                todo.extend(child.map(|child| (child, records, depth - 1)));
            }
        }
        Ok(offsets)
    }

    /// Bytes of the two counts in a pointer to a child of a node at `depth`: the child's own records, and
    /// those of all under it.
    fn pointer_sizes(&self, file: &File, depth: u16) -> (u8, u8) {
        // A node's signature, version, type and checksum.
        let room = self.node_size.saturating_sub(10);
        let leaf = room / self.record_size;
        let count = bytes_for(leaf);
        let (mut total, mut total_size) = (leaf, 0);
        for _ in 1..depth {
            let pointer = u64::from(file.offset_size + count + total_size);
            let records = room.saturating_sub(pointer) / (self.record_size + pointer);
            total = (records + 1).saturating_mul(total).saturating_add(records);
            total_size = bytes_for(total);
        }
        (count, total_size)
    }
}

/// Bytes that a number up to `limit` takes.
fn bytes_for(limit: u64) -> u8 {
    (limit.max(1).ilog2() / 8 + 1) as u8
}

/// A heap of blocks that double in size, row by row.
struct Heap {
    /// Bytes of an offset and of a length in an object's id.
    offset_size: u8,
    length_size: u8,
    /// Blocks in a row; bytes of one in the first row, and at most of one that holds objects.
    width: u64,
    first: u64,
    largest: u64,
    root: u64,
    /// Rows of the root; with none the root is a block of objects.
    rows: u64,
}

impl Heap {
    fn open(file: &mut File, at: u64) -> Result<Self, WeightsError> {
        file.goto(at)?;
        file.signature(*b"FRHP")?;
        file.input.skip(1 + 2)?;
        if file.input.u16()? != 0 {
            return Err(file.input.unsupported("a group whose links are compressed"));
        }
        file.input.skip(1)?;
        let longest = file.input.u32()?;
        // Counts and sizes of what is in it, and two addresses.
        let (lengths, addresses) =
            (10 * u64::from(file.length_size), 2 * u64::from(file.offset_size));
        file.input.skip(lengths + addresses)?;
        let width = file.input.u16()?.into();
        let (first, largest) = (file.length()?, file.length()?);
        let bits = file.input.u16()?;
        file.input.skip(2)?;
        let root = file.address()?;
        let rows = file.input.u16()?.into();
        let valid = first.is_power_of_two() && largest.is_power_of_two() && bits <= 64 && width > 0;
        let Some(root) = root.filter(|_| valid && first <= largest) else {
            return Err(file.input.malformed("a heap of links that is none"));
        };
        let length_size = (largest.ilog2().div_ceil(8) as u8).min(bytes_for(longest.into()));
        let offset_size = bits.div_ceil(8) as u8;
        Ok(Self { offset_size, length_size, width, first, largest, root, rows })
    }

    /// Bytes of an object's id.
    fn id_size(&self) -> u64 {
        1 + u64::from(self.offset_size + self.length_size)
    }

    /// Reads an object's id; gives its offset in the heap.
    fn offset(&self, file: &mut File) -> Result<u64, WeightsError> {
        if file.input.u8()? >> 4 != 0 {
            return Err(file.input.unsupported("a link with a very long name"));
        }
        let offset = file.input.uint(self.offset_size)?;
        file.input.skip(self.length_size.into())?;
        Ok(offset)
    }

    /// Where in the file an offset of the heap is.
    fn locate(&self, file: &mut File, mut offset: u64) -> Result<u64, WeightsError> {
        let (mut block, mut rows) = (self.root, self.rows);
        for _ in 0..LEVELS {
            if rows == 0 {
                file.goto(block)?;
                file.signature(*b"FHDB")?;
                let at = block.checked_add(offset);
                return at.ok_or_else(|| file.input.malformed("a link outside the file"));
            }
            // Rows 0 and 1 have blocks of the first size, each further one has twice the size.
            let in_first = offset / self.width / self.first;
            let row = if in_first == 0 { 0 } else { u64::from(in_first.ilog2()) + 1 };
            let size = self.first.checked_shl(row.saturating_sub(1) as u32).unwrap_or(0);
            let start = if row == 0 { 0 } else { size.saturating_mul(self.width) };
            let Some(column) = (offset - start).checked_div(size).filter(|_| row < rows) else {
                break;
            };
            file.goto(block)?;
            file.signature(*b"FHIB")?;
            let entry = row * self.width + column;
            let addresses = (entry + 1) * u64::from(file.offset_size);
            file.input.skip(1 + addresses + u64::from(self.offset_size))?;
            let Some(child) = file.address()? else { break };
            block = child;
            offset = (offset - start) % size;
            rows = if size <= self.largest {
                0
            } else {
                1 + u64::from((size / self.first / self.width).max(1).ilog2())
            };
        }
        Err(file.input.malformed("a link outside its heap"))
    }
}
