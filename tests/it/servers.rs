//! Redis and PostgreSQL under load, killed and started again: the breaker opens, callers are rejected at once, and one
//! probe brings them back.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::daemons::{postgres, redis};
use crate::processes::{Server, quiet, wait_for};
use crate::support::Sandbox;

const CALLERS: usize = 4;

/// Calls until told to stop; how long each rejection took, from the start of its process.
fn calls(sandbox: &Sandbox, command: &[&str], stop: &AtomicBool) -> Vec<Duration> {
    let mut rejections = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut guard = sandbox.command();
        guard.args(["guard", "server", "--open-for", "300ms", "--timeout", "2s", "--"]);
        guard.args(command);
        let begin = Instant::now();
        let code = quiet(&mut guard).status().unwrap().code();
        match code {
            Some(75) => rejections.push(begin.elapsed()),
            Some(0..=2 | 124) => {}
            other => panic!("{other:?}"),
        }
    }
    rejections
}

/// Also when a test fails: else its callers would go on.
struct Stops<'s>(&'s AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn outlives(mut server: Server, command: &[&str]) {
    let sandbox = Sandbox::new();
    let succeeds =
        || quiet(Command::new(command[0]).args(&command[1..])).status().unwrap().success();
    wait_for("the server starts", succeeds);
    let is = |state: &str| {
        let ran = sandbox.ut(["breaker-status", "server", "--format", "json"]);
        ran.stdout.contains(&format!("\"state\": \"{state}\""))
    };
    let stop = AtomicBool::new(false);
    let mut rejections: Vec<Duration> = std::thread::scope(|scope| {
        let _stops = Stops(&stop);
        let one = |_| scope.spawn(|| calls(&sandbox, command, &stop));
        let callers: Vec<_> = (0..CALLERS).map(one).collect();
        wait_for("calls pass", || is("closed"));
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(500));
            server.kill();
            wait_for("it opens", || is("open"));
            // Probes fail, one at a time.
            std::thread::sleep(Duration::from_secs(1));
            server.start();
            wait_for("it closes", || is("closed"));
        }
        stop.store(true, Ordering::Relaxed);
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    let ran = sandbox.ut(["breaker-status", "server", "--format", "json"]).json();
    let totals = &ran["breakers"][0]["totals"];
    assert_eq!(totals["transitions"]["half_open-closed"], 2, "{totals}");
    assert_eq!(totals["rejected"], rejections.len(), "{totals}");
    rejections.sort_unstable();
    let [median, p99] = [50, 99].map(|p| rejections[rejections.len() * p / 100]);
    eprintln!("{}: {totals}; rejections: median {median:?}, 99 % {p99:?}", command[0]);
    assert!(rejections.len() > 100);
}

#[test]
fn redis_is_killed_and_comes_back() {
    let Some((server, port)) = redis() else { return };
    outlives(server, &["redis-cli", "-e", "-p", &port, "incr", "calls"]);
}

#[test]
fn postgresql_is_killed_and_comes_back() {
    let Some((server, port, _folder)) = postgres() else { return };
    let psql = ["psql", "-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-c", "select 1"];
    outlives(server, &psql);
}
