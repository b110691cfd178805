//! The record of each report, and the webhook that hears of changes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use super::{configured, file};
use crate::support::{Disk, Sandbox};

/// A server that keeps what it is sent, and answers with this status.
fn hook(status: &'static str) -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (to, from) = channel();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            connection.write_all(head.as_bytes()).unwrap();
            if to.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    (format!("http://{address}/services/secret-token"), from)
}

fn with_hook(url: &str) -> Sandbox {
    configured(&format!("webhook = \"{url}\"\nreport = \"kept.jsonl\"\n{}", file("beat", "")))
}

fn records(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.path("kept.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn only_changes_are_told_and_every_report_is_kept() {
    let (url, told) = hook("200 OK");
    let sandbox = with_hook(&url);
    sandbox.write("beat", "");
    sandbox.ut(["health", "--report"]).succeeds();
    assert!(told.try_recv().is_err(), "all is well, and nothing else was known");
    std::fs::remove_file(sandbox.path("beat")).unwrap();
    for _ in 0..2 {
        sandbox.ut(["health", "--report"]).fails(1, &[]);
    }
    let message = told.recv().unwrap();
    assert_eq!(message["status"], "fail");
    assert_eq!(message["changes"][0]["name"], "beat");
    assert!(message["text"].as_str().unwrap().contains("beat new → fail: "), "{message:#}");
    assert!(told.try_recv().is_err(), "the second time it is no news");
    sandbox.write("beat", "");
    sandbox.ut(["health", "--report"]).succeeds();
    let message = told.recv().unwrap();
    assert!(message["text"].as_str().unwrap().contains("beat fail → pass: "), "{message:#}");
    let statuses: Vec<Value> = records(&sandbox).iter().map(|r| r["status"].clone()).collect();
    assert_eq!(statuses, ["pass", "fail", "fail", "pass"]);
}

#[test]
fn what_could_not_be_told_is_told_the_next_time() {
    let (url, refused) = hook("400 Bad Request");
    let sandbox = with_hook(&url);
    let ran = sandbox.ut(["-v", "health", "--report"]);
    ran.fails(1, &["POST http://127.0.0.1:", "400 Bad Request"]);
    assert!(!ran.stderr.contains("secret-token"), "{ran:?}");
    assert!(refused.try_recv().is_ok());
    let (url, told) = hook("200 OK");
    let toml = format!(
        "[health]\ndefaults = false\nwebhook = \"{url}\"\nreport = \"kept.jsonl\"\n{}",
        file("beat", "critical = false")
    );
    sandbox.write("ut.toml", toml);
    sandbox.ut(["health", "--report"]).succeeds();
    assert_eq!(told.recv().unwrap()["changes"][0]["to"], "warn");
    assert_eq!(records(&sandbox).len(), 2);
}

#[test]
fn where_the_report_cannot_be_kept_the_webhook_is_told_all_the_same() {
    let (url, told) = hook("200 OK");
    let sandbox = configured(&format!(
        "webhook = \"{url}\"\nreport = \"nowhere/kept.jsonl\"\n{}",
        file("beat", "critical = false")
    ));
    let ran = sandbox.ut(["health", "--report"]);
    ran.fails(3, &["nowhere/kept.jsonl"]);
    assert!(ran.stdout.starts_with("warn  beat"), "{ran:?}");
    assert!(told.recv().is_ok());
    sandbox.write("kept", "a diary");
    sandbox.write("ut.toml", "[health]\nreport = \"kept\"\n");
    sandbox
        .ut(["health", "--report", "--disk-error", "100"])
        .fails(3, &["kept is no report of `ut health`", "left alone"]);
    assert_eq!(std::fs::read(sandbox.path("kept")).unwrap(), b"a diary");
    sandbox.write("ut.toml", "[health]\nwebhook = \"token-and-no-address\"\n[[health.check]]\nkind = \"file-age\"\npath = \"x\"\nmax-age = \"1h\"\n");
    let wrong = sandbox.ut(["health", "--only", "file-age", "--report"]);
    wrong.fails(1, &["ut.toml:2: `health.webhook` is no address"]);
    assert!(!wrong.stderr.contains("token-and"), "{wrong:?}");
}

#[test]
fn a_full_disk_leaves_the_report_as_it_was() {
    let sandbox =
        configured("report = \"disk/kept.jsonl\"\n[[health.check]]\nkind = \"breaker\"\n");
    std::fs::create_dir(sandbox.path("disk")).unwrap();
    let Some(_disk) = Disk::mount(&sandbox.path("disk"), "size=8k") else {
        return eprintln!("skipped: a report on a full disk, for which a disk must be mounted");
    };
    sandbox.ut(["health", "--report"]).succeeds();
    let kept = sandbox.path("disk/kept.jsonl");
    // One page is left for the report: a few records.
    sandbox.write("disk/filler", "x");
    let mut runs = (0..60).map(|_| sandbox.ut(["health", "--report"]));
    let failed = runs.find(|ran| ran.code != Some(0)).unwrap();
    failed.fails(3, &["cannot add to the report", "kept.jsonl", "No space left"]);
    assert!(failed.stdout.contains("pass: 1 check"), "{failed:?}");
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.ends_with('\n') && text.lines().count() > 1);
    for line in text.lines() {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["status"], "pass");
    }
}

#[test]
fn reports_at_once_are_all_kept() {
    let sandbox = configured("report = \"kept.jsonl\"\n[[health.check]]\nkind = \"breaker\"\n");
    let reports = |_| {
        let runs = (0..10).map(|_| sandbox.ut(["health", "--report"]));
        runs.for_each(|ran| drop(ran.succeeds().stdout.clone()));
    };
    std::thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || reports(number));
        }
    });
    assert_eq!(records(&sandbox).len(), 80);
}
