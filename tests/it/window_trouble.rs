//! The window in trouble: damage, other people's files, a full disk, several at once, sudden death.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::model::case_folders;
use crate::support::{Ran, Sandbox, fleet, metrics};
use crate::window::{kept, rows, run, save_command, saved};

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
