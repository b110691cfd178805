//! Counts of many processes, some of which are killed.

use std::io::Write as _;

use ut::core::metrics::Value;
use ut::core::state::State;

use super::{exposition, number, one_failure, value};
use crate::processes::{given, kill_at_random, logged};

const WORKERS: usize = 8;
const EVENTS: usize = 1_000;

#[test]
#[ignore = "one of several processes"]
fn counting() {
    let (folder, mut log) = given();
    let state = State::open(&folder).unwrap();
    for _ in 0..EVENTS {
        one_failure(&state);
        // Acknowledged.
        log.write_all(b".").unwrap();
    }
}

#[test]
fn a_kill_separates_no_count_from_what_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    let enough = WORKERS * EVENTS;
    let kills = kill_at_random("metrics::processes::counting", folder.path(), WORKERS, enough);
    let acknowledged = logged(folder.path());
    let all = exposition(folder.path());
    let calls = number(&all, "ut_breaker_calls_total", &["db", "failure"]).unwrap();
    assert!((acknowledged..=acknowledged + kills).contains(&(calls as usize)), "{calls}");
    assert!(kills > WORKERS);
    // Of one transaction.
    assert_eq!(number(&all, "ut_retry_attempts_total", &["db", "failure"]), Some(calls));
    let took = value(&all, "ut_breaker_call_duration_seconds", &["db"]).unwrap();
    let Value::Histogram { counts, sum } = took else { panic!("{took:?}") };
    assert_eq!((counts.iter().sum::<u64>(), sum), (calls as u64, calls * 0.5));
}
