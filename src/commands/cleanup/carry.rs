//! Carrying a plan out: one cleanup per store at a time, what an earlier one left first.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::counted;
use super::open::Opened;
use super::plan::{Made, PlanArgs, beyond_limit, exit, make, show};
use crate::cleanup::apply::{Applied, Apply, Left};
use crate::cleanup::facts::{Millis, Snapshot};
use crate::cleanup::journal::Journal;
use crate::cleanup::plan::Action;
use crate::cleanup::planfile::{PlanFile, PlannedRun, SCHEMA, fingerprint};
use crate::cleanup::policy::{DAY, Policy};
use crate::cleanup::recover::{Ended, recover};
use crate::cleanup::stage::Stage;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::files::{self, Lock};
use crate::core::output::units::{bytes, long_duration};
use crate::core::output::{Progress, Unit};
use crate::core::state::{self, State};
use crate::core::time::{format_time, parse_time};

/// A clock that is wrong by more makes runs older than they are.
const CLOCK_TOLERANCE: Millis = 3_600_000;

pub(super) fn out(
    args: &PlanArgs,
    mut opened: Opened,
    now: Millis,
    ctx: &Context,
) -> anyhow::Result<Exit> {
    let file = args.apply_plan.as_deref().map(|path| read_plan(path, &opened)).transpose()?;
    // The times that the plan was made for.
    let now = file.as_ref().map_or(now, |(_, at)| *at);
    let folder = state::folder(&ctx.config, &ctx.env)?;
    let state = State::open(&folder).map_err(Fault::from)?;
    let _only_one = lock(&folder, opened.store.identity(), opened.store.name())?;
    let journal = Journal::new(&state, opened.store.identity());
    let unfinished = finish(args, &mut opened, &journal, ctx)?;
    let planned = file.as_ref().map(|(file, _)| file);
    let made = make(args, &mut opened, now, planned, ctx)?;
    check_clock(&opened)?;
    let archive = archive(args, &opened, &made.snapshot, ctx)?;
    if let Some(beyond) = args.limit(ctx).and_then(|limit| beyond_limit(limit, &made)) {
        let fault = Fault::failed(format!("{beyond}: nothing was done"));
        return Err(fault.hint("look at it with --dry-run, or raise --max-delete").into());
    }
    let mut applied = Applied::default();
    let runs = match &file {
        Some((file, _)) => chosen(file, &made, &mut applied, ctx),
        None => made.plan.deletes(&made.snapshot),
    };
    if !runs.is_empty()
        && !args.yes
        && !ctx.out.confirm(&question(&made, &runs, archive.as_deref()))?
    {
        ctx.out.summary("nothing was changed")?;
        return Ok(Exit::Done);
    }
    let fingerprints = file.map(|(file, _)| {
        file.runs.into_iter().map(|run| (run.run_id, run.fingerprint)).collect::<HashMap<_, _>>()
    });
    let progress = match runs.len() {
        0 => Progress::hidden(),
        count => ctx.out.progress("clearing", Unit::Items, Some(count as u64)),
    };
    let Opened { store, registry, access } = &mut opened;
    let mut apply = Apply {
        store: store.as_mut(),
        registry: registry.as_deref_mut().map(|registry| registry as _),
        snapshot: &made.snapshot,
        access,
        journal: &journal,
        archive,
        sizes: &made.sizes,
        fingerprints: fingerprints.as_ref(),
        ctx,
    };
    let result = apply.run(&runs, &progress, &mut applied);
    drop(progress);
    counted::applied(&applied, ctx);
    if result.is_err() {
        counted::errors(Stage::Delete, 1, ctx);
    }
    show(args, &made, &opened, Some(&applied), ctx)?;
    result?;
    let exit = exit(&made, Some(&applied));
    Ok(if unfinished { Exit::Partial } else { exit })
}

/// In the state folder: the store's own may not be ours to write to.
fn lock(folder: &Path, identity: &str, name: &str) -> Result<Lock, Fault> {
    let hash = blake3::hash(identity.as_bytes()).to_hex();
    let path = folder.join(format!("cleanup-{}", &hash[..16]));
    Lock::acquire(&path, Duration::ZERO).map_err(|fault| match fault.exit() {
        Exit::TryLater => Fault::try_later(format!("another cleanup of {name} is under way"))
            .hint("wait for it to end, and try again"),
        _ => fault,
    })
}

/// What an earlier cleanup left is told in a dry run.
pub(super) fn warn_of_unfinished(opened: &Opened, ctx: &Context) {
    // A plan needs no state.
    let state = state::folder(&ctx.config, &ctx.env).ok();
    let state = state.and_then(|folder| State::open_to_read(&folder).ok().flatten());
    let Some(state) = state else { return };
    let unfinished = Journal::new(&state, opened.store.identity()).unfinished();
    let count = unfinished.map_or(0, |all| all.len());
    if count > 0 {
        ctx.out.warn(format!(
            "a cleanup was stopped: without --dry-run the removal of {count} runs is finished first"
        ));
    }
}

/// What an earlier cleanup left; whether some of it still is.
fn finish(
    args: &PlanArgs,
    opened: &mut Opened,
    journal: &Journal<'_>,
    ctx: &Context,
) -> Result<bool, Fault> {
    if journal.unfinished()?.is_empty() {
        return Ok(false);
    }
    let snapshot = opened.read(&[], &args.policy, None, false, ctx)?;
    let store = opened.store.as_mut();
    let mut is_left = false;
    for (run, ended) in recover(store, &snapshot.scopes, &snapshot.versions, journal, ctx)? {
        match ended {
            Ended::Finished => ctx.out.note(format!("run {run}: its removal was finished")),
            Ended::Undone => ctx.out.note(format!("run {run}: its removal was undone")),
            Ended::LeftAlone(why) => ctx.out.warn(format!("run {run} was being removed: {why}")),
            Ended::Failed(why) => {
                is_left = true;
                counted::errors(Stage::Delete, 1, ctx);
                ctx.out.warn(format!("run {run} could not be removed to the end: {why}"));
            }
        }
    }
    Ok(is_left)
}

fn check_clock(opened: &Opened) -> Result<(), Fault> {
    match opened.store.clock_ahead() {
        Some(ahead) if ahead.abs() > CLOCK_TOLERANCE => {
            let time = long_duration(ahead.abs() as f64 / 1000.0);
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            let fault =
                Fault::failed(format!("this machine's clock is {time} {side} the server's"));
            Err(fault.hint("nothing was done: runs would have another age than they seem to"))
        }
        _ => Ok(()),
    }
}

/// The folder for archives. In a folder of artifacts, an archive would be one.
fn archive(
    args: &PlanArgs,
    opened: &Opened,
    snapshot: &Snapshot,
    ctx: &Context,
) -> Result<Option<PathBuf>, Fault> {
    let Some(path) = args.archive_path.clone().or_else(|| ctx.config.path("cleanup.archive-path"))
    else {
        return Ok(None);
    };
    let cannot = || Fault::failed(format!("cannot archive in {}", path.display()));
    let path = ctx.env.current_folder.join(&path);
    std::fs::create_dir_all(&path).map_err(|e| cannot().because(e))?;
    let real = path.canonicalize().map_err(|e| cannot().because(e))?;
    let locations = snapshot.scopes.iter().map(|scope| &scope.experiment.location);
    let paths = locations.map(|location| Path::new(location.trim_start_matches("file://")));
    let roots = opened.access.root.iter().map(|root| root.real.as_path());
    // That of a database is everything.
    let mut all = paths.chain(roots.filter(|root| *root != Path::new("/")));
    let is_inside = all.any(|folder| folder.is_absolute() && real.starts_with(folder));
    if is_inside {
        let fault = Fault::usage(format!("{} is among the artifacts themselves", path.display()));
        return Err(fault.hint("--archive-path must be somewhere else, best on another disk"));
    }
    Ok(Some(real))
}

fn question(made: &Made, runs: &[u32], archive: Option<&Path>) -> String {
    let mut text = format!("delete {} runs", runs.len());
    if made.with_sizes {
        let sum =
            runs.iter().filter_map(|index| made.sizes.get(index)).map(|size| size.bytes).sum();
        text = format!("{text} with {}", bytes(sum));
    }
    match archive {
        Some(folder) => format!("archive in {} and {text}?", folder.display()),
        None => format!("{text}, without an archive?"),
    }
}

/// Writes which runs go, and what they are.
pub(super) fn write_plan(
    path: &Path,
    include_deleted: bool,
    made: &Made,
    opened: &mut Opened,
    ctx: &Context,
) -> Result<(), Fault> {
    let deletes = made.plan.deletes(&made.snapshot);
    let progress = ctx.out.progress("describing", Unit::Items, Some(deletes.len() as u64));
    let mut runs = Vec::new();
    for index in deletes {
        let run = &made.snapshot.runs[index as usize];
        let experiment_id = made.snapshot.scope(run).experiment.id.to_string();
        progress.advance(1);
        // A run that has gone meanwhile needs no plan.
        if let Some(metadata) = opened.store.describe(&experiment_id, &run.id, ctx)? {
            runs.push(PlannedRun {
                run_id: run.id.to_string(),
                experiment_id,
                reasons: made.plan.reasons(&made.snapshot, index),
                bytes: made.sizes.get(&index).map(|size| size.bytes),
                fingerprint: fingerprint(&metadata),
            });
        }
    }
    let store = opened.store.identity().to_owned();
    let now = format_time(made.now * 1000);
    let selected = made.snapshot.scopes.iter().filter(|scope| scope.is_selected);
    let policies = selected
        .map(|scope| (scope.experiment.id.to_string(), Policy::clone(&scope.policy)))
        .collect();
    let schema = SCHEMA.to_owned();
    let plan = PlanFile { schema, store, now, policies, include_deleted, runs };
    let mut bytes = serde_json::to_vec_pretty(&plan).expect("a plan is plain data");
    bytes.push(b'\n');
    files::write(path, &bytes)
}

fn read_plan(path: &Path, opened: &Opened) -> Result<(PlanFile, Millis), Fault> {
    let wrong = |why: &str| Fault::usage(format!("the plan {}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| wrong("it cannot be read").because(e))?;
    let plan: PlanFile =
        serde_json::from_slice(&bytes).map_err(|e| wrong("it is damaged").because(e))?;
    if plan.schema != SCHEMA {
        return Err(wrong("it is of another version of ut"));
    }
    if plan.store != opened.store.identity() {
        return Err(wrong(&format!("it is of another store: {}", plan.store)));
    }
    let at = parse_time(&plan.now).ok_or_else(|| wrong("its time cannot be read"))? / 1000;
    if at > crate::core::clock::now() / 1000 + DAY {
        return Err(wrong("it was made for a time that is to come"));
    }
    Ok((plan, at))
}

/// The runs of a written plan that still would go.
fn chosen(file: &PlanFile, made: &Made, applied: &mut Applied, ctx: &Context) -> Vec<u32> {
    let snapshot = &made.snapshot;
    let ids: HashMap<&str, u32> =
        (0..).zip(&snapshot.runs).map(|(index, run)| (&*run.id, index)).collect();
    let mut chosen = std::collections::HashSet::new();
    for run in &file.runs {
        let Some(index) = ids.get(run.run_id.as_str()) else {
            ctx.out.note(format!("run {} is gone", run.run_id));
            continue;
        };
        if made.plan.decisions[*index as usize].action == Action::Delete {
            chosen.insert(*index);
        } else {
            let why = made.plan.reasons(snapshot, *index).join("; ");
            let left = Left::Changed(format!("it would be kept by now: {why}"));
            applied.left.insert(*index, left);
        }
    }
    let in_order = made.plan.deletes(snapshot);
    in_order.into_iter().filter(|index| chosen.contains(index)).collect()
}
