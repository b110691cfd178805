//! Weights in a folder, and what it needs by them.

use super::{files, project, safetensors};

const CONFIG: &str = r#"{"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 8192, "torch_dtype": "bfloat16"}"#;

/// A file as long as its header says, without the disk that this takes.
fn sparse(path: &std::path::Path, elements: u64) {
    let header = safetensors(elements);
    std::fs::write(path, &header).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(header.len() as u64 + elements * 2).unwrap();
}

#[test]
fn shards_are_one_model_and_their_parameters_exact() {
    let sandbox = files(&[("config.json", CONFIG)]);
    let half = 4_015_000_000;
    sparse(&sandbox.path("project/model-00001-of-00002.safetensors"), half);
    sparse(&sandbox.path("project/model-00002-of-00002.safetensors"), half);
    let told = project(&sandbox, &["--task", "serve", "--batch", "1", "--seq", "8192"]);
    assert_eq!(told["models"][0]["parameters"], half * 2, "{told:#}");
    assert_eq!(told["models"][0]["files"], 2);
    let gpu = told["resources"]["gpu_memory_bytes"].as_u64().unwrap() as f64 / 1e9;
    // 16.06 GB of weights, 1.07 GB of KV cache and a quarter, a context.
    assert!((17.0..20.0).contains(&gpu), "{gpu}");
}

#[test]
fn training_takes_eighteen_bytes_a_parameter_and_more() {
    let sandbox = files(&[("config.json", CONFIG)]);
    sparse(&sandbox.path("project/model.safetensors"), 8_030_000_000);
    let of = |args: &[&str]| {
        let told = project(&sandbox, args);
        let need = &told["resources"];
        need["gpu_count"].as_u64().unwrap() * need["gpu_memory_bytes"].as_u64().unwrap()
    };
    let train = of(&["--task", "train", "--batch", "1", "--seq", "512"]);
    assert!(train > 18 * 8_030_000_000, "{train}");
    assert!(train > of(&["--task", "serve", "--batch", "1", "--seq", "512"]) * 5);
}

#[test]
fn weights_that_git_keeps_elsewhere_are_weights() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5368709120\n";
    let told = project(&files(&[("model.safetensors", pointer)]), &[]);
    assert_eq!(told["is_ml"], true, "{told:#}");
    assert_eq!(told["notes"], serde_json::json!([]));
}

#[test]
fn a_header_that_lies_is_told_and_the_rest_counts() {
    let sandbox = files(&[("requirements.txt", "torch\n")]);
    let mut lie = (1_u64 << 60).to_le_bytes().to_vec();
    lie.extend(b"{\"w\":");
    std::fs::write(sandbox.path("project/model.safetensors"), lie).unwrap();
    let told = project(&sandbox, &[]);
    assert_eq!(told["is_ml"], true);
    assert!(told["notes"][0].as_str().unwrap().starts_with("model.safetensors: "), "{told:#}");
}

#[test]
fn tables_make_what_trees_need() {
    let sandbox = files(&[("requirements.txt", "scikit-learn\n"), ("data/train.csv", "")]);
    let memory = || project(&sandbox, &[])["resources"]["memory_bytes"].as_u64().unwrap();
    let without = memory();
    let table =
        std::fs::OpenOptions::new().write(true).open(sandbox.path("project/data/train.csv"));
    table.unwrap().set_len(2_000_000_000).unwrap();
    assert!(memory() > without + 5_000_000_000, "{without} {}", memory());
}

#[test]
fn what_is_no_machine_learning_needs_nothing() {
    let told = project(&files(&[("README.md", "# Notes\n\nA folder of notes.\n")]), &[]);
    assert_eq!(
        (&told["resources"], &told["host"]["fits"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
}
