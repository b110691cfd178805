//! The window: warm after a restart, whole whatever happens.

use std::path::Path;
use std::process::{Command, Stdio};

use ut::infer::window::{Window, load};

use crate::model::case_folders;
use crate::support::{HEAD, Ran, Sandbox, fleet, line};

const MINUTE: i64 = 60_000_000;

/// Rows of these steps.
pub(crate) fn rows(servers: &[&str], steps: std::ops::Range<u32>) -> String {
    let mut text = format!("{HEAD}\n");
    for step in steps {
        for server in servers {
            text += &line(server, step);
            text.push('\n');
        }
    }
    text
}

pub(crate) fn kept(sandbox: &Sandbox) -> Window {
    load(&sandbox.path("fleet.window")).unwrap()
}

/// `ut infer --window fleet.window` over rows.
pub(crate) fn run(sandbox: &Sandbox, rows: &str, args: &[&str]) -> Ran {
    sandbox.infer_rows(rows, &[&["--window", "fleet.window", "--format", "csv"], args].concat())
}

/// A window of 100 steps of web-01, and its bytes.
pub(crate) fn saved(sandbox: &Sandbox) -> Vec<u8> {
    run(sandbox, &rows(&["web-01"], 0..100), &[]).succeeds();
    std::fs::read(sandbox.path("fleet.window")).unwrap()
}

#[test]
fn a_restart_is_warm_and_forecasts_as_if_it_had_never_been() {
    let sandbox = Sandbox::new();
    let servers = ["web-01", "web-02"];
    run(&sandbox, &rows(&servers, 0..149), &[]).succeeds();
    let warm = run(&sandbox, &rows(&servers, 149..150), &[]);
    let whole = sandbox.infer_rows(rows(&servers, 0..150), &["--format", "csv"]);
    assert_eq!(warm.succeeds().stdout, whole.succeeds().stdout);
    assert_eq!(warm.stderr, "");
    let from_window = sandbox.infer(&["--window", "fleet.window", "--format", "csv"]);
    assert_eq!(from_window.succeeds().stdout, whole.stdout);
    let json = sandbox.infer(&["--window", "fleet.window", "--format", "json"]).json();
    assert_eq!(json["window"]["tick"], 150);
    assert_eq!(json["window"]["saved"], false);
}

/// Every kind of column and clock that models have goes through the file and back.
#[test]
fn every_case_is_forecast_alike_from_its_rows_its_window_and_the_records_of_that() {
    for folder in case_folders() {
        let (sandbox, what) = (Sandbox::new(), folder.display().to_string());
        let infer = |args: &[&str]| {
            let fixed = ["infer", "--format", "csv", "--model", folder.to_str().unwrap()];
            sandbox.ut(fixed.iter().chain(args)).succeeds().stdout.clone()
        };
        let input = folder.join("window.csv");
        let expected = infer(&["--input", input.to_str().unwrap()]);
        let window = ["--window", "case.window"];
        assert_eq!(infer(&[&window[..], &["--input", input.to_str().unwrap()]].concat()), expected);
        assert_eq!(infer(&window), expected, "{what}");
        for format in ["csv", "jsonl"] {
            let args = ["infer", "window", "load", "case.window", "--format", format];
            let name = format!("records.{format}");
            sandbox.write(&name, &sandbox.ut(args).succeeds().stdout);
            assert_eq!(infer(&["--input", &name]), expected, "{what} {format}");
        }
    }
}

#[test]
fn late_repeated_and_old_rows_have_their_rule() {
    let sandbox = Sandbox::new();
    let take = |rows: &str| {
        let args = ["--window", "fleet.window", "--window-steps", "100", "--format", "json"];
        let told = sandbox.infer_rows(rows, &args).json()["window"].clone();
        ["new", "late", "known", "outdated"].map(|n| told[n].as_u64().unwrap())
    };
    assert_eq!(take(&rows(&["web-01"], 20..60)), [40, 0, 0, 0]);
    let other = rows(&["web-01"], 50..70).replace(",0.5,0.3,", ",0.9,0.3,");
    assert_eq!(take(&other), [10, 0, 10, 0]);
    let window = kept(&sandbox);
    let mem = &window.records.servers[0].reals()[2];
    assert_eq!((mem.len(), mem[39], mem[40]), (50, 0.5, 0.9), "the first row of a step counts");
    // What comes late goes to its place; what is older than a full window is left out.
    assert_eq!(take(&rows(&["web-01"], 80..120)), [40, 0, 0, 0]);
    assert_eq!(take(&rows(&["web-01"], 65..82)), [0, 10, 7, 0]);
    assert_eq!(take(&rows(&["web-01"], 10..25)), [0, 0, 5, 10]);
    let window = kept(&sandbox);
    assert_eq!((window.records.len(), window.tick), (100, 90));
    assert_eq!(window.records.servers[0].unbroken(200), 100);
}

/// The line of docs/infer.md for cron, run each minute on a file that grows and is rotated.
#[cfg(unix)]
#[test]
fn the_documented_crontab_follows_a_growing_file_and_says_nothing() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/infer.md");
    let page = std::fs::read_to_string(page).unwrap();
    let example = page.lines().find_map(|l| l.strip_prefix("* * * * *  ")).unwrap();
    let sandbox = Sandbox::new();
    let path = |name: &str| sandbox.path(name).to_str().unwrap().to_owned();
    let command = example
        .replace("/var/log/metrics.csv", &path("metrics.csv"))
        .replace("/etc/ut/ut.toml", fleet().join("ut.toml").to_str().unwrap())
        .replace("/var/lib/", &path(""))
        .replace("ut infer", &format!("{} infer", env!("CARGO_BIN_EXE_ut")));
    let mut log = rows(&["web-01", "web-02"], 0..75);
    for minute in 0..30_u32 {
        sandbox.write("metrics.csv", &log);
        let ran: Ran = Command::new("sh").args(["-c", &command]).output().unwrap().into();
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
        let step = 75 + minute * 12;
        let new = rows(&["web-01", "web-02"], step..step + 12);
        // Rotated after ten minutes: only the new rows are there.
        log = if minute == 10 { new } else { log + new.split_once('\n').unwrap().1 };
    }
    let window = kept(&sandbox);
    assert_eq!((window.records.len(), window.tick), (600, 75 + 29 * 12));
    let forecast = std::fs::read_to_string(sandbox.path("forecast.csv")).unwrap();
    assert_eq!(forecast.lines().count(), 1 + 2 * 96);
}

#[test]
fn a_gap_between_the_window_and_new_rows_begins_the_server_anew() {
    let sandbox = Sandbox::new();
    run(&sandbox, &rows(&["web-01", "web-02"], 0..100), &[]).succeeds();
    let mut late = rows(&["web-01"], 100..130);
    late += rows(&["web-02"], 105..130).split_once('\n').unwrap().1;
    let ran = run(&sandbox, &late, &[]);
    let json = sandbox.infer(&["--window", "fleet.window", "--format", "json"]).json();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(json["servers"][0]["steps"], 130);
    assert_eq!(
        (json["servers"][1]["needs"].as_u64(), &json["servers"][1]["state"]),
        (Some(50), &"cold".into())
    );
    // The rows of the gap come at last.
    run(&sandbox, &rows(&["web-02"], 100..105), &[]).succeeds();
    let json = sandbox.infer(&["--window", "fleet.window", "--format", "json"]).json();
    assert_eq!(json["servers"][1]["steps"], 130);
}

#[test]
fn limits_hold_and_are_refused_where_they_starve_a_server() {
    let sandbox = Sandbox::new();
    let two = rows(&["web-01", "web-02"], 0..320);
    run(&sandbox, &two, &[]).succeeds();
    assert_eq!(kept(&sandbox).records.len(), 600);
    run(&sandbox, &two, &["--max-records", "200"]).succeeds();
    assert_eq!(kept(&sandbox).records.len(), 200);
    run(&sandbox, &two, &["--window-steps", "310"]).succeeds();
    assert_eq!(kept(&sandbox).records.len(), 620, "a wider window takes the older rows too");
    let before = std::fs::read(sandbox.path("fleet.window")).unwrap();
    run(&sandbox, &two, &["--max-records", "149"])
        .fails(2, &["74 steps a server are fewer than the 75", "hint: --max-records 150"]);
    run(&sandbox, &two, &["--window-steps", "74"]).fails(2, &["74 steps", "needs 75"]);
    sandbox.infer_rows(&two, &["--max-records", "500"]).fails(2, &["no window", "--window FILE"]);
    assert_eq!(std::fs::read(sandbox.path("fleet.window")).unwrap(), before);
}

#[test]
fn forecasting_one_server_keeps_the_others() {
    let sandbox = Sandbox::new();
    let two = rows(&["web-01", "web-02"], 0..100);
    let ran = run(&sandbox, &two, &["--server", "web-02"]);
    assert!(!ran.succeeds().stdout.contains("web-01"));
    assert_eq!(kept(&sandbox).records.servers.len(), 2);
    run(&sandbox, &two, &["--server", "wbe-01"]).fails(2, &["did you mean web-01?"]);
    let cold = run(&sandbox, &two, &["--server", "db-01"]);
    assert_eq!(cold.code, Some(75), "known to the model, without rows");
    assert_eq!(kept(&sandbox).records.servers.len(), 2);
}

#[test]
fn an_old_window_is_used_with_a_warning_and_so_is_one_from_the_future() {
    let sandbox = Sandbox::new();
    saved(&sandbox);
    let mut window = kept(&sandbox);
    let mut at = |micros_ago: i64, args: &[&str]| {
        window.saved = Some(ut::core::clock::now() - micros_ago);
        let mut bytes = Vec::new();
        ut::infer::window::encode(&window, &mut bytes).unwrap();
        sandbox.write("fleet.window", bytes);
        sandbox.infer(&[&["--window", "fleet.window", "--format", "csv"], args].concat())
    };
    assert_eq!(at(29 * MINUTE, &[]).succeeds().stderr, "");
    let old = at(31 * MINUTE, &[]);
    assert!(old.succeeds().stderr.contains("was saved 31 min ago (limit 30 min)"), "{old:?}");
    assert_eq!(at(31 * MINUTE, &["--window-max-age", "1h"]).succeeds().stderr, "");
    assert_eq!(at(31 * MINUTE, &["-q"]).succeeds().stderr, "");
    let ahead = at(-90 * MINUTE, &[]);
    assert!(ahead.succeeds().stderr.contains("the clock has gone back"), "{ahead:?}");
}

/// `ut infer window save fleet.window --input …`
pub(crate) fn save_command(sandbox: &Sandbox, input: &Path) -> Command {
    let mut command = sandbox.command();
    command.args(["infer", "window", "save", "fleet.window", "--model"]);
    command.arg(fleet().join("fleet-tft")).arg("--input").arg(input);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

#[test]
fn a_window_can_be_looked_at() {
    let sandbox = Sandbox::new();
    let two = rows(&["web-01", "web-02"], 0..80);
    let input = sandbox.write("m.csv", two + &line("db-01", 79) + "\n");
    let output = save_command(&sandbox, &input).stdout(Stdio::piped()).output().unwrap();
    let saved = Ran::from(output);
    assert_eq!(
        saved.succeeds().stdout,
        "window fleet.window: 161 records, tick 80, new → saved with 161 new rows\n"
    );
    let show = |args: &[&str]| {
        let fixed = ["infer", "window", "show", "fleet.window"];
        sandbox.ut(fixed.iter().chain(args)).succeeds().stdout.clone()
    };
    let text = show(&[]);
    for part in
        ["db-01      1", "cold 1/75", "warming 80/150", "161 records of 3 servers", "tick 80"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let json: serde_json::Value = serde_json::from_str(&show(&["--format", "json"])).unwrap();
    assert_eq!(json["schema"], "ut.infer-window/1");
    assert_eq!(json["servers"][1]["newest"], "2026-01-07T09:06:35Z");
    assert_eq!(json["model"]["fits"], true);
    let one = ["infer", "window", "load", "fleet.window", "--server", "db-01"];
    assert_eq!(sandbox.ut(one).succeeds().stdout.lines().count(), 2);
    let quiet = save_command(&sandbox, &input).arg("-q").stdout(Stdio::piped()).output().unwrap();
    assert_eq!(Ran::from(quiet).succeeds().stdout, "");
}
