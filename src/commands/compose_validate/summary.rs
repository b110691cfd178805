//! All stacks together: for people, and as a document.

use std::fmt::Write as _;

use serde::Serialize;

use super::json::Row;
use super::totals::{HostReport, SetReport, table};
use super::{ComposeArgs, full, json};
use crate::commands::compose_validate::judged::Judged;
use crate::compose::Unreadable;
use crate::compose::finding::Severity;
use crate::core::context::Context;
use crate::core::output::{Level, printable};

/// Columns where no terminal tells them.
const WIDTH: usize = 140;

#[derive(Serialize)]
pub(super) struct Document<'s> {
    schema: &'static str,
    findings: Vec<Row>,
    totals: Totals<'s>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<UnreadableRow>,
}

#[derive(Serialize)]
struct Totals<'s> {
    errors: usize,
    warnings: usize,
    notes: usize,
    stacks: Vec<StackRow<'s>>,
    host: HostReport,
}

#[derive(Serialize)]
struct StackRow<'s> {
    files: &'s [String],
    project: &'s str,
    sets: Vec<SetReport<'s>>,
}

#[derive(Serialize)]
struct UnreadableRow {
    file: String,
    message: String,
}

pub(super) fn document<'s>(
    args: &ComposeArgs,
    stacks: &'s [Judged],
    unreadable: &[Unreadable],
) -> Document<'s> {
    let stack = |stack: &'s Judged| StackRow {
        files: &stack.files,
        project: &stack.project,
        sets: stack.totals.iter().map(SetReport::new).collect(),
    };
    let row = |error: &Unreadable| UnreadableRow {
        file: error.path.display().to_string(),
        message: error.to_string(),
    };
    Document {
        schema: "ut.compose-validate/1",
        findings: stacks.iter().flat_map(json::rows).collect(),
        totals: Totals {
            errors: count(stacks, Severity::Error),
            warnings: count(stacks, Severity::Warning),
            notes: count(stacks, Severity::Note),
            stacks: stacks.iter().map(stack).collect(),
            host: args.host.report(),
        },
        unreadable: unreadable.iter().map(row).collect(),
    }
}

fn count(stacks: &[Judged], severity: Severity) -> usize {
    let findings = stacks.iter().flat_map(|stack| &stack.findings);
    findings.filter(|finding| finding.severity() == severity).count()
}

/// Every finding with its lines, the totals of a single stack, and what it comes to.
pub(super) fn full(args: &ComposeArgs, stacks: &[Judged], ctx: &Context) -> String {
    let width = ctx.out.width().unwrap_or(WIDTH);
    let mut text = String::new();
    for stack in stacks.iter().filter(|stack| !stack.findings.is_empty()) {
        text += full::render(stack, ctx.out.is_colored(), width).trim_end();
        text += "\n\n";
    }
    if ctx.out.level() == Level::Quiet || stacks.is_empty() {
        return text;
    }
    let is_shown = stacks.len() == 1 || ctx.out.level() == Level::Verbose;
    for stack in stacks.iter().filter(|_| is_shown) {
        if stack.totals.first().is_some_and(|total| total.services > 0) {
            if stacks.len() > 1 {
                let _ = writeln!(text, "{}", printable(&stack.files.join(" + ")));
            }
            text += &table(stack, &args.host.report(), ctx);
            text.push('\n');
        }
    }
    text + &line(stacks)
}

/// `2 errors and 1 warning in compose.yaml`
fn line(stacks: &[Judged]) -> String {
    let kinds = [Severity::Error, Severity::Warning, Severity::Note];
    let counts = kinds.map(|kind| (count(stacks, kind), kind));
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{count} {kind}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    let place = match stacks {
        [stack] => printable(&stack.files.join(" + ")),
        all => format!("{} stacks", all.len()),
    };
    match said.split_last() {
        None => format!("nothing found in {place}\n"),
        Some((last, [])) => format!("{last} in {place}\n"),
        Some((last, rest)) => format!("{} and {last} in {place}\n", rest.join(", ")),
    }
}
