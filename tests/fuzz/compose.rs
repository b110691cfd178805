//! Any bytes as a Compose file: they are read, judged and printed without a panic.

#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use ut::compose::{Input, Request, Stack};

fuzz_target!(|data: &[u8]| {
    let shell = [("A", "a"), ("EMPTY", ""), ("HOME", "/nonexistent")];
    let request = Request {
        files: vec![Input::Bytes(data.to_vec())],
        project_name: Some("x".to_owned()),
        profiles: vec!["*".to_owned()],
        current: PathBuf::from("/nonexistent/fuzz"),
        shell: shell.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        ..Request::default()
    };
    let Ok(stack) = Stack::read(&request) else { return };
    for finding in &stack.findings {
        stack.sources.position(finding.span);
        stack.sources.end_position(finding.span);
        for (span, _) in &finding.notes {
            stack.sources.position(*span);
        }
    }
    let _ = stack.totals();
    let _ = stack.json().to_string();
});
