//! What a breaker costs: a decision of the pure machine, a guarded call in the database from eight processes, and
//! `ut guard` beside the bare command. `benches/breaker-peers` times the crates that keep theirs in memory.

#![allow(clippy::print_stdout, reason = "a bench prints its result")]

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ut::core::breaker::{
    Admission, Breakers, Clock, Outcome, Reading, Record, Settings, State, What,
};
use ut::core::metrics::Changes;
use ut::core::name::Name;
use ut::core::process::Process;
use ut::core::state::State as Database;

const DECISIONS: u32 = 2_000_000;
const RUNS: usize = 11;
const PROCESSES: usize = 8;
const CALLS: usize = 5_000;
const STARTS: usize = 1_000;

fn main() {
    if let Ok(folder) = std::env::var("BENCH_STATE") {
        return calls(folder.as_ref());
    }
    machine();
    processes();
    guard();
}

fn failure() -> Outcome {
    Outcome::Failure(What { kind: "exit".to_owned(), code: Some(1), text: String::new() })
}

fn machine() {
    let reading = Reading { boot: Some(String::new()), uptime: 0, wall: 0 };
    let settings = Settings::default();
    let holder = Process::default();
    let mut record = Record::new(Clock::new(&reading));
    let call = |record: &mut Record, outcome: fn() -> Outcome| match record.admit(
        &settings,
        0,
        &holder,
        |_| false,
        0.5,
    ) {
        Admission::Go(go) => record.settle(&settings, go, outcome(), 0, 0.5),
        Admission::No(refusal) => drop(black_box(refusal)),
    };
    row("the machine, closed: admit and settle", || call(&mut record, || Outcome::Success));
    (0..5).for_each(|_| call(&mut record, failure));
    assert_eq!(record.state, State::Open);
    row("the machine, open: admit", || call(&mut record, || Outcome::Success));
}

fn row(what: &str, mut call: impl FnMut()) {
    let mut run = |_| {
        let start = Instant::now();
        (0..DECISIONS).for_each(|_| call());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(DECISIONS)
    };
    let mut times: Vec<f64> = (0..RUNS).map(&mut run).collect();
    times.sort_by(f64::total_cmp);
    println!("{what:<40} {:>8.1} ns", times[RUNS / 2]);
}

fn one_call(folder: &std::path::Path) {
    let name: Name = "db".parse().expect("a name");
    let database = Database::open(folder).expect("a database");
    let breakers = Breakers::of(&database);
    let settings = Settings { window: -1, ..Settings::default() };
    if let (Admission::Go(go), _) = breakers.admit(&name, &settings).expect("admission") {
        breakers
            .settle(&name, &settings, go, failure(), &Changes::default())
            .expect("a settled call");
    }
}

/// One of several processes.
fn calls(folder: &std::path::Path) {
    let name: Name = "db".parse().expect("a name");
    let settings = Settings { window: -1, ..Settings::default() };
    let database = Database::open(folder).expect("a database");
    let breakers = Breakers::of(&database);
    for _ in 0..CALLS {
        if let (Admission::Go(go), _) = breakers.admit(&name, &settings).expect("admission") {
            breakers
                .settle(&name, &settings, go, failure(), &Changes::default())
                .expect("a settled call");
        }
    }
}

fn processes() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = std::env::current_exe().expect("this program");
    let start = Instant::now();
    let one = |_| Command::new(&own).env("BENCH_STATE", folder.path()).spawn().expect("a process");
    let all: Vec<_> = (0..PROCESSES).map(one).collect();
    for mut process in all {
        assert!(process.wait().expect("its end").success());
    }
    let rate = (PROCESSES * CALLS) as f64 / start.elapsed().as_secs_f64();
    let mut times: Vec<Duration> = (0..STARTS)
        .map(|_| {
            let start = Instant::now();
            one_call(folder.path());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let [median, p99] = [times[STARTS / 2], times[STARTS * 99 / 100]];
    let [median, p99] = [median, p99].map(|time| time.as_secs_f64() * 1e3);
    println!("open, admit, settle, close  median {median:>6.3} ms, p99 {p99:>6.2} ms");
    println!("{PROCESSES} processes, guarded calls a second       {rate:>8.0}");
}

/// The bare command and the guarded one in turn.
fn guard() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bare = Vec::new();
    let mut guarded = Vec::new();
    for _ in 0..STARTS {
        bare.push(time(&mut Command::new("true")));
        let mut command = Command::new(env!("CARGO_BIN_EXE_ut"));
        command.args(["guard", "x", "--", "true"]).env("UT_STATE_DIR", folder.path());
        guarded.push(time(&mut command));
    }
    let mut open = Vec::new();
    let breaker = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ut"));
        command.args(args).env("UT_STATE_DIR", folder.path());
        time(&mut command)
    };
    breaker(&["breaker", "open", "x"]);
    (0..STARTS).for_each(|_| open.push(breaker(&["guard", "x", "--", "true"])));
    for (what, mut times) in
        [("true", bare), ("ut guard x -- true", guarded), ("the same, rejected", open)]
    {
        times.sort_unstable();
        let [median, p99] = [times[STARTS / 2], times[STARTS * 99 / 100]];
        let [median, p99] = [median, p99].map(|time| time.as_secs_f64() * 1e3);
        println!("{what:<24} median {median:>6.2} ms, p99 {p99:>6.2} ms");
    }
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    black_box(status.expect("a process"));
    start.elapsed()
}
