//! Messages of an object's header.

use super::super::WeightsError;
use super::super::dtype::Dtype;
use super::super::tally;
use super::File;
use super::object::Object;

/// HDF5's own limit of a dataset's dimensions.
const RANK: u8 = 32;
/// Bytes of a link's name.
const NAME: u64 = 64 << 10;

/// Reads a message of one of the types that matter, as far as it matters.
pub(super) fn read(
    file: &mut File,
    kind: u16,
    flags: u8,
    object: &mut Object,
) -> Result<(), WeightsError> {
    let shared = flags & 2 != 0;
    if shared && matches!(kind, 1 | 3) {
        return Err(file.input.unsupported("a dataset whose type is shared with others"));
    }
    match kind {
        0x01 => object.elements = Some(dataspace(file)?),
        0x02 => object.heap = link_info(file)?,
        0x03 => object.dtype = datatype(file)?,
        0x06 => object.links.extend(link(file)?),
        0x08 => object.piece = layout(file)?,
        0x11 => {
            let (tree, heap) = (file.address()?, file.address()?);
            object.table = tree.zip(heap);
        }
        _ => {}
    }
    Ok(())
}

/// Elements.
fn dataspace(file: &mut File) -> Result<u64, WeightsError> {
    let (version, rank, _flags, kind) =
        (file.input.u8()?, file.input.u8()?, file.input.u8()?, file.input.u8()?);
    if rank > RANK {
        return Err(file.input.malformed(format!("a dataset of {rank} dimensions")));
    }
    match version {
        1 => file.input.skip(4)?,
        // Null: no element at all.
        2 if kind == 2 => return Ok(0),
        2 => {}
        _ => return Err(file.input.unsupported(format!("a dataspace of version {version}"))),
    }
    let dims: Vec<u64> = (0..rank).map(|_| file.length()).collect::<Result<_, _>>()?;
    // What no disk holds would still fit into 64 bits.
    tally::elements(&dims)
        .filter(|&count| count < 1 << 60)
        .ok_or_else(|| file.input.malformed(format!("the size of a dataset overflows: {dims:?}")))
}

/// Nothing where the elements are no numbers: strings, references.
fn datatype(file: &mut File) -> Result<Option<Dtype>, WeightsError> {
    let class = file.input.u8()? & 0xf;
    let bits = file.input.array::<3>()?;
    let size = file.input.u32()?;
    Ok(match class {
        0 => integer(size, bits[0] & 8 != 0),
        1 => {
            // The bits' place and number, and the exponent's place.
            file.input.skip(5)?;
            let exponent = file.input.u8()?;
            float(size, exponent)
        }
        // Keras writes bfloat16 as two bytes of no type.
        5 if size == 2 => Some(Dtype::BF16),
        // An enumeration: its integers' type follows. h5py's booleans are one.
        8 if size == 1 => Some(Dtype::Bool),
        8 => integer(size, true),
        _ => None,
    })
}

fn integer(size: u32, signed: bool) -> Option<Dtype> {
    Some(match (size, signed) {
        (1, true) => Dtype::I8,
        (2, true) => Dtype::I16,
        (4, true) => Dtype::I32,
        (8, true) => Dtype::I64,
        (1, false) => Dtype::U8,
        (2, false) => Dtype::U16,
        (4, false) => Dtype::U32,
        (8, false) => Dtype::U64,
        _ => return None,
    })
}

fn float(size: u32, exponent: u8) -> Option<Dtype> {
    Some(match (size, exponent) {
        (8, _) => Dtype::F64,
        (4, _) => Dtype::F32,
        (2, 8) => Dtype::BF16,
        (2, _) => Dtype::F16,
        (1, 5) => Dtype::F8_E5M2,
        (1, _) => Dtype::F8_E4M3,
        _ => return None,
    })
}

/// The address and the bytes of a dataset in one piece that has been written.
fn layout(file: &mut File) -> Result<Option<(u64, u64)>, WeightsError> {
    let (version, class) = (file.input.u8()?, file.input.u8()?);
    if !(3..=5).contains(&version) || class != 1 {
        return Ok(None);
    }
    let address = file.address()?;
    let bytes = file.length()?;
    Ok(address.map(|address| (address, bytes)))
}

/// The heap that a group's links are in, where they are not in its header, and its index by name.
fn link_info(file: &mut File) -> Result<Option<(u64, u64)>, WeightsError> {
    file.input.skip(1)?;
    let flags = file.input.u8()?;
    file.input.skip(if flags & 1 == 0 { 0 } else { 8 })?;
    let (heap, index) = (file.address()?, file.address()?);
    Ok(heap.zip(index))
}

/// A link's name, and the object that it leads to where that is in this file.
pub(super) fn link(file: &mut File) -> Result<Option<(String, u64)>, WeightsError> {
    file.input.skip(1)?;
    let flags = file.input.u8()?;
    let kind = if flags & 8 == 0 { 0 } else { file.input.u8()? };
    let order = if flags & 4 == 0 { 0 } else { 8 };
    let charset = u64::from(flags & 0x10 != 0);
    file.input.skip(order + charset)?;
    let length = file.input.uint(1 << (flags & 3))?;
    let name = file.input.bytes(length, NAME)?;
    if kind != 0 {
        return Ok(None);
    }
    let name = String::from_utf8_lossy(&name).into_owned();
    Ok(file.address()?.map(|address| (name, address)))
}
