//! Against MLflow itself: its client writes the runs, its server hands them out, and afterwards it lists what is left.
//!
//! `UT_MLFLOW` names one or more Pythons that have the package, with colons between them.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{AT, cleanup, plan};
use crate::support::{Sandbox, skipped};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cleanup/real.py");

fn pythons() -> Vec<String> {
    let Some(all) = std::env::var_os("UT_MLFLOW") else {
        skipped("MLflow", "UT_MLFLOW names no Python that has it");
        return Vec::new();
    };
    all.to_string_lossy().split(':').map(str::to_owned).collect()
}

fn script(python: &str, verb: &str, uri: &str, folder: &Path) -> Value {
    let ran = Command::new(python).args([SCRIPT, verb, uri]).current_dir(folder).output().unwrap();
    assert!(ran.status.success(), "{verb} {uri}: {}", String::from_utf8_lossy(&ran.stderr));
    let said = String::from_utf8(ran.stdout).unwrap();
    serde_json::from_str(said.lines().last().unwrap_or("null")).unwrap_or(Value::Null)
}

/// A tracking server with a database and artifacts that it hands on.
struct Server(Child);

impl Server {
    fn start(python: &str, folder: &Path) -> (Self, String) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let store = format!("sqlite:///{}/server.db", folder.display());
        let child = Command::new(python)
            .args(["-m", "mlflow", "server", "--backend-store-uri", &store])
            .args(["--artifacts-destination", &folder.join("served").display().to_string()])
            .args(["--serve-artifacts", "--host", "127.0.0.1", "--workers", "1"])
            .args(["--port", &port.to_string()])
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self(child);
        for _ in 0..600 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        (server, format!("http://127.0.0.1:{port}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its workers end with it.
        let pid = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::SIGTERM);
        let _ = self.0.wait();
    }
}

const FLAGS: [&str; 6] = ["--top-n", "2", "--archive-path", "backup", "--protect-tag", "keep=yes"];

fn check(python: &str, uri: &str) {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("");
    script(python, "make", uri, &folder);
    let before = script(python, "check", uri, &folder);
    for (direction, mode) in [("DESC", "max"), ("ASC", "min")] {
        let theirs = script(python, direction, uri, &folder);
        let ours =
            plan(&sandbox, uri, &["--top-n", "100", "--mode", mode, "--retention-days", "0"]);
        let mut ranked: Vec<(u32, &str)> = Vec::new();
        for run in ours["runs"].as_array().unwrap() {
            let rank = run["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .find_map(|reason| reason.as_str().unwrap().strip_prefix("top-")?.parse().ok());
            ranked.extend(rank.map(|rank| (rank, run["run_id"].as_str().unwrap())));
        }
        ranked.sort_unstable();
        let ours: Vec<&str> = ranked.into_iter().map(|(_, id)| id).collect();
        assert_eq!(serde_json::json!(ours), theirs, "{python} {uri} {mode}");
    }
    let ran = cleanup(&sandbox, uri, &FLAGS);
    assert_eq!(ran.succeeds().stderr, "", "{python} {uri}");
    let after = script(python, "check", uri, &folder);
    let active: BTreeSet<&str> =
        after["active"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let gone = |name: &str| {
        name.starts_with("plain") || ["nan", "infinite", "none", "modeller"].contains(&name)
    };
    for name in before["active"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        let is_tie = name.starts_with("tie-");
        assert!(is_tie || active.contains(name) != gone(name), "{python} {uri}: {name}");
        let (old, new) = (&before["files"][name], &after["files"][name]);
        let nothing = serde_json::json!([]);
        let expected = if active.contains(name) { old } else { &nothing };
        assert_eq!(new, expected, "{python} {uri}: {name}");
    }
    let ties = active.iter().filter(|name| name.starts_with("tie-")).count();
    assert_eq!(ties, 2, "the best two of three that tie");
    if !uri.starts_with("http") && !before["models"].as_array().unwrap().is_empty() {
        assert_eq!(after["models"], serde_json::json!(["kept-model"]), "{python} {uri}");
    }
    let restore =
        ["cleanup", "restore", "--all", "--archive-path", "backup", "--tracking-uri", uri];
    sandbox.ut(restore).succeeds();
    assert_eq!(script(python, "check", uri, &folder), before, "{python} {uri}: restored");
    cleanup(&sandbox, uri, &FLAGS).succeeds();
    let again = sandbox
        .ut(["cleanup", "--dry-run", "--top-n", "2", "--tracking-uri", uri].iter().chain(&AT));
    assert!(again.succeeds().stdout.contains("dry run"), "{again:?}");
}

#[test]
fn mlflow_lists_what_should_be_left_in_a_database() {
    for python in pythons() {
        let folder = tempfile::tempdir().unwrap();
        check(&python, &format!("sqlite:///{}/mlflow.db", folder.path().display()));
    }
}

#[test]
fn mlflow_lists_what_should_be_left_in_a_folder() {
    for python in pythons() {
        let folder = tempfile::tempdir().unwrap();
        check(&python, &folder.path().join("mlruns").display().to_string());
    }
}

#[test]
fn mlflow_lists_what_should_be_left_on_a_server() {
    for python in pythons() {
        let folder = tempfile::tempdir().unwrap();
        let (_server, uri) = Server::start(&python, folder.path());
        check(&python, &uri);
    }
}
