//! What kind of work a folder is.

use serde_json::Value;

use super::{files, project};

const TRAINING: &str = "\
import torch
from torch import nn

class Net(nn.Module):
    pass

device = 'cuda' if torch.cuda.is_available() else 'cpu'
net = Net().to(device)
optimizer = torch.optim.Adam(net.parameters())
loss.backward()
optimizer.step()
";

fn verdict(of: &[(&str, &str)]) -> (Value, Value) {
    let told = project(&files(of), &[]);
    (told["workload_type"].clone(), told["category"].clone())
}

fn is(of: &[(&str, &str)], kind: &str, category: &str) {
    let told = project(&files(of), &[]);
    assert_eq!(
        (&told["workload_type"], &told["category"]),
        (&kind.into(), &category.into()),
        "{told:#}"
    );
}

#[test]
fn a_network_that_chooses_its_device_needs_no_gpu() {
    is(
        &[("train.py", TRAINING), ("requirements.txt", "torch==2.4\n")],
        "gpu_optional",
        "deep_learning",
    );
}

#[test]
fn a_network_that_takes_a_gpu_unasked_needs_one() {
    let text =
        TRAINING.replace("device = 'cuda' if torch.cuda.is_available() else 'cpu'", "net.cuda()");
    let text = text.replace(".to(device)", ".cuda()");
    is(
        &[("train.py", &text), ("requirements.txt", "torch\nflash-attn\n")],
        "gpu_required",
        "deep_learning",
    );
}

#[test]
fn classical_learning_runs_on_the_cpu() {
    let text =
        "from sklearn.ensemble import RandomForestClassifier\nRandomForestClassifier().fit(x, y)\n";
    is(
        &[("fit.py", text), ("requirements.txt", "scikit-learn>=1.4\npandas\n")],
        "cpu",
        "traditional_ml",
    );
}

#[test]
fn each_manifest_alone_is_enough() {
    for (name, text) in [
        ("requirements.txt", "torch==2.4\ntransformers\n"),
        (
            "pyproject.toml",
            "[project]\nname = \"a\"\ndependencies = [\"torch>=2\", \"transformers\"]\n",
        ),
        ("environment.yml", "dependencies:\n  - pytorch\n  - pip:\n    - transformers\n"),
        ("setup.py", "setup(name='a', install_requires=['torch', 'transformers'])\n"),
        ("Pipfile", "[packages]\ntorch = \"*\"\ntransformers = \"*\"\n"),
    ] {
        let told = project(&files(&[(name, text)]), &[]);
        assert_eq!(told["is_ml"], true, "{name}: {told:#}");
        assert_eq!(told["category"], "nlp_llm", "{name}: {told:#}");
    }
}

#[test]
fn a_notebook_is_read_by_its_code() {
    let notebook = r##"{"cells": [
        {"cell_type": "markdown", "source": ["# import torch\n"]},
        {"cell_type": "code", "outputs": [{"data": "import xgboost"}], "source": ["import sklearn.svm\n", "sklearn.svm.SVC().fit(x, y)\n"]}
    ], "nbformat": 4}"##;
    let told = project(&files(&[("a.ipynb", notebook)]), &[]);
    let tokens: Vec<_> = told["evidence"].as_array().unwrap().iter().map(|e| &e["token"]).collect();
    assert_eq!(told["category"], "traditional_ml", "{told:#}");
    assert!(!tokens.iter().any(|t| **t == "torch" || **t == "xgboost"), "{tokens:?}");
}

#[test]
fn words_in_comments_and_strings_are_not_imports() {
    let text = "# import torch\ntext = '''\nimport torch\n'''\nprint('from sklearn import svm')\n";
    let (kind, _) = verdict(&[("a.py", text), ("README.md", "# Log rotation\n\nRotates logs.\n")]);
    assert_eq!(kind, "none");
}

#[test]
fn false_friends_are_no_machine_learning() {
    for (readme, other) in [
        (
            "# whisper\n\nA database of time series for Graphite.\n",
            ("setup.py", "setup(name='whisper')\n"),
        ),
        ("# gpu-top\n\nMonitors NVIDIA GPUs.\n", ("requirements.txt", "nvidia-ml-py\npsutil\n")),
        (
            "# Power grid\n\nSimulates power transformers and feeders.\n",
            ("a.py", "class Model:\n    def fit(self): ...\n"),
        ),
        (
            "# Blog\n\nDjango models and a training pipeline for new staff.\n",
            ("requirements.txt", "django\n"),
        ),
        ("# hash\n\nCracks hashes on GPUs.\n", ("kernel.cu", "__global__ void f() {}\n")),
    ] {
        let (kind, category) = verdict(&[("README.md", readme), other]);
        assert_eq!((kind, category), ("none".into(), "none".into()), "{readme}");
    }
}

#[test]
fn a_library_without_dependencies_is_known_by_what_it_says() {
    let readme = "# tinynn\n\nA small neural network library in C: feed-forward networks, trained with backpropagation.\n";
    let (kind, category) =
        verdict(&[("README.md", readme), ("tinynn.c", "double f(double x) { return x; }\n")]);
    assert_eq!((kind, category), ("cpu".into(), "deep_learning".into()));
}

#[test]
fn tests_and_optional_backends_do_not_make_it_machine_learning() {
    let shim = "try:\n    import torch\nexcept ImportError:\n    torch = None\n";
    let mut all = vec![
        ("README.md", "# arrays\n\nUnits for array libraries.\n".to_owned()),
        (
            "pyproject.toml",
            "[project]\nname = \"arrays\"\n[dependency-groups]\ntest = [\"torch\"]\n".to_owned(),
        ),
        ("tests/test_torch.py", "import torch\n".to_owned()),
        ("arrays/compat.py", shim.to_owned()),
    ];
    let names: Vec<String> = (0..20).map(|n| format!("arrays/part{n}.py")).collect();
    all.extend(names.iter().map(|name| (name.as_str(), "import numpy\n".to_owned())));
    let all: Vec<(&str, &str)> = all.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(verdict(&all).0, "none");
}

#[test]
fn a_stack_that_asks_for_gpus_needs_them() {
    let compose = "services:\n  llm:\n    image: vllm/vllm-openai:v0.6\n    deploy:\n      resources:\n        reservations:\n          devices:\n            - driver: nvidia\n              count: 2\n";
    is(&[("compose.yaml", compose)], "gpu_required", "nlp_llm");
}

#[test]
fn what_git_ignores_is_left_out() {
    let of = [(".gitignore", "/venv\n"), ("venv/a.py", TRAINING), ("README.md", "# A\n\nNotes.\n")];
    assert_eq!(verdict(&of).0, "none");
}

#[test]
fn the_same_is_told_each_time_and_on_any_number_of_threads() {
    let names: Vec<String> = (0..40).map(|n| format!("part{n}/train.py")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), TRAINING)).collect();
    let sandbox = files(&all);
    let first = project(&sandbox, &[]);
    for _ in 0..5 {
        assert_eq!(project(&sandbox, &[]), first);
    }
}
