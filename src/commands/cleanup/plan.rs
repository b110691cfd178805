//! The plan: made, shown, and carried out unless it is a dry run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;

use super::carry;
use super::counted;
use super::document;
use super::open::{Opened, StoreArgs};
use super::settings::PolicyArgs;
use super::table;
use crate::cleanup::apply::Applied;
use crate::cleanup::artifacts;
use crate::cleanup::facts::{Millis, Snapshot};
use crate::cleanup::orphans::{self, Orphan};
use crate::cleanup::place::{Access, Place, Places};
use crate::cleanup::plan::{Action, Findings, Plan, decide};
use crate::cleanup::planfile::PlanFile;
use crate::cleanup::policy::{DAY, MaxDelete};
use crate::cleanup::stage::Stage;
use crate::cleanup::store::Store;
use crate::commands::ReportFormat;
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::files::tree::Size;
use crate::core::output::Unit;
use crate::core::time::parse_time;

/// Flags whose part a written plan takes.
const PLANNED: [&str; 9] = [
    "experiment",
    "retention_days",
    "top_n",
    "metric",
    "mode",
    "protect_tag",
    "min_keep",
    "now",
    "include_deleted",
];

#[expect(clippy::struct_excessive_bools, reason = "they are flags")]
#[derive(Debug, Args, PartialEq, Default)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// Only these experiments, by name or id [default: all]
    #[arg(long, value_name = "NAME|ID")]
    pub(super) experiment: Vec<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Archive every run here before it goes: one file a run
    #[arg(long, value_name = "DIR")]
    pub(super) archive_path: Option<PathBuf>,
    /// Do nothing if more runs would go, or a larger share of an experiment's
    #[arg(long, value_name = "N|P%")]
    pub(super) max_delete: Option<MaxDelete>,
    /// Decide as at this time; one that is to come needs --dry-run
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<i64>,
    /// Clear runs that were soft-deleted before, too
    #[arg(long)]
    include_deleted: bool,
    /// Do not add up bytes, which takes a look into every folder
    #[arg(long)]
    no_sizes: bool,
    /// Tell of folders that look like a run's and that the store knows nothing of, too
    #[arg(long)]
    orphans: bool,
    /// Write the plan to this file, and do nothing
    #[arg(long, value_name = "FILE", conflicts_with = "apply_plan")]
    plan_out: Option<PathBuf>,
    /// Carry out exactly this plan; runs that have changed since are left
    #[arg(long, value_name = "FILE", conflicts_with_all = PLANNED)]
    pub(super) apply_plan: Option<PathBuf>,
    /// Do not ask at a terminal
    #[arg(long)]
    pub(super) yes: bool,
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: ReportFormat,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
}

fn time(text: &str) -> Result<i64, &'static str> {
    parse_time(text).ok_or("a time such as 2026-01-31T06:00:00Z was expected")
}

/// All that is shown.
pub(super) struct Made {
    pub(super) snapshot: Snapshot,
    pub(super) plan: Plan,
    /// What runs that go take with them, where it was looked at.
    pub(super) sizes: BTreeMap<u32, Size>,
    pub(super) with_sizes: bool,
    /// None if nobody asked.
    pub(super) orphans: Option<Vec<Orphan>>,
    pub(super) now: Millis,
}

pub(super) fn run(args: &PlanArgs, ctx: &Context) -> anyhow::Result<Exit> {
    let now = args.now()?;
    let mut opened = args.store.open(ctx)?;
    let is_dry = args.dry_run || args.plan_out.is_some();
    if is_dry {
        carry::warn_of_unfinished(&opened, ctx);
        let made = make(args, &mut opened, now, None, ctx)?;
        warn_of_limit(args, &made, ctx);
        if let Some(path) = &args.plan_out {
            carry::write_plan(path, args.include_deleted, &made, &mut opened, ctx)?;
        }
        show(args, &made, &opened, None, ctx)?;
        return Ok(exit(&made, None));
    }
    carry::out(args, opened, now, ctx)
}

impl PlanArgs {
    fn now(&self) -> Result<Millis, Fault> {
        let clock = clock::now() / 1000;
        let now = self.now.map_or(clock, |micros| micros / 1000);
        let is_dry = self.dry_run || self.plan_out.is_some();
        if now > clock + DAY && !is_dry {
            return Err(Fault::usage("--now is in the future: runs would go before their time")
                .hint("it goes with --dry-run"));
        }
        Ok(now)
    }

    pub(super) fn limit(&self, ctx: &Context) -> Option<MaxDelete> {
        let configured = || ctx.config.count_or_share("cleanup.max-delete")?.parse().ok();
        self.max_delete.or_else(configured)
    }
}

/// Reads the store and decides.
pub(super) fn make(
    args: &PlanArgs,
    opened: &mut Opened,
    now: Millis,
    planned: Option<&PlanFile>,
    ctx: &Context,
) -> Result<Made, Fault> {
    let with_deleted = planned.map_or(args.include_deleted, |plan| plan.include_deleted);
    let snapshot = counted::stage(Stage::List, ctx, || {
        opened.read(&args.experiment, &args.policy, planned, with_deleted, ctx)
    })?;
    let made = counted::stage(Stage::Plan, ctx, || decided(args, opened, snapshot, now, ctx))?;
    counted::plan(&made, ctx);
    Ok(made)
}

/// What becomes of everything in the store.
fn decided(
    args: &PlanArgs,
    opened: &mut Opened,
    snapshot: Snapshot,
    now: Millis,
    ctx: &Context,
) -> Result<Made, Fault> {
    warn_of_clock(&snapshot, now, ctx);
    let mut findings = Findings::default();
    let mut sizes = BTreeMap::new();
    let Opened { store, access, .. } = opened;
    let places = Places::new(&snapshot, access);
    let folders = |index: u32| places_of(&snapshot, &places, index);
    let refuse = |index: u32| folders(index).err();
    let mut plan = decide(&snapshot, now, &findings, |index, _| refuse(index));
    // What is refused may change what is kept, and so what goes.
    loop {
        let seen = |index: &u32| !sizes.contains_key(index);
        let wanted = |index: &u32| !args.no_sizes || !snapshot.runs[*index as usize].is_active;
        let deletes: Vec<u32> =
            plan.deletes(&snapshot).into_iter().filter(seen).filter(wanted).collect();
        if deletes.is_empty() {
            break;
        }
        for (index, found) in look_at(&deletes, &folders, access, store.as_mut(), ctx) {
            sizes.insert(
                index,
                *found.as_ref().ok().and_then(Option::as_ref).unwrap_or(&Size::default()),
            );
            match found {
                Err(why) => drop(findings.refusals.insert(index, why)),
                Ok(None | Some(Size { files: 0, .. }))
                    if !snapshot.runs[index as usize].is_active =>
                {
                    findings.gone.insert(index);
                }
                Ok(_) => {}
            }
        }
        plan = decide(&snapshot, now, &findings, |index, _| refuse(index));
    }
    drop(places);
    let orphans =
        args.orphans.then(|| orphans::find(&snapshot, access, store.as_mut(), ctx)).transpose()?;
    Ok(Made { snapshot, plan, sizes, with_sizes: !args.no_sizes, orphans, now })
}

/// The folders of a run: its own, and those of the models that it logged.
fn places_of(snapshot: &Snapshot, places: &Places<'_>, index: u32) -> Result<Vec<Place>, String> {
    let run = &snapshot.runs[index as usize];
    let mut all = vec![places.find(run.experiment, "", &run.id, &run.uri)?];
    for model in snapshot.models_of(run).iter().filter(|model| model.is_active) {
        all.push(places.find(model.experiment, "models/", &model.id, &model.uri)?);
    }
    Ok(all)
}

type Looked = (u32, Result<Option<Size>, String>);

/// What lies in the folders of these runs.
fn look_at(
    runs: &[u32],
    folders: &(impl Fn(u32) -> Result<Vec<Place>, String> + Sync),
    access: &Access,
    store: &mut dyn Store,
    ctx: &Context,
) -> Vec<Looked> {
    let progress = ctx.out.progress("adding up", Unit::Items, Some(runs.len() as u64));
    let sum = |sizes: Vec<Option<Size>>| {
        sizes.into_iter().flatten().reduce(|mut all, one| {
            all.add(one);
            all
        })
    };
    if !access.has_proxy || access.is_named {
        let look = |index: &u32| {
            let places = folders(*index);
            let sizes =
                places.and_then(|places| places.iter().map(artifacts::inspect_local).collect());
            progress.advance(1);
            (*index, sizes.map(sum))
        };
        return runs.par_iter().map(look).collect();
    }
    let look = |index: &u32| {
        let sizes = folders(*index).and_then(|places| {
            places.iter().map(|place| artifacts::inspect(place, store, ctx)).collect()
        });
        progress.advance(1);
        (*index, sizes.map(sum))
    };
    runs.iter().map(look).collect()
}

fn warn_of_clock(snapshot: &Snapshot, now: Millis, ctx: &Context) {
    let last = snapshot.runs.iter().map(|run| run.start.max(run.end));
    if let Some(last) = last.max().filter(|last| *last > now + DAY) {
        let time = crate::core::time::format_time(last.saturating_mul(1000));
        ctx.out.warn(format!("a run is of {time}, which is to come: is the clock right?"));
    }
}

/// What is beyond the limit, in words.
pub(super) fn beyond_limit(limit: MaxDelete, made: &Made) -> Option<String> {
    let mut counts: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for (run, decision) in made.snapshot.runs.iter().zip(&made.plan.decisions) {
        if made.snapshot.scope(run).is_selected && run.is_active {
            let (active, go) = counts.entry(run.experiment).or_default();
            *active += 1;
            *go += usize::from(decision.action == Action::Delete);
        }
    }
    match limit {
        MaxDelete::Runs(most) => {
            let all = made.plan.deletes(&made.snapshot).len();
            (all > most).then(|| format!("{all} runs would go, more than {most}"))
        }
        MaxDelete::Share(most) => counts.into_iter().find_map(|(index, (active, go))| {
            let share = 100.0 * go as f64 / active as f64;
            let name = &made.snapshot.scopes[index as usize].experiment.name;
            (share > most)
                .then(|| format!("{go} of {active} runs of {name} would go, more than {most}%"))
        }),
    }
}

fn warn_of_limit(args: &PlanArgs, made: &Made, ctx: &Context) {
    if let Some(beyond) = args.limit(ctx).and_then(|limit| beyond_limit(limit, made)) {
        ctx.out.warn(format!("{beyond}: without --dry-run nothing would be done"));
    }
}

pub(super) fn show(
    args: &PlanArgs,
    made: &Made,
    opened: &Opened,
    applied: Option<&Applied>,
    ctx: &Context,
) -> anyhow::Result<()> {
    match args.format {
        ReportFormat::Json => document::show(made, opened, applied, ctx),
        ReportFormat::Table => table::show(args, made, applied, ctx),
    }
}

/// Whether anything was refused or left.
pub(super) fn exit(made: &Made, applied: Option<&Applied>) -> Exit {
    let is_selected =
        |index: &u32| made.snapshot.scope(&made.snapshot.runs[*index as usize]).is_selected;
    let is_refused = made.plan.refusals.keys().any(is_selected);
    let is_left = applied.is_some_and(|applied| !applied.left.is_empty());
    if !is_refused && !is_left { Exit::Done } else { Exit::Partial }
}
