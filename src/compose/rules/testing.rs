//! Stacks held against single rules, in tests.

use std::collections::BTreeMap;

use super::Settings;
use crate::compose::edit;
use crate::compose::finding::Finding;
use crate::compose::{Input, Request, Stack};

/// A host that is large enough for everything but what is meant not to fit.
pub(in crate::compose) fn settings() -> Settings {
    Settings::of_examples()
}

pub(in crate::compose) fn stack(text: &str) -> Stack {
    let input = Input::Text { name: "compose.yaml".into(), bytes: text.as_bytes().to_vec() };
    let request = Request {
        files: vec![input],
        project_name: Some("x".to_owned()),
        current: "/stack".into(),
        shell: BTreeMap::new(),
        ..Request::default()
    };
    Stack::read(&request).unwrap()
}

/// All that is found by reading and by every rule.
pub(super) fn judged(text: &str) -> Vec<Finding> {
    judged_with(text, &settings())
}

pub(super) fn judged_with(text: &str, settings: &Settings) -> Vec<Finding> {
    let mut stack = stack(text);
    let rules: Vec<_> = super::all().collect();
    let judged = stack.judge(&rules, settings);
    stack.findings.extend(judged);
    stack.findings
}

fn lines(text: &str, findings: &[Finding], id: &str) -> Vec<String> {
    let stack = stack(text);
    let line = |finding: &&Finding| {
        let (line, column) = stack.sources.position(finding.span);
        format!("{line}:{column} {} {}", finding.severity, finding.message)
    };
    findings.iter().filter(|finding| finding.code.id == id).map(|f| line(&f)).collect()
}

/// What one rule finds, as `line:column severity message`.
pub(super) fn of(id: &str, text: &str) -> Vec<String> {
    lines(text, &judged(text), id)
}

/// The same with other settings.
pub(super) fn of_with(id: &str, text: &str, settings: &Settings) -> Vec<String> {
    lines(text, &judged_with(text, settings), id)
}

/// The text with what one rule found mended. The model may differ only where the fixes say so.
pub(super) fn fixed(id: &str, text: &str) -> String {
    let found = judged(text);
    let fixes: Vec<_> =
        found.iter().filter(|f| f.code.id == id).filter_map(|f| f.fix.as_ref()).collect();
    assert!(!fixes.is_empty(), "{id} mends nothing");
    let before = stack(text);
    let edits = before.edits(&fixes);
    let fixed = edit::apply(text, &edits.iter().collect::<Vec<_>>());
    let allowed: Vec<String> = fixes.iter().flat_map(|fix| fix.paths()).collect();
    let changed = edit::changed(&before.whole(), &stack(&fixed).whole());
    assert!(!changed.is_empty(), "{id} changes nothing:\n{fixed}");
    let is_allowed = |path: &&String| {
        allowed.iter().any(|all| *path == all || path.starts_with(&format!("{all}.")))
    };
    let other: Vec<_> = changed.iter().filter(|path| !is_allowed(path)).collect();
    assert!(other.is_empty(), "{id} changes {other:?}, and {allowed:?} was said:\n{fixed}");
    fixed
}
