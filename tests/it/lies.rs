//! Whatever a model.json says, loading refuses it or the forecast runs: nothing panics.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use ut::core::output::Progress;
use ut::infer::{Engine, Format, Keep, OnBadRow, Wanted, forecast, read};
use ut::model::tft::Model;

use crate::support::fleet;

/// Loads the model and forecasts the rows, as far as that goes.
fn try_forecast(model: &Path, rows: &[u8], format: Format) {
    let Ok(model) = Model::load(model) else { return };
    let progress = Progress::hidden();
    let wanted = Wanted { servers: Vec::new(), keep: Keep::Forecast, on_bad_row: OnBadRow::Skip };
    let ingested = read(rows, format, &model.inputs, wanted, &progress);
    let Ok(ingested) = ingested else { return };
    let records = &ingested.records;
    let (servers, labels) = (records.of(&[]), &records.dictionaries);
    let _ =
        forecast(&model, &Engine::Cpu { threads: 1 }, &servers, labels, OnBadRow::Skip, &progress);
}

/// The values of a document that hold no others, as paths.
fn leaves(value: &Value, path: &str, to: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter()
                .for_each(|(k, v)| leaves(v, &format!("{path}/{}", k.replace('/', "~1")), to));
        }
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{path}/{i}"), to));
        }
        _ => to.push(path.to_owned()),
    }
}

#[test]
fn no_lie_in_a_description_panics() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tft");
    let lies = [
        json!(null),
        json!(0),
        json!(-1),
        json!(3),
        json!(1_u64 << 40),
        json!(1e300),
        json!("lie"),
        json!([]),
    ];
    for variant in
        ["by_group", "lags_gaps", "bags", "constant_fill", "shared_networks", "target_scales"]
    {
        let folder = fixtures.join(variant);
        let sandbox = tempfile::tempdir().unwrap();
        std::fs::copy(folder.join("model.safetensors"), sandbox.path().join("model.safetensors"))
            .unwrap();
        let truth: Value =
            serde_json::from_slice(&std::fs::read(folder.join("model.json")).unwrap()).unwrap();
        let rows = std::fs::read(folder.join("window.csv")).unwrap();
        let mut paths = Vec::new();
        for section in truth.as_object().unwrap().keys().filter(|k| *k != "aliases") {
            leaves(&truth[section], &format!("/{section}"), &mut paths);
        }
        for path in paths {
            for lie in &lies {
                let mut json = truth.clone();
                *json.pointer_mut(&path).unwrap() = lie.clone();
                std::fs::write(sandbox.path().join("model.json"), json.to_string()).unwrap();
                try_forecast(sandbox.path(), &rows, Format::Csv);
            }
        }
    }
}

/// Lines that look like metrics, and lines that do not.
fn lines() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        Just("web-01".to_owned()),
        (0..9_u32).prop_map(|s| format!("2026-01-07T09:00:{:02}Z", s * 5)),
        (-1e3..1e3_f64).prop_map(|x| x.to_string()),
        "[\"\\PC,\n\r]{0,6}",
    ];
    let line = prop_oneof![
        (0..9_u32, 0..3_u32)
            .prop_map(|(step, server)| crate::support::line(&format!("web-{server}"), step)),
        prop::collection::vec(field, 0..12).prop_map(|fields| fields.join(",")),
    ];
    prop::collection::vec(line, 0..30).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_rows_panic(lines in lines(), jsonl in any::<bool>()) {
        let text = format!("{}\n{lines}", crate::support::HEAD);
        let format = if jsonl { Format::Jsonl } else { Format::Csv };
        try_forecast(&fleet().join("fleet-tft"), text.as_bytes(), format);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        try_forecast(&fleet().join("fleet-tft"), &bytes, Format::Csv);
        try_forecast(&fleet().join("fleet-tft"), &bytes, Format::Jsonl);
    }
}
