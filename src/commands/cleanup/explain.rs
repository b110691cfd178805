//! `ut cleanup explain`: one run, and everything that speaks for and against it.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::open::StoreArgs;
use super::settings::PolicyArgs;
use crate::cleanup::artifacts;
use crate::cleanup::facts::{Run, Snapshot};
use crate::cleanup::place::Places;
use crate::cleanup::plan::{Action, Findings, Plan, decide, last_active};
use crate::commands::ReportFormat;
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::output::printable;
use crate::core::output::units::long_duration;
use crate::core::time::format_time;

#[derive(Debug, Args)]
#[command(after_help = "Example: ut cleanup explain 4c1e0d6f1f3b4e0c9a8d7b6a5f4e3d2c")]
pub(super) struct ExplainArgs {
    /// Id of the run, or how it begins
    run: String,
    #[command(flatten)]
    store: StoreArgs,
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
    #[command(flatten)]
    policy: PolicyArgs,
}

#[derive(Serialize)]
struct Document<'s> {
    schema: &'static str,
    run_id: &'s str,
    experiment_id: &'s str,
    experiment_name: &'s str,
    action: Action,
    reasons: Vec<String>,
    rank: Option<u32>,
    last_active: Option<String>,
    artifact_uri: String,
    retention_days: u32,
    top_n: u32,
    metric: &'s str,
}

pub(super) fn run(args: &ExplainArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let mut opened = args.store.open(ctx)?;
    let snapshot = opened.read(&[], &args.policy, None, true, ctx)?;
    let index = find(&snapshot, &args.run)?;
    let run = &snapshot.runs[index as usize];
    let now = clock::now() / 1000;
    let mut findings = Findings::default();
    let places = Places::new(&snapshot, &opened.access);
    let place = places.find(run.experiment, "", &run.id, &run.uri);
    let refuse = |own: u32| (own == index).then(|| place.as_ref().err().cloned()).flatten();
    if let Ok(place) = &place
        && let Err(why) = artifacts::inspect(place, opened.store.as_mut(), ctx)
    {
        findings.refusals.insert(index, why);
    }
    let plan = decide(&snapshot, now, &findings, |own, _| refuse(own));
    match args.format {
        ReportFormat::Json => {
            let scope = snapshot.scope(run);
            let decision = plan.decisions[index as usize];
            ctx.out.json(&Document {
                schema: "ut.cleanup-explain/1",
                run_id: &run.id,
                experiment_id: &scope.experiment.id,
                experiment_name: &scope.experiment.name,
                action: decision.action,
                reasons: plan.reasons(&snapshot, index),
                rank: (decision.rank > 0).then_some(decision.rank),
                last_active: last_active(run).map(|last| format_time(last.saturating_mul(1000))),
                artifact_uri: uri(&snapshot, run),
                retention_days: scope.policy.retention_days,
                top_n: scope.policy.top_n,
                metric: &scope.policy.metric,
            })?;
        }
        ReportFormat::Table => ctx.out.result(text(&snapshot, &plan, index, now).as_bytes())?,
    }
    Ok(Exit::Done)
}

fn find(snapshot: &Snapshot, id: &str) -> Result<u32, Fault> {
    let mut found = (0_u32..).zip(&snapshot.runs).filter(|(_, run)| run.id.starts_with(id));
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Ok(index),
        (Some((index, run)), _) if *run.id == *id => Ok(index),
        (Some(_), _) => Err(Fault::usage(format!("more than one run begins with {id}"))),
        (None, _) => Err(Fault::usage(format!("there is no run {id} in this store"))),
    }
}

fn uri(snapshot: &Snapshot, run: &Run) -> String {
    run.uri.text(&snapshot.scope(run).experiment.location, "", &run.id)
}

fn text(snapshot: &Snapshot, plan: &Plan, index: u32, now: i64) -> String {
    let run = &snapshot.runs[index as usize];
    let scope = snapshot.scope(run);
    let (policy, decision) = (&scope.policy, plan.decisions[index as usize]);
    let verdict = match decision.action {
        Action::Keep => "is kept",
        Action::Delete => "would be deleted",
        Action::Refuse => "would be deleted, but is refused",
        Action::Ignore => "is soft-deleted, and nothing of it is left",
    };
    let mut text = format!("run {} of {} {verdict}\n\n", run.id, scope.experiment.name);
    let mut line = |head: &str, what: String| {
        let _ = writeln!(text, "{head:9}  {}", printable(&what));
    };
    line("because", plan.reasons(snapshot, index).join("; "));
    let last = last_active(run).map_or_else(
        || "not known: it has no start".to_owned(),
        |last| {
            let age = long_duration((now - last).max(0) as f64 / 1000.0);
            format!(
                "last active {} ({age} ago); kept for {} days",
                format_time(last.saturating_mul(1000)),
                policy.retention_days
            )
        },
    );
    line("age", last);
    let rank = match decision.rank {
        0 => format!(
            "it has no finite {}, or is not active; the best {} are kept",
            policy.metric, policy.top_n
        ),
        rank => format!(
            "{} {} is number {rank}; the best {} are kept",
            policy.metric, run.metric, policy.top_n
        ),
    };
    line("rank", rank);
    if !run.is_active {
        line("deleted", "it is soft-deleted: only --include-deleted looks at it".to_owned());
    }
    if let Some(parent) = &run.parent {
        line("parent", parent.to_string());
    }
    line("artifacts", uri(snapshot, run));
    for model in snapshot.models_of(run) {
        line("model", format!("{} (deleted: {})", model.id, !model.is_active));
    }
    text
}
