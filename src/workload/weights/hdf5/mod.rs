//! HDF5: a tree of groups with datasets. Reads the objects' headers, not the datasets.
//! <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>

mod dense;
mod group;
mod message;
mod object;

use std::collections::HashSet;

use super::input::Input;
use super::tally::{Role, Tally};
use super::{Weights, WeightsError};

pub(super) const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Messages, links and entries of trees that are looked at; going to another place counts as
/// [`JUMP`] of them. A model of 1 000 layers takes some 500 000.
const STEPS: usize = 5_000_000;
const JUMP: usize = 10;
/// Groups in groups.
const DEPTH: u32 = 64;

/// Where a file starts that something was put in front of: at 512, 1024, …
pub(super) fn find(input: &mut Input) -> Result<Option<u64>, WeightsError> {
    let starts = std::iter::successors(Some(512_u64), |at| at.checked_mul(2));
    let len = input.len();
    for at in starts.take_while(|at| at.saturating_add(8) <= len) {
        input.seek(at)?;
        if input.array::<8>()? == *SIGNATURE {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Reads a file whose superblock is at `start`.
pub(super) fn read(input: &mut Input, start: u64) -> Result<Weights, WeightsError> {
    let (mut file, root) = File::open(input, start)?;
    let mut tally = Tally::default();
    let mut visited = HashSet::new();
    let mut todo = vec![(root, Role::State, 0)];
    while let Some((at, role, depth)) = todo.pop() {
        if !visited.insert(at) {
            continue;
        }
        let object = object::read(&mut file, at)?;
        if let Some((dtype, elements)) = object.dataset(&file)? {
            let added = tally.add(dtype, elements, role);
            added.ok_or_else(|| file.input.malformed("the sizes of the datasets overflow"))?;
        }
        let children = group::children(&mut file, &object)?;
        if depth == DEPTH && !children.is_empty() {
            return Err(file.input.unsupported("groups nested too deeply"));
        }
        for (name, child) in children {
            let role = if name.starts_with("optimizer") { Role::Optimizer } else { role };
            todo.push((child, role, depth + 1));
        }
    }
    Ok(tally.weights(file.input.format(), None))
}

/// An HDF5 file, and how wide its numbers are.
struct File<'a, 'b> {
    input: &'a mut Input<'b>,
    /// What addresses count from.
    base: u64,
    /// Bytes of an address and of a length.
    offset_size: u8,
    length_size: u8,
    steps: usize,
}

impl<'a, 'b> File<'a, 'b> {
    /// Reads the superblock; gives the root group's address.
    fn open(input: &'a mut Input<'b>, start: u64) -> Result<(Self, u64), WeightsError> {
        input.seek(start)?;
        if input.array::<8>()? != *SIGNATURE {
            return Err(input.malformed("no HDF5 signature"));
        }
        let version = input.u8()?;
        // Versions of parts that have but one; where there are sizes after them.
        let skipped = match version {
            0 | 1 => 4,
            2 | 3 => 0,
            _ => return Err(input.unsupported(format!("a superblock of version {version}"))),
        };
        input.skip(skipped)?;
        let (offset_size, length_size) = (input.u8()?, input.u8()?);
        if ![2, 4, 8].contains(&offset_size) || ![2, 4, 8].contains(&length_size) {
            return Err(input.malformed(format!("addresses of {offset_size} bytes")));
        }
        let mut file = Self { input, base: start, offset_size, length_size, steps: 0 };
        file.input.skip(match version {
            0 => 1 + 2 + 2 + 4,
            1 => 1 + 2 + 2 + 4 + 4,
            _ => 1,
        })?;
        let base = file.address()?;
        file.address()?;
        let end = file.address()?;
        // The end counts from the start of the file that the base was written for.
        let length = end.zip(base).map_or(0, |(end, base)| end.saturating_sub(base));
        let missing = start.saturating_add(length).saturating_sub(file.input.len());
        if missing > 0 {
            file.input.seek(file.input.len())?;
            file.input.skip(missing)?;
        }
        if version < 2 {
            // The driver's block, and the name of the root group's entry.
            file.address()?;
            file.address()?;
        }
        let root = file.address()?;
        let root = root.ok_or_else(|| file.input.malformed("no root group"))?;
        Ok((file, root))
    }

    /// An address; nothing where it is the undefined one.
    fn address(&mut self) -> Result<Option<u64>, WeightsError> {
        let undefined = u64::MAX >> (64 - 8 * u32::from(self.offset_size));
        let address = self.input.uint(self.offset_size)?;
        Ok((address != undefined).then_some(address))
    }

    fn length(&mut self) -> Result<u64, WeightsError> {
        self.input.uint(self.length_size)
    }

    /// Counts steps: objects may share what they are made of, so that a small file takes for ever.
    fn count(&mut self, steps: usize) -> Result<(), WeightsError> {
        self.steps += steps;
        if self.steps > STEPS {
            return Err(self.input.unsupported("more objects than a model has"));
        }
        Ok(())
    }

    fn goto(&mut self, address: u64) -> Result<(), WeightsError> {
        self.count(JUMP)?;
        match self.base.checked_add(address).filter(|&at| at <= self.input.len()) {
            Some(at) => self.input.seek(at),
            None => Err(self.input.malformed(format!("it refers to {address}, after its end"))),
        }
    }

    fn signature(&mut self, expected: [u8; 4]) -> Result<(), WeightsError> {
        if self.input.array::<4>()? == expected {
            return Ok(());
        }
        let name = String::from_utf8_lossy(&expected);
        Err(self.input.malformed(format!("{name} was expected here")))
    }
}
