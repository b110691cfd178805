//! Killed at any moment: the next cleanup finishes or undoes what was begun.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::server::Server;
use super::world::{Run, World, content, tree, write};
use super::{AT, cleanup, has_files, store_of};
use crate::support::Sandbox;

/// The first two stay for their rank, the third for its tag.
fn world() -> World {
    let mut world = World::of(
        (0..14).map(|n| Run { metric: Some(-f64::from(n)), ..Run::new(format!("{n:032x}"), 90) }),
    );
    world.runs[2] = world.runs[2].clone().tag("protected", "true");
    world
}

const KEPT: usize = 3;

fn steps(sandbox: &Sandbox) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(state) = Connection::open_with_flags(sandbox.path("state/ut.db"), flags) else {
        return Vec::new();
    };
    let Ok(mut found) = state.prepare("SELECT DISTINCT step FROM cleanup_journal") else {
        return Vec::new();
    };
    let found = found.query_map([], |row| row.get(0)).map(|rows| rows.flatten().collect());
    found.unwrap_or_default()
}

/// Kills a cleanup when the journal holds this step, or after a while; whether it was killed, and the steps there.
fn kill_at(
    sandbox: &Sandbox,
    uri: &str,
    args: &[&str],
    wanted: Option<&str>,
) -> (bool, Vec<String>) {
    let mut command = sandbox.command();
    command.args(["cleanup", "--tracking-uri", uri, "--top-n", "2"]).args(AT).args(args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    match wanted {
        Some(step) => {
            while child.try_wait().unwrap().is_none() && !steps(sandbox).iter().any(|s| s == step) {
            }
        }
        None => std::thread::sleep(Duration::from_micros(fastrand::u64(..40_000))),
    }
    let _ = child.kill();
    let was_killed = child.wait().unwrap().signal().is_some();
    (was_killed, steps(sandbox))
}

/// Whether each run is active, by the store's own account.
fn active(sandbox: &Sandbox, kind: &str, server: &Server) -> BTreeMap<String, bool> {
    let world = server.world.lock().unwrap();
    let ids = world.runs.iter().map(|run| run.id.clone());
    match kind {
        "rest" => world.runs.iter().map(|run| (run.id.clone(), !run.is_deleted)).collect(),
        "files" => ids
            .map(|id| {
                let meta = sandbox.path(&format!("mlruns/1/{id}/meta.yaml"));
                let text = std::fs::read_to_string(meta).unwrap();
                (id, text.contains("lifecycle_stage: active"))
            })
            .collect(),
        _ => {
            let db = Connection::open(sandbox.path("mlflow.db")).unwrap();
            let stage = "SELECT lifecycle_stage = 'active' FROM runs WHERE run_uuid = ?";
            ids.map(|id| (id.clone(), db.query_row(stage, [&id], |row| row.get(0)).unwrap()))
                .collect()
        }
    }
}

#[test]
fn no_protected_byte_is_lost_and_nothing_stays_half_deleted() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut kills = 0;
    for case in 0.. {
        if kills >= 210 {
            break;
        }
        let kind = ["sqlite", "files", "rest"][case % 3];
        let world = world();
        let (sandbox, server, uri, root) = store_of(&world, kind);
        let folder = |id: &str| sandbox.path(&format!("{root}/1/{id}/artifacts"));
        for run in &world.runs {
            for n in 0..20 {
                write(&folder(&run.id).join(format!("more/{n}")), &run.id);
            }
        }
        let whole: BTreeMap<_, _> =
            world.runs.iter().map(|run| (run.id.clone(), tree(&folder(&run.id)))).collect();
        let is_archived = case % 2 == 0;
        let args: &[&str] = if is_archived { &["--archive-path", "backup"] } else { &[] };
        for wanted in [Some("archiving"), Some("deleting"), Some("removing"), None, None] {
            let wanted = wanted.filter(|step| is_archived || *step != "archiving");
            let (was_killed, steps) = kill_at(&sandbox, &uri, args, wanted);
            kills += usize::from(was_killed);
            steps.into_iter().for_each(|step| *seen.entry(step).or_default() += 1);
            for run in &world.runs[..KEPT] {
                assert_eq!(tree(&folder(&run.id)), whole[&run.id], "{case} {kind}: a kept run");
            }
        }
        let mut last = vec!["--top-n", "2"];
        last.extend(args);
        cleanup(&sandbox, &uri, &last).succeeds();
        assert_eq!(steps(&sandbox), [] as [String; 0]);
        let counted = |family: &str| {
            ["delete", "archive"]
                .map(|action| sandbox.counted(&format!("{family}{{action=\"{action}\"}}")))
        };
        let gone = &world.runs[KEPT..];
        let size = |run: &Run| whole[&run.id].iter().map(|(_, text)| text.len()).sum::<usize>();
        for (family, all) in [
            ("ut_cleanup_removed_total", gone.len()),
            ("ut_cleanup_reclaimed_bytes_total", gone.iter().map(size).sum()),
        ] {
            let (none, all) = (Some(0.0), Some(all as f64));
            let expected = if is_archived { [none, all] } else { [all, none] };
            assert_eq!(counted(family), expected, "{case} {kind}: each is counted once");
        }
        let active = active(&sandbox, kind, &server);
        for (n, run) in world.runs.iter().enumerate() {
            assert_eq!(active[&run.id], n < KEPT, "{case} {kind}: {n}");
            if n < KEPT {
                assert_eq!(tree(&folder(&run.id)), whole[&run.id], "{case} {kind}: {n}");
            } else {
                assert!(!has_files(&folder(&run.id)), "{case} {kind}: {n}");
            }
        }
        if is_archived {
            let verified = sandbox.ut(["cleanup", "verify", "--archive-path", "backup"]);
            assert!(
                verified.succeeds().stdout.starts_with("11 of 11 archives are whole"),
                "{verified:?}"
            );
            let left = tree(&sandbox.path("backup"));
            assert_eq!(left.len(), 11, "{left:?}");
        }
    }
    for step in ["archiving", "deleting", "removing"] {
        assert!(seen.get(step).is_some_and(|times| *times >= 10), "{seen:?}");
    }
    eprintln!("{kills} kills; steps that were found: {seen:?}");
}

#[test]
fn what_is_protected_by_the_time_is_brought_back() {
    for (step, args) in [("deleting", &[][..]), ("removing", &["--archive-path", "backup"])] {
        let mut tries = 0;
        loop {
            tries += 1;
            assert!(tries < 100, "{step} was never caught");
            let (world, sandbox) = (world(), Sandbox::new());
            let uri = world.sqlite(&sandbox.path(""));
            let (_, steps) = kill_at(&sandbox, &uri, args, Some(step));
            if steps != [step] {
                continue;
            }
            let state = Connection::open(sandbox.path("state/ut.db")).unwrap();
            let id: String =
                state.query_row("SELECT run FROM cleanup_journal", [], |row| row.get(0)).unwrap();
            drop(state);
            let db = Connection::open(sandbox.path("mlflow.db")).unwrap();
            let version = "INSERT INTO model_versions VALUES ('late', 1, NULL, '', ?, NULL)";
            db.execute(version, [&id]).unwrap();
            let mut last = vec!["--top-n", "2"];
            last.extend(args);
            cleanup(&sandbox, &uri, &last).succeeds();
            let stage = "SELECT lifecycle_stage FROM runs WHERE run_uuid = ?";
            let stage: String = db.query_row(stage, [&id], |row| row.get(0)).unwrap();
            assert_eq!(stage, "active", "{step}");
            let kept = sandbox.path(&format!("artifacts/1/{id}/artifacts/checkpoints/last.ckpt"));
            assert_eq!(std::fs::read_to_string(kept).unwrap(), content(&id), "{step}");
            break;
        }
    }
}

/// SIGINT waits for the batch: what was begun is finished, and the shell sees the signal.
#[test]
fn ctrl_c_leaves_nothing_behind() {
    for delay in 0..12 {
        let (world, sandbox) = (world(), Sandbox::new());
        let uri = world.sqlite(&sandbox.path(""));
        let mut command = sandbox.command();
        command.args(["cleanup", "--tracking-uri", &uri, "--top-n", "2"]).args(AT);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay * 2));
        let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::SIGINT);
        let status = child.wait().unwrap();
        assert!(status.code() == Some(0) || status.signal() == Some(2), "{status:?}");
        assert_eq!(steps(&sandbox), [] as [String; 0], "{delay}");
    }
}
