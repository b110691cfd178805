//! GGUF, versions 1 to 3: metadata, then what each tensor is, then the tensors.
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>

use std::collections::BTreeMap;

use super::architecture::Architecture;
use super::dtype::Dtype;
use super::input::Input;
use super::tally::{Role, Tally, elements};
use super::{HEADER_LIMIT, Weights, WeightsError};

/// Dimensions of a tensor.
const RANK: u32 = 4;
/// Arrays in arrays.
const DEPTH: u32 = 4;
/// Bytes of a key or of a name that is kept.
const NAME: u64 = 64 << 10;
/// Tensors and metadata of a file: a thousand times what one has.
const TENSORS: u64 = 1 << 20;
const PAIRS: u64 = 1 << 16;
const ALIGNMENT: u64 = 32;

pub(super) fn read(input: &mut Input) -> Result<Weights, WeightsError> {
    if &input.array::<4>()? == b"FUGG" {
        return Err(input.unsupported("big-endian numbers"));
    }
    let version = input.u32()?;
    if version.trailing_zeros() >= 16 {
        return Err(input.unsupported("big-endian numbers"));
    }
    if !(1..=3).contains(&version) {
        return Err(input.unsupported(format!("version {version} of the format")));
    }
    let mut gguf = Gguf { input, wide: version > 1, metadata: Metadata::default() };
    let tensors = gguf.length()?;
    let pairs = gguf.length()?;
    if tensors > TENSORS || pairs > PAIRS {
        return Err(gguf.input.malformed(format!("{tensors} tensors, {pairs} pairs of metadata")));
    }
    for _ in 0..pairs {
        gguf.pair()?;
    }
    let mut tally = Tally::default();
    let mut end = 0;
    for _ in 0..tensors {
        end = end.max(gguf.tensor(&mut tally)?);
    }
    let alignment = gguf.metadata.number("general.alignment").unwrap_or(ALIGNMENT).max(1);
    let data = gguf.input.position().next_multiple_of(alignment.min(HEADER_LIMIT));
    if data.checked_add(end).is_none_or(|end| end > gguf.input.len()) && end > 0 {
        let missing = data.saturating_add(end).saturating_sub(gguf.input.len());
        gguf.input.seek(gguf.input.len())?;
        gguf.input.skip(missing)?;
    }
    let architecture = gguf.metadata.architecture();
    Ok(tally.weights(gguf.input.format(), architecture))
}

struct Gguf<'a, 'b> {
    input: &'a mut Input<'b>,
    /// Lengths take 8 bytes, not 4.
    wide: bool,
    metadata: Metadata,
}

impl Gguf<'_, '_> {
    fn length(&mut self) -> Result<u64, WeightsError> {
        let position = self.input.position();
        if position > HEADER_LIMIT {
            return Err(self.input.too_large(position, HEADER_LIMIT));
        }
        if self.wide { self.input.u64() } else { self.input.u32().map(u64::from) }
    }

    fn string(&mut self) -> Result<String, WeightsError> {
        let length = self.length()?;
        Ok(String::from_utf8_lossy(&self.input.bytes(length, NAME)?).into_owned())
    }

    fn pair(&mut self) -> Result<(), WeightsError> {
        let key = self.string()?;
        let kind = self.input.u32()?;
        if key == "general.architecture" && kind == STRING {
            self.metadata.name = Some(self.string()?);
        } else if key == "tokenizer.ggml.tokens" && kind == ARRAY {
            let start = self.input.position();
            self.input.u32()?;
            let count = self.length()?;
            self.metadata.vocab = Some(count);
            self.input.seek(start)?;
            self.value(kind, DEPTH)?;
        } else if let Some(number) = self.value(kind, DEPTH)? {
            self.metadata.keep(key, number);
        }
        Ok(())
    }

    /// Passes over a value; gives it where it is a whole number, and an array's largest one (heads are
    /// given for each layer where they differ).
    fn value(&mut self, kind: u32, depth: u32) -> Result<Option<u64>, WeightsError> {
        match kind {
            STRING => {
                let length = self.length()?;
                self.input.skip(length)?;
                Ok(None)
            }
            ARRAY if depth == 0 => Err(self.input.unsupported("arrays within arrays")),
            ARRAY => {
                let kind = self.input.u32()?;
                let count = self.length()?;
                self.array(kind, count, depth - 1)
            }
            _ => {
                let Some(size) = size(kind) else {
                    return Err(self.input.malformed(format!("a value of type {kind}")));
                };
                let number = self.input.uint(size)?;
                let negative = matches!(kind, 1 | 3 | 5 | 11) && number >> (8 * size - 1) & 1 == 1;
                Ok((!matches!(kind, 6 | 7 | 12) && !negative).then_some(number))
            }
        }
    }

    /// Passes over an array; one of many numbers costs nothing.
    fn array(&mut self, kind: u32, count: u64, depth: u32) -> Result<Option<u64>, WeightsError> {
        if let Some(size) = size(kind).filter(|_| count > 4096) {
            self.input.skip(count.saturating_mul(u64::from(size)))?;
            return Ok(None);
        }
        let mut largest = None;
        for _ in 0..count {
            largest = largest.max(self.value(kind, depth)?);
        }
        Ok(largest)
    }

    /// Adds a tensor; gives where it ends in the data.
    fn tensor(&mut self, tally: &mut Tally) -> Result<u64, WeightsError> {
        let name = self.string()?;
        let rank = self.input.u32()?;
        if rank > RANK {
            return Err(self.input.malformed(format!("{name} has {rank} dimensions")));
        }
        let dims: Vec<u64> = (0..rank).map(|_| self.length()).collect::<Result<_, _>>()?;
        let kind = self.input.u32()?;
        let offset = self.input.u64()?;
        let Some(dtype) = dtype(kind) else {
            return Err(self.input.unsupported(format!("tensors of type {kind} ({name})")));
        };
        if dims.first().is_some_and(|row| row % dtype.layout().0 != 0) {
            return Err(self
                .input
                .malformed(format!("{name} has rows of {dims:?} {}", dtype.name())));
        }
        elements(&dims)
            .and_then(|count| {
                tally.add(dtype, count, Role::State)?;
                offset.checked_add(dtype.bytes(count)?)
            })
            .ok_or_else(|| self.input.malformed(format!("the size of {name} overflows: {dims:?}")))
    }
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Bytes of a metadata value.
fn size(kind: u32) -> Option<u8> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// By `enum ggml_type`.
fn dtype(kind: u32) -> Option<Dtype> {
    Some(match kind {
        0 => Dtype::F32,
        1 => Dtype::F16,
        // 31 and on: with its blocks interleaved, as some ARM builds wrote it.
        2 | 31..=33 => Dtype::Q4_0,
        3 => Dtype::Q4_1,
        6 => Dtype::Q5_0,
        7 => Dtype::Q5_1,
        8 => Dtype::Q8_0,
        9 => Dtype::Q8_1,
        10 => Dtype::Q2_K,
        11 => Dtype::Q3_K,
        12 => Dtype::Q4_K,
        13 => Dtype::Q5_K,
        14 => Dtype::Q6_K,
        15 => Dtype::Q8_K,
        16 => Dtype::IQ2_XXS,
        17 => Dtype::IQ2_XS,
        18 => Dtype::IQ3_XXS,
        19 => Dtype::IQ1_S,
        20 | 36..=38 => Dtype::IQ4_NL,
        21 => Dtype::IQ3_S,
        22 => Dtype::IQ2_S,
        23 => Dtype::IQ4_XS,
        24 => Dtype::I8,
        25 => Dtype::I16,
        26 => Dtype::I32,
        27 => Dtype::I64,
        28 => Dtype::F64,
        29 => Dtype::IQ1_M,
        30 => Dtype::BF16,
        34 => Dtype::TQ1_0,
        35 => Dtype::TQ2_0,
        39 => Dtype::MXFP4,
        40 => Dtype::NVFP4,
        41 => Dtype::Q1_0,
        _ => return None,
    })
}

/// The metadata that says how the model is built.
#[derive(Default)]
struct Metadata {
    name: Option<String>,
    vocab: Option<u64>,
    numbers: BTreeMap<String, u64>,
}

/// After `<architecture>.`.
const KEPT: [&str; 7] = [
    "block_count",
    "embedding_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "context_length",
    "vocab_size",
];
/// Keys that are kept; a file has one of each.
const KEYS: usize = 64;

impl Metadata {
    fn keep(&mut self, key: String, number: u64) {
        let kept = key == "general.alignment"
            || key.split_once('.').is_some_and(|(_, rest)| KEPT.contains(&rest));
        if kept && self.numbers.len() < KEYS {
            self.numbers.insert(key, number);
        }
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.numbers.get(key).copied()
    }

    fn architecture(&self) -> Option<Architecture> {
        let name = self.name.clone()?;
        let of = |key: &str| self.number(&format!("{name}.{key}"));
        let (hidden, heads) = (of("embedding_length"), of("attention.head_count"));
        let head_dim = of("attention.key_length")
            .or_else(|| hidden.zip(heads).and_then(|(hidden, heads)| hidden.checked_div(heads)));
        Some(Architecture {
            layers: of("block_count"),
            hidden,
            heads,
            kv_heads: of("attention.head_count_kv").or(heads),
            head_dim,
            context: of("context_length"),
            vocab: of("vocab_size").or(self.vocab),
            name: Some(name),
            ..Architecture::default()
        })
    }
}
