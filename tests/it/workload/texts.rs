//! What a text is about.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use super::detect;
use crate::support::Sandbox;

fn judged(text: &str) -> Value {
    let ran = detect(&Sandbox::new(), &["--text", text, "--format", "json"]);
    ran.succeeds();
    ran.json()["inputs"][0].clone()
}

#[test]
fn briefs_are_judged() {
    for (text, kind) in [
        ("Fine-tune a 13B language model with QLoRA on our support tickets.", "gpu_required"),
        (
            "Classify pictures of parts with a small MobileNet on the line's industrial PC.",
            "gpu_optional",
        ),
        ("Predict churn with gradient boosting from 30 columns.", "cpu"),
        ("The site shows the train timetable of the next hour.", "none"),
        ("No machine learning, please: a threshold on the queue's length is enough.", "none"),
        ("Django models for orders and a migration of the old tables.", "none"),
        ("", "none"),
    ] {
        assert_eq!(judged(text)["workload_type"], kind, "{text}");
    }
}

#[test]
fn stated_sizes_make_the_estimate() {
    let told = judged("Serve a 70B model for 50 users on H100 GPUs.");
    assert_eq!(told["resources"]["terms"]["parameters"], 70_000_000_000_u64, "{told:#}");
    assert!(told["resources"]["gpu_count"].as_u64() >= Some(2), "{told:#}");
}

/// Whoever writes a text of any length to it is read to the end.
#[test]
fn standard_input_of_any_length_is_taken() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["detect-workload", "-", "--format", "json"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"Train a random forest. ").unwrap();
    for _ in 0..20 {
        stdin.write_all(&vec![b'x'; 1 << 20]).unwrap();
    }
    stdin.write_all(&[0xff, 0xfe]).unwrap();
    drop(stdin);
    let ran = child.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(0));
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(told["inputs"][0]["workload_type"], "cpu");
    assert!(String::from_utf8_lossy(&ran.stderr).contains("the first MiB was judged"));
}

#[test]
fn a_file_of_words_is_a_brief() {
    let sandbox = Sandbox::new();
    sandbox.write("brief.md", "Segment cells in microscope images with a U-Net.");
    let ran = detect(&sandbox, &["brief.md", "--format", "json"]);
    assert_eq!(ran.json()["inputs"][0]["category"], "computer_vision");
}
