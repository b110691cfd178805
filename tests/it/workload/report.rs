//! What people see, and what programs get.

use super::{detect, files};
use crate::support::Sandbox;

const REQUIREMENTS: &str = "torch==2.4\nflash-attn\n";
const TRAIN: &str = "import torch\nmodel.cuda()\nloss.backward()\n";

#[test]
fn people_read_the_verdict_its_reasons_and_what_it_needs() {
    let sandbox = files(&[("requirements.txt", REQUIREMENTS), ("train.py", TRAIN)]);
    let ran = detect(&sandbox, &["project"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("deep learning, GPU required (confidence 0."), "{ran:?}");
    assert_eq!(lines[1], "");
    assert!(lines[2].starts_with("why      flash-attn in requirements.txt:2; "), "{ran:?}");
    for title in ["needs    ", "host     "] {
        assert!(lines.iter().any(|line| line.starts_with(title)), "{title}: {ran:?}");
    }
    assert!(ran.stdout.contains(".cuda() in train.py:2"), "{ran:?}");
}

#[test]
fn explained_evidence_has_places_and_weights() {
    let sandbox = files(&[("requirements.txt", REQUIREMENTS), ("train.py", TRAIN)]);
    let ran = detect(&sandbox, &["project", "--explain"]);
    let evidence = ran.stdout.lines().rfind(|line| line.contains("flash-attn")).unwrap();
    assert!(evidence.contains("requirements.txt:2") && evidence.contains("required"), "{ran:?}");
    assert!(ran.stdout.contains("code that uses a GPU unasked"), "{ran:?}");
}

#[test]
fn programs_get_every_field() {
    let sandbox = files(&[("requirements.txt", REQUIREMENTS), ("train.py", TRAIN)]);
    let document = detect(&sandbox, &["project", "--text", "k-means", "--format", "json"]).json();
    assert_eq!(document["schema"], "ut.detect-workload/1");
    assert_eq!(document["inputs"].as_array().unwrap().len(), 2);
    let told = &document["inputs"][0];
    for (parent, fields) in [
        (
            "",
            &["input", "is_ml", "workload_type", "category", "confidence", "reasons", "notes"][..],
        ),
        ("/resources", &["cpu_cores", "memory_bytes", "gpu_count", "gpu_memory_bytes", "basis"]),
        ("/evidence/0", &["file", "line", "token", "kind", "weight", "why"]),
        ("/host", &["cores", "memory_bytes", "gpus", "fits"]),
    ] {
        let of = told.pointer(parent).unwrap();
        for field in fields {
            assert!(of.get(field).is_some(), "{parent}/{field}: {told:#}");
        }
    }
    assert_eq!(document["inputs"][1]["input"], "text");
}

#[test]
fn here_is_the_default() {
    let ran = Sandbox::new().ut(["detect-workload", "--format", "json"]);
    assert_eq!(ran.json()["inputs"][0]["input"], ".");
}
