//! The window's bytes: no damage goes unseen, no lie panics, and what was once written stays readable.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use ut::infer::window::{DecodeError, Window, decode, encode, load};
use ut::infer::{Columns, Format, Keep, OnBadRow, Wanted, read};
use ut::model::tft::Model;

use crate::model::case_folders;
use crate::support::{Sandbox, fleet, metrics};

fn bytes(window: &Window) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(window, &mut bytes).unwrap();
    bytes
}

fn decoded(bytes: &[u8]) -> Result<Window, DecodeError> {
    decode(bytes, bytes.len() as u64)
}

fn is_damaged(bytes: &[u8]) -> bool {
    matches!(decoded(bytes), Err(DecodeError::Damaged(_)))
}

/// A window of every case's rows: all kinds of columns and clocks.
fn windows() -> Vec<Window> {
    let made = |folder: std::path::PathBuf| {
        let model = Model::load(&folder).unwrap();
        let rows = std::fs::read(folder.join("window.csv")).unwrap();
        let wanted =
            Wanted { servers: Vec::new(), keep: Keep::Window(40), on_bad_row: OnBadRow::Skip };
        let progress = ut::core::output::Progress::hidden();
        let read = read(rows.as_slice(), Format::Csv, &model.inputs, wanted, &progress).unwrap();
        let mut window = Window::new(&model, 40);
        window.extend(read.records);
        window
    };
    case_folders().into_iter().map(made).collect()
}

#[test]
fn every_window_comes_back_as_it_was() {
    for window in windows() {
        let back = decoded(&bytes(&window)).unwrap();
        assert_eq!(back.columns, window.columns);
        assert_eq!(bytes(&back), bytes(&window));
        for (back, own) in back.records.servers.iter().zip(&window.records.servers) {
            assert_eq!((back.reals(), back.seen()), (own.reals(), own.seen()));
            assert!(back.moments().eq(own.moments()));
        }
    }
}

#[test]
fn every_truncation_and_every_flipped_byte_is_damage() {
    let window = windows().into_iter().min_by_key(|w| bytes(w).len()).unwrap();
    let whole = bytes(&window);
    for length in 0..whole.len() {
        assert!(is_damaged(&whole[..length]), "cut at {length}");
    }
    for flip in [0x01, 0x80, 0xff] {
        let mut flipped = whole.clone();
        for at in 0..whole.len() {
            flipped[at] ^= flip;
            assert!(is_damaged(&flipped), "byte {at} flipped by {flip:#x}");
            flipped[at] ^= flip;
        }
    }
    assert!(is_damaged(&[&whole[..], &[0]].concat()), "a byte too many");
}

/// The same columns under another header, with checksums that fit.
fn resealed(whole: &[u8], header: &str) -> Vec<u8> {
    let length = u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize;
    let mut new = whole[..12].to_vec();
    new.extend((header.len() as u32).to_le_bytes());
    new.extend(crc32fast::hash(&new[8..16]).to_le_bytes());
    new.extend(header.as_bytes());
    new.extend(&whole[20 + length..whole.len() - 12]);
    new.extend(crc32fast::hash(&new).to_le_bytes());
    new.extend(&whole[whole.len() - 8..]);
    new
}

fn header(whole: &[u8]) -> Value {
    let length = u32::from_le_bytes(whole[12..16].try_into().unwrap()) as usize;
    serde_json::from_slice(&whole[20..20 + length]).unwrap()
}

/// The places of a document that hold a value, as pointers.
fn places(value: &Value, path: &str, to: &mut Vec<String>) {
    match value {
        Value::Object(o) => o.iter().for_each(|(k, v)| places(v, &format!("{path}/{k}"), to)),
        Value::Array(a) => {
            a.iter().enumerate().for_each(|(i, v)| places(v, &format!("{path}/{i}"), to));
        }
        _ => {}
    }
    to.push(path.to_owned());
}

#[test]
fn a_header_that_lies_panics_nobody() {
    let lies: Vec<Value> = [
        "null",
        "[]",
        "{}",
        "\"\"",
        "\"server\"",
        "-1",
        "0",
        "1",
        "18446744073709551615",
        "-9223372036854775808",
        "[\"a\",\"a\"]",
    ]
    .iter()
    .map(|text| serde_json::from_str(text).unwrap())
    .collect();
    let models: Vec<Model> = case_folders().iter().map(|f| Model::load(f).unwrap()).collect();
    for (window, model) in windows().into_iter().zip(&models) {
        let whole = bytes(&window);
        let honest = header(&whole);
        assert!(decoded(&resealed(&whole, &honest.to_string())).is_ok());
        let mut all = Vec::new();
        places(&honest, "", &mut all);
        for (place, lie) in all.iter().flat_map(|p| lies.iter().map(move |l| (p, l))) {
            let mut header = honest.clone();
            *header.pointer_mut(place).unwrap() = lie.clone();
            if let Ok(mut window) = decoded(&resealed(&whole, &header.to_string())) {
                use_it(&mut window, model);
            }
        }
    }
}

/// Everything that is done with a window.
fn use_it(window: &mut Window, model: &Model) {
    let _ = bytes(window);
    for series in &window.records.servers {
        let _ = window.model.usable(series);
    }
    if window.fit(model).is_ok() {
        let copy = window.records.clone();
        window.extend(copy);
        let _ = window.limit(Some(100));
        window.set_steps(10);
        let (servers, labels) = (window.records.of(&[]), &window.records.dictionaries);
        let progress = ut::core::output::Progress::hidden();
        let engine = ut::infer::Engine::Cpu { threads: 1 };
        let _ = ut::infer::forecast(model, &engine, &servers, labels, OnBadRow::Skip, &progress);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decoded(&bytes).is_err());
        prop_assert!(decoded(&[b"UTWINDOW".as_slice(), &bytes].concat()).is_err());
    }
}

/// A window that version 1 wrote: every later version reads it.
#[test]
fn a_window_of_format_1_stays_readable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/window");
    let window = load(&folder.join("format-1.window")).unwrap();
    assert_eq!(
        (window.tick, window.records.len(), window.saved),
        (80, 160, Some(1_767_780_000_000_000))
    );
    let model = Model::load(&fleet().join("fleet-tft")).unwrap();
    assert_eq!(window.columns, Columns::of(&model.inputs));
    let path = folder.join("format-1.window");
    let args = ["infer", "window", "load", path.to_str().unwrap()];
    let records = Sandbox::new().ut(args);
    let mut expected: Vec<String> =
        metrics(&["web-01", "web-02"], 80).lines().map(str::to_owned).collect();
    let mut got: Vec<String> = records.succeeds().stdout.lines().map(str::to_owned).collect();
    expected[0] = expected[0].replace("timestamp,server", "server,timestamp");
    for line in &mut expected[1..] {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |f: &&str| f.parse::<f32>().unwrap().to_string();
        let numbers: Vec<String> = fields[2..].iter().map(number).collect();
        *line = format!("{},{},{}", fields[1], fields[0], numbers.join(","));
    }
    expected[1..].sort();
    got[1..].sort();
    assert_eq!(got, expected);
}
