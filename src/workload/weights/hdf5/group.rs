//! What is in a group.

use std::collections::HashSet;

use super::super::WeightsError;
use super::File;
use super::dense;
use super::object::Object;

/// Levels of a group's tree.
const LEVELS: u8 = 32;
/// Bytes of a name.
const NAME: usize = 4 << 10;

/// Names and addresses of the objects in a group; none of what is no group.
pub(super) fn children(
    file: &mut File,
    object: &Object,
) -> Result<Vec<(String, u64)>, WeightsError> {
    let mut children = object.links.clone();
    file.count(children.len())?;
    if let Some((heap, index)) = object.heap {
        children.extend(dense::links(file, heap, index)?);
    }
    if let Some((tree, heap)) = object.table {
        let names = names(file, heap)?;
        for node in leaves(file, tree)? {
            symbols(file, node, names, &mut children)?;
        }
    }
    Ok(children)
}

/// Where the names of an old-style group start: the data of its heap.
fn names(file: &mut File, heap: u64) -> Result<u64, WeightsError> {
    file.goto(heap)?;
    file.signature(*b"HEAP")?;
    file.input.skip(4)?;
    file.length()?;
    file.length()?;
    let data = file.address()?;
    data.ok_or_else(|| file.input.malformed("a heap without data"))
}

/// The symbol table nodes that a B-tree leads to.
fn leaves(file: &mut File, root: u64) -> Result<Vec<u64>, WeightsError> {
    let (mut todo, mut leaves, mut visited) = (vec![(root, LEVELS)], Vec::new(), HashSet::new());
    while let Some((at, limit)) = todo.pop() {
        file.goto(at)?;
        file.signature(*b"TREE")?;
        let (kind, level, entries) = (file.input.u8()?, file.input.u8()?, file.input.u16()?);
        if kind != 0 || level >= limit || !visited.insert(at) {
            return Err(file.input.malformed("a group's tree that is none"));
        }
        file.address()?;
        file.address()?;
        file.count(entries.into())?;
        for _ in 0..entries {
            file.length()?;
            let Some(child) = file.address()? else { continue };
            if level == 0 { leaves.push(child) } else { todo.push((child, level)) }
        }
    }
    Ok(leaves)
}

/// Adds the objects of a symbol table node.
fn symbols(
    file: &mut File,
    node: u64,
    names: u64,
    children: &mut Vec<(String, u64)>,
) -> Result<(), WeightsError> {
    file.goto(node)?;
    file.signature(*b"SNOD")?;
    file.input.skip(2)?;
    let mut entries = Vec::new();
    for _ in 0..file.input.u16()? {
        let (name, at) = (file.address()?, file.address()?);
        let cached = file.input.u32()?;
        file.input.skip(4 + 16)?;
        // 2 is a soft link, to what has its own entry elsewhere.
        if cached != 2 {
            entries.extend(name.zip(at));
        }
    }
    for (name, at) in entries {
        let start = names.checked_add(name);
        file.goto(start.ok_or_else(|| file.input.malformed("a name outside the file"))?)?;
        children.push((self::name(file)?, at));
    }
    Ok(())
}

/// To the next zero.
fn name(file: &mut File) -> Result<String, WeightsError> {
    let mut name = Vec::new();
    loop {
        match file.input.u8()? {
            0 => return Ok(String::from_utf8_lossy(&name).into_owned()),
            _ if name.len() >= NAME => return Err(file.input.malformed("a name without an end")),
            byte => name.push(byte),
        }
    }
}
