//! What is read from the state's database, whatever is in it.

use std::path::Path;

use rusqlite::Connection;
use ut::core::breaker::{Breakers, Command as Order, Outcome, Settings, What};
use ut::core::clock;
use ut::core::metrics::{Changes, Kind, Value};
use ut::core::state::State;

use super::{complaints, db, exposition, number, one_failure, value};
use crate::support::Sandbox;

fn database(folder: &Path) -> Connection {
    drop(State::open(folder).unwrap());
    Connection::open(folder.join("ut.db")).unwrap()
}

fn insert(database: &Connection, family: &str, labels: &str, bucket: i64, value: f64) {
    let row = rusqlite::params![family, labels, bucket, value];
    database.execute("INSERT INTO metrics VALUES (?, ?, ?, ?)", row).unwrap();
}

#[test]
fn without_a_database_counts_are_zero_and_values_absent() {
    let folder = tempfile::tempdir().unwrap();
    let all = exposition(folder.path());
    assert_eq!(number(&all, "ut_commands_total", &["guard", "error"]), Some(0.0));
    assert_eq!(number(&all, "ut_state_errors_total", &["full"]), Some(0.0));
    let wait = value(&all, "ut_state_lock_wait_seconds", &[]);
    assert_eq!(wait, Some(Value::Histogram { counts: vec![0; 8], sum: 0.0 }));
    assert_eq!(number(&all, "ut_metrics_dropped_series", &[]), Some(0.0));
    let gauges = all.families.iter().filter(|m| matches!(m.family.kind, Kind::Gauge | Kind::Age));
    let gauges: Vec<&str> = gauges.map(|metrics| metrics.family.name).collect();
    assert_eq!(gauges, ["ut_build_info", "ut_metrics_dropped_series"]);
    assert!(all.families.is_sorted_by_key(|metrics| metrics.family.name));
    assert!(!folder.path().join("ut.db").exists());
}

#[test]
fn a_breaker_is_told_as_its_record_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    one_failure(&state);
    let is = |name: &str| {
        let all = exposition(folder.path());
        let states = ["closed", "open", "half_open", "forced_open", "disabled"];
        let of = |state: &str| number(&all, "ut_breaker_state", &["db", state]).unwrap();
        assert_eq!(states.iter().filter(|state| of(state) > 0.5).count(), 1);
        assert_eq!(number(&all, "ut_breaker_state", &["db", name]), Some(1.0), "{name}");
        all
    };
    let all = is("closed");
    assert_eq!(number(&all, "ut_breaker_failure_threshold", &["db"]), Some(5.0));
    assert_eq!(number(&all, "ut_breaker_window_failures", &["db"]), Some(1.0));
    assert_eq!(number(&all, "ut_breaker_calls_total", &["db", "rejected"]), Some(0.0));
    assert_eq!(number(&all, "ut_breaker_transitions_total", &["db", "closed", "open"]), Some(0.0));
    assert_eq!(number(&all, "ut_breaker_transitions_total", &["db", "open", "open"]), None);
    assert_eq!(number(&all, "ut_retry_exhausted_total", &["db", "deadline"]), Some(0.0));
    assert_eq!(number(&all, "ut_breaker_open_until_timestamp_seconds", &["db"]), None);
    let now = clock::now() as f64 / 1e6;
    let failed = number(&all, "ut_breaker_last_failure_timestamp_seconds", &["db"]).unwrap();
    assert!((now - 60.0..=now + 1.0).contains(&failed));

    let breakers = Breakers::of(&state);
    breakers.command(&db(), Order::Open { for_: Some(3_600_000) }, "test").unwrap();
    assert!(matches!(
        breakers.admit(&db(), &Settings::default()),
        Ok((ut::core::breaker::Admission::No(_), _))
    ));
    let all = is("forced_open");
    let until = number(&all, "ut_breaker_open_until_timestamp_seconds", &["db"]).unwrap();
    assert!((until - now - 3600.0).abs() < 60.0);
    let changes = number(&all, "ut_breaker_transitions_total", &["db", "closed", "forced_open"]);
    assert_eq!(changes, Some(1.0));
    assert_eq!(number(&all, "ut_breaker_calls_total", &["db", "rejected"]), Some(1.0));

    // A wait that is over at once: the next call probes, though nobody has asked yet.
    breakers.command(&db(), Order::Open { for_: Some(0) }, "test").unwrap();
    let all = is("half_open");
    assert_eq!(number(&all, "ut_breaker_open_until_timestamp_seconds", &["db"]), None);
    breakers.command(&db(), Order::Disable, "test").unwrap();
    is("disabled");
}

#[test]
fn a_breaker_that_opened_says_until_when() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let settings = Settings { threshold: 1, open_for: 60_000, ..Settings::default() };
    let breakers = Breakers::of(&state);
    let (admission, _) = breakers.admit(&db(), &settings).unwrap();
    let ut::core::breaker::Admission::Go(go) = admission else { panic!("{admission:?}") };
    let what = What { kind: "exit".to_owned(), code: None, text: String::new() };
    breakers.settle(&db(), &settings, go, Outcome::Timeout(what), &Changes::default()).unwrap();
    let all = exposition(folder.path());
    assert_eq!(number(&all, "ut_breaker_state", &["db", "open"]), Some(1.0));
    assert_eq!(number(&all, "ut_breaker_calls_total", &["db", "timeout"]), Some(1.0));
    assert!(number(&all, "ut_breaker_open_until_timestamp_seconds", &["db"]).is_some());
}

#[test]
fn a_breaker_that_is_configured_is_known_before_its_first_call() {
    let sandbox = Sandbox::new();
    sandbox.write("ut.toml", "[breakers.new]\nthreshold = 3\n");
    let text = sandbox.ut(["metrics"]).succeeds().stdout.clone();
    for series in [
        "ut_breaker_state{breaker=\"new\",state=\"closed\"} 1\n",
        "ut_breaker_failure_threshold{breaker=\"new\"} 3\n",
        "ut_breaker_calls_total{breaker=\"new\",outcome=\"failure\"} 0\n",
        "ut_fallback_total{breaker=\"new\",result=\"failure\"} 0\n",
    ] {
        assert!(text.contains(series), "{series}");
    }
}

#[test]
fn an_age_is_the_time_since_its_moment() {
    let folder = tempfile::tempdir().unwrap();
    let at = clock::now() as f64 / 1e6 - 500.0;
    insert(&database(folder.path()), "ut_infer_data_age_seconds", "[\"cpu.csv\"]", -1, at);
    let age = number(&exposition(folder.path()), "ut_infer_data_age_seconds", &["cpu.csv"]);
    assert!((500.0..560.0).contains(&age.unwrap()), "{age:?}");
}

#[test]
fn for_a_name_that_is_seen_every_listed_value_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path());
    let labels = "[\"cpu.csv\",\"late\"]";
    insert(&database, "ut_infer_observations_rejected_total", labels, -1, 4.0);
    let all = exposition(folder.path());
    let of = |why| number(&all, "ut_infer_observations_rejected_total", &["cpu.csv", why]);
    assert_eq!((of("late"), of("gap"), of("never")), (Some(4.0), Some(0.0), None));
}

#[test]
fn rows_that_make_no_sense_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path());
    let before = exposition(folder.path());
    for (family, labels, bucket, value) in [
        ("ut_unknown_total", "[]", -1, 1.0),
        ("ut_commands_total", "[\"guard\"]", -1, 1.0),
        ("ut_commands_total", "[\"guard\",\"ok\",\"more\"]", -1, 1.0),
        ("ut_commands_total", "[\"guard\",\"splendid\"]", -1, 1.0),
        ("ut_commands_total", "[\"guard\",5]", -1, 1.0),
        ("ut_commands_total", "no JSON", -1, 1.0),
        ("ut_commands_total", "[\"guard\",\"ok\"]", -1, -1.0),
        ("ut_commands_total", "[\"guard\",\"error\"]", -1, f64::INFINITY),
        ("ut_commands_total", "[\"guard\",\"later\"]", 3, 1.0),
        ("ut_state_lock_wait_seconds", "[]", 8, 1.0),
        ("ut_state_lock_wait_seconds", "[]", -2, 1.0),
        ("ut_state_lock_wait_seconds", "[]", i64::MAX, 1.0),
        ("ut_state_lock_wait_seconds", "[]", 2, -4.0),
        ("ut_disk_used_ratio", "[\"/\"]", 0, 1.0),
    ] {
        insert(&database, family, labels, bucket, value);
    }
    let sql = |text: &str| database.execute(text, []).unwrap();
    sql("INSERT INTO metrics VALUES (x'ff', x'00', -1, 1.0)");
    sql("INSERT INTO metrics VALUES ('ut_disk_used_ratio', x'5b225c225d', -1, 'much')");
    sql("INSERT INTO metrics VALUES ('ut_disk_used_ratio', '[\"/b\"]', -1, x'ff')");
    let after = exposition(folder.path());
    let without_sizes = |all: &ut::core::metrics::Exposition| {
        let mut families = all.families.clone();
        families.retain(|metrics| metrics.family.name != "ut_state_size_bytes");
        families
    };
    assert_eq!(without_sizes(&after), without_sizes(&before));
}

/// Any bytes in a row: something else may be missing, but nothing panics and the text stays readable.
#[test]
fn damage_of_any_kind_does_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    one_failure(&State::open(folder.path()).unwrap());
    let database = database(folder.path());
    let columns = ["family", "labels", "bucket", "value"];
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..300 {
        let column = columns[round % columns.len()];
        let noise: Vec<u8> = (0..random.usize(..20)).map(|_| random.u8(..)).collect();
        let update = format!(
            "UPDATE OR IGNORE metrics SET {column} = ?1 WHERE (family, labels, bucket) = \
             (SELECT family, labels, bucket FROM metrics ORDER BY random() LIMIT 1)"
        );
        database.execute(&update, [noise]).unwrap();
        let text = exposition(folder.path()).text();
        assert!(text.ends_with('\n'));
    }
    assert_eq!(complaints(&exposition(folder.path()).text()), None);
}

#[test]
fn a_ceiling_holds_and_says_how_much_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = database(folder.path());
    let begin = database.transaction().unwrap();
    for number in 0..3_000 {
        let label = format!("[\"m{number:04}\"]");
        insert(&begin, "ut_infer_observations_total", &label, -1, 1.0);
        insert(&begin, "ut_disk_used_ratio", &label, -1, 0.5);
        insert(&begin, "ut_infer_batch_size", &label, 0, 1.0);
    }
    begin.commit().unwrap();
    let all = exposition(folder.path());
    let lines = all.text().lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(lines, all.lines());
    assert!((4_900..=5_000).contains(&lines), "{lines}");
    let dropped = number(&all, "ut_metrics_dropped_series", &[]).unwrap();
    // A histogram of 8 edges has 11 lines.
    assert!(dropped > 3_000.0 * 13.0 - 5_000.0 && dropped < 3_000.0 * 13.0, "{dropped}");
    // The first are kept, and no family takes the room of all others.
    let of = |family: &str| {
        let found = all.families.iter().find(|metrics| metrics.family.name == family);
        found.map_or(0, |metrics| metrics.series.len())
    };
    assert_eq!(of("ut_disk_used_ratio"), 2_000);
    assert!(number(&all, "ut_disk_used_ratio", &["m1999"]).is_some());
    assert!(of("ut_infer_batch_size") > 100);
    assert_eq!(complaints(&all.text()), None);
}

#[test]
fn odd_names_are_escaped_so_that_others_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path());
    let odd =
        ["", "a\"b", "back\\slash", "two\nlines", "\u{1f980} {x=\"y\"}", "\r\u{0}\u{7f}", "a,b"];
    for name in odd {
        let labels = serde_json::to_string(&[name]).unwrap();
        insert(&database, "ut_infer_observations_total", &labels, -1, 1.0);
    }
    let all = exposition(folder.path());
    for name in odd {
        assert_eq!(number(&all, "ut_infer_observations_total", &[name]), Some(1.0));
    }
    assert_eq!(complaints(&all.text()), None);
}

#[test]
fn a_database_of_an_older_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path());
    database.execute_batch("DROP TABLE metrics; PRAGMA user_version = 2;").unwrap();
    let all = exposition(folder.path());
    assert_eq!(number(&all, "ut_commands_total", &["guard", "ok"]), Some(0.0));
}
