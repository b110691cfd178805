//! safetensors: the header's length (u64), then JSON `{name: {dtype, shape, data_offsets}, …}`, then the
//! tensors. <https://github.com/huggingface/safetensors#format>

use std::fmt;
use std::io::{BufReader, Read};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::dtype::Dtype;
use super::input::Input;
use super::tally::{Role, Tally, elements};
use super::{Weights, WeightsError};

/// The format's own limit of a header.
const LIMIT: u64 = 100_000_000;

pub(super) fn read(input: &mut Input) -> Result<Weights, WeightsError> {
    let length = input.u64()?;
    if length > LIMIT {
        return Err(input.too_large(length, LIMIT));
    }
    let data = input.remaining().saturating_sub(length);
    if length > input.remaining() {
        input.skip(length)?;
    }
    let mut header = Header { tally: Tally::default(), data, bytes: 0 };
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(input.take(length)));
    let read = (&mut header).deserialize(&mut json).and_then(|()| json.end());
    drop(json);
    read.map_err(|error| input.malformed(format!("its header: {error}")))?;
    if header.bytes != data {
        let what = format!("its tensors take {} bytes, and it has {data}", header.bytes);
        return Err(input.malformed(what));
    }
    Ok(header.tally.weights(input.format(), None))
}

struct Header {
    tally: Tally,
    /// Bytes of the file after the header.
    data: u64,
    /// Bytes of the tensors so far: they neither overlap nor leave gaps.
    bytes: u64,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl Header {
    fn add(&mut self, tensor: &Tensor) -> Result<(), String> {
        let dtype = Dtype::by_name(&tensor.dtype)
            .ok_or_else(|| format!("the element type \"{}\" is not known", tensor.dtype))?;
        let count = elements(&tensor.shape).ok_or("a shape overflows")?;
        let (begin, end) = tensor.data_offsets;
        let bytes = end.checked_sub(begin).ok_or("a tensor ends before it begins")?;
        if dtype.bytes(count) != Some(bytes) {
            return Err(format!("a tensor of {count} {} values has {bytes} bytes", dtype.name()));
        }
        if end > self.data {
            return Err(format!("a tensor ends at {end} of {} bytes", self.data));
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.tally.add(dtype, count, Role::State).ok_or_else(|| "the sizes overflow".into())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Header {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Header {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
            } else {
                let tensor = map.next_value()?;
                self.add(&tensor).map_err(|what| A::Error::custom(format!("{name}: {what}")))?;
            }
        }
        Ok(())
    }
}
