//! What each room counts.

use crate::support::{Sandbox, metrics};

/// Each of these series has this value.
#[track_caller]
fn counts(sandbox: &Sandbox, expected: &[(&str, f64)]) {
    for (series, value) in expected {
        assert_eq!(sandbox.counted(series), Some(*value), "{series}");
    }
}

#[test]
fn guarded_commands_count_their_ends() {
    let sandbox = Sandbox::new();
    let guard = |options: &[&str], line: &str| {
        let command = ["--", "sh", "-c", line];
        sandbox.ut([&["guard", "db", "--jitter", "none", "--retry-wait", "1ms"], options, &command]
            .concat())
    };
    guard(&["--retries", "2"], "exit 1").fails(1, &[]);
    guard(&["--retries", "2", "--no-retry-exit", "3"], "exit 3").fails(3, &[]);
    guard(&["--fallback", "exit 0"], "exit 1");
    guard(&["--fallback", "exit 9"], "exit 1");
    guard(&[], "exit 0").fails(75, &[]);
    let slow = ["guard", "slow", "--retries", "9", "--deadline", "50ms", "--", "sleep", "60"];
    sandbox.ut(slow).fails(124, &[]);
    counts(
        &sandbox,
        &[
            (r#"ut_retry_attempts_total{breaker="db",result="failure"}"#, 5.0),
            (r#"ut_retry_attempts_total{breaker="db",result="success"}"#, 0.0),
            (r#"ut_retry_exhausted_total{breaker="db",why="attempts"}"#, 2.0),
            (r#"ut_retry_exhausted_total{breaker="db",why="not_retryable"}"#, 1.0),
            (r#"ut_retry_exhausted_total{breaker="db",why="breaker_open"}"#, 2.0),
            (r#"ut_retry_exhausted_total{breaker="db",why="deadline"}"#, 0.0),
            (r#"ut_retry_exhausted_total{breaker="slow",why="deadline"}"#, 1.0),
            (r#"ut_fallback_total{breaker="db",result="success"}"#, 1.0),
            (r#"ut_fallback_total{breaker="db",result="failure"}"#, 1.0),
            (r#"ut_breaker_state{breaker="db",state="open"}"#, 1.0),
            (r#"ut_breaker_transitions_total{breaker="db",from="closed",to="open"}"#, 1.0),
            (r#"ut_breaker_calls_total{breaker="db",outcome="rejected"}"#, 2.0),
            (r#"ut_breaker_failure_threshold{breaker="db"}"#, 5.0),
            (r#"ut_breaker_call_duration_seconds_count{breaker="db"}"#, 5.0),
        ],
    );
}

#[test]
fn forecasts_count_rows_servers_and_passes() {
    let sandbox = Sandbox::new();
    sandbox.infer_rows(metrics(&["a", "b"], 200), &["--window", "w"]).succeeds();
    let model = r#"model="fleet-tft""#;
    let of_model =
        |name: &str, more: &str| sandbox.counted(&format!("ut_infer_{name}{{{model}{more}}}"));
    assert_eq!(of_model("predictions_total", r#",result="success""#), Some(2.0));
    assert_eq!(of_model("batch_size_sum", ""), Some(2.0));
    for phase in ["read", "normalise", "forward", "write"] {
        let labels = format!(r#",device="cpu",phase="{phase}""#);
        assert_eq!(of_model("duration_seconds_count", &labels), Some(1.0), "{phase}");
    }
    assert!(of_model("model_load_seconds", "").unwrap() > 0.0);
    assert_eq!(of_model("model_info", r#",horizon="96",lookback="150",device="cpu""#), Some(1.0));
    let csv = r#"source="csv""#;
    let of_source =
        |name: &str, more: &str| sandbox.counted(&format!("ut_infer_{name}{{{csv}{more}}}"));
    assert_eq!(of_source("observations_total", ""), Some(400.0));
    // The example's rows are of January 2026.
    assert!(of_source("data_age_seconds", "").unwrap() > 86_400.0);
    assert_eq!(sandbox.counted(r#"ut_infer_window_servers{state="stale"}"#), Some(2.0));
    let ever = ["--window", "w", "--window-max-age", "10000days"];
    sandbox.infer_rows(metrics(&["a", "c"], 160), &ever);
    for (state, servers) in [("warm", 3.0), ("filling", 0.0), ("stale", 0.0)] {
        let series = format!("ut_infer_window_servers{{state=\"{state}\"}}");
        assert_eq!(sandbox.counted(&series), Some(servers), "{state}");
    }
    // The same rows again, one that is none, and too few of a third server.
    let rows = metrics(&["a", "b"], 200) + "x\n";
    sandbox.infer_rows(rows, &["--window", "w", "--on-bad-row", "skip"]);
    assert_eq!(of_source("observations_rejected_total", r#",why="duplicate""#), Some(560.0));
    assert_eq!(of_source("observations_rejected_total", r#",why="invalid""#), Some(1.0));
    sandbox.infer_rows("nonsense", &[]).fails(3, &[]);
    counts(
        &sandbox,
        &[
            (r#"ut_commands_total{command="infer",result="error"}"#, 1.0),
            (r#"ut_command_duration_seconds_count{command="infer"}"#, 4.0),
        ],
    );
}

#[test]
fn cleanups_count_plans_and_what_is_gone() {
    let sandbox = Sandbox::new();
    crate::cleanup::example(&sandbox);
    let cleanup = |more: &[&str]| {
        let fixed = ["cleanup", "--tracking-uri", "mlruns", "--now", "2026-06-01T00:00:00Z"];
        sandbox.ut(fixed.iter().chain(more))
    };
    let checkpoints = |verdict: &str| {
        let labels = format!(r#"experiment="momentum",verdict="{verdict}""#);
        sandbox.counted(&format!("ut_cleanup_checkpoints{{{labels}}}"))
    };
    let rank = ["--metric", "sharpe_ratio"];
    cleanup(&[&rank[..], &["--dry-run"]].concat()).succeeds();
    let going = checkpoints("delete").unwrap();
    assert!(going > 0.0);
    assert_eq!(checkpoints("keep"), Some(14.0 - going));
    let top = sandbox.counted(r#"ut_cleanup_protected{why="top"}"#).unwrap();
    assert!(top > 0.0);
    let bytes = sandbox.counted(r#"ut_cleanup_reclaimable_bytes{experiment="momentum"}"#).unwrap();
    assert!(bytes > 0.0);
    let removed = r#"ut_cleanup_removed_total{action="delete"}"#;
    let reclaimed = r#"ut_cleanup_reclaimed_bytes_total{action="delete"}"#;
    counts(&sandbox, &[(removed, 0.0), (reclaimed, 0.0)]);
    cleanup(&rank).succeeds();
    counts(
        &sandbox,
        &[
            (removed, going),
            (reclaimed, bytes),
            (r#"ut_cleanup_duration_seconds_count{stage="list"}"#, 2.0),
            (r#"ut_cleanup_duration_seconds_count{stage="delete"}"#, 1.0),
            (r#"ut_cleanup_errors_total{stage="verify"}"#, 0.0),
        ],
    );
    sandbox.write(&format!("backup/momentum/{:032x}.tar.zst", 1), "no archive");
    let verified = sandbox.ut(["cleanup", "verify", "--archive-path", "backup"]);
    assert_ne!(verified.code, Some(0), "{verified:?}");
    counts(
        &sandbox,
        &[
            (r#"ut_cleanup_errors_total{stage="verify"}"#, 1.0),
            (r#"ut_cleanup_duration_seconds_count{stage="verify"}"#, 1.0),
        ],
    );
}

#[test]
fn stacks_and_projects_are_counted() {
    let sandbox = Sandbox::new();
    let stack = "services:\n  a:\n    image: a:1\n  b:\n    image: b:latest\n    deploy: {resources: {limits: {cpus: '1', memory: 1g}}}\n";
    sandbox.write("compose.yaml", stack);
    sandbox.ut(["compose-validate"]);
    counts(
        &sandbox,
        &[
            (r#"ut_compose_files_total{result="findings"}"#, 1.0),
            (r#"ut_compose_services{limits="with"}"#, 1.0),
            (r#"ut_compose_services{limits="without"}"#, 1.0),
            ("ut_compose_check_duration_seconds_count", 1.0),
            (r#"ut_compose_findings{rule="CV606",severity="warning"}"#, 1.0),
            (r#"ut_compose_findings{rule="CV301",severity="error"}"#, 2.0),
        ],
    );
    sandbox.write("train.py", "import torch\nmodel = torch.nn.Linear(1, 1).cuda()\n");
    sandbox.ut(["detect-workload", "."]).succeeds();
    sandbox.ut(["detect-workload", "--text", "a page about cats"]).succeeds();
    counts(
        &sandbox,
        &[
            (r#"ut_detect_scans_total{verdict="none"}"#, 1.0),
            (r#"ut_detect_files_total{kind="text"}"#, 1.0),
            ("ut_detect_duration_seconds_count", 2.0),
        ],
    );
    assert!(sandbox.counted(r#"ut_detect_files_total{kind="folder"}"#).unwrap() >= 2.0);
}

#[test]
fn the_state_counts_itself() {
    let sandbox = Sandbox::new();
    sandbox.ut(["config", "show"]).succeeds();
    assert!(sandbox.counted(r#"ut_state_size_bytes{file="main"}"#).unwrap() > 0.0);
    assert!(sandbox.counted("ut_state_lock_wait_seconds_count").unwrap() > 0.0);
    assert!(sandbox.counted("ut_state_created_timestamp_seconds").unwrap() > 1.7e9);
    assert_eq!(sandbox.counted("ut_metrics_dropped_series"), Some(0.0));
    // What could not be stored is stored later, with the failure.
    let state = rusqlite::Connection::open(sandbox.path("state/ut.db")).unwrap();
    state.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut guard = sandbox.command();
    guard.args(["guard", "db", "--", "true"]);
    let mut guard = guard.stderr(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(5_200));
    state.execute_batch("COMMIT").unwrap();
    assert!(guard.wait().unwrap().success());
    assert_eq!(sandbox.counted(r#"ut_state_errors_total{kind="busy"}"#), Some(1.0));
}
