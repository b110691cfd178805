//! PyTorch: `torch.save`'s archive and its older form, and TorchScript. A pickle says which tensors
//! there are, and in which storages they lie.
//! <https://docs.pytorch.org/docs/stable/notes/serialization.html>

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::dtype::Dtype;
use super::input::Input;
use super::pickle::{Node, Pickle, Value};
use super::tally::{Role, Tally, elements};
use super::zip::Archive;
use super::{Weights, WeightsError};

/// A pickle of the number that the older form starts with.
pub(super) const LEGACY_MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// What makes a tensor of a storage, an offset, a shape and strides.
const REBUILD: [&str; 4] =
    ["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor"];

/// Reads an archive whose members are in the folder `root`.
pub(super) fn read_archive(
    input: &mut Input,
    archive: &Archive,
    root: &str,
) -> Result<Weights, WeightsError> {
    let mut tally = Tally::default();
    // A frozen TorchScript has its weights among the constants.
    for part in ["data", "constants"] {
        let Some(member) = archive.member(&format!("{root}{part}.pkl")) else { continue };
        let size = |key: &str| archive.member(&format!("{root}{part}/{key}")).map(|m| m.size);
        let stored = |key: &str, bytes: u64| size(key).is_some_and(|size| size >= bytes);
        member.open(input, |pickled| {
            let mut pickle = Pickle::default();
            let root = pickle.read(pickled)?;
            Walk::new(&pickle, &mut tally, &stored)
                .all(root)
                .map_err(|what| pickled.malformed(what))
        })?;
    }
    Ok(tally.weights(input.format(), None))
}

/// Reads the form from before PyTorch 1.6: pickles of the magic number, the version, the machine and the
/// object; then the storages.
pub(super) fn read_legacy(input: &mut Input) -> Result<Weights, WeightsError> {
    for _ in 0..3 {
        Pickle::default().read(input)?;
    }
    let mut pickle = Pickle::default();
    let root = pickle.read(input)?;
    let mut tally = Tally::default();
    let left = Cell::new(input.remaining());
    // Storages follow one another, each once.
    let stored = |_: &str, bytes: u64| {
        let rest = left.get().checked_sub(bytes);
        left.set(rest.unwrap_or(0));
        rest.is_some()
    };
    Walk::new(&pickle, &mut tally, &stored).all(root).map_err(|what| input.malformed(what))?;
    Ok(tally.weights(input.format(), None))
}

/// Goes through what a pickle holds, once, and adds the tensors that it meets.
struct Walk<'a> {
    pickle: &'a Pickle,
    tally: &'a mut Tally,
    /// Whether a storage of this key has this many bytes.
    stored: &'a dyn Fn(&str, u64) -> bool,
    visited: HashSet<usize>,
    /// Storage, offset, elements.
    seen: HashSet<(&'a str, u64, u64)>,
    checked: HashMap<&'a str, u64>,
}

impl<'a> Walk<'a> {
    fn new(
        pickle: &'a Pickle,
        tally: &'a mut Tally,
        stored: &'a dyn Fn(&str, u64) -> bool,
    ) -> Self {
        let (visited, seen, checked) = Default::default();
        Self { pickle, tally, stored, visited, seen, checked }
    }

    /// The model first: what an optimizer shares with it is the model's.
    fn all(mut self, root: Value) -> Result<(), String> {
        let (mut todo, mut optimizers) = (vec![root], Vec::new());
        while let Some(value) = todo.pop() {
            self.visit(value, Role::State, &mut todo, &mut optimizers)?;
        }
        while let Some(value) = optimizers.pop() {
            self.visit(value, Role::Optimizer, &mut optimizers, &mut Vec::new())?;
        }
        Ok(())
    }

    fn visit(
        &mut self,
        value: Value,
        role: Role,
        todo: &mut Vec<Value>,
        optimizers: &mut Vec<Value>,
    ) -> Result<(), String> {
        let (Value::Node(place), Some(node)) = (value, self.pickle.node(value)) else {
            return Ok(());
        };
        if role == Role::State && self.is_optimizer(node) {
            optimizers.push(value);
            return Ok(());
        }
        if !self.visited.insert(place) {
            return Ok(());
        }
        match node {
            Node::Tuple(items) | Node::List(items) => todo.extend(items),
            Node::Dict(pairs) => self.children(pairs, role, todo, optimizers),
            Node::Call { callee, arguments, state } => {
                if let Some(arguments) = self.tensor_arguments(*callee, *arguments) {
                    return self.tensor(arguments, role);
                }
                todo.push(*arguments);
                self.children(state, role, todo, optimizers);
            }
            Node::Global(_) | Node::Persistent(_) => {}
        }
        Ok(())
    }

    fn children(
        &self,
        pairs: &[(Value, Value)],
        role: Role,
        todo: &mut Vec<Value>,
        optimizers: &mut Vec<Value>,
    ) {
        for &(key, value) in pairs {
            let named = self.pickle.text(key).is_some_and(|key| key.starts_with("optim"));
            if role == Role::State && named { optimizers.push(value) } else { todo.push(value) }
        }
    }

    /// Whether something is what `Optimizer.state_dict()` gives.
    fn is_optimizer(&self, node: &Node) -> bool {
        let Node::Dict(pairs) = node else { return false };
        let has = |name| pairs.iter().any(|&(key, _)| self.pickle.text(key) == Some(name));
        pairs.len() <= 4 && has("state") && has("param_groups")
    }

    /// The arguments of a call that makes a tensor: storage, offset, shape, strides, …
    fn tensor_arguments(&self, callee: Value, arguments: Value) -> Option<&'a [Value]> {
        let arguments = self.pickle.tuple(arguments)?;
        let name = self.pickle.global(callee)?;
        if REBUILD.contains(&name) {
            return Some(arguments);
        }
        // A subclass of tensors: what makes it, its class, the arguments of the first.
        let &[inner, _, arguments, ..] = arguments else { return None };
        let known =
            name == "_rebuild_from_type_v2" && REBUILD.contains(&self.pickle.global(inner)?);
        if known { self.pickle.tuple(arguments) } else { None }
    }

    fn tensor(&mut self, arguments: &[Value], role: Role) -> Result<(), String> {
        let pickle = self.pickle;
        let &[storage, Value::Int(offset), shape, strides, ..] = arguments else {
            return Err("a tensor without a shape".into());
        };
        let numbers = |value| {
            let items = pickle.tuple(value)?.iter();
            let numbers = items.map(|item| match *item {
                Value::Int(number) => u64::try_from(number).ok(),
                _ => None,
            });
            numbers.collect::<Option<Vec<u64>>>()
        };
        let (Some(mut shape), Some(strides)) = (numbers(shape), numbers(strides)) else {
            return Err("a tensor without a shape".into());
        };
        let Some((class, key, stored)) = self.storage(storage) else {
            return Err("a tensor without a storage".into());
        };
        // Newer element types are named by the tensor, and its storage counts bytes.
        let of_tensor = || pickle.global(*arguments.get(6)?).and_then(Dtype::of_torch);
        let dtype = Dtype::of_storage(class).or_else(of_tensor);
        let dtype = dtype.ok_or_else(|| format!("tensors of {class}, whose type is not known"))?;
        let stored = if class == "UntypedStorage" { stored / dtype.layout().1 } else { stored };
        let offset =
            u64::try_from(offset).map_err(|_| "a tensor before its storage".to_string())?;
        if !fits(offset, &shape, &strides, stored) {
            return Err(format!("a tensor of {shape:?} in a storage of {stored} values"));
        }
        self.check_storage(key, dtype, stored)?;
        // A dimension that is repeated, not stored.
        shape.iter_mut().zip(&strides).for_each(|(n, &stride)| {
            if stride == 0 && *n > 1 {
                *n = 1;
            }
        });
        let count = elements(&shape).ok_or("the size of a tensor overflows")?;
        if self.seen.insert((key, offset, count)) {
            self.tally.add(dtype, count, role).ok_or("the sizes overflow")?;
        }
        Ok(())
    }

    /// A storage's class, its key, its elements.
    fn storage(&self, storage: Value) -> Option<(&'a str, &'a str, u64)> {
        let pickle = self.pickle;
        let Node::Persistent(id) = pickle.node(storage)? else { return None };
        match *pickle.tuple(*id)? {
            [_, class, key, _, Value::Int(count), ..] => {
                Some((pickle.global(class)?, pickle.text(key)?, count.try_into().ok()?))
            }
            _ => None,
        }
    }

    fn check_storage(&mut self, key: &'a str, dtype: Dtype, count: u64) -> Result<(), String> {
        if self.checked.get(key) == Some(&count) {
            return Ok(());
        }
        let bytes = dtype.bytes(count);
        if bytes.is_none_or(|bytes| bytes > 0 && !(self.stored)(key, bytes)) {
            return Err(format!("storage {key} of {count} {} values is not there", dtype.name()));
        }
        self.checked.insert(key, count);
        Ok(())
    }
}

/// Whether the last element of a tensor lies in its storage.
fn fits(offset: u64, shape: &[u64], strides: &[u64], stored: u64) -> bool {
    if shape.len() != strides.len() {
        return false;
    }
    if shape.contains(&0) {
        return true;
    }
    let last = shape.iter().zip(strides).try_fold(offset, |last, (&n, &stride)| {
        (n - 1).checked_mul(stride).and_then(|step| last.checked_add(step))
    });
    last.is_some_and(|last| last < stored)
}
