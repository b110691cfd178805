//! Signals end a run as a shell expects, and leave nothing behind.

#![cfg(unix)]

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use crate::support::{Sandbox, fleet, metrics};

/// Sends a signal to a run that waits for more rows; the signal that ended it.
fn ended_by(signal: &str, sandbox: &Sandbox) -> Option<i32> {
    let mut child = sandbox
        .command()
        .arg("infer")
        .arg("--model")
        .arg(fleet().join("fleet-tft"))
        .args(["--input", "-", "--output", "out.csv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(metrics(&["web-01"], 80).as_bytes()).unwrap();
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = child.wait().unwrap();
    drop(stdin);
    status.signal()
}

#[test]
fn a_waiting_run_ends_by_the_signal_and_keeps_the_old_file() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("out.csv", "old");
    assert_eq!(ended_by("-INT", &sandbox), Some(2));
    assert_eq!(ended_by("-TERM", &sandbox), Some(15));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "old");
    let left = std::fs::read_dir(sandbox.path(".")).unwrap().count();
    assert_eq!(left, 2, "the repository marker and out.csv");
}

/// Wherever the signal falls, the file is the old one or the new one, and no other is left.
#[test]
fn a_signal_while_writing_leaves_a_whole_file() {
    let sandbox = Sandbox::new();
    let input = sandbox.write("metrics.csv", metrics(&["web-01", "web-02"], 80));
    let run = || {
        let mut command = sandbox.command();
        command
            .arg("infer")
            .arg("--model")
            .arg(fleet().join("fleet-tft"))
            .arg("--input")
            .arg(&input);
        command.args(["--format", "csv", "--output", "out.csv"]).stdin(Stdio::null());
        command
    };
    assert!(run().status().unwrap().success());
    let whole = std::fs::read(sandbox.path("out.csv")).unwrap();
    for delay_ms in 0..40 {
        let mut child = run().spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        let _ = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        child.wait().unwrap();
        assert_eq!(std::fs::read(sandbox.path("out.csv")).unwrap(), whole);
        // The repository's marker, the metrics, the forecasts and the state.
        assert_eq!(std::fs::read_dir(sandbox.path(".")).unwrap().count(), 4);
    }
}
