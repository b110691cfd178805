//! What is kept, told and refused before anything is done.

use super::world::{Run, World, write};
use super::{AT, actions, cleanup, plan, reasons, sqlite};
use crate::support::Sandbox;

fn many() -> World {
    World::of((0..30).map(|n| Run {
        metric: Some(f64::from(n)),
        ..Run::new(format!("run{n:02}"), 40 + i64::from(n))
    }))
}

#[test]
fn a_dry_run_shows_what_would_be_done_and_changes_nothing() {
    let (sandbox, uri) = sqlite(&many());
    let before = super::world::tree(&sandbox.path("artifacts"));
    let ran = cleanup(&sandbox, &uri, &["--dry-run"]);
    let text = &ran.succeeds().stdout;
    for line in [
        "experiment  runs  keep  delete  refuse",
        "momentum      30    10      20",
        "kept     top 10",
        "dry run: nothing was changed",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    assert_eq!(super::world::tree(&sandbox.path("artifacts")), before);
    assert_eq!(ran.stderr, "");
    let verbose = cleanup(&sandbox, &uri, &["--dry-run", "-v"]).stdout;
    assert!(
        verbose.contains(
            "delete run05  2026-04-17  sharpe_ratio 5.0000 (rank 25)  older-than-30-days"
        ),
        "{verbose}"
    );
    assert!(
        verbose.contains("keep   run29  2026-03-24  sharpe_ratio 29.0000 (rank 1)  top-1"),
        "{verbose}"
    );
}

#[test]
fn every_reason_is_told() {
    let mut world = World::of([
        Run::new("recent", 3),
        Run { metric: Some(9.0), ..Run::new("best", 90) },
        Run::new("tagged", 90).tag("stage", "PRODUCTION"),
        Run { parent: Some("tagged".into()), ..Run::new("child", 90) },
        Run { status: "RUNNING", end: None, ..Run::new("running", 90) },
        Run { status: "SCHEDULED", ..Run::new("scheduled", 90) },
        Run { start: 0, end: None, ..Run::new("ageless", 90) },
        Run::new("registered", 90),
        Run::new("grandmother", 90),
        Run { parent: Some("grandmother".into()), ..Run::new("mother", 90) },
        Run { parent: Some("mother".into()), ..Run::new("daughter", 3) },
        Run::new("modeller", 90),
        Run::new("old", 90),
        Run { experiment: 1, metric: None, ..Run::new("unmeasured", 90) },
    ]);
    world.experiments.push("pairs".into());
    world.models.push(super::world::Model {
        id: "m-1".into(),
        experiment: 0,
        run: "modeller".into(),
        used_by: vec!["recent".into()],
    });
    world.versions.push(super::world::Version {
        name: "signal".into(),
        number: 12,
        run: Some("registered".into()),
        alias: Some("champion".into()),
        stage: Some("Production".into()),
        ..Default::default()
    });
    let (sandbox, uri) = sqlite(&world);
    let document = plan(&sandbox, &uri, &["--top-n", "1"]);
    assert_eq!(document["schema"], "ut.cleanup/1");
    for (run, why) in [
        ("recent", vec!["recent"]),
        ("best", vec!["top-1"]),
        ("tagged", vec!["tag:stage=production"]),
        ("child", vec!["child"]),
        ("running", vec!["running"]),
        ("scheduled", vec!["scheduled"]),
        ("ageless", vec!["unknown-age"]),
        ("grandmother", vec!["ancestor"]),
        ("mother", vec!["ancestor"]),
        ("modeller", vec!["model-used"]),
        ("unmeasured", vec!["no-metric"]),
        (
            "registered",
            vec![
                "registry:alias champion",
                "registry:stage Production",
                "registry:version signal v12",
            ],
        ),
    ] {
        assert_eq!(reasons(&document, run), why, "{run}");
        assert_eq!(actions(&document)[run], "keep", "{run}");
    }
    assert_eq!(actions(&document)["old"], "delete");
    assert_eq!(reasons(&document, "old")[0], "older-than-30-days");
    let explained =
        sandbox.ut(["cleanup", "explain", "registered", "--tracking-uri", &uri, "--top-n", "1"]);
    assert!(explained.succeeds().stdout.contains("is kept"), "{explained:?}");
    assert!(explained.stdout.contains("registry:alias champion"), "{explained:?}");
}

#[test]
fn experiments_have_policies_of_their_own() {
    let mut world = many();
    world.experiments.push("pairs".into());
    world.runs.extend((0..5).map(|n| Run { experiment: 1, ..Run::new(format!("pair{n}"), 50) }));
    let (sandbox, uri) = sqlite(&world);
    sandbox.write("ut.toml", "[cleanup]\ntop-n = 2\n[cleanup.pairs]\nretention-days = 60\n[cleanup.momentun]\ntop-n = 1\n");
    let ran = cleanup(&sandbox, &uri, &["--dry-run", "--format", "json"]);
    assert!(
        ran.stderr.contains(
            "[cleanup.\"momentun\"] is of no experiment in this store (did you mean momentum?)"
        ),
        "{ran:?}"
    );
    let document = ran.json();
    let deletes = |name: &str| {
        let all = document["experiments"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["delete"].as_u64()
    };
    assert_eq!((deletes("momentum"), deletes("pairs")), (Some(28), Some(0)));
    let only = plan(&sandbox, &uri, &["--experiment", "pairs", "--retention-days", "10"]);
    assert_eq!(actions(&only).values().filter(|action| *action == "delete").count(), 3);
    cleanup(&sandbox, &uri, &["--experiment", "momentun", "--dry-run"])
        .fails(2, &["there is no experiment momentun", "did you mean momentum?"]);
    sandbox.write("ut.toml", "[cleanup.pairs]\ntracking-uri = \"x\"\n");
    cleanup(&sandbox, &uri, &["--dry-run"]).fails(2, &["holds for all experiments"]);
}

#[test]
fn what_keeps_nothing_is_refused_and_a_misspelt_metric_keeps_everything() {
    let (sandbox, uri) = sqlite(&many());
    let empty = ["--retention-days", "0", "--top-n", "0", "--dry-run"];
    cleanup(&sandbox, &uri, &empty).fails(2, &["keeps nothing"]);
    let ran = cleanup(&sandbox, &uri, &["--metric", "sharpe_ration", "--dry-run"]);
    assert!(
        ran.succeeds()
            .stdout
            .contains("no run has sharpe_ration: kept (did you mean sharpe_ratio?)"),
        "{ran:?}"
    );
    let document = plan(&sandbox, &uri, &["--metric", "sharpe_ration"]);
    assert_eq!(document["totals"]["delete"], 0);
}

#[test]
fn an_experiment_is_never_emptied() {
    let (sandbox, uri) = sqlite(&many());
    for (flags, left) in [
        (&["--top-n", "0", "--retention-days", "1"][..], 1),
        (&["--top-n", "0", "--retention-days", "1", "--min-keep", "7"], 7),
    ] {
        let document = plan(&sandbox, &uri, flags);
        assert_eq!(document["totals"]["keep"], left);
        assert_eq!(reasons(&document, "run29"), ["min-keep"]);
    }
    cleanup(&sandbox, &uri, &["--min-keep", "0"]).fails(2, &["0 is not in 1"]);
}

#[test]
fn too_many_at_once_are_not_deleted_at_all() {
    let (sandbox, uri) = sqlite(&many());
    for limit in ["19", "50%"] {
        let ran = cleanup(&sandbox, &uri, &["--max-delete", limit, "--dry-run"]);
        assert!(
            ran.succeeds().stderr.contains("without --dry-run nothing would be done"),
            "{ran:?}"
        );
        cleanup(&sandbox, &uri, &["--max-delete", limit]).fails(3, &["nothing was done"]);
        assert_eq!(plan(&sandbox, &uri, &[])["totals"]["delete"], 20);
    }
    cleanup(&sandbox, &uri, &["--max-delete", "20"]).succeeds();
    cleanup(&sandbox, &uri, &["--max-delete", "many"]).fails(2, &["20%"]);
}

#[test]
fn a_time_to_come_is_only_for_looking() {
    let (sandbox, uri) = sqlite(&many());
    let ahead = ["cleanup", "--tracking-uri", &uri, "--now", "2099-01-01T00:00:00Z"];
    sandbox.ut(ahead).fails(2, &["--dry-run"]);
    sandbox.ut(ahead.into_iter().chain(["--dry-run"])).succeeds();
    sandbox.ut(["cleanup", "--now", "yesterday"]).fails(2, &["2026-01-31"]);
    // A clock that is behind makes nothing old.
    let behind = ["cleanup", "--tracking-uri", &uri, "--now", "1999-01-01T00:00:00Z"];
    let ran = sandbox.ut(behind);
    assert!(ran.succeeds().stdout.starts_with("0 of 30 runs deleted"), "{ran:?}");
    assert!(ran.stderr.contains("is the clock right?"), "{ran:?}");
}

#[test]
fn the_store_is_found_as_mlflow_finds_it() {
    let (sandbox, uri) = sqlite(&many());
    let run = |key: &str, value: &str| {
        let mut command = sandbox.command();
        command.args(["cleanup", "--dry-run", "--format", "json"]).args(AT).env(key, value);
        crate::support::Ran::from(command.output().unwrap())
    };
    // mlflow.db in the current folder is MLflow's default too.
    assert_eq!(run("UT_NOTHING", "1").json()["totals"]["runs"], 30);
    assert_eq!(run("MLFLOW_TRACKING_URI", &uri).json()["totals"]["runs"], 30);
    run("MLFLOW_TRACKING_URI", "ftp://host").fails(2, &["the scheme ftp: is not known"]);
    run("UT_CLEANUP_TRACKING_URI", "sqlite:///nothing.db").fails(3, &["nothing.db"]);
    let other = World { experiments: vec!["files".into()], ..many() };
    other.files(&sandbox.path(""));
    let document = run("UT_NOTHING", "1").json();
    assert_eq!(document["experiments"][0]["name"], "files", "./mlruns goes first");
}

#[test]
fn a_registry_that_is_elsewhere_protects_too() {
    let mut world = many();
    let registry = Sandbox::new();
    world.versions.push(super::world::Version {
        name: "signal".into(),
        number: 1,
        run: Some("run03".into()),
        ..Default::default()
    });
    let uri_of_registry = world.sqlite(&registry.path(""));
    let (sandbox, uri) = sqlite(&many());
    let mut command = sandbox.command();
    command.args(["cleanup", "--dry-run", "--format", "json", "--tracking-uri", &uri]).args(AT);
    command.env("MLFLOW_REGISTRY_URI", &uri_of_registry);
    let document = crate::support::Ran::from(command.output().unwrap()).json();
    assert_eq!(reasons(&document, "run03"), ["registry:version signal v1"]);
}

#[test]
fn a_soft_deleted_run_is_cleared_when_asked_for_and_then_ignored() {
    let mut world = many();
    world.runs[2].is_deleted = true;
    world.runs[3].is_deleted = true;
    world.runs[3] = world.runs[3].clone().tag("protected", "true");
    let (sandbox, uri) = sqlite(&world);
    assert!(!actions(&plan(&sandbox, &uri, &[])).contains_key("run02"));
    let document = plan(&sandbox, &uri, &["--include-deleted"]);
    let action = |run: &str| actions(&document)[run].clone();
    assert_eq!((action("run02").as_str(), action("run03").as_str()), ("delete", "keep"));
    cleanup(&sandbox, &uri, &["--include-deleted"]).succeeds();
    assert!(!super::has_files(&super::artifacts(&sandbox, 1, "run02")));
    assert!(super::has_files(&super::artifacts(&sandbox, 1, "run03")));
    let again = plan(&sandbox, &uri, &["--include-deleted"]);
    assert_eq!(actions(&again)["run02"], "ignore");
}

#[test]
fn a_file_store_that_is_damaged_is_left_where_it_is() {
    let sandbox = Sandbox::new();
    let world = many();
    let uri = world.files(&sandbox.path(""));
    let meta = |run: &str| sandbox.path(&format!("mlruns/1/{run}/meta.yaml"));
    std::fs::remove_file(meta("run01")).unwrap();
    let text = std::fs::read_to_string(meta("run02")).unwrap();
    write(&meta("run02"), &text[..text.len() / 2]);
    write(&meta("run04"), &std::fs::read_to_string(meta("run05")).unwrap());
    let ran = cleanup(&sandbox, &uri, &["--dry-run"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    for line in
        ["momentum/run01  it has no meta.yaml", "momentum/run04  its meta.yaml is of another run"]
    {
        assert!(ran.stdout.contains(line), "{ran:?}");
    }
    assert!(ran.stdout.contains("momentum/run02  its meta.yaml"), "{ran:?}");
    assert_eq!(cleanup(&sandbox, &uri, &[]).code, Some(4));
    for run in ["run01", "run02", "run04"] {
        assert!(super::has_files(&sandbox.path(&format!("mlruns/1/{run}/artifacts"))), "{run}");
    }
}
