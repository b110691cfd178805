//! Every family there is. A name, a label or an edge that changes breaks somebody's dashboard.

use super::family::{Family, Label};

pub const COMMAND: Label = Label::of(
    "command",
    &[
        "breaker",
        "breaker-status",
        "cleanup",
        "compose-validate",
        "config",
        "detect-workload",
        "device",
        "guard",
        "health",
        "infer",
        "metrics",
    ],
);
const STATES: &[&str] = &["closed", "open", "half_open", "forced_open", "disabled"];
pub(super) const BREAKER: Label = Label::any("breaker");
const MODEL: Label = Label::any("model");
const SOURCE: Label = Label::any("source");
const DEVICE: Label = Label::any("device");
const EXPERIMENT: Label = Label::any("experiment");
const SERVICE: Label = Label::any("service");
const SUCCESS: Label = Label::of("result", &["success", "failure"]);
const ACTION: Label = Label::of("action", &["delete", "archive"]);
const STAGE: Label = Label::of("stage", &["list", "plan", "archive", "delete", "verify"]);
/// Each run has one, the first that holds; see `cleanup::reason`.
const WHY_KEPT: Label = Label::of(
    "why",
    &[
        "age",
        "top",
        "tag",
        "registry",
        "relatives",
        "running",
        "no_metric",
        "unknown_age",
        "min_keep",
    ],
);
const HANDLER: Label = Label::of("handler", &["/healthz", "/livez", "/metrics", "none"]);
const METHOD: Label = Label::of("method", &["GET", "HEAD", "other"]);

const RUN: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const CALL: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
const SERVED: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];
const FORWARD: &[f64] = &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
const BATCH: &[f64] = &[1.0, 8.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
const LOCK: &[f64] = &[0.0001, 0.001, 0.01, 0.1, 0.25, 1.0, 5.0];
const CLEANUP: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0];

/// The families, and the list of all.
macro_rules! families {
    ($($id:ident = $make:ident($($argument:expr),* $(,)?);)*) => {
        $(pub static $id: Family = Family::$make($($argument),*);)*
        /// Every family.
        pub static ALL: &[&Family] = &[$(&$id),*];
    };
}

families! {
    // Build, process, state
    BUILD_INFO = gauge(
        "ut_build_info",
        &[Label::any("version"), Label::any("target")],
        "Build of the ut binary that wrote these metrics; always 1.",
    );
    COMMANDS = counter(
        "ut_commands_total",
        &[COMMAND, Label::of("result", &["ok", "findings", "usage", "error", "partial", "later"])],
        "Invocations of ut by subcommand and result.",
    );
    COMMAND_DURATION = histogram(
        "ut_command_duration_seconds", &[COMMAND], RUN, "Wall time of one ut invocation.",
    );
    COMMAND_LAST_SUCCESS = gauge(
        "ut_command_last_success_timestamp_seconds", &[COMMAND],
        "When the subcommand last ended without error.",
    );
    STATE_SIZE = gauge(
        "ut_state_size_bytes", &[Label::of("file", &["main", "wal"])],
        "Size of the state database and of its write-ahead log.",
    );
    STATE_CREATED = gauge(
        "ut_state_created_timestamp_seconds", &[],
        "When the state database was created; counters start there.",
    );
    STATE_ERRORS = counter(
        "ut_state_errors_total",
        &[Label::of("kind", &["busy", "full", "readonly", "corrupt", "permission", "io"])],
        "State operations that failed, by kind.",
    );
    STATE_LOCK_WAIT = histogram(
        "ut_state_lock_wait_seconds", &[], LOCK,
        "Time spent waiting for another process to release the state database.",
    );
    DROPPED_SERIES = gauge(
        "ut_metrics_dropped_series", &[],
        "Series left out of this exposition because of the series ceiling.",
    );

    // Breakers and guarded commands
    BREAKER_STATE = gauge(
        "ut_breaker_state", &[BREAKER, Label::of("state", STATES)],
        "1 for the state the breaker is effectively in, 0 for the others.",
    );
    BREAKER_TRANSITIONS = counter(
        "ut_breaker_transitions_total",
        &[BREAKER, Label::of("from", STATES), Label::of("to", STATES)],
        "State changes.",
    );
    BREAKER_CALLS = counter(
        "ut_breaker_calls_total",
        &[BREAKER, Label::of("outcome", &["success", "failure", "timeout", "neutral", "rejected"])],
        "Calls by outcome; rejected ones were not made.",
    );
    BREAKER_CALL_DURATION = histogram(
        "ut_breaker_call_duration_seconds", &[BREAKER], CALL,
        "Duration of calls that were made, one observation per attempt.",
    );
    BREAKER_WINDOW_FAILURES = gauge(
        "ut_breaker_window_failures", &[BREAKER], "Failures inside the current window.",
    );
    BREAKER_THRESHOLD = gauge(
        "ut_breaker_failure_threshold", &[BREAKER],
        "Failures inside the window that open the breaker.",
    );
    BREAKER_OPEN_UNTIL = gauge(
        "ut_breaker_open_until_timestamp_seconds", &[BREAKER],
        "When an open breaker admits its next probe; absent while closed.",
    );
    BREAKER_LAST_FAILURE = gauge(
        "ut_breaker_last_failure_timestamp_seconds", &[BREAKER],
        "When the last counted failure happened.",
    );
    BREAKER_PROBES_LOST = counter(
        "ut_breaker_probes_lost_total", &[BREAKER, Label::of("why", &["died", "overran"])],
        "Half-open probes whose holder died or overran its lease.",
    );
    RETRY_ATTEMPTS = counter(
        "ut_retry_attempts_total", &[BREAKER, SUCCESS],
        "Attempts made by the retry loop, first attempts included.",
    );
    RETRY_EXHAUSTED = counter(
        "ut_retry_exhausted_total",
        &[BREAKER, Label::of("why", &["attempts", "deadline", "breaker_open", "not_retryable"])],
        "Retry loops that gave up, by reason.",
    );
    FALLBACK = counter("ut_fallback_total", &[BREAKER, SUCCESS], "Fallbacks that were run.");

    // Inference and forecast
    INFER_PREDICTIONS = counter(
        "ut_infer_predictions_total", &[MODEL, SUCCESS],
        "Forecasts made, one per server and origin.",
    );
    INFER_BATCH_SIZE = histogram(
        "ut_infer_batch_size", &[MODEL], BATCH, "Forecasts per forward pass.",
    );
    INFER_DURATION = histogram(
        "ut_infer_duration_seconds",
        &[MODEL, DEVICE, Label::of("phase", &["read", "normalise", "forward", "write"])],
        FORWARD, "Time per forward pass by phase.",
    );
    INFER_OBSERVATIONS = counter(
        "ut_infer_observations_total", &[SOURCE], "Observations read from a source.",
    );
    INFER_REJECTED = counter(
        "ut_infer_observations_rejected_total",
        &[SOURCE, Label::of("why", &["late", "duplicate", "gap", "invalid"])],
        "Observations that were not used, by reason.",
    );
    INFER_WINDOW_SERVERS = gauge(
        "ut_infer_window_servers", &[Label::of("state", &["warm", "filling", "stale"])],
        "Servers by state of their input window.",
    );
    INFER_DATA_AGE = age(
        "ut_infer_data_age_seconds", &[SOURCE], "Age of the newest observation.",
    );
    INFER_MODEL_INFO = gauge(
        "ut_infer_model_info",
        &[MODEL, Label::any("horizon"), Label::any("lookback"), DEVICE],
        "Loaded model; always 1.",
    );
    INFER_MODEL_LOAD = gauge(
        "ut_infer_model_load_seconds", &[MODEL], "Time the last model load took.",
    );
    DEVICE_MEMORY = gauge(
        "ut_device_memory_bytes", &[DEVICE, Label::of("kind", &["used", "total"])],
        "Accelerator memory by kind.",
    );

    // Cleanup
    CLEANUP_CHECKPOINTS = gauge(
        "ut_cleanup_checkpoints",
        &[EXPERIMENT, Label::of("verdict", &["keep", "delete", "refuse", "ignore"])],
        "Checkpoints seen by the last plan, by verdict.",
    );
    CLEANUP_RECLAIMABLE = gauge(
        "ut_cleanup_reclaimable_bytes", &[EXPERIMENT], "Bytes the last plan would free.",
    );
    CLEANUP_RECLAIMED = counter("ut_cleanup_reclaimed_bytes_total", &[ACTION], "Bytes freed.");
    CLEANUP_REMOVED = counter(
        "ut_cleanup_removed_total", &[ACTION], "Checkpoints removed from the store.",
    );
    CLEANUP_ERRORS = counter("ut_cleanup_errors_total", &[STAGE], "Steps that failed.");
    CLEANUP_PROTECTED = gauge(
        "ut_cleanup_protected", &[WHY_KEPT],
        "Checkpoints kept by a protection rule.",
    );
    CLEANUP_DURATION = histogram(
        "ut_cleanup_duration_seconds", &[STAGE], CLEANUP, "Time per stage.",
    );

    // Compose and detection
    COMPOSE_FILES = counter(
        "ut_compose_files_total", &[Label::of("result", &["clean", "findings", "error"])],
        "Compose stacks checked.",
    );
    COMPOSE_FINDINGS = gauge(
        "ut_compose_findings",
        &[Label::any("rule"), Label::of("severity", &["error", "warning", "note"])],
        "Findings of the last check.",
    );
    COMPOSE_SERVICES = gauge(
        "ut_compose_services", &[Label::of("limits", &["with", "without"])],
        "Services of the last check, with and without resource limits.",
    );
    COMPOSE_DURATION = histogram(
        "ut_compose_check_duration_seconds", &[], RUN, "Time per stack.",
    );
    DETECT_SCANS = counter(
        "ut_detect_scans_total",
        &[Label::of("verdict", &["none", "cpu", "gpu_optional", "gpu_required"])],
        "Projects looked at.",
    );
    DETECT_FILES = counter(
        "ut_detect_files_total", &[Label::of("kind", &["folder", "file", "text"])],
        "Files looked at during detection.",
    );
    DETECT_DURATION = histogram("ut_detect_duration_seconds", &[], RUN, "Time per project.");

    // HTTP, in and out; the machine
    HTTP_REQUESTS = counter(
        "ut_http_requests_total", &[HANDLER, METHOD, Label::any("code")], "Requests served.",
    );
    HTTP_REQUEST_DURATION = histogram(
        "ut_http_request_duration_seconds", &[HANDLER, METHOD], SERVED, "Time to serve a request.",
    );
    HTTP_IN_FLIGHT = gauge(
        "ut_http_requests_in_flight", &[HANDLER], "Requests being served.",
    );
    HTTP_CLIENT_REQUESTS = counter(
        "ut_http_client_requests_total",
        &[SERVICE, Label::of("code", &["2xx", "3xx", "4xx", "5xx", "error"])],
        "Requests made to other services.",
    );
    HTTP_CLIENT_DURATION = histogram(
        "ut_http_client_duration_seconds", &[SERVICE], CALL, "Time to the end of a response.",
    );
    HEALTH_STATUS = gauge(
        "ut_health_status", &[Label::any("check"), Label::of("status", &["pass", "warn", "fail"])],
        "1 for the status of the check, 0 for the others.",
    );
    DISK_USED = gauge(
        "ut_disk_used_ratio", &[Label::any("mount")], "Used space of a watched file system.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::metrics::Kind;

    #[test]
    fn names_keep_the_rules_of_the_field() {
        for family in ALL {
            let name = family.name;
            assert!(name.starts_with("ut_"), "{name}");
            assert_eq!(name.ends_with("_total"), family.kind == Kind::Counter, "{name}");
            assert!(family.help.ends_with('.') && !family.help.contains('\n'), "{name}");
            assert_eq!(ALL.iter().filter(|other| other.name == name).count(), 1, "{name}");
            if let Kind::Histogram(edges) = family.kind {
                assert!(edges.is_sorted(), "{name}");
            }
        }
    }
}
