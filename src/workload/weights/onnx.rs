//! ONNX: a protobuf message that is walked by hand, tensors passed over.
//!
//! Parameters are the initializers, dense and sparse, of the graph and of the graphs within it; the
//! values of `Constant` nodes are not.
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>

use super::dtype::Dtype;
use super::input::Input;
use super::tally::{Role, Tally, elements};
use super::{Weights, WeightsError};

/// Graphs within a node of a graph within a node …
const DEPTH: u32 = 16;
/// Dimensions of a tensor: far more than any has.
const RANK: usize = 64;
/// Fields that are looked at, far more than any model has.
const FIELDS: u64 = 20_000_000;

pub(super) fn read(input: &mut Input) -> Result<Weights, WeightsError> {
    let len = input.len();
    let mut onnx = Onnx { input, tally: Tally::default(), fields: 0 };
    let mut graph = false;
    while let Some((field, body)) = onnx.field(len)? {
        match (field, body) {
            (7, Some(end)) => {
                graph = true;
                onnx.graph(end, DEPTH)?;
            }
            (_, Some(end)) => onnx.input.seek(end)?,
            _ => {}
        }
    }
    if !graph {
        return Err(WeightsError::Unknown("it begins like ONNX and has no graph"));
    }
    Ok(onnx.tally.weights(onnx.input.format(), None))
}

struct Onnx<'a, 'b> {
    input: &'a mut Input<'b>,
    tally: Tally,
    fields: u64,
}

impl Onnx<'_, '_> {
    /// The next field of a message that ends at `end`: its number, and where its body ends if it has a
    /// length. Other fields are passed over.
    fn field(&mut self, end: u64) -> Result<Option<(u64, Option<u64>)>, WeightsError> {
        self.count()?;
        if self.input.position() >= end {
            return Ok(None);
        }
        let tag = self.varint()?;
        let body = match tag & 7 {
            0 => self.varint().map(|_| None)?,
            1 => self.input.skip(8).map(|()| None)?,
            2 => Some(self.body(end)?),
            5 => self.input.skip(4).map(|()| None)?,
            kind => return Err(self.input.malformed(format!("a field of wire type {kind}"))),
        };
        if tag >> 3 == 0 {
            return Err(self.input.malformed("a field without a number"));
        }
        if self.input.position() > end {
            return Err(self.input.malformed("a field ends after the message that it is in"));
        }
        Ok(Some((tag >> 3, body)))
    }

    fn count(&mut self) -> Result<(), WeightsError> {
        self.fields += 1;
        if self.fields > FIELDS {
            return Err(self.input.unsupported(format!("more than {FIELDS} fields")));
        }
        Ok(())
    }

    /// Where the body of a field ends, after its length.
    fn body(&mut self, end: u64) -> Result<u64, WeightsError> {
        let length = self.varint()?;
        if length > self.input.remaining() {
            self.input.skip(length)?;
        }
        let body_end = self.input.position() + length;
        if body_end > end {
            return Err(self.input.malformed("a field ends after the message that it is in"));
        }
        Ok(body_end)
    }

    fn varint(&mut self) -> Result<u64, WeightsError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.input.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.input.malformed("a number of more than 64 bits"))
    }

    fn graph(&mut self, end: u64, depth: u32) -> Result<(), WeightsError> {
        if depth == 0 {
            return Err(self.input.unsupported("graphs nested too deeply"));
        }
        while let Some((field, body)) = self.field(end)? {
            let Some(body) = body else { continue };
            match field {
                1 => self.within(body, 5, |onnx, end| onnx.attribute(end, depth))?,
                5 => self.tensor(body)?,
                // The values of a sparse tensor; its indices are field 2.
                15 => self.within(body, 1, Self::tensor)?,
                _ => self.input.seek(body)?,
            }
        }
        Ok(())
    }

    /// The graphs of a node's attribute.
    fn attribute(&mut self, end: u64, depth: u32) -> Result<(), WeightsError> {
        while let Some((field, body)) = self.field(end)? {
            match body {
                Some(body) if field == 6 || field == 11 => self.graph(body, depth - 1)?,
                Some(body) => self.input.seek(body)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Reads the fields of one number within a message.
    fn within(
        &mut self,
        end: u64,
        wanted: u64,
        read: impl Fn(&mut Self, u64) -> Result<(), WeightsError>,
    ) -> Result<(), WeightsError> {
        while let Some((field, body)) = self.field(end)? {
            match body {
                Some(body) if field == wanted => read(self, body)?,
                Some(body) => self.input.seek(body)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Adds a `TensorProto` that ends at `end`.
    fn tensor(&mut self, end: u64) -> Result<(), WeightsError> {
        let (mut dims, mut kind, mut raw) = (Vec::new(), 0, None);
        while self.input.position() < end {
            self.count()?;
            let start = self.input.position();
            let tag = self.varint()?;
            match tag {
                // `dims`, one by one or packed; `data_type`.
                0x08 => dims.push(self.varint()?),
                0x0a => {
                    let body = self.body(end)?;
                    while self.input.position() < body && dims.len() <= RANK {
                        dims.push(self.varint()?);
                    }
                }
                0x10 => kind = self.varint()?,
                0x4a => {
                    let body = self.body(end)?;
                    raw = Some(body - self.input.position());
                    self.input.seek(body)?;
                }
                _ => {
                    self.input.seek(start)?;
                    if let Some((_, Some(body))) = self.field(end)? {
                        self.input.seek(body)?;
                    }
                }
            }
            if dims.len() > RANK {
                return Err(self.input.malformed("a tensor of too many dimensions"));
            }
        }
        self.add(&dims, kind, raw)
    }

    fn add(&mut self, dims: &[u64], kind: u64, raw: Option<u64>) -> Result<(), WeightsError> {
        let dtype = match dtype(kind) {
            Ok(Some(dtype)) => dtype,
            Ok(None) => return Ok(()),
            Err(()) => {
                return Err(self.input.unsupported(format!("an initializer of type {kind}")));
            }
        };
        // A mask is a BOOL; 8-bit integers are quantised weights.
        let role = if dtype == Dtype::U8 { Role::Parameter } else { Role::State };
        let count = elements(dims).filter(|&count| count < 1 << 60);
        let bytes = count.and_then(|count| dtype.bytes(count));
        if let (Some(raw), Some(bytes)) = (raw, bytes)
            && raw != 0
            && raw != bytes
        {
            let what = format!("a tensor of {dims:?} {} values has {raw} bytes", dtype.name());
            return Err(self.input.malformed(what));
        }
        count.and_then(|count| self.tally.add(dtype, count, role)).ok_or_else(|| {
            self.input.malformed(format!("the size of a tensor overflows: {dims:?}"))
        })
    }
}

/// By `TensorProto.DataType`; nothing for strings.
fn dtype(kind: u64) -> Result<Option<Dtype>, ()> {
    Ok(Some(match kind {
        1 => Dtype::F32,
        2 => Dtype::U8,
        3 => Dtype::I8,
        4 => Dtype::U16,
        5 => Dtype::I16,
        6 => Dtype::I32,
        7 => Dtype::I64,
        8 => return Ok(None),
        9 => Dtype::Bool,
        10 => Dtype::F16,
        11 => Dtype::F64,
        12 => Dtype::U32,
        13 => Dtype::U64,
        14 => Dtype::C64,
        15 => Dtype::C128,
        16 => Dtype::BF16,
        17 => Dtype::F8_E4M3,
        18 => Dtype::F8_E4M3FNUZ,
        19 => Dtype::F8_E5M2,
        20 => Dtype::F8_E5M2FNUZ,
        21 => Dtype::U4,
        22 => Dtype::I4,
        23 => Dtype::F4,
        24 => Dtype::F8_E8M0,
        25 => Dtype::U2,
        26 => Dtype::I2,
        27 => Dtype::F6_E2M3,
        28 => Dtype::F6_E3M2,
        _ => return Err(()),
    }))
}
