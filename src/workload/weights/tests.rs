//! Holds every reader against files that the libraries wrote (`tests/reference/weights.py`), whole, cut and
//! damaged.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use serde_json::Value;

use super::{
    Architecture, Dtype, Format, Weights, WeightsError, architecture_of_config, read, read_source,
};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights")
}

fn expected() -> BTreeMap<String, Value> {
    serde_json::from_slice(&fixture("expected.json")).unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap()
}

fn read_bytes(bytes: impl AsRef<[u8]>) -> Result<Weights, WeightsError> {
    read_source(&mut Cursor::new(bytes))
}

#[test]
fn counts_what_the_libraries_count() {
    for (name, expected) in expected() {
        let weights =
            read(&fixtures().join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = serde_json::to_value(&weights).unwrap();
        for key in ["format", "parameters", "buffers", "bytes", "optimizer_bytes"] {
            assert_eq!(read[key], expected[key], "{name}: {key} of {read}");
        }
        let dtypes: BTreeMap<_, _> = weights.dtypes.iter().map(|&(d, n)| (d.name(), n)).collect();
        assert_eq!(serde_json::to_value(dtypes).unwrap(), expected["dtypes"], "{name}");
        assert!(weights.dtypes.is_sorted_by(|a, b| a.1 >= b.1), "{name}");
        for (key, value) in expected["architecture"].as_object().into_iter().flatten() {
            assert_eq!(&read["architecture"][key], value, "{name}: {key}");
        }
    }
}

#[test]
fn no_cut_file_is_read_as_another() {
    for (name, _) in expected() {
        let bytes = fixture(&name);
        let whole = read_bytes(&bytes).unwrap();
        let step = if bytes.len() < 4_000 { 1 } else { 7 };
        for len in (0..bytes.len()).step_by(step) {
            // ONNX has no end: what is there may be a model of its own.
            if let Ok(weights) = read_bytes(&bytes[..len])
                && whole.format != Format::Onnx
            {
                assert_eq!(weights, whole, "{name} cut at {len}");
            }
        }
    }
}

#[test]
fn damaged_files_do_not_break_the_reader() {
    let mut random = fastrand_like(7);
    for (name, _) in expected() {
        let bytes = fixture(&name);
        for round in 0..150 {
            let mut damaged = bytes.clone();
            for _ in 0..=round % 4 {
                let at = random() as usize % damaged.len();
                damaged[at] = match round % 3 {
                    0 => random() as u8,
                    1 => 0xff,
                    _ => damaged[at] ^ 1 << (random() % 8),
                };
            }
            let _ = read_bytes(&damaged);
        }
    }
}

/// A small generator of a fixed sequence (xorshift).
fn fastrand_like(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_after_any_signature(
        start in proptest::sample::select(vec![
            &b""[..], b"GGUF\x03\0\0\0", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", super::torch::LEGACY_MAGIC,
            b"\x08\x08", b"\x20\0\0\0\0\0\0\0{\"a\":",
        ]),
        rest in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
    ) {
        let _ = read_bytes([start, &rest].concat());
    }
}

/// A file of `len` bytes that starts with some, zeros behind; counts what is read of it.
struct Sparse {
    head: Vec<u8>,
    len: u64,
    at: u64,
    read: u64,
}

impl Sparse {
    fn new(head: Vec<u8>, len: u64) -> Self {
        Self { head, len, at: 0, read: 0 }
    }
}

impl Read for Sparse {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = (out.len() as u64).min(self.len.saturating_sub(self.at));
        for (k, byte) in out[..count as usize].iter_mut().enumerate() {
            *byte = self.head.get(self.at as usize + k).copied().unwrap_or(0);
        }
        self.at += count;
        self.read += count;
        Ok(count as usize)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => self.len.saturating_add_signed(back),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

fn safetensors(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
}

#[test]
fn of_a_large_file_only_the_header_is_read() {
    let header =
        r#"{"w":{"dtype":"BF16","shape":[50000,1000000],"data_offsets":[0,100000000000]}}"#;
    let head = safetensors(header);
    let len = head.len() as u64 + 100_000_000_000;
    let mut file = Sparse::new(head, len);
    assert_eq!(read_source(&mut file).unwrap().parameters, 50_000_000_000);
    assert!(file.read < 20_000, "{} bytes read", file.read);
}

#[test]
fn zeros_behind_a_header_that_lies_end_soon() {
    let many = u64::MAX.to_le_bytes();
    let gguf = [&b"GGUF\x03\0\0\0"[..], &many, &many].concat();
    let onnx = vec![0x08, 0x08, 0x3a, 0x80, 0x80, 0x80, 0x80, 0x08];
    let heads =
        [gguf, onnx, safetensors("{"), super::torch::LEGACY_MAGIC.to_vec(), fixture("old.h5")];
    for head in heads {
        let mut file = Sparse::new(head.clone(), 1 << 40);
        let _ = read_source(&mut file);
        assert!(file.read < 1 << 20, "{} bytes read after {:?}", file.read, &head[..8]);
    }
}

fn error(bytes: impl AsRef<[u8]>) -> String {
    read_bytes(bytes).unwrap_err().to_string()
}

#[test]
fn a_header_that_lies_is_told() {
    let tensor = |shape: &str, offsets: &str, data: usize| {
        let header =
            format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#);
        error([safetensors(&header), vec![0; data]].concat())
    };
    assert!(tensor("[2]", "[0,12]", 12).contains("2 F32 values has 12 bytes"));
    assert!(tensor("[2]", "[0,8]", 4).contains("ends at 8 of 4 bytes"));
    assert!(tensor("[2]", "[0,8]", 9).contains("take 8 bytes, and it has 9"));
    assert!(tensor("[2]", "[8,0]", 8).contains("ends before it begins"));
    assert!(tensor("[4294967296,4294967296,4]", "[0,8]", 8).contains("overflows"));
    let long = [&(1_u64 << 60).to_le_bytes()[..], b"{}"].concat();
    assert!(error(long).contains("1152921504606846976 bytes or more at byte 8"));
    let deep = format!(r#"{{"w":{}"#, "[".repeat(100_000));
    assert!(error(safetensors(&deep)).contains("header"));
}

#[test]
fn what_is_not_read_is_named() {
    assert!(error(b"").contains("empty"));
    assert!(error(b"\x1c\0\0\0TFL3 and more of it").contains("TensorFlow Lite"));
    assert!(error(b"GGUF\0\0\0\x03and more of it").contains("big-endian"));
    assert!(error(b"lmgg").contains("before GGUF"));
    assert!(error(b"\x80\x04\x95").contains("pickle"));
    assert!(error(b"{\"weight_map\": {}}").contains("shards"));
}

/// A ZIP archive of members, deflated.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in members {
        let file = archive.new_file(name).compression_method(rawzip::CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start().unwrap();
        let deflate = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
        let mut writer = config.wrap(deflate);
        writer.write_all(content).unwrap();
        let (deflate, descriptor) = writer.finish().unwrap();
        deflate.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

#[test]
fn compressed_members_are_inflated_up_to_a_limit() {
    let weights = fixture("model.weights.h5");
    let read = read_bytes(archive(&[("config.json", b"{}"), ("model.weights.h5", &weights)]));
    assert_eq!(read.unwrap().parameters, read_bytes(weights).unwrap().parameters);
    let bomb = archive(&[("model/data.pkl", &vec![b'N'; 70 << 20])]);
    assert!(bomb.len() < 1 << 20);
    assert!(error(bomb).contains("up to 67108864 are read"));
    assert!(error(archive(&[("a.npy", b"")])).contains("neither PyTorch's nor Keras's"));
}

/// A pickle of `{"w": tensor}`, its shape, strides, storage's elements and the storage's member given.
fn tensor(offset: u8, shape: u32, stride: u8, stored: u32, member: &[u8]) -> Vec<u8> {
    let mut pickle =
        b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage".to_vec();
    pickle.extend(b"ctorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuJ");
    pickle.extend(stored.to_le_bytes());
    pickle.extend([b't', b'Q', b'K', offset, b'J']);
    pickle.extend(shape.to_le_bytes());
    pickle.extend([0x85, b'K', stride, 0x85, 0x89, b'N', b't', b'R', b's', b'.']);
    archive(&[("m/data.pkl", &pickle), ("m/data/0", member)])
}

#[test]
fn a_tensor_lies_in_its_storage() {
    assert_eq!(read_bytes(tensor(0, 6, 1, 6, &[0; 24])).unwrap().parameters, 6);
    assert_eq!(read_bytes(tensor(3, 1_000_000, 0, 6, &[0; 24])).unwrap().parameters, 1);
    assert!(error(tensor(1, 6, 1, 6, &[0; 24])).contains("[6] in a storage of 6"));
    assert!(error(tensor(0, 4, 2, 6, &[0; 24])).contains("[4] in a storage of 6"));
    assert!(error(tensor(0, 6, 1, 6, &[0; 20])).contains("storage 0 of 6 F32 values is not there"));
}

#[test]
fn pickles_nest_and_loop_without_end() {
    let legacy = |pickle: &[u8]| [super::torch::LEGACY_MAGIC, b"N.N.", pickle].concat();
    let nested = [&b"]"[..], &b"\x85".repeat(200_000), b"."].concat();
    assert_eq!(read_bytes(legacy(&nested)).unwrap().parameters, 0);
    // A list that holds itself.
    assert_eq!(read_bytes(legacy(b"]q\0h\0a.")).unwrap().parameters, 0);
    assert!(error(legacy(&b"]".repeat(5_000_000))).contains("up to 67108864 are read"));
    for broken in [&b"."[..], b"t.", b"(N0.", b"h\0.", b"\x8b\xff\xff\xff\xffa", b"(0."] {
        assert!(read_bytes(legacy(broken)).is_err(), "{broken:?}");
    }
}

/// A GGUF file of a version: `general.alignment`, one tensor.
fn gguf(version: u32, dims: &[u64], kind: u32) -> Vec<u8> {
    let number = |value: u64| match version {
        1 => (value as u32).to_le_bytes().to_vec(),
        _ => value.to_le_bytes().to_vec(),
    };
    let text = |text: &str| [number(text.len() as u64), text.into()].concat();
    let mut bytes =
        [b"GGUF".to_vec(), version.to_le_bytes().to_vec(), number(1), number(1)].concat();
    bytes.extend([text("general.alignment"), [4, 0, 0, 0, 64, 0, 0, 0].into(), text("w")].concat());
    bytes.extend((dims.len() as u32).to_le_bytes());
    bytes.extend(dims.iter().flat_map(|&dim| number(dim)));
    bytes.extend(kind.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    bytes
}

#[test]
fn gguf_of_all_versions() {
    for version in 1..=3 {
        let whole = [gguf(version, &[32, 2], 2), vec![0; 36]].concat();
        assert_eq!(read_bytes(&whole).unwrap().parameters, 64, "version {version}");
        assert!(error(&whole[..whole.len() - 1]).contains("1 bytes early"));
    }
    assert!(error(gguf(4, &[1], 0)).contains("version 4"));
    assert!(error(gguf(3, &[33], 2)).contains("rows of [33] Q4_0"));
    assert!(error(gguf(3, &[1], 5)).contains("tensors of type 5 (w)"));
    assert!(error(gguf(3, &[1 << 40, 1 << 40], 0)).contains("overflows"));
    assert!(error(gguf(3, &[1 << 50], 0)).contains("bytes early"));
}

#[test]
fn architecture_of_a_config() {
    let llama = architecture_of_config(
        r#"{"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
            "num_key_value_heads": 8, "max_position_embeddings": 8192, "vocab_size": 128256,
            "torch_dtype": "bfloat16", "quantization_config": {"quant_method": "gptq", "bits": 4}}"#,
    );
    let expected = Architecture {
        name: Some("llama".into()),
        layers: Some(32),
        hidden: Some(4096),
        heads: Some(32),
        kv_heads: Some(8),
        head_dim: Some(128),
        context: Some(8192),
        vocab: Some(128_256),
        dtype: Some(Dtype::BF16),
        bits: Some(4),
    };
    assert_eq!(llama, Some(expected));
    let gpt2 = r#"{"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024}"#;
    let gpt2 = architecture_of_config(gpt2).unwrap();
    assert_eq!(
        (gpt2.hidden, gpt2.kv_heads, gpt2.head_dim, gpt2.context),
        (Some(768), Some(12), Some(64), Some(1024))
    );
    let parts = r#"{"model_type": "llava", "vision_config": {"hidden_size": 1}, "text_config": {"hidden_size": 64, "dtype": "float16"},
        "quantization_config": {"load_in_4bit": true, "load_in_8bit": false}}"#;
    let parts = architecture_of_config(parts).unwrap();
    assert_eq!((parts.hidden, parts.dtype, parts.bits), (Some(64), Some(Dtype::F16), Some(4)));
    for none in ["", "[]", "{}", r#"{"name": "a web page"}"#, r#"{"hidden_size": -1}"#] {
        assert_eq!(architecture_of_config(none), None, "{none}");
    }
    let zero = architecture_of_config(r#"{"hidden_size": 8, "num_attention_heads": 0}"#);
    assert_eq!(zero.unwrap().head_dim, None);
}
