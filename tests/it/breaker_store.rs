//! Breakers between processes: nothing is lost, one probes at a time, and damage is outlived.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::processes::{given, kill_at_random, logged, worker};
use ut::core::breaker::{
    Admission, Breakers, Command as Order, Outcome, Rule, Seen, Settings, State as Is, What,
};
use ut::core::clock;
use ut::core::metrics::Changes;
use ut::core::name::Name;
use ut::core::state::State;

const WORKERS: usize = 8;

fn name() -> Name {
    "db".parse().unwrap()
}

fn failure() -> Outcome {
    Outcome::Failure(What { kind: "exit".to_owned(), code: Some(1), text: "no".to_owned() })
}

fn seen(folder: &Path) -> Seen {
    let state = State::open_to_read(folder).unwrap().expect("a database");
    let mut all = Breakers::of(&state).all().unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0).1.unwrap()
}

/// Never met: failures are counted and nothing happens.
fn never() -> Settings {
    Settings { window: -1, ..Settings::default() }
}

const CALLS: usize = 10_000;

#[test]
#[ignore = "one of several processes"]
fn failing_calls() {
    let (folder, mut log) = given();
    let state = State::open(&folder).unwrap();
    let breakers = Breakers::of(&state);
    for _ in 0..CALLS {
        let (admission, _) = breakers.admit(&name(), &never()).unwrap();
        let Admission::Go(go) = admission else { panic!("{admission:?}") };
        breakers.settle(&name(), &never(), go, failure(), &Changes::default()).unwrap();
        // Acknowledged.
        log.write_all(b".").unwrap();
    }
}

#[test]
fn no_acknowledged_call_is_lost_when_processes_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let kills =
        kill_at_random("breaker_store::failing_calls", folder.path(), WORKERS, WORKERS * CALLS);
    let acknowledged = logged(folder.path());
    let stored = seen(folder.path()).record.totals.failure as usize;
    eprintln!("{acknowledged} acknowledged, {stored} stored, {kills} killed");
    assert!((acknowledged..=acknowledged + kills).contains(&stored));
    assert!(kills > WORKERS);
}

const PROBE: Duration = Duration::from_millis(8);

fn quick() -> Settings {
    Settings { threshold: 1, open_for: 1, rule: Rule::Count, ..Settings::default() }
}

#[test]
#[ignore = "one of several processes"]
fn probes() {
    let (folder, mut log) = given();
    let state = State::open(&folder).unwrap();
    let breakers = Breakers::of(&state);
    loop {
        match breakers.admit(&name(), &quick()).unwrap() {
            (Admission::Go(go), _) => {
                writeln!(log, "{}", clock::uptime().unwrap()).unwrap();
                std::thread::sleep(PROBE);
                writeln!(log, "{}", clock::uptime().unwrap()).unwrap();
                breakers.settle(&name(), &quick(), go, failure(), &Changes::default()).unwrap();
            }
            (Admission::No(_), _) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn one_process_probes_at_a_time_though_some_are_killed() {
    const PROBES: usize = 800;
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    Breakers::of(&state).command(&name(), Order::Open { for_: Some(1) }, "test").unwrap();
    let start = |number| worker("breaker_store::probes", folder.path(), number);
    let mut workers: Vec<(usize, Child)> = (0..WORKERS).map(|n| (n, start(n))).collect();
    let mut ends = Vec::new();
    let begin = Instant::now();
    let logs = |ends: &Vec<i64>| (0..WORKERS + ends.len()).map(|n| times(folder.path(), n));
    while logs(&ends).map(|times| times.len() / 2).sum::<usize>() < PROBES {
        assert!(begin.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(20));
        let at = ends.len() * 5 % WORKERS;
        let (_, child) = &mut workers[at];
        child.kill().unwrap();
        child.wait().unwrap();
        let number = WORKERS + ends.len();
        ends.push(clock::uptime().unwrap());
        workers[at] = (number, start(number));
    }
    for (_, child) in &mut workers {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // An unfinished probe ended, at the latest, when its process was killed; which was before its follower's start.
    let mut all: Vec<(i64, Option<i64>)> = logs(&ends)
        .flat_map(|times| times.chunks(2).map(|t| (t[0], t.get(1).copied())).collect::<Vec<_>>())
        .collect();
    all.sort_unstable();
    let unfinished = all.iter().filter(|(_, end)| end.is_none()).count();
    for two in all.windows(2) {
        if let (_, Some(end)) = two[0] {
            assert!(two[1].0 >= end, "{two:?}");
        }
    }
    let totals = seen(folder.path()).record.totals;
    eprintln!("{} probes, {unfinished} abandoned, {totals:?}", all.len());
    assert!(unfinished > 10 && totals.lost_died > 10 && totals.lost_overran == 0);
}

fn times(folder: &Path, number: usize) -> Vec<i64> {
    let text = fs::read_to_string(folder.join(format!("log-{number}"))).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| line.parse().unwrap()).collect()
}

fn one_failure(folder: &Path) -> Result<Seen, ut::core::state::StateError> {
    let state = State::open(folder)?;
    let breakers = Breakers::of(&state);
    let (admission, before) = breakers.admit(&name(), &Settings::default())?;
    let Admission::Go(go) = admission else { panic!("{admission:?}") };
    let after =
        breakers.settle(&name(), &Settings::default(), go, failure(), &Changes::default())?;
    Ok(Seen { was_damaged: before.was_damaged, ..after })
}

#[test]
fn damaged_records_and_databases_are_outlived() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        one_failure(folder.path()).unwrap();
    }
    assert_eq!(seen(folder.path()).record.totals.failure, 3);
    let database = folder.path().join("ut.db");
    let sql =
        |text: &str| rusqlite::Connection::open(&database).unwrap().execute(text, []).unwrap();
    sql("UPDATE breakers SET record = substr(record, 1, 40)");
    assert!(seen(folder.path()).was_damaged);
    let after = one_failure(folder.path()).unwrap();
    assert_eq!((after.record.totals.failure, after.was_damaged), (1, true));
    assert!(!one_failure(folder.path()).unwrap().was_damaged);
    assert_eq!(sql("DELETE FROM damaged_breakers"), 1);
    // A newer one's records and tables are left alone.
    sql("UPDATE breakers SET record = '{\"schema\": 2, \"state\": \"quantum\"}'");
    let newer = one_failure(folder.path()).unwrap_err();
    assert_eq!(newer.to_string(), "breaker db was written by a newer ut");
    sql("PRAGMA user_version = 9");
    assert!(one_failure(folder.path()).unwrap_err().to_string().ends_with("is of a newer ut"));
    // What is no database at all is set aside.
    fs::write(&database, "something else ".repeat(1000)).unwrap();
    for log in ["ut.db-wal", "ut.db-shm"] {
        let _ = fs::remove_file(folder.path().join(log));
    }
    let state = State::open(folder.path()).unwrap();
    let aside = state.set_aside.clone().unwrap();
    assert!(fs::read_to_string(aside).unwrap().starts_with("something else"));
    drop(state);
    assert_eq!(one_failure(folder.path()).unwrap().record.totals.failure, 1);
}

#[test]
fn damage_of_any_kind_does_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    one_failure(folder.path()).unwrap();
    let database = folder.path().join("ut.db");
    let state = rusqlite::Connection::open(&database).unwrap();
    state.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let record: Vec<u8> =
        state.query_row("SELECT record FROM breakers", [], |row| row.get(0)).unwrap();
    let mut seed = 1_usize;
    for number in 0..10_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = (seed >> 33) % record.len();
        let mut damaged = record.clone();
        match number % 3 {
            0 => damaged[at] ^= 1 << (number % 8),
            1 => damaged.truncate(at),
            _ => damaged[at..].fill(0),
        }
        state.execute("UPDATE breakers SET record = ?", [&damaged]).unwrap();
        if let Ok(after) = one_failure(folder.path()) {
            assert!(after.record.state == Is::Closed || !after.was_damaged);
        }
    }
}
