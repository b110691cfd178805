//! Carrying a plan out.

use rusqlite::Connection;
use serde_json::Value;

use super::server::Server;
use super::world::{Model, Run, World, tree};
use super::{artifacts, cleanup, has_files, plan, sqlite, store_of};
use crate::support::Sandbox;

/// Twelve old runs, of which two are the best, and one whose child is new.
fn world() -> World {
    let mut world = World::of(
        (0..12).map(|n| Run { metric: Some(f64::from(n)), ..Run::new(format!("{n:032x}"), 90) }),
    );
    world.runs.push(Run { parent: Some(world.runs[0].id.clone()), ..Run::new("new", 2) });
    world.models.push(Model {
        id: "m-5".into(),
        experiment: 0,
        run: world.runs[5].id.clone(),
        used_by: Vec::new(),
    });
    world
}

const TOP: [&str; 2] = ["--top-n", "2"];

fn goes(n: usize) -> bool {
    (1..10).contains(&n)
}

#[test]
fn what_was_planned_is_gone_and_everything_else_is_there() {
    let world = world();
    let sandbox = Sandbox::new();
    let server = Server::new(world.clone(), sandbox.path("served"));
    // What a server has behind it.
    let served = Sandbox::new();
    world.sqlite(&served.path(""));
    std::fs::rename(served.path("artifacts"), sandbox.path("served")).unwrap();
    let stores = [
        (world.sqlite(&sandbox.path("")), "artifacts"),
        (world.files(&sandbox.path("")), "mlruns"),
        (server.uri.clone(), "served"),
    ];
    for (uri, root) in stores {
        let ran = cleanup(&sandbox, &uri, &TOP);
        assert_eq!(
            ran.succeeds().stdout,
            "9 of 13 runs deleted, 1.6 KiB freed\n",
            "{root}: {ran:?}"
        );
        assert_eq!(ran.stderr, "", "{root}");
        for (n, run) in world.runs.iter().enumerate() {
            let folder = sandbox.path(&format!("{root}/1/{}/artifacts", run.id));
            assert_eq!(has_files(&folder), !goes(n), "{root}: {n}");
        }
        assert!(!has_files(&sandbox.path(&format!("{root}/1/models/m-5/artifacts"))), "{root}");
        let left = plan(&sandbox, &uri, &TOP);
        assert_eq!(left["totals"]["runs"], 4, "{root}");
        let again = cleanup(&sandbox, &uri, &TOP);
        assert_eq!(again.succeeds().stdout, "0 of 4 runs deleted, 0 bytes freed\n", "{root}");
        assert_eq!(cleanup(&sandbox, &uri, &["--top-n", "2", "-q"]).succeeds().stdout, "");
    }
    let deletes = server.count("DELETE ");
    assert_eq!(deletes, 10, "each folder once");
}

#[test]
fn the_document_says_what_was_done() {
    let (sandbox, uri) = sqlite(&world());
    let document = cleanup(&sandbox, &uri, &["--top-n", "2", "--format", "json"]).json();
    assert_eq!(document["dry_run"], false);
    assert_eq!(document["totals"]["deleted"], 9);
    let outcome = |run: &Value| run["outcome"].as_str() == Some("deleted");
    assert_eq!(document["runs"].as_array().unwrap().iter().filter(|run| outcome(run)).count(), 9);
}

#[test]
fn a_plan_that_is_written_is_carried_out_exactly_and_changed_runs_are_left() {
    for kind in ["sqlite", "files", "rest"] {
        let world = world();
        let (sandbox, server, uri, root) = store_of(&world, kind);
        let written = cleanup(&sandbox, &uri, &["--top-n", "2", "--plan-out", "plan.json"]);
        assert!(written.succeeds().stdout.contains("nothing was changed"), "{kind}");
        assert_eq!(plan(&sandbox, &uri, &TOP)["totals"]["delete"], 9, "{kind}");
        // One gets any tag, one is registered's tag, one a protecting one.
        let change = |world: &mut World| {
            world.runs[1] = world.runs[1].clone().tag("note", "look at this");
            world.runs[2] = world.runs[2].clone().tag("stage", "production");
        };
        let mut changed = world.clone();
        change(&mut changed);
        match kind {
            "sqlite" => {
                let db = Connection::open(sandbox.path("mlflow.db")).unwrap();
                for run in &changed.runs {
                    for (key, value) in &run.tags {
                        db.execute("INSERT INTO tags VALUES (?, ?, ?)", [key, value, &run.id])
                            .unwrap();
                    }
                }
            }
            "files" => {
                for run in &changed.runs {
                    run.write(&sandbox.path("mlruns"));
                }
            }
            _ => change(&mut server.world.lock().unwrap()),
        }
        // The policy is the plan's, not the default one.
        let apply = ["cleanup", "--tracking-uri", &uri, "--apply-plan", "plan.json"];
        let ran = sandbox.ut(apply);
        ran.fails(
            4,
            &["it has changed since the plan was written", "kept by now: tag:stage=production"],
        );
        assert!(ran.stdout.starts_with("7 of 13 runs deleted"), "{kind}: {ran:?}");
        for n in [1, 2] {
            let folder = sandbox.path(&format!("{root}/1/{}/artifacts", world.runs[n].id));
            assert!(has_files(&folder), "{kind}: {n}");
        }
    }
}

#[test]
fn a_plan_is_of_one_store_and_whole() {
    let (sandbox, uri) = sqlite(&world());
    cleanup(&sandbox, &uri, &["--plan-out", "plan.json"]).succeeds();
    let (_other, elsewhere) = sqlite(&world());
    let apply = |uri: &str, plan: &str| {
        sandbox.ut(["cleanup", "--tracking-uri", uri, "--apply-plan", plan])
    };
    apply(&elsewhere, "plan.json").fails(2, &["of another store"]);
    cleanup(&sandbox, &uri, &["--apply-plan", "plan.json"]).fails(2, &["cannot be used with"]);
    sandbox.write("plan.json", "{\"schema\":");
    apply(&uri, "plan.json").fails(2, &["it is damaged"]);
    apply(&uri, "none.json").fails(2, &["it cannot be read"]);
    cleanup(&sandbox, &uri, &["--plan-out", "no/such/folder.json"]).fails(3, &["cannot write"]);
}

#[test]
fn two_at_once_do_not_clean_the_same_store() {
    let (sandbox, uri) = sqlite(&world());
    let folder = sandbox.path("state");
    cleanup(&sandbox, &uri, &["--retention-days", "3650"]).succeeds();
    let lock = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let lock =
        lock.into_iter().find(|path| path.display().to_string().contains("cleanup-")).unwrap();
    let held = std::fs::File::open(lock).unwrap();
    held.lock().unwrap();
    cleanup(&sandbox, &uri, &TOP).fails(75, &["another cleanup of sqlite:///"]);
    cleanup(&sandbox, &uri, &["--dry-run"]).succeeds();
    drop(held);
    cleanup(&sandbox, &uri, &TOP).succeeds();
}

#[test]
fn what_changes_between_the_plan_and_its_turn_is_left() {
    // The server's answers change after the runs were listed.
    let (world, sandbox) = (world(), Sandbox::new());
    let _ = world.sqlite(&sandbox.path(""));
    let server = Server::new(world.clone(), sandbox.path("artifacts"));
    let shared = server.world.clone();
    let asked = server.asked.clone();
    let changer = std::thread::spawn(move || {
        // The registry is asked for the first time when the listing is complete.
        while !asked.lock().unwrap().iter().any(|line| line.contains("model-versions/search")) {
            std::thread::yield_now();
        }
        let mut world = shared.lock().unwrap();
        world.runs[3] = world.runs[3].clone().tag("protected", "true");
        let parent = Some(world.runs[4].id.clone());
        world.runs.push(Run { parent, start: i64::MAX / 2, ..Run::new("born-meanwhile", 0) });
        let run = Some(world.runs[6].id.clone());
        world.versions.push(super::world::Version {
            name: "late".into(),
            number: 1,
            run,
            ..Default::default()
        });
    });
    let ran = cleanup(&sandbox, &server.uri, &TOP);
    changer.join().unwrap();
    ran.fails(
        4,
        &[
            "it has changed",
            "born-meanwhile is a child of it now",
            "the model registry refers to it now",
        ],
    );
    for n in [3, 4, 6] {
        assert!(has_files(&artifacts(&sandbox, 1, &world.runs[n].id)), "{n}");
    }
}

#[test]
fn one_that_cannot_be_removed_does_not_stop_the_rest_and_is_finished_later() {
    let (world, sandbox) = (world(), Sandbox::new());
    let _ = world.sqlite(&sandbox.path(""));
    let server = Server::new(world.clone(), sandbox.path("artifacts"));
    server.answer("DELETE ", "500 Internal Server Error", "");
    let ran = cleanup(&sandbox, &server.uri, &TOP);
    ran.fails(4, &["500 Internal Server Error"]);
    assert!(ran.stdout.starts_with("8 of 13 runs deleted"), "{ran:?}");
    // A DELETE that failed is not sent again blindly, but by the next cleanup.
    assert_eq!(server.count("DELETE "), 10);
    cleanup(&sandbox, &server.uri, &TOP).succeeds();
    let left = tree(&sandbox.path("artifacts"));
    let kept = |path: &std::path::Path| {
        world
            .runs
            .iter()
            .enumerate()
            .any(|(n, run)| !goes(n) && path.display().to_string().contains(&run.id))
    };
    assert!(left.iter().all(|(path, _)| kept(path)), "{left:?}");
}
