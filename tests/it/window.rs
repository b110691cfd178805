//! The window: warm after a restart, whole whatever happens.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ut::infer::window::{Window, load};

use crate::model::case_folders;
use crate::support::{HEAD, Ran, Sandbox, fleet, line, metrics};

const MINUTE: i64 = 60_000_000;

/// Rows of these steps.
fn rows(servers: &[&str], steps: std::ops::Range<u32>) -> String {
    let mut text = format!("{HEAD}\n");
    for step in steps {
        for server in servers {
            text += &line(server, step);
            text.push('\n');
        }
    }
    text
}

fn kept(sandbox: &Sandbox) -> Window {
    load(&sandbox.path("fleet.window")).unwrap()
}

/// `ut infer --window fleet.window` over rows.
fn run(sandbox: &Sandbox, rows: &str, args: &[&str]) -> Ran {
    sandbox.infer_rows(rows, &[&["--window", "fleet.window", "--format", "csv"], args].concat())
}

/// A window of 100 steps of web-01, and its bytes.
fn saved(sandbox: &Sandbox) -> Vec<u8> {
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

/// Files of the folder, by name.
fn names(sandbox: &Sandbox) -> Vec<String> {
    let entries = std::fs::read_dir(sandbox.path(".")).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_damaged_window_is_set_aside_and_the_run_goes_on_cold() {
    for damage in ["cut", "flipped", "empty"] {
        let sandbox = Sandbox::new();
        let mut bytes = saved(&sandbox);
        match damage {
            "cut" => bytes.truncate(bytes.len() / 2),
            "flipped" => bytes[900] ^= 4,
            _ => bytes.clear(),
        }
        sandbox.write("fleet.window", &bytes);
        let verify = sandbox.ut(["infer", "window", "verify", "fleet.window"]);
        assert_eq!(verify.code, Some(1));
        assert!(verify.stdout.contains("damaged"), "{verify:?}");
        for look in ["load", "show"] {
            sandbox.ut(["infer", "window", look, "fleet.window"]).fails(3, &["damaged", "hint:"]);
        }
        sandbox.infer(&["--window", "fleet.window"]).fails(3, &["damaged"]);
        assert_eq!(std::fs::read(sandbox.path("fleet.window")).unwrap(), bytes, "untouched so far");

        let ran = run(&sandbox, &rows(&["web-01"], 90..170), &[]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.stderr.contains("fleet.window is cold: it is damaged: "), "{ran:?}");
        let aside = names(&sandbox).into_iter().find(|n| n.starts_with("fleet.window.corrupt-"));
        assert_eq!(std::fs::read(sandbox.path(&aside.unwrap())).unwrap(), bytes);
        assert_eq!(kept(&sandbox).records.len(), 80);
        sandbox.ut(["infer", "window", "verify", "fleet.window"]).succeeds();
    }
}

#[test]
fn what_is_no_window_of_ours_is_left_alone() {
    let sandbox = Sandbox::new();
    let mut newer = saved(&sandbox);
    newer[8] = 2;
    let sum = crc32fast::hash(&newer[8..16]);
    newer[16..20].copy_from_slice(&sum.to_le_bytes());
    let rows = rows(&["web-01"], 0..80);
    for (content, said) in [
        (newer, "a newer ut wrote it: it has format 2, this program reads up to 1"),
        (rows.clone().into_bytes(), "it is not a window"),
    ] {
        sandbox.write("fleet.window", &content);
        run(&sandbox, &rows, &[]).fails(3, &[said, "hint:"]);
        assert_eq!(std::fs::read(sandbox.path("fleet.window")).unwrap(), content);
    }
    std::fs::create_dir(sandbox.path("folder.window")).unwrap();
    let folder = sandbox.infer_rows(&rows, &["--window", "folder.window"]);
    folder.fails(3, &["folder.window: it is a folder"]);
    sandbox.infer_rows(&rows, &["--window", "/dev/null"]).fails(3, &["it is no regular file"]);
    sandbox
        .infer_rows(&rows, &["--window", "nowhere/fleet.window"])
        .fails(3, &["cannot use the file nowhere/fleet.window"]);
    sandbox
        .infer(&["--window", "absent.window"])
        .fails(3, &["cannot use the window absent.window"]);
}

#[test]
fn a_window_of_another_model_is_refused() {
    let sandbox = Sandbox::new();
    let before = saved(&sandbox);
    let other = case_folders().swap_remove(0);
    let input = other.join("window.csv");
    let (other, input) = (other.to_str().unwrap(), input.to_str().unwrap());
    sandbox
        .ut(["infer", "--model", other, "--input", input, "--window", "fleet.window"])
        .fails(2, &["does not fit the model", "its rows ", "hint:"]);
    assert_eq!(std::fs::read(sandbox.path("fleet.window")).unwrap(), before);
    let show = sandbox.ut(["infer", "window", "show", "fleet.window", "--model", other]);
    assert_eq!(show.code, Some(1));
    assert!(show.stdout.contains("does not fit the model"), "{show:?}");
}

#[test]
fn a_retrained_model_takes_the_window_over() {
    let sandbox = Sandbox::new();
    saved(&sandbox);
    let retrained = sandbox.model(|json| {
        json["inputs"]["reals"].as_array_mut().unwrap().swap(0, 3);
        json["derived"]["columns"]["time_idx"]["origin"] = "2026-01-01T00:00:00Z".into();
    });
    let retrained = retrained.to_str().unwrap();
    let input = sandbox.write("m.csv", metrics(&["web-01"], 100));
    let args = ["infer", "--format", "csv", "--model", retrained];
    let plain = sandbox.ut(args.iter().chain(&["--input", input.to_str().unwrap()]));
    let kept = sandbox.ut(args.iter().chain(&["--window", "fleet.window"]));
    assert_eq!(kept.succeeds().stdout, plain.succeeds().stdout);
}

#[test]
fn a_window_that_cannot_be_saved_costs_nobody_the_forecast() {
    let sandbox = Sandbox::new();
    let before = saved(&sandbox);
    let path = sandbox.path("fleet.window");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let ran = run(&sandbox, &rows(&["web-01"], 100..101), &[]);
    ran.fails(3, &["cannot write", "fleet.window: it is read-only"]);
    assert_eq!(ran.stdout.lines().count(), 97);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// A limit on the size of files stands in for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_window() {
    let sandbox = Sandbox::new();
    let before = saved(&sandbox);
    let input = sandbox.write("m.csv", rows(&["web-01", "web-02"], 0..200));
    let limited = "trap '' XFSZ; ulimit -f 4; exec \"$0\" infer --model \"$1\" --input \"$2\" \
                   --window fleet.window --format csv";
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_ut")])
        .arg(fleet().join("fleet-tft"))
        .arg(input)
        .current_dir(sandbox.path("."))
        .output()
        .unwrap();
    let ran = Ran::from(output);
    ran.fails(3, &["cannot write", "fleet.window", "File too large"]);
    assert_eq!(ran.stdout.lines().count(), 1 + 2 * 96);
    assert_eq!(std::fs::read(sandbox.path("fleet.window")).unwrap(), before);
    assert!(!sandbox.path("fleet.window.new").exists());
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let sandbox = Sandbox::new();
    let mode = |name: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(sandbox.path(name), permissions).unwrap();
    };
    let input = sandbox.write("m.csv", rows(&["web-01"], 0..80));
    std::fs::create_dir(sandbox.path("closed")).unwrap();
    mode(".", 0o755);
    mode("closed", 0o555);
    let mut command = sandbox.command();
    command.args(["infer", "--window", "closed/w", "--model"]).arg(fleet().join("fleet-tft"));
    command.arg("--input").arg(&input).stdin(Stdio::null());
    if std::fs::write(sandbox.path("closed/probe"), "").is_ok() {
        // Root may write everywhere; somebody else takes its place.
        command.uid(65_534).gid(65_534);
    }
    match command.output() {
        Ok(output) => Ran::from(output).fails(3, &["cannot lock closed/w", "Permission denied"]),
        Err(e) => eprintln!("skipped: nobody may run the program here: {e}"),
    }
}

#[test]
fn a_second_process_waits_or_is_told_to_come_later() {
    let sandbox = Sandbox::new();
    saved(&sandbox);
    let lock = std::fs::File::open(sandbox.path("fleet.window.lock")).unwrap();
    lock.lock().unwrap();
    let new = rows(&["web-01"], 100..101);
    run(&sandbox, &new, &["--window-wait", "50ms"]).fails(75, &["another process has", "hint:"]);
    let unlocks = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        drop(lock);
    });
    run(&sandbox, &new, &[]).succeeds();
    unlocks.join().unwrap();
    assert_eq!(kept(&sandbox).records.len(), 101);
}

#[test]
fn many_at_once_lose_no_row() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..12).map(|i| format!("web-{i:02}")).collect();
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            let input = sandbox.write(&format!("{name}.csv"), rows(&[name], 0..90));
            save_command(&sandbox, &input).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let window = kept(&sandbox);
    assert_eq!((window.records.servers.len(), window.records.len()), (12, 12 * 90));
}

/// `ut infer window save fleet.window --input …`
fn save_command(sandbox: &Sandbox, input: &Path) -> Command {
    let mut command = sandbox.command();
    command.args(["infer", "window", "save", "fleet.window", "--model"]);
    command.arg(fleet().join("fleet-tft")).arg("--input").arg(input);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Killed at five hundred moments that are spread over a run's whole length: what is found afterwards
/// is always a sound window, and what a killed process left behind does not pile up.
#[cfg(unix)]
#[test]
fn killed_at_any_moment_the_window_is_whole() {
    const KILLS: u32 = 500;
    let sandbox = Sandbox::new();
    let servers: Vec<String> = (0..40).map(|i| format!("web-{i:02}")).collect();
    let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
    let input = sandbox.write("first.csv", rows(&servers, 0..299));
    assert!(save_command(&sandbox, &input).status().unwrap().success());
    let input = sandbox.write("second.csv", rows(&servers[..1], 299..300));
    let start = Instant::now();
    assert!(save_command(&sandbox, &input).status().unwrap().success());
    let whole = start.elapsed() * 5 / 4;
    let (mut before, mut changed) = (kept(&sandbox).tick, 0);
    for i in 0..KILLS {
        let step = 300 + i;
        let input = sandbox.write("next.csv", rows(&servers[..1], step..step + 1));
        let mut child = save_command(&sandbox, &input).spawn().unwrap();
        std::thread::sleep(whole * (i % 100) / 100);
        child.kill().unwrap();
        child.wait().unwrap();
        let after = kept(&sandbox).tick;
        assert!(after == before || after == before + 1, "{before} became {after}");
        changed += u32::from(after > before);
        before = after;
    }
    assert!(
        (1..KILLS).contains(&changed),
        "{changed} of {KILLS} runs ended before they were killed"
    );
    let left: Vec<String> =
        names(&sandbox).into_iter().filter(|n| n.starts_with("fleet.window")).collect();
    assert!(left.len() <= 3, "{left:?}");
    let input = sandbox.write("last.csv", rows(&servers[..1], 900..901));
    assert!(save_command(&sandbox, &input).status().unwrap().success());
}

#[test]
fn signals_leave_the_old_window_or_the_new_one() {
    let sandbox = Sandbox::new();
    saved(&sandbox);
    for i in 0..40_u64 {
        let step = 100 + i as u32;
        let input = sandbox.write("m.csv", rows(&["web-01"], step..step + 1));
        let before = kept(&sandbox).tick;
        let mut child = save_command(&sandbox, &input).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(i * 500));
        let signal = if i % 2 == 0 { "-INT" } else { "-TERM" };
        let _ = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        child.wait().unwrap();
        let after = kept(&sandbox).tick;
        assert!(after >= before, "{before} became {after}");
        assert!(!sandbox.path("fleet.window.new").exists());
    }
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
