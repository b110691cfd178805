//! `ut metrics` as it is printed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ut::core::metrics::{Exposition, Metrics, Value, catalogue};

use super::{complaints, shown};
use crate::support::Sandbox;

/// Dashboards and alerts stand on these lines: whoever changes one breaks somebody's. After a deliberate change,
/// `UT_WRITE=1 cargo test --test it metrics::printed` writes the file anew.
#[test]
fn names_types_and_help_are_what_they_were() {
    let one =
        |family| Metrics { family, series: BTreeMap::from([(Vec::new(), Value::Number(0.0))]) };
    let mut families: Vec<Metrics> = catalogue::ALL.iter().map(|family| one(family)).collect();
    families.sort_by_key(|metrics| metrics.family.name);
    let text = Exposition { at: 0, may_be_stale: false, families }.text();
    let mut lines = String::new();
    for line in text.lines().filter(|line| line.starts_with('#')) {
        lines += line;
        lines.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metrics/families.txt");
    if std::env::var_os("UT_WRITE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &lines).unwrap();
    }
    let before = fs::read_to_string(&path).unwrap();
    for (new, old) in lines.lines().zip(before.lines()) {
        assert_eq!(new, old);
    }
    assert!(lines == before, "families were added or removed");
}

#[test]
fn promtool_has_nothing_to_say_before_and_after_work() {
    let sandbox = Sandbox::new();
    let print = || sandbox.ut(["metrics"]).succeeds().stdout.clone();
    let fresh = print();
    assert_eq!(complaints(&fresh), None);
    assert_eq!(shown(&fresh, "ut_commands_total{command=\"guard\",result=\"error\"}"), Some("0"));
    for (line, code) in [("exit 0", 0), ("exit 3", 3)] {
        let ran = sandbox.ut(["guard", "0odd.-_name", "--", "sh", "-c", line]);
        assert_eq!(ran.code, Some(code));
    }
    sandbox.ut(["breaker", "open", "other"]).succeeds();
    sandbox.ut(["guard", "other", "--", "true"]).fails(75, &["forced open"]);
    sandbox.ut(["config", "show"]).succeeds();
    let text = print();
    assert_eq!(complaints(&text), None);
    for (series, count) in [
        ("ut_commands_total{command=\"guard\",result=\"ok\"}", "1"),
        ("ut_commands_total{command=\"guard\",result=\"error\"}", "1"),
        ("ut_commands_total{command=\"guard\",result=\"later\"}", "1"),
        ("ut_commands_total{command=\"metrics\",result=\"ok\"}", "1"),
        ("ut_command_duration_seconds_count{command=\"config\"}", "1"),
        ("ut_breaker_calls_total{breaker=\"0odd.-_name\",outcome=\"success\"}", "1"),
        ("ut_breaker_calls_total{breaker=\"other\",outcome=\"rejected\"}", "1"),
        ("ut_breaker_state{breaker=\"other\",state=\"forced_open\"}", "1"),
        ("ut_breaker_state{breaker=\"other\",state=\"closed\"}", "0"),
    ] {
        assert_eq!(shown(&text, series), Some(count), "{series}");
    }
    assert_eq!(text.matches("# TYPE ut_commands_total counter\n").count(), 1);
}

#[test]
fn openmetrics_and_json_say_the_same() {
    let sandbox = Sandbox::new();
    sandbox.ut(["guard", "db", "--", "true"]).succeeds();
    let open = sandbox.ut(["metrics", "--format", "openmetrics"]).succeeds().stdout.clone();
    assert!(open.ends_with("\n# EOF\n"));
    assert!(open.contains("# TYPE ut_commands counter\n"));
    let series = "ut_breaker_calls_total{breaker=\"db\",outcome=\"success\"}";
    assert_eq!(shown(&open, series), Some("1"));
    let json = sandbox.ut(["metrics", "--format", "json"]).succeeds().json();
    assert_eq!(json["schema"], "ut.metrics/1");
    let families = json["families"].as_array().unwrap();
    let family = |name: &str| families.iter().find(|family| family["name"] == name).unwrap();
    let calls = family("ut_breaker_calls_total")["series"].as_array().unwrap();
    let labels = serde_json::json!({ "breaker": "db", "outcome": "success" });
    assert_eq!(calls.iter().find(|own| own["labels"] == labels).unwrap()["value"], 1.0);
    let took = &family("ut_breaker_call_duration_seconds")["series"][0];
    let last = took["buckets"].as_array().unwrap().last().unwrap();
    assert!(last["le"].is_null() && last["count"] == 1 && took["count"] == 1, "{took}");
    assert_eq!(family("ut_breaker_call_duration_seconds")["unit"], "seconds");
}

#[test]
fn wrong_usage_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.ut(["metrics", "--format", "xml"]).fails(2, &["openmetrics"]);
    sandbox.ut(["metrics", "--textfile"]).fails(2, &["--textfile"]);
    sandbox.ut(["metrics", "more"]).fails(2, &["more"]);
    let both = ["metrics", "--textfile", ".", "--format", "json"];
    sandbox.ut(both).fails(2, &["cannot be used with"]);
}

#[test]
fn a_database_that_cannot_be_read_is_no_empty_output() {
    let sandbox = Sandbox::new();
    sandbox.ut(["guard", "db", "--", "true"]).succeeds();
    for log in ["ut.db-wal", "ut.db-shm"] {
        fs::remove_file(sandbox.path("state").join(log)).unwrap();
    }
    let path = sandbox.path("state/ut.db");
    // No database at all; and one whose pages are damaged behind the first.
    sandbox.write("state/ut.db", "no database".repeat(1000));
    for format in ["text", "openmetrics", "json"] {
        let ran = sandbox.ut(["metrics", "--format", format]);
        if format == "text" {
            ran.fails(3, &["cannot use", "ut.db"]);
            assert!(ran.stdout.is_empty(), "{ran:?}");
            // The next that writes sets it aside and begins anew.
            assert!(sandbox.ut(["guard", "db", "--", "true"]).code == Some(0));
        } else {
            ran.succeeds();
        }
    }
    let database = rusqlite::Connection::open(&path).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 8192);
    bytes[4096..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let ran = sandbox.ut(["metrics"]);
    ran.fails(3, &["cannot use"]);
    assert!(ran.stdout.is_empty(), "{ran:?}");
}
