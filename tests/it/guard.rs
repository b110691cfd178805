//! `ut guard`: codes, signals, retries, timeouts, fallbacks.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Ran, Sandbox};

impl Sandbox {
    fn guard(&self, args: &[&str], command: &[&str]) -> Ran {
        self.ut([&["guard"], args, &["--"], command].concat())
    }

    pub(crate) fn shell(&self, args: &[&str], line: &str) -> Ran {
        self.guard(args, &["sh", "-c", line])
    }

    pub(crate) fn state_of(&self, name: &str) -> serde_json::Value {
        let ran = self.ut(["breaker-status", name, "--format", "json"]);
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()["breakers"][0].clone()
    }

    fn spawn(&self, args: &[&str], line: &str) -> Child {
        let mut command = self.command();
        command.arg("guard").args(args).args(["--", "sh", "-c", line]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

#[test]
fn a_command_that_succeeds_is_left_alone() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["guard", "db", "--", "sh", "-c", "cat; echo aside >&2"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"\0in\xff").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (&b"\0in\xff"[..], &b"aside\n"[..])
    );
    assert!(output.status.success());
    assert_eq!(sandbox.state_of("db")["totals"]["success"], 1);
}

#[test]
fn the_fifth_failure_opens_and_nothing_is_called_then() {
    let sandbox = Sandbox::new();
    for _ in 0..4 {
        let ran = sandbox.shell(&["db"], "exit 7");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(7), ""));
    }
    let fifth = sandbox.shell(&["db"], "exit 7");
    assert_eq!(fifth.code, Some(7));
    assert!(fifth.stderr.contains("db is open now, next probe in 1 min"), "{fifth:?}");
    sandbox
        .shell(&["db"], "touch called")
        .fails(75, &["db: open, next probe in 1 min", "last: exit 7"]);
    assert!(!sandbox.path("called").exists());
    assert_eq!(sandbox.shell(&["db", "--open-exit", "9"], "true").code, Some(9));
    let status = sandbox.ut(["breaker-status"]);
    assert_eq!(status.code, Some(1));
    assert!(
        status.stdout.contains("5/5 in 1m") && status.stdout.contains("1 of 1 open"),
        "{status:?}"
    );
    let nagios = sandbox.ut(["breaker-status", "--nagios"]);
    assert_eq!(nagios.code, Some(2));
    assert!(nagios.stdout.starts_with("BREAKERS CRITICAL - db open (1m"), "{nagios:?}");
    let state = sandbox.state_of("db");
    assert_eq!(state["totals"]["rejected"], 2);
    assert_eq!(state["last_failure"]["kind"], "exit");
    let reset = sandbox.ut(["breaker", "reset", "db", "--reason", "mended"]);
    assert_eq!(reset.succeeds().stdout, "db: closed\n");
    sandbox.shell(&["db"], "true").succeeds();
    sandbox.ut(["breaker-status"]).succeeds();
}

#[test]
fn one_probe_closes_it_again() {
    let sandbox = Sandbox::new();
    let args = ["db", "--threshold", "1", "--open-for", "300ms"];
    assert_eq!(sandbox.shell(&args, "exit 1").code, Some(1));
    assert_eq!(sandbox.shell(&args, "true").code, Some(75));
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(sandbox.state_of("db")["effective"], "half_open");
    assert_eq!(sandbox.ut(["breaker-status", "--nagios"]).code, Some(1));
    // A probe has one attempt.
    let probe =
        sandbox.shell(&[&args[..], &["--retries", "3"]].concat(), "echo $UT_GUARD_PROBE; exit 1");
    assert_eq!((probe.code, probe.stdout.as_str()), (Some(1), "1\n"));
    std::thread::sleep(Duration::from_millis(400));
    let mut probe = sandbox.spawn(&args, "echo here; exec sleep 2");
    let mut line = String::new();
    BufReader::new(probe.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(sandbox.shell(&args, "true").code, Some(75), "one probe at a time");
    probe.kill().unwrap();
    probe.wait().unwrap();
    // Whoever probed was killed: the next may.
    let probe = sandbox.shell(&args, "true");
    assert_eq!(probe.code, Some(0), "{probe:?}");
    assert_eq!(sandbox.state_of("db")["state"], "closed");
    assert_eq!(sandbox.state_of("db")["totals"]["lost_died"], 1);
}

#[test]
fn codes_tell_whose_they_are() {
    let sandbox = Sandbox::new();
    for (line, code) in [("exit 3", 3), ("kill -9 $$", 137), ("kill -TERM $$", 143)] {
        assert_eq!(sandbox.shell(&["codes"], line).code, Some(code), "{line}");
    }
    sandbox.guard(&["codes"], &["no-such-command"]).fails(127, &["cannot run no-such-command"]);
    sandbox.guard(&["codes"], &["/etc/passwd"]).fails(126, &["cannot run /etc/passwd"]);
    assert_eq!(sandbox.state_of("codes")["totals"]["neutral"], 2);
    for (args, line, code, counted) in [
        (&["--ok-exit", "0,4"][..], "exit 4", 4, "success"),
        (&["--ignore-exit", "5"], "exit 5", 5, "neutral"),
        (&["--slow-after", "10ms"], "sleep 0.1", 0, "failure"),
    ] {
        let ran = sandbox.shell(&[&["one"], args].concat(), line);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert_eq!(sandbox.state_of("one")["totals"][counted], 1, "{line}");
        sandbox.ut(["breaker", "reset", "one"]).succeeds();
    }
}

#[test]
fn wrong_usage_is_refused_before_anything_runs() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(65);
    for name in ["", "Db", "-db", "../db", ".db", "dß", "a b", &long] {
        assert_eq!(sandbox.shell(&["--", name], "touch ran").code, Some(2), "{name}");
        assert_eq!(sandbox.shell(&[name], "touch ran").code, Some(2), "{name}");
    }
    for threshold in ["0", "-1", "10001", "1e3", "99999999999999999999"] {
        sandbox
            .shell(&["db", &format!("--threshold={threshold}")], "touch ran")
            .fails(2, &["--threshold"]);
    }
    for time in ["0s", "-1s", "5", "abc", "99999999999999999999s"] {
        sandbox.shell(&["db", &format!("--timeout={time}")], "touch ran").fails(2, &["--timeout"]);
    }
    sandbox.ut(["guard", "db"]).fails(2, &["COMMAND"]);
    sandbox.ut(["guard", "db", "--"]).fails(2, &["COMMAND"]);
    sandbox.write("ut.toml", "[breakers.db]\nthreshold = 0\n");
    sandbox.shell(&["db"], "touch ran").fails(2, &["ut.toml:2: `breakers.db.threshold` is 0"]);
    sandbox.write("ut.toml", "[breakers.Db]\nthreshold = 3\n");
    sandbox.shell(&["db"], "touch ran").fails(2, &["\"Db\" cannot be a breaker"]);
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn guards_of_the_same_name_cannot_be_nested() {
    let sandbox = Sandbox::new();
    let ut = env!("CARGO_BIN_EXE_ut");
    let inner = ["guard", "b", "--", ut, "guard", "a", "--", "true"];
    let ran = sandbox.ut(["guard", "a", "--", ut].iter().chain(&inner));
    ran.fails(2, &["ut guard a runs inside another ut guard a"]);
    sandbox.ut(["guard", "c", "--", ut].iter().chain(&inner)).succeeds();
}

#[test]
fn retries_wait_and_end_with_the_breaker() {
    let sandbox = Sandbox::new();
    let retries = ["db", "--retries", "2", "--retry-wait", "50ms", "--jitter", "none"];
    let begin = Instant::now();
    let ran = sandbox.shell(&retries, "echo $UT_GUARD_ATTEMPT; cat; exit 1");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "1\n2\n3\n"));
    assert!(begin.elapsed() >= Duration::from_millis(150));
    let no_retry = [&retries[..], &["--no-retry-exit", "1"]].concat();
    assert_eq!(sandbox.shell(&no_retry, "echo once; exit 1").stdout, "once\n");
    // The fifth failure opens it, and a rejection is not tried again.
    let ran = sandbox.shell(&retries, "echo again; exit 1");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "again\n"), "{ran:?}");
    let deadline = ["late", "--retries", "9", "--retry-wait", "10s", "--deadline", "1s"];
    let begin = Instant::now();
    assert_eq!(sandbox.shell(&deadline, "exit 6").code, Some(6));
    assert!(begin.elapsed() < Duration::from_secs(1), "a wait beyond the deadline is not begun");
}

#[test]
fn input_is_kept_for_every_attempt_if_asked_for() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["guard", "db", "--retries", "1", "--retry-wait", "1ms", "--stdin", "spool"]);
    command.args(["--", "sh", "-c", "cat; exit 1"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"line\n").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"line\nline\n");
}

#[test]
fn the_fallback_has_the_last_word() {
    let sandbox = Sandbox::new();
    let tell = "echo $UT_GUARD_REASON $UT_GUARD_EXIT; exit 42";
    let args = ["db", "--threshold", "1", "--fallback", tell];
    let failed = sandbox.shell(&args, "exit 3");
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(42), "failure 3\n"));
    let rejected = sandbox.shell(&args, "exit 3");
    assert_eq!((rejected.code, rejected.stdout.as_str()), (Some(42), "open\n"));
    let fine = sandbox.shell(&["other", "--fallback", tell], "true");
    assert_eq!((fine.code, fine.stdout.as_str()), (Some(0), ""));
    let late = sandbox.shell(&["late", "--timeout", "50ms", "--fallback", tell], "sleep 5");
    assert_eq!(late.stdout, "timeout\n");
}

#[test]
fn a_timeout_ends_the_whole_group() {
    let sandbox = Sandbox::new();
    let begin = Instant::now();
    let args = ["db", "--timeout", "200ms", "--kill-after", "200ms"];
    let deaf = "trap '' TERM; (trap '' TERM; echo $$; sleep 60) & sleep 60";
    sandbox.shell(&args, deaf).fails(124, &["db: timeout"]);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(sandbox.state_of("db")["totals"]["timeout"], 1);
    let own = ["--timeout-exit", "77"];
    assert_eq!(sandbox.shell(&[&args[..], &own].concat(), "sleep 9").code, Some(77));
    let deadline = ["db", "--deadline", "100ms", "--retries", "9"];
    sandbox.shell(&deadline, "sleep 9").fails(124, &["db: deadline"]);
    // What forks away into a group of its own is not waited for.
    let begin = Instant::now();
    sandbox.shell(&["db"], "setsid sleep 3 > /dev/null 2>&1 &").succeeds();
    assert!(begin.elapsed() < Duration::from_secs(2));
}

fn kill(signal: &str, child: &Child) {
    let (signal, pid) = (format!("-{signal}"), child.id().to_string());
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

#[test]
fn signals_reach_the_command_and_count_for_nothing() {
    let sandbox = Sandbox::new();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)] {
        let mut child = sandbox.spawn(&["db"], "echo ready; exec sleep 30");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        kill(signal, &child);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
    }
    let totals = sandbox.state_of("db")["totals"].clone();
    assert_eq!((&totals["neutral"], &totals["failure"]), (&4.into(), &0.into()));
    // While it waits for a retry as well.
    let mut child =
        sandbox.spawn(&["db", "--retries", "1", "--retry-wait", "30s"], "echo ready; exit 1");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    kill("TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

/// Whenever a signal comes: nobody is left behind, and the code tells of the signal.
#[test]
fn signals_at_any_time_leave_nobody_behind() {
    const TIMES: u64 = 1000;
    let sandbox = Sandbox::new();
    for number in 0..TIMES {
        let (signal, code) = [("INT", 130), ("TERM", 143), ("HUP", 129)][number as usize % 3];
        let length = format!("61.{number:04}");
        let mut command = sandbox.command();
        command.args(["guard", "db", "--", "sleep", &length]).stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_micros(number * 7919 % 8000));
        kill(signal, &child);
        let status = child.wait().unwrap();
        // Before it had anything to hand on, it ended itself.
        let ended = status.code().or_else(|| status.signal().map(|n| n + 128));
        assert_eq!(ended, Some(code), "{signal}, {number}");
    }
    let commands = fs::read_dir("/proc").unwrap().flatten();
    let lines = commands.filter_map(|own| fs::read_to_string(own.path().join("cmdline")).ok());
    let left: Vec<String> = lines.filter(|line| line.starts_with("sleep\u{0}61.")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(sandbox.shell(&["db"], "true").code, Some(0));
    assert_eq!(sandbox.state_of("db")["totals"]["failure"], 0);
}

#[test]
fn a_report_is_written() {
    let sandbox = Sandbox::new();
    let report = sandbox.path("report.json").display().to_string();
    let args = ["db", "--retries", "1", "--retry-wait", "1ms", "--report", &report];
    sandbox.shell(&args, "exit 3");
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!((&json["schema"], &json["exit"]), (&"ut.guard/1".into(), &3.into()));
    assert_eq!(json["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(json["attempts"][0]["what"], "exit 3");
    let nowhere = sandbox.shell(&["db", "--report", "/nowhere/report.json"], "exit 5");
    nowhere.fails(5, &["cannot write /nowhere/report.json"]);
}

#[test]
fn much_output_passes_and_closed_pipes_end_the_command() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.spawn(&["db"], "exec head -c 1000000000 /dev/zero");
    let mut stdout = child.stdout.take().unwrap();
    let read = std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    assert_eq!((read, child.wait().unwrap().code()), (1_000_000_000, Some(0)));
    let mut child = sandbox.spawn(&["db"], "exec yes");
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(141));
}
