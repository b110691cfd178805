//! What a person sees.

use std::fmt::Write as _;

use super::document::Totals;
use super::plan::{Made, PlanArgs};
use crate::cleanup::apply::{Applied, Left};
use crate::cleanup::plan::{Action, last_active};
use crate::cleanup::reason::GROUPS;
use crate::core::context::Context;
use crate::core::error::nearest;
use crate::core::output::units::{bytes, grouped};
use crate::core::output::{Align, Level, Table, printable};
use crate::core::time::format_time;

/// Lines of refusals that are shown without `-v`.
const SHOWN: usize = 10;

pub(super) fn show(
    args: &PlanArgs,
    made: &Made,
    applied: Option<&Applied>,
    ctx: &Context,
) -> anyhow::Result<()> {
    let (each, all) = made.totals(applied);
    if let Some(applied) = applied {
        warn_of_left(made, applied, ctx);
        // A cron job says one line.
        if ctx.out.width().is_none() && ctx.out.level() < Level::Verbose {
            return Ok(ctx.out.summary(&summary(&all, applied))?);
        }
    }
    let mut text = table(made, each, &all, ctx);
    text.push('\n');
    if ctx.out.level() == Level::Verbose {
        for index in made.selected() {
            let _ = writeln!(text, "{}", line(made, index, applied));
        }
        text.push('\n');
    } else {
        text += &refusals(made);
    }
    let _ = writeln!(text, "{}", kept(made));
    text += &orphans(made);
    match applied {
        Some(applied) => {
            let _ = writeln!(text, "{}", summary(&all, applied));
        }
        None => text += dry(args),
    }
    Ok(ctx.out.result(text.as_bytes())?)
}

fn dry(args: &PlanArgs) -> &'static str {
    if args.dry_run {
        "dry run: nothing was changed. `--plan-out plan.json` writes this plan, `--apply-plan plan.json` \
         carries out exactly it.\n"
    } else {
        "the plan was written, nothing was changed. `ut cleanup --apply-plan FILE` carries it out.\n"
    }
}

fn table(made: &Made, each: Vec<Totals>, all: &Totals, ctx: &Context) -> String {
    let snapshot = &made.snapshot;
    let mut rows: Vec<(String, &Totals, String)> = (0..)
        .zip(&snapshot.scopes)
        .zip(&each)
        .filter(|((_, scope), totals)| scope.is_selected && totals.runs > 0)
        .map(|((index, scope), totals)| {
            (scope.experiment.name.to_string(), totals, note(made, index))
        })
        .collect();
    rows.push((String::new(), all, String::new()));
    let number = |n: u64| grouped(n);
    let mut table = Table::new();
    table.column("experiment", Align::Left, 0, rows.iter().map(|row| row.0.clone()));
    let mut column = |head, dispensable, cell: &dyn Fn(&Totals) -> String| {
        table.column(head, Align::Right, dispensable, rows.iter().map(|row| cell(row.1)));
    };
    column("runs", 2, &|t| number(t.runs));
    column("keep", 1, &|t| number(t.keep));
    column("delete", 0, &|t| number(t.delete));
    column("refuse", 0, &|t| number(t.refuse));
    if all.ignore > 0 {
        column("ignore", 3, &|t| number(t.ignore));
    }
    if made.with_sizes {
        column("frees", 0, &|t| match t.bytes {
            Some(0) | None => "–".to_owned(),
            Some(n) => bytes(n),
        });
    }
    if rows.iter().any(|row| !row.2.is_empty()) {
        table.column("", Align::Left, 4, rows.iter().map(|row| row.2.clone()));
    }
    let mut text = table.render(&ctx.out);
    // Where there was no room for them.
    let notes = rows.iter().map(|row| (printable(&row.0), printable(&row.2)));
    let left_out: Vec<_> = notes.filter(|(_, note)| !text.contains(note.as_str())).collect();
    for (name, note) in left_out {
        let _ = writeln!(text, "{name}: {note}");
    }
    text
}

/// `no run has sharpe_ratio: kept (did you mean sharpe?)`
fn note(made: &Made, index: u32) -> String {
    let scope = &made.snapshot.scopes[index as usize];
    if !made.plan.lacks_metric[index as usize] || scope.policy.top_n == 0 {
        return String::new();
    }
    let metric = &scope.policy.metric;
    let names = made.snapshot.metric_names.iter().find(|(own, _)| *own == index);
    let names = names.map(|(_, names)| names);
    if names.is_some_and(|names| names.contains(metric)) {
        return format!("no run has a finite {metric}: kept");
    }
    let near = names.and_then(|names| nearest(metric, names.iter().map(String::as_str)));
    let near = near.map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
    format!("no run has {metric}: kept{near}")
}

/// `orphan   /data/mlruns/1/4c1e…/artifacts  412 MiB`
fn orphans(made: &Made) -> String {
    let Some(orphans) = &made.orphans else { return String::new() };
    let mut text = String::new();
    for orphan in orphans {
        let path = orphan.path.display().to_string();
        let path = printable(&path);
        let _ = writeln!(text, "orphan   {path}  {}", bytes(orphan.bytes));
    }
    let sum = orphans.iter().map(|orphan| orphan.bytes).sum();
    let count = grouped(orphans.len() as u64);
    let _ = writeln!(text, "orphans  {count} with {}: told, not removed", bytes(sum));
    text
}

/// `kept     by age 118 · top 27 · tag 4`: each run once, by the first reason that holds.
fn kept(made: &Made) -> String {
    let counts = GROUPS.iter().zip(made.kept()).filter(|(_, count)| *count > 0);
    let parts: Vec<String> =
        counts.map(|((_, words, _), count)| format!("{words} {}", grouped(count))).collect();
    if parts.is_empty() {
        "kept     nothing".to_owned()
    } else {
        format!("kept     {}", parts.join(" · "))
    }
}

fn refusals(made: &Made) -> String {
    let mut text = String::new();
    let refused =
        made.selected().filter_map(|index| Some((index, made.plan.refusals.get(&index)?)));
    let mut more = 0;
    for (count, (index, why)) in refused.enumerate() {
        if count >= SHOWN {
            more += 1;
            continue;
        }
        let run = &made.snapshot.runs[index as usize];
        let name = &made.snapshot.scope(run).experiment.name;
        let line = printable(&format!("refused  {name}/{}  {why}", run.id));
        let _ = writeln!(text, "{line}");
    }
    if more > 0 {
        let _ = writeln!(text, "refused  {more} more; -v shows all");
    }
    text
}

/// `delete 4c1e…  2026-08-02  rank-88  412 MiB`
fn line(made: &Made, index: u32, applied: Option<&Applied>) -> String {
    let run = &made.snapshot.runs[index as usize];
    let decision = made.plan.decisions[index as usize];
    let action = match decision.action {
        Action::Keep => "keep",
        Action::Delete => "delete",
        Action::Refuse => "refuse",
        Action::Ignore => "ignore",
    };
    let last = last_active(run).map_or_else(
        || "–".to_owned(),
        |last| format_time(last.saturating_mul(1000)).chars().take(10).collect(),
    );
    let metric = &made.snapshot.scope(run).policy.metric;
    let mut text = format!("{action:6} {}  {last:10}", run.id);
    if decision.rank > 0 {
        let _ = write!(text, "  {metric} {:.4} (rank {})", run.metric, decision.rank);
    }
    let reasons = made.plan.reasons(&made.snapshot, index);
    let _ = write!(text, "  {}", reasons.join("; "));
    if let Some(size) = made.sizes.get(&index).filter(|_| decision.action == Action::Delete) {
        let _ = write!(text, "  {}", bytes(size.bytes));
    }
    if let Some(left) = applied.and_then(|applied| applied.left.get(&index)) {
        let _ = write!(text, "  left: {}", why(left));
    }
    printable(&text)
}

fn why(left: &Left) -> &str {
    match left {
        Left::Changed(why) | Left::Refused(why) | Left::Failed(_, why) => why,
    }
}

fn warn_of_left(made: &Made, applied: &Applied, ctx: &Context) {
    for (count, (index, left)) in applied.left.iter().enumerate() {
        if count == SHOWN && ctx.out.level() < Level::Verbose {
            ctx.out
                .warn(format!("{} more runs were left; -v shows all", applied.left.len() - SHOWN));
            break;
        }
        let run = &made.snapshot.runs[*index as usize];
        ctx.out.warn(format!("run {} was left: {}", run.id, why(left)));
    }
    let refused: Vec<_> = made
        .selected()
        .filter_map(|index| Some((index, made.plan.refusals.get(&index)?)))
        .collect();
    // On a terminal the table says so.
    if ctx.out.width().is_none() {
        for (index, why) in refused.iter().take(SHOWN) {
            let run = &made.snapshot.runs[*index as usize];
            ctx.out.warn(format!("run {} was refused: {why}", run.id));
        }
        if refused.len() > SHOWN {
            ctx.out.warn(format!("{} more runs were refused; -v shows all", refused.len() - SHOWN));
        }
    }
}

/// `384 of 589 runs deleted, 20.6 GiB freed, 1 refused`
fn summary(all: &Totals, applied: &Applied) -> String {
    let deleted = applied.deleted.len() as u64;
    let freed: u64 = applied.deleted.values().map(|size| size.bytes).sum();
    let mut text = format!(
        "{} of {} runs deleted, {} freed",
        grouped(deleted),
        grouped(all.runs),
        bytes(freed)
    );
    if all.refuse > 0 {
        let _ = write!(text, ", {} refused", grouped(all.refuse));
    }
    if !applied.left.is_empty() {
        let _ = write!(text, ", {} left", grouped(applied.left.len() as u64));
    }
    text
}
