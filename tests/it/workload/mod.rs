//! `ut detect-workload`: what a folder, a file or a text is, and what it needs.

mod bad;
mod folders;
mod needs;
mod report;
mod texts;

use serde_json::Value;

use crate::support::{Ran, Sandbox};

/// The command in a sandbox.
fn detect(sandbox: &Sandbox, args: &[&str]) -> Ran {
    sandbox.ut([&["detect-workload"], args].concat())
}

/// The answer on the folder `project` of a sandbox.
fn project(sandbox: &Sandbox, args: &[&str]) -> Value {
    let ran = detect(sandbox, &[&["project", "--format", "json"], args].concat());
    ran.succeeds();
    ran.json()["inputs"][0].clone()
}

/// A sandbox with these files in its folder `project`.
fn files(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("project")).unwrap();
    for (name, text) in files {
        sandbox.write(&format!("project/{name}"), text);
    }
    sandbox
}

/// Bytes of a safetensors file with one tensor of 16-bit floats.
fn safetensors(elements: u64) -> Vec<u8> {
    let bytes = elements * 2;
    let header =
        format!(r#"{{"w":{{"dtype":"BF16","shape":[{elements}],"data_offsets":[0,{bytes}]}}}}"#);
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file
}
