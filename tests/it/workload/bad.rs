//! What cannot be read, and what asks for nothing that is.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::{detect, files, project};
use crate::support::Sandbox;

#[test]
fn wrong_usage_is_told() {
    let sandbox = Sandbox::new();
    detect(&sandbox, &["nowhere"]).fails(3, &["cannot read nowhere", "No such file"]);
    detect(&sandbox, &["-", "-"]).fails(2, &["given twice"]);
    detect(&sandbox, &["--batch", "0"]).fails(2, &["--batch"]);
    detect(&sandbox, &["--expect", "gpu"]).fails(2, &["gpu_required"]);
    detect(&sandbox, &["--precision", "fp7"]).fails(2, &["fp16"]);
}

#[test]
fn an_empty_folder_is_nothing() {
    let told = project(&files(&[]), &[]);
    assert_eq!(
        (&told["is_ml"], &told["reasons"][0]),
        (&false.into(), &"there is nothing to read".into())
    );
}

#[test]
fn types_that_are_not_expected_are_findings() {
    let sandbox = files(&[("requirements.txt", "scikit-learn\n")]);
    assert_eq!(detect(&sandbox, &["project", "--expect", "none,cpu"]).code, Some(0));
    let ran = detect(&sandbox, &["project", "--expect", "gpu_required"]);
    ran.fails(1, &["project: cpu is not among what --expect names"]);
}

#[test]
fn broken_manifests_leave_the_rest_and_a_note() {
    let of = [
        ("pyproject.toml", "[project\nname = "),
        ("package.json", "{\"dependencies\": "),
        ("a.ipynb", "{\"cells\": ["),
        ("requirements.txt", "xgboost==2.1\n"),
        ("fit.py", "import xgboost\nxgboost.train({}, d)\n"),
    ];
    let told = project(&files(&of), &[]);
    assert_eq!(told["workload_type"], "cpu", "{told:#}");
    assert!(!told["notes"].as_array().unwrap().is_empty(), "{told:#}");
}

#[test]
fn loops_and_links_out_are_not_followed() {
    let sandbox = files(&[("a.txt", "")]);
    sandbox.write("outside/requirements.txt", "torch\n");
    symlink(sandbox.path("project"), sandbox.path("project/loop")).unwrap();
    symlink(sandbox.path("outside"), sandbox.path("project/out")).unwrap();
    assert_eq!(project(&sandbox, &[])["is_ml"], false);
}

#[test]
fn what_nobody_may_read_makes_it_partial() {
    let sandbox = files(&[("requirements.txt", "torch\n"), ("secret/train.py", "import torch\n")]);
    let folder = sandbox.path("project/secret");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o000)).unwrap();
    let may = std::fs::read_dir(&folder).is_ok();
    let ran = detect(&sandbox, &["project", "--format", "json"]);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    if may {
        // Root may read everything.
        assert_eq!(ran.code, Some(0), "{ran:?}");
    } else {
        assert_eq!(ran.code, Some(4), "{ran:?}");
        assert!(ran.stderr.contains("secret"), "{ran:?}");
    }
    assert_eq!(ran.json()["inputs"][0]["is_ml"], true);
}

#[test]
fn binary_files_and_wrong_characters_are_taken() {
    let sandbox = files(&[]);
    std::fs::write(sandbox.path("project/train.py"), b"\0\0\0import torch\n").unwrap();
    std::fs::write(sandbox.path("project/b.py"), b"import sklearn.svm # \xff\xfe\n").unwrap();
    for name in ["a.pt", "a.onnx", "a.h5", "a.gguf", "a.keras", "a.ckpt", "a.bin", "a.safetensors"]
    {
        std::fs::write(sandbox.path(&format!("project/{name}")), [0xff_u8; 40]).unwrap();
    }
    let told = project(&sandbox, &[]);
    assert_eq!(told["category"], "traditional_ml", "{told:#}");
}

#[test]
fn one_file_of_anything_is_taken() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("blob"), [0_u8; 64]).unwrap();
    let ran = detect(&sandbox, &["blob", "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["inputs"][0]["is_ml"]), (Some(0), &false.into()));
    assert!(ran.stderr.contains("this is not text"), "{ran:?}");
}
