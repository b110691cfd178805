//! A reader of pickles that executes nothing: it follows the opcodes as far as they build containers,
//! and keeps every call as what was called and with what.
//! <https://github.com/python/cpython/blob/main/Lib/pickletools.py>

mod operand;

use std::collections::HashMap;

use super::input::Input;
use super::{HEADER_LIMIT, WeightsError};

use operand::{line, number, text};

/// Something on the stack. What tells nothing of tensors is [`Value::Other`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Other,
    Int(i64),
    /// By its place in [`Pickle::texts`].
    Text(usize),
    /// A thing of its own, by its place in [`Pickle::nodes`]: it may be in several places at once.
    Node(usize),
}

#[derive(Debug)]
pub(super) enum Node {
    Tuple(Vec<Value>),
    /// A list or a set, without its plain values.
    List(Vec<Value>),
    /// A dictionary, without its plain values.
    Dict(Vec<(Value, Value)>),
    /// A class or a function by its name, without its module.
    Global(Value),
    /// What was called, its arguments; what was set on it afterwards.
    Call {
        callee: Value,
        arguments: Value,
        state: Vec<(Value, Value)>,
    },
    /// A reference to what is kept outside the pickle: a storage.
    Persistent(Value),
}

#[derive(Debug, Default)]
pub(super) struct Pickle {
    nodes: Vec<Node>,
    texts: Vec<Box<str>>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
    /// Values put into containers, and bytes of texts.
    held: usize,
    letters: usize,
}

impl Pickle {
    /// Reads one pickle, to its end, and gives what it holds. What it refers to is in `nodes`.
    pub(super) fn read(&mut self, input: &mut Input) -> Result<Value, WeightsError> {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        loop {
            let opcode = input.u8()?;
            if opcode == b'.' {
                return self.pop(input);
            }
            self.step(opcode, input)?;
            let size = self.size().max(input.bytes_read());
            if size > HEADER_LIMIT {
                return Err(input.too_large(size, HEADER_LIMIT));
            }
        }
    }

    /// Bytes that it takes, about.
    fn size(&self) -> u64 {
        let values = self.stack.len() + self.marks.len() + self.held + 2 * self.memo.len();
        let texts = self.letters + self.texts.len() * size_of::<Box<str>>();
        (self.nodes.len() * size_of::<Node>() + values * size_of::<Value>() + texts) as u64
    }

    pub(super) fn node(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(node) => self.nodes.get(node),
            _ => None,
        }
    }

    pub(super) fn text(&self, value: Value) -> Option<&str> {
        match value {
            Value::Text(text) => self.texts.get(text).map(AsRef::as_ref),
            _ => None,
        }
    }

    /// The name of a class or a function.
    pub(super) fn global(&self, value: Value) -> Option<&str> {
        match self.node(value)? {
            &Node::Global(name) => self.text(name),
            _ => None,
        }
    }

    pub(super) fn tuple(&self, value: Value) -> Option<&[Value]> {
        match self.node(value)? {
            Node::Tuple(items) => Some(items),
            _ => None,
        }
    }

    fn step(&mut self, opcode: u8, input: &mut Input) -> Result<(), WeightsError> {
        match opcode {
            // PROTO, FRAME: nothing to keep.
            0x80 => input.skip(1)?,
            0x95 => input.skip(8)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop(input)?),
            b'1' => drop(self.marked(input)?),
            b'2' => {
                let top = self.pop(input)?;
                self.stack.extend([top, top]);
            }
            // None, the booleans, a buffer kept elsewhere; that one may not be written.
            b'N' | 0x88 | 0x89 | 0x97 => self.stack.push(Value::Other),
            0x98 => {}
            b'K' | b'M' | b'J' | b'I' | b'L' | 0x8a | 0x8b | b'G' | b'F' => {
                let number = number(opcode, input)?;
                self.stack.push(number);
            }
            b'X' | 0x8c | 0x8d | b'V' | b'S' | b'T' | b'U' | b'B' | b'C' | 0x8e | 0x96 => {
                let value = match text(opcode, input)? {
                    Some(text) => self.keep(text),
                    None => Value::Other,
                };
                self.stack.push(value);
            }
            b'q' | b'r' | b'p' | 0x94 | b'h' | b'j' | b'g' => self.memory(opcode, input)?,
            b')'
            | b't'
            | 0x85..=0x87
            | b']'
            | b'l'
            | b'}'
            | b'd'
            | 0x8f
            | 0x91
            | b'a'
            | b'e'
            | b's'
            | b'u'
            | 0x90 => self.container(opcode, input)?,
            b'c' | 0x93 | b'R' | 0x81 | 0x92 | b'o' | b'i' | b'b' | b'Q' | b'P' => {
                self.object(opcode, input)?;
            }
            // Extension codes and what is not an opcode.
            _ => return Err(input.malformed(format!("{opcode:#04x} is no opcode of a pickle"))),
        }
        Ok(())
    }

    fn memory(&mut self, opcode: u8, input: &mut Input) -> Result<(), WeightsError> {
        let key = match opcode {
            b'q' | b'h' => u64::from(input.u8()?),
            b'r' | b'j' => u64::from(input.u32()?),
            0x94 => self.memo.len() as u64,
            _ => line(input)?
                .parse()
                .map_err(|_| input.malformed("a reference that is no number"))?,
        };
        if matches!(opcode, b'h' | b'j' | b'g') {
            let value = self.memo.get(&key).copied();
            self.stack.push(value.ok_or_else(|| input.malformed("a reference to nothing"))?);
        } else {
            let top = self.stack.last().copied();
            self.memo.insert(key, top.ok_or_else(|| input.malformed(EMPTY))?);
        }
        Ok(())
    }

    fn container(&mut self, opcode: u8, input: &mut Input) -> Result<(), WeightsError> {
        match opcode {
            b')' => self.make(Node::Tuple(Vec::new())),
            0x85..=0x87 => {
                let at = self.stack.len().checked_sub(usize::from(opcode - 0x84));
                let at = at.filter(|&at| self.marks.last().is_none_or(|&mark| at >= mark));
                let items = self.stack.split_off(at.ok_or_else(|| input.malformed(EMPTY))?);
                self.make_tuple(items);
            }
            b't' => {
                let items = self.marked(input)?;
                self.make_tuple(items);
            }
            b']' | 0x8f => self.make(Node::List(Vec::new())),
            b'}' => self.make(Node::Dict(Vec::new())),
            b'l' | 0x91 => {
                let items = self.marked(input)?;
                self.make(Node::List(Vec::new()));
                self.extend(items, input)?;
            }
            b'd' => {
                let items = self.marked(input)?;
                self.make(Node::Dict(Vec::new()));
                self.update(&items, input)?;
            }
            b'a' => {
                let item = self.pop(input)?;
                self.extend(vec![item], input)?;
            }
            b's' => {
                let value = self.pop(input)?;
                let key = self.pop(input)?;
                self.update(&[key, value], input)?;
            }
            b'u' => {
                let items = self.marked(input)?;
                self.update(&items, input)?;
            }
            // APPENDS, ADDITEMS
            _ => {
                let items = self.marked(input)?;
                self.extend(items, input)?;
            }
        }
        Ok(())
    }

    fn object(&mut self, opcode: u8, input: &mut Input) -> Result<(), WeightsError> {
        match opcode {
            b'c' => {
                self.make_global(input)?;
            }
            0x93 => {
                let name = self.pop(input)?;
                self.pop(input)?;
                self.make(Node::Global(name));
            }
            b'R' | 0x81 => {
                let (arguments, callee) = (self.pop(input)?, self.pop(input)?);
                self.make(Node::Call { callee, arguments, state: Vec::new() });
            }
            0x92 => {
                let (keywords, positional) = (self.pop(input)?, self.pop(input)?);
                let callee = self.pop(input)?;
                self.make_tuple(vec![positional, keywords]);
                let arguments = self.pop(input)?;
                self.make(Node::Call { callee, arguments, state: Vec::new() });
            }
            b'o' | b'i' => {
                let mut items = self.marked(input)?;
                if opcode == b'i' {
                    self.make_global(input)?;
                    items.insert(0, self.pop(input)?);
                }
                let mut items = items.into_iter();
                let callee = items.next().ok_or_else(|| input.malformed(EMPTY))?;
                self.make_tuple(items.collect());
                let arguments = self.pop(input)?;
                self.make(Node::Call { callee, arguments, state: Vec::new() });
            }
            b'b' => {
                let state = self.pop(input)?;
                self.update(&[Value::Other, state], input)?;
            }
            _ => {
                let id = if opcode == b'Q' {
                    self.pop(input)?
                } else {
                    line(input).map(|_| Value::Other)?
                };
                self.make(Node::Persistent(id));
            }
        }
        Ok(())
    }

    fn pop(&mut self, input: &Input) -> Result<Value, WeightsError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let value = if self.stack.len() > floor { self.stack.pop() } else { None };
        value.ok_or_else(|| input.malformed(EMPTY))
    }

    /// What is above the last mark.
    fn marked(&mut self, input: &Input) -> Result<Vec<Value>, WeightsError> {
        let mark = self.marks.pop().ok_or_else(|| input.malformed("no mark on the stack"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn make(&mut self, node: Node) {
        self.stack.push(Value::Node(self.nodes.len()));
        self.nodes.push(node);
    }

    /// From two lines: a module and a name.
    fn make_global(&mut self, input: &mut Input) -> Result<(), WeightsError> {
        line(input)?;
        let name = line(input)?;
        let name = self.keep(name);
        self.make(Node::Global(name));
        Ok(())
    }

    fn keep(&mut self, text: String) -> Value {
        self.letters += text.len();
        self.texts.push(text.into());
        Value::Text(self.texts.len() - 1)
    }

    fn make_tuple(&mut self, items: Vec<Value>) {
        self.held += items.len();
        self.make(Node::Tuple(items));
    }

    /// The thing on top of the stack, which stays there.
    fn top(&mut self, input: &Input) -> Result<Option<&mut Node>, WeightsError> {
        match self.stack.last() {
            Some(&Value::Node(node)) => Ok(self.nodes.get_mut(node)),
            Some(_) => Ok(None),
            None => Err(input.malformed(EMPTY)),
        }
    }

    /// Adds items to the list on top, or to what was called to make one.
    fn extend(&mut self, items: Vec<Value>, input: &Input) -> Result<(), WeightsError> {
        let nodes = items.into_iter().filter(|item| matches!(item, Value::Node(_)));
        let added = match self.top(input)? {
            Some(Node::List(list)) => extended(list, nodes),
            Some(Node::Call { state, .. }) => {
                extended(state, nodes.map(|item| (Value::Other, item)))
            }
            _ => 0,
        };
        self.held += added;
        Ok(())
    }

    /// Adds keys and values to the dictionary on top, or to what was called to make one.
    fn update(&mut self, items: &[Value], input: &Input) -> Result<(), WeightsError> {
        let pairs = items.chunks_exact(2).filter(|pair| matches!(pair[1], Value::Node(_)));
        let pairs = pairs.map(|pair| (pair[0], pair[1]));
        let added = match self.top(input)? {
            Some(Node::Dict(dict) | Node::Call { state: dict, .. }) => extended(dict, pairs),
            _ => 0,
        };
        self.held += added;
        Ok(())
    }
}

const EMPTY: &str = "the stack is empty";

fn extended<T>(list: &mut Vec<T>, items: impl Iterator<Item = T>) -> usize {
    let before = list.len();
    list.extend(items);
    list.len() - before
}
