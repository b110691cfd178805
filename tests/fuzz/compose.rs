//! Any bytes as a Compose file: they are read, judged by every rule and printed without a panic.

#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use ut::compose::rules::{Set, Settings};
use ut::compose::select::Selection;
use ut::compose::{Input, Policy, Request, Stack};

fuzz_target!(|data: &[u8]| {
    let shell = [("A", "a"), ("EMPTY", ""), ("HOME", "/nonexistent")];
    let request = Request {
        files: vec![Input::Text { name: "compose.yaml".into(), bytes: data.to_vec() }],
        project_name: Some("x".to_owned()),
        profiles: vec!["*".to_owned()],
        current: PathBuf::from("/nonexistent/fuzz"),
        shell: shell.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        ..Request::default()
    };
    let Ok(stack) = Stack::read(&request) else { return };
    let verdict = stack.verdict(&Policy {
        selection: Selection { set: Some(Set::Strict), ..Selection::default() },
        settings: Settings::of_examples(),
        ignores: Vec::new(),
    });
    let fixes: Vec<_> = verdict.findings.iter().filter_map(|found| found.fix.as_ref()).collect();
    for edit in stack.edits(&fixes) {
        stack.sources.position(edit.span);
    }
    for finding in stack.findings.iter().chain(&verdict.findings) {
        stack.sources.position(finding.span);
        stack.sources.end_position(finding.span);
        for (span, _) in &finding.notes {
            stack.sources.position(*span);
        }
    }
    let _ = stack.totals();
    let _ = stack.json().to_string();
});
