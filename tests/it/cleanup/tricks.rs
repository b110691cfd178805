//! Stores that are built to have something else deleted.

use std::fs;
use std::os::unix::fs::symlink;

use super::world::{Run, Version, World, tree, write};
use super::{actions, artifacts, cleanup, has_files, plan, reasons, sqlite};
use crate::support::Sandbox;

fn world() -> World {
    World::of(
        (0..8).map(|n| Run { metric: Some(f64::from(n)), ..Run::new(format!("{n:032x}"), 90) }),
    )
}

const TOP: [&str; 2] = ["--top-n", "1"];

fn id(n: u32) -> String {
    format!("{n:032x}")
}

/// Precious files beside the store; they must all be there afterwards.
fn precious(sandbox: &Sandbox) -> Vec<(std::path::PathBuf, String)> {
    for path in [
        "outside/precious",
        "outside/1/precious",
        "outside/artifacts/precious",
        "outside/deep/a/b/precious",
    ] {
        sandbox.write(path, path);
    }
    tree(&sandbox.path("outside"))
}

#[test]
fn uris_that_are_not_exactly_a_runs_own_are_refused() {
    let sandbox = Sandbox::new();
    let before = precious(&sandbox);
    let outside = sandbox.path("outside").display().to_string();
    let root = sandbox.path("artifacts").display().to_string();
    let odd = [
        (outside.clone(), "elsewhere"),
        (format!("file://{outside}"), "elsewhere"),
        (format!("{root}/1/{}/artifacts/../../../../outside", id(0)), ".."),
        (format!("file://{root}/1/%2e%2e/%2e%2e/outside"), ".."),
        (format!("file://{root}/1/%252e%252e/outside"), "encoded"),
        (format!("file://evil.example{outside}"), "host"),
        (format!("file://{outside}?a={}", id(0)), "query"),
        (format!("{outside}#x"), "fragment"),
        (format!("s3://bucket/1/{}/artifacts", id(0)), "s3: are not supported"),
        (format!("mlflow-artifacts://evil.example/1/{}/artifacts", id(0)), "host"),
        (format!("{root}/1/{}/artifacts/", id(0)), "empty"),
        (format!("{root}/1/{}", id(0)), "elsewhere"),
        (format!("{root}/1"), "elsewhere"),
        ("/".to_owned(), "empty"),
        (String::new(), "relative"),
        ("outside".to_owned(), "relative"),
        (format!("{root}//1/{}/artifacts", id(0)), "empty"),
        (format!("{root}/1/{}/artifacts\0", id(0)), "control"),
        (format!("dbfs:/1/{}/artifacts", id(0)), "dbfs: are not supported"),
    ];
    let mut world = world();
    for (n, (uri, _)) in odd.iter().enumerate() {
        world.runs.push(Run { uri: Some(uri.clone()), ..Run::new(format!("odd{n}"), 90) });
    }
    let uri = world.sqlite(&sandbox.path(""));
    let document = plan(&sandbox, &uri, &TOP);
    for (n, (uri, why)) in odd.iter().enumerate() {
        let run = format!("odd{n}");
        assert_eq!(actions(&document)[&run], "refuse", "{uri}");
        assert!(reasons(&document, &run)[0].contains(why), "{uri}: {:?}", reasons(&document, &run));
    }
    assert_eq!(cleanup(&sandbox, &uri, &TOP).code, Some(4));
    assert_eq!(tree(&sandbox.path("outside")), before);
    for n in 0..odd.len() {
        assert!(has_files(&artifacts(&sandbox, 1, &format!("odd{n}"))), "{n}");
    }
}

#[test]
fn a_link_on_the_way_is_refused_and_one_in_a_folder_is_only_unlinked() {
    for kind in ["sqlite", "files"] {
        let (sandbox, world) = (Sandbox::new(), world());
        let before = precious(&sandbox);
        let (uri, root) = match kind {
            "files" => (world.files(&sandbox.path("")), "mlruns"),
            _ => (world.sqlite(&sandbox.path("")), "artifacts"),
        };
        let run = |n: u32| sandbox.path(&format!("{root}/1/{}", id(n)));
        // Its artifacts are a link; the run itself is one; inside is one; they are a file; a pipe lies there.
        fs::remove_dir_all(run(0).join("artifacts")).unwrap();
        symlink(sandbox.path("outside"), run(0).join("artifacts")).unwrap();
        fs::rename(run(1), sandbox.path("outside/moved")).unwrap();
        symlink(sandbox.path("outside/moved"), run(1)).unwrap();
        symlink(sandbox.path("outside"), run(2).join("artifacts/link")).unwrap();
        symlink("..", run(2).join("artifacts/loop")).unwrap();
        fs::remove_dir_all(run(3).join("artifacts")).unwrap();
        write(&run(3).join("artifacts"), "a file");
        let moved = tree(&sandbox.path("outside/moved"));
        let ran = cleanup(&sandbox, &uri, &TOP);
        ran.fails(4, &["leads through a symbolic link", "is no folder"]);
        for path in before.iter().chain(&moved) {
            assert!(path.0.exists(), "{kind}: {path:?}");
        }
        assert!(!has_files(&run(2).join("artifacts")), "{kind}");
        assert!(run(3).join("artifacts").is_file());
        let document = plan(&sandbox, &uri, &TOP);
        for n in [0, 1, 3] {
            assert_eq!(actions(&document)[&id(n)], "refuse", "{kind}: {n}");
        }
    }
}

#[test]
fn a_root_behind_a_link_must_be_named() {
    let (sandbox, uri) = sqlite(&world());
    fs::rename(sandbox.path("artifacts"), sandbox.path("disk")).unwrap();
    symlink(sandbox.path("disk"), sandbox.path("artifacts")).unwrap();
    assert_eq!(plan(&sandbox, &uri, &TOP)["totals"]["refuse"], 7);
    let elsewhere = ["--top-n", "1", "--artifact-root", "."];
    assert_eq!(plan(&sandbox, &uri, &elsewhere)["totals"]["refuse"], 7);
    cleanup(&sandbox, &uri, &["--top-n", "1", "--artifact-root", "artifacts"]).succeeds();
    assert!(!has_files(&sandbox.path(&format!("disk/1/{}/artifacts", id(0)))));
    cleanup(&sandbox, &uri, &["--artifact-root", "none"]).fails(2, &["--artifact-root none"]);
}

#[test]
fn a_copied_store_does_not_reach_for_the_originals_files() {
    let (sandbox, world) = (Sandbox::new(), world());
    world.files(&sandbox.path(""));
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args(["mlruns", "copy"])
        .current_dir(sandbox.path(""))
        .status();
    assert!(copied.unwrap().success());
    let before = tree(&sandbox.path("mlruns"));
    let copy = sandbox.path("copy").display().to_string();
    cleanup(&sandbox, &copy, &TOP).fails(4, &["its artifacts are outside"]);
    assert_eq!(tree(&sandbox.path("mlruns")), before);
}

#[test]
fn folders_that_others_are_in_are_refused() {
    let mut world = world();
    let sandbox = Sandbox::new();
    let root = sandbox.path("artifacts").display().to_string();
    // One that is kept says that its artifacts are in another's; an experiment lies in a third's.
    let inner = |n: u32| format!("{root}/1/{}/artifacts", id(n));
    world.runs[7].uri = Some(format!("{}/checkpoints", inner(0)));
    world.runs.push(Run { uri: Some(inner(1)), is_deleted: true, ..Run::new("sharer", 3) });
    let uri = world.sqlite(&sandbox.path(""));
    let db = rusqlite::Connection::open(sandbox.path("mlflow.db")).unwrap();
    db.execute("INSERT INTO experiments VALUES (9, 'inner', ?, 'deleted')", [inner(2)]).unwrap();
    // A run of the file store, among a run's artifacts.
    for name in ["meta.yaml", "metrics/a", "params/b", "tags/c"] {
        sandbox.write(&format!("artifacts/1/{}/artifacts/copy/{name}", id(3)), "x");
    }
    let document = plan(&sandbox, &uri, &TOP);
    for n in 0..4 {
        assert_eq!(actions(&document)[&id(n)], "refuse", "{n}: {:?}", reasons(&document, &id(n)));
    }
    assert_eq!(cleanup(&sandbox, &uri, &TOP).code, Some(4));
    for n in 0..4 {
        assert!(has_files(&artifacts(&sandbox, 1, &id(n))), "{n}");
    }
    assert!(!has_files(&artifacts(&sandbox, 1, &id(4))));
}

#[test]
fn orphans_are_told_and_not_removed() {
    let mut world = world();
    world.runs[7].is_deleted = true;
    let (sandbox, uri) = sqlite(&world);
    let orphan = sandbox.write(&format!("artifacts/1/{}/artifacts/lost.bin", id(99)), "12345");
    let model =
        sandbox.write(&format!("artifacts/1/models/m-{}/artifacts/lost.bin", id(98)), "1234");
    sandbox.write("artifacts/1/notes/artifacts/own.txt", "somebody's own");
    let document = plan(&sandbox, &uri, &["--orphans"]);
    let orphans = document["orphans"].as_array().unwrap();
    assert_eq!(orphans.len(), 2, "{orphans:?}");
    assert_eq!((&orphans[0]["bytes"], &orphans[1]["bytes"]), (&5.into(), &4.into()));
    let ran = cleanup(&sandbox, &uri, &["--top-n", "1", "--orphans", "-v"]);
    assert!(
        ran.succeeds().stdout.contains("orphans  2 with 9 bytes: told, not removed"),
        "{ran:?}"
    );
    assert!(orphan.exists() && model.exists());
}

#[test]
fn names_do_not_reach_the_terminal_as_they_are() {
    let mut world = world();
    world.experiments[0] = "\u{1b}[2Jmomentum".to_owned();
    world.runs[0].uri = Some("/\u{1b}[31m".to_owned());
    let (sandbox, uri) = sqlite(&world);
    for flags in [&["--dry-run"][..], &["--dry-run", "-v"], &[]] {
        let all: Vec<&str> = TOP.iter().chain(flags).copied().collect();
        let ran = cleanup(&sandbox, &uri, &all);
        assert_eq!(ran.code, Some(4));
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran:?}");
    }
}

#[test]
fn prefixes_are_not_folders() {
    let mut world = world();
    world.experiments = (1..=12).map(|n| format!("e{n}")).collect();
    // Ids that begin like others, in experiments 1, 11 and 12.
    for (n, run) in world.runs.iter_mut().enumerate() {
        run.id = format!("run{}", ["1", "11", "111", "12", "2", "22", "3", "33"][n]);
        run.experiment = if n % 2 == 0 { 0 } else { 10 };
    }
    let (sandbox, uri) = sqlite(&world);
    cleanup(&sandbox, &uri, &TOP).succeeds();
    let left: Vec<_> = world
        .runs
        .iter()
        .filter(|run| has_files(&artifacts(&sandbox, run.experiment as u32 + 1, &run.id)))
        .map(|run| run.id.as_str())
        .collect();
    assert_eq!(left, ["run3", "run33"]);
}

#[test]
fn every_kind_of_reference_protects() {
    let mut world = world();
    let root = "/data";
    world.models.push(super::world::Model {
        id: "m-a".into(),
        experiment: 0,
        run: id(5),
        used_by: vec![],
    });
    let source = |source: String| Version { source, ..Version::default() };
    world.versions = vec![
        Version { run: Some(id(0)), ..Version::default() },
        source(format!("runs:/{}/model", id(1))),
        source(format!("file://{root}/1/{}/artifacts/model", id(2))),
        source(format!("mlflow-artifacts:/1/{}%2Fartifacts/model", id(3))),
        source(format!("s3://bucket/1/{}/artifacts", id(4))),
        source("models:/m-a".to_owned()),
    ];
    for (number, version) in (1..).zip(&mut world.versions) {
        (version.name, version.number) = ("signal".to_owned(), number);
    }
    let (sandbox, uri) = sqlite(&world);
    let document = plan(&sandbox, &uri, &TOP);
    for n in 0..6 {
        let own = format!("registry:version signal v{}", n + 1);
        assert_eq!(reasons(&document, &id(n)), [own], "{n}");
    }
    assert_eq!(actions(&document)[&id(6)], "delete");
    // A source that is the whole experiment protects all of it.
    let location = sandbox.path("artifacts/1").display().to_string();
    let db = rusqlite::Connection::open(sandbox.path("mlflow.db")).unwrap();
    db.execute("INSERT INTO model_versions VALUES ('all', 1, NULL, ?, NULL, NULL)", [location])
        .unwrap();
    assert_eq!(plan(&sandbox, &uri, &TOP)["totals"]["delete"], 0);
}
