//! Reads the headers of files of weights: exact parameters and element types, without the tensors.
//!
//! A reader costs what a header costs, whatever the file's size: at most `HEADER_LIMIT` of memory
//! and of bytes inflated. It executes nothing, and whatever a file says about itself is held against
//! the file.

mod architecture;
mod dtype;
mod gguf;
mod hdf5;
mod input;
mod keras;
mod onnx;
mod pickle;
mod safetensors;
mod tally;
#[cfg(test)]
mod tests;
mod torch;
mod zip;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;

pub use architecture::{Architecture, architecture_of_config};
pub use dtype::Dtype;
pub use input::Source;

use input::Input;

/// Bytes of a header, read or inflated, that are worth reading. The largest real ones, of checkpoints
/// with 100 000 tensors and vocabularies of 250 000 words, stay under 20 MB.
const HEADER_LIMIT: u64 = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Safetensors,
    Gguf,
    Onnx,
    /// `torch.save`, and TorchScript.
    Torch,
    /// Keras up to 2, `.weights.h5`, and any other tree of datasets.
    Hdf5,
    /// Keras 3's archive.
    Keras,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "GGUF",
            Self::Onnx => "ONNX",
            Self::Torch => "PyTorch",
            Self::Hdf5 => "HDF5",
            Self::Keras => "Keras",
        })
    }
}

/// What a file of weights holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weights {
    pub format: Format,
    /// Elements of floating-point and of quantised types, tensors that share their memory counted
    /// once. A file does not tell a learned weight from a floating-point buffer (the running mean of a
    /// batch norm), so these count too; 8-bit signed integers count as quantised, and so do ONNX's
    /// unsigned ones. Weights packed into wider integers (GPTQ, AWQ, 4-bit bitsandbytes) are in
    /// `buffers`: `config.json` says how many go into one.
    pub parameters: u64,
    /// Elements of integers and booleans: counters, masks, indices.
    pub buffers: u64,
    /// Of the parameters and the buffers.
    pub bytes: u64,
    /// Elements of each type, the most first; without the optimizer's.
    pub dtypes: Vec<(Dtype, u64)>,
    /// Of what an optimizer keeps beside the model: moments, master weights.
    pub optimizer_bytes: u64,
    /// Where the file itself says so: GGUF.
    pub architecture: Option<Architecture>,
}

#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("not a file of weights that can be read: {0}")]
    Unknown(&'static str),
    #[error(
        "the {format} file ends {missing} bytes early, at byte {len}; download or save it again"
    )]
    Truncated { format: Format, len: u64, missing: u64 },
    #[error("the {format} file is broken at byte {at}: {what}; download or save it again")]
    Malformed { format: Format, at: u64, what: String },
    #[error("the {format} file has {what} at byte {at}, which is not read; save it another way")]
    Unsupported { format: Format, at: u64, what: String },
    #[error(
        "the {format} file has a header of {size} bytes or more at byte {at}; up to {limit} are read"
    )]
    TooLarge { format: Format, at: u64, size: u64, limit: u64 },
}

/// Reads a file's headers. A sharded model's shards are files of their own, to be summed.
pub fn read(path: &Path) -> Result<Weights, WeightsError> {
    read_source(&mut File::open(path)?)
}

/// Reads headers from anything that can be read and sought.
pub fn read_source(source: &mut dyn Source) -> Result<Weights, WeightsError> {
    let mut input = Input::new(source, Format::Safetensors)?;
    let mut head = Vec::new();
    (&mut input).take(16).read_to_end(&mut head)?;
    input.seek(0)?;
    let Some(format) = format_of(&head) else {
        return match hdf5::find(&mut input)? {
            Some(start) => {
                input.set_format(Format::Hdf5);
                hdf5::read(&mut input, start)
            }
            None => Err(WeightsError::Unknown(unknown(&head))),
        };
    };
    input.set_format(format);
    match format {
        Format::Safetensors => safetensors::read(&mut input),
        Format::Gguf => gguf::read(&mut input),
        Format::Onnx => onnx::read(&mut input),
        Format::Hdf5 => hdf5::read(&mut input, 0),
        Format::Torch if head.starts_with(torch::LEGACY_MAGIC) => torch::read_legacy(&mut input),
        // The archive tells which.
        Format::Torch | Format::Keras => zip::read(&mut input),
    }
}

/// By the first bytes. safetensors and ONNX have no signature: the first has JSON after a length, the
/// second a field 1 (the IR's version, a small number) and a field that its writers put next.
fn format_of(head: &[u8]) -> Option<Format> {
    let byte = |k: usize| head.get(k).copied();
    if head.starts_with(b"GGUF") || head.starts_with(b"FUGG") {
        Some(Format::Gguf)
    } else if head.starts_with(hdf5::SIGNATURE) {
        Some(Format::Hdf5)
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(torch::LEGACY_MAGIC) {
        Some(Format::Torch)
    } else if byte(8) == Some(b'{') && (head[4..8] == [0; 4] || head[0] != 8) {
        Some(Format::Safetensors)
    } else if byte(0) == Some(8)
        && matches!(byte(1), Some(1..=31))
        && byte(2).is_some_and(|tag| tag & 7 <= 2)
    {
        Some(Format::Onnx)
    } else {
        None
    }
}

fn unknown(head: &[u8]) -> &'static str {
    match head {
        [] => "it is empty",
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => "TensorFlow Lite; convert it to ONNX",
        [b'l' | b'f' | b't', b'm', b'g', b'g', ..] | [b't' | b'a', b'j', b'g', b'g', ..] => {
            "GGML from before GGUF; convert it with llama.cpp"
        }
        [0x80, 2..=5, ..] => "a pickle of arbitrary objects",
        [b'{', ..] => "JSON; an index has its tensors in the shards that it names",
        _ => "safetensors, GGUF, ONNX, PyTorch, HDF5 and Keras are",
    }
}
