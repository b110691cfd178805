//! All stacks together: for people, and as a document.

use std::fmt::Write as _;

use serde::Serialize;

use super::json;
use super::json::{Row, SuppressedRow};
use super::judged::Judged;
use super::tally::{Sums, Tally};
use super::totals::{HostReport, SetReport, table};
use crate::compose::Unreadable;
use crate::compose::finding::Severity;
use crate::compose::rules::Host;
use crate::core::context::Context;
use crate::core::output::{Level, printable};

/// Columns where no terminal tells them.
const WIDTH: usize = 140;

#[derive(Serialize)]
pub(super) struct Document<'s> {
    schema: &'static str,
    findings: Vec<Row>,
    /// What somebody had a reason to leave.
    suppressed: Vec<SuppressedRow>,
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
    stacks: &[Judged],
    tally: &'s Tally,
    host: &Host,
    unreadable: &[Unreadable],
) -> Document<'s> {
    let stack = |sums: &'s Sums| StackRow {
        files: &sums.files,
        project: &sums.project,
        sets: sums.totals.iter().map(SetReport::new).collect(),
    };
    let row = |error: &Unreadable| UnreadableRow {
        file: error.path.display().to_string(),
        message: error.to_string(),
    };
    Document {
        schema: "ut.compose-validate/1",
        findings: stacks.iter().flat_map(json::rows).collect(),
        suppressed: stacks.iter().flat_map(json::suppressed).collect(),
        totals: Totals {
            errors: tally.count(Severity::Error),
            warnings: tally.count(Severity::Warning),
            notes: tally.count(Severity::Note),
            stacks: tally.stacks.iter().map(stack).collect(),
            host: HostReport::new(host),
        },
        unreadable: unreadable.iter().map(row).collect(),
    }
}

/// Columns for findings.
pub(super) fn width(ctx: &Context) -> usize {
    ctx.out.width().unwrap_or(WIDTH)
}

/// The totals of a single stack, and what all findings come to.
pub(super) fn end(tally: &Tally, host: &Host, ctx: &Context) -> String {
    let mut text = String::new();
    let stacks = &tally.stacks;
    if ctx.out.level() == Level::Quiet || stacks.is_empty() {
        return text;
    }
    let is_shown = stacks.len() == 1 || ctx.out.level() == Level::Verbose;
    for stack in stacks.iter().filter(|_| is_shown) {
        if stack.totals.first().is_some_and(|total| total.services > 0) {
            if stacks.len() > 1 {
                let _ = writeln!(text, "{}", printable(&stack.files.join(" + ")));
            }
            text += &table(&stack.totals, &HostReport::new(host), ctx);
            text.push('\n');
        }
    }
    text + &line(tally)
}

/// `2 errors and 1 warning in compose.yaml`
fn line(tally: &Tally) -> String {
    let kinds = [Severity::Error, Severity::Warning, Severity::Note];
    let counts = kinds.map(|kind| (tally.count(kind), kind));
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{count} {kind}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    let place = match &tally.stacks[..] {
        [stack] => printable(&stack.files.join(" + ")),
        all => format!("{} stacks", all.len()),
    };
    let found = match said.split_last() {
        None => "nothing found".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    };
    // Where the first rule that found something is explained.
    let more = tally.first_rule.map_or_else(String::new, |code| {
        format!("`ut compose-validate --explain {}` says more\n", code.id)
    });
    format!("{found} in {place}{}\n{more}", asides(tally))
}

/// ` (4 can be mended with --fix, 2 are left with a reason)`
fn asides(tally: &Tally) -> String {
    let counts = [
        (tally.safe_fixes, "can be mended with --fix"),
        (tally.unsafe_fixes, "can be mended with --unsafe-fixes"),
        (tally.suppressed, "left with a reason"),
    ];
    let said = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said.map(|(count, what)| format!("{count} {what}")).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}
