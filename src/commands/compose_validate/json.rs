//! Findings as objects of a JSON document.

use serde::Serialize;

use super::judged::{Judged, Region};
use crate::compose::Suppressed;
use crate::compose::finding::{Finding, Severity};
use crate::compose::fix::Safety;
use crate::compose::source::Span;

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    code: &'static str,
    severity: Severity,
    message: String,
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    /// The first one.
    service: Option<String>,
    /// All, where there is more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// How it can be mended: by `--fix`, or by `--unsafe-fixes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Safety>,
}

/// A finding that is left.
#[derive(Debug, Serialize)]
pub(super) struct SuppressedRow {
    #[serde(flatten)]
    row: Row,
    reason: String,
    /// `in_source` or `configuration`.
    by: &'static str,
}

/// Another place that belongs to it.
#[derive(Debug, Serialize)]
struct Related {
    message: String,
    file: String,
    line: usize,
    column: usize,
}

pub(super) fn rows(stack: &Judged) -> Vec<Row> {
    stack.findings.iter().map(|finding| row(stack, finding)).collect()
}

pub(super) fn suppressed(stack: &Judged) -> Vec<SuppressedRow> {
    let row = |suppressed: &Suppressed| SuppressedRow {
        row: row(stack, &suppressed.finding),
        reason: suppressed.reason.clone(),
        by: if suppressed.at.is_some() { "in_source" } else { "configuration" },
    };
    stack.suppressed.iter().map(row).collect()
}

fn row(stack: &Judged, finding: &Finding) -> Row {
    let Region { file, line, column, end_line, end_column } = stack.region(finding.span);
    let has_several = finding.services.len() > 1;
    Row {
        code: finding.code.id,
        severity: finding.severity,
        message: finding.message.clone(),
        file: file.to_owned(),
        line,
        column,
        end_line,
        end_column,
        service: finding.services.first().cloned(),
        services: finding.services.iter().filter(|_| has_several).cloned().collect(),
        related: finding.notes.iter().map(|(span, text)| related(stack, *span, text)).collect(),
        help: finding.help.clone(),
        fix: finding.fix.as_ref().map(|fix| fix.safety),
    }
}

fn related(stack: &Judged, span: Span, message: &str) -> Related {
    let Region { file, line, column, .. } = stack.region(span);
    Related { message: message.to_owned(), file: file.to_owned(), line, column }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::compose_validate::judged::samples;
    use crate::compose::codes;

    #[test]
    fn each_finding_is_an_object() {
        let rows = serde_json::to_value(rows(&samples::three_findings())).unwrap();
        assert_eq!(
            rows,
            json!([
                {
                    "code": "CV033", "severity": "error",
                    "message": "`web` has neither an image nor a build",
                    "file": "compose.yaml", "line": 2, "column": 3, "end_line": 4, "end_column": 18,
                    "service": "web",
                },
                {
                    "code": "CV010", "severity": "error",
                    "message": "`imagee` is no key of a service",
                    "file": "compose.yaml", "line": 3, "column": 5, "end_line": 3, "end_column": 11,
                    "service": "api", "services": ["api", "web"],
                    "help": "did you mean `image`?",
                },
                {
                    "code": "CV037", "severity": "note", "message": "50% more",
                    "file": "deploy/over ride.yaml",
                    "line": 3, "column": 20, "end_line": 3, "end_column": 22,
                    "service": "web",
                    "related": [
                        {"message": "than here", "file": "compose.yaml", "line": 4, "column": 16},
                    ],
                },
            ])
        );
    }

    #[test]
    fn outside_of_services_there_is_none() {
        let mut stack = samples::stack(&[("empty", "")]);
        stack.findings = vec![Finding::new(codes::SYNTAX, Span::top(0), "nothing \u{1b}")];
        assert_eq!(
            serde_json::to_string(&rows(&stack)).unwrap(),
            r#"[{"code":"CV001","severity":"error","message":"nothing \u001b","file":"empty","line":1,"column":1,"end_line":1,"end_column":1,"service":null}]"#
        );
    }
}
