//! The examples for Prometheus and Grafana use names that are counted, and the real Prometheus understands them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regex_lite::Regex;
use serde_json::Value;
use ut::core::metrics::{Family, Kind, catalogue};

use crate::processes::{Server, free_port, get, quiet, wait_for};
use crate::support::{Ran, Sandbox, skipped};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/monitoring").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(example(name)).unwrap()
}

fn dashboard() -> Value {
    serde_json::from_str(&text("dashboard.json")).unwrap()
}

fn panels(dashboard: &Value) -> &[Value] {
    dashboard["panels"].as_array().unwrap()
}

/// Every expression of the alerts and of the dashboard, whose variables are filled in.
fn expressions() -> Vec<String> {
    let alerts = text("alerts.yml");
    let alerts = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let mut all: Vec<String> = alerts.map(str::to_owned).collect();
    assert!(all.len() >= 12);
    for panel in panels(&dashboard()) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            all.push(expression.replace("$__rate_interval", "5m").replace("$instance", ".*"));
        }
    }
    all
}

/// The family that a series is of.
fn family(series: &str) -> &'static Family {
    let is = |family: &&&Family| match family.kind {
        Kind::Histogram(_) => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|part| series.strip_suffix(part) == Some(family.name)),
        _ => family.name == series,
    };
    catalogue::ALL.iter().find(is).unwrap_or_else(|| panic!("{series} is not counted"))
}

#[test]
fn names_and_labels_are_those_that_are_counted() {
    let series = Regex::new(r"\b(ut_[a-z_]+)(?:\{([^}]*)\})?").unwrap();
    let label = Regex::new(r#"(\w+)\s*(?:=~|!~|!=|=)\s*""#).unwrap();
    let grouping = Regex::new(r"\b(?:by|ignoring|on) \(([^)]*)\)").unwrap();
    let mut used = BTreeSet::new();
    for expression in expressions() {
        let mut known = BTreeSet::from(["instance", "job", "le", "file"]);
        for found in series.captures_iter(&expression) {
            let family = family(&found[1]);
            used.insert(family.name);
            let labels: BTreeSet<&str> = family.labels.iter().map(|label| label.name).collect();
            let selector = found.get(2).map_or("", |selector| selector.as_str());
            for name in label.captures_iter(selector) {
                let name = &name[1];
                assert!(labels.contains(name) || name == "instance", "{name} in {expression}");
            }
            known.extend(labels);
        }
        for found in grouping.captures_iter(&expression) {
            for name in found[1].split(',').map(str::trim) {
                assert!(known.contains(name), "{name} in {expression}");
            }
        }
    }
    assert!(used.len() > 25, "{used:?}");
    let page = text("README.md") + &text("alerts.yml");
    for found in Regex::new(r"\but_[a-z]+_[a-z_]+").unwrap().find_iter(&page) {
        family(found.as_str());
    }
}

#[test]
fn the_dashboard_is_whole() {
    let dashboard = dashboard();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels(&dashboard) {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let grid = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(grid("x") + grid("w") <= 24, "{panel}");
        for x in grid("x")..grid("x") + grid("w") {
            for y in grid("y")..grid("y") + grid("h") {
                assert!(taken.insert((x, y)), "{} lies over another", panel["title"]);
            }
        }
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
            assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')));
            assert!(!panel["targets"].as_array().unwrap().is_empty(), "{panel}");
        }
    }
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert!(variables.iter().any(|variable| variable["type"] == "datasource"));
}

#[test]
fn lines_for_crontab_have_five_fields_and_options_that_exist() {
    for line in text("crontab").lines().filter(|line| line.contains(" ut ")) {
        let (when, command) = line.split_once(" ut ").unwrap();
        assert_eq!(when.split_whitespace().count(), 5, "{line}");
        // What the command line refuses, it refuses before anything else.
        let command = command.split_whitespace().filter(|word| !word.starts_with('>'));
        let ran = Sandbox::new().ut(command);
        assert!(!ran.stderr.contains("unexpected argument"), "{line}: {ran:?}");
    }
}

#[test]
fn the_checks_are_sound() {
    let config = example("ut.toml");
    let config = config.to_str().unwrap();
    let sandbox = Sandbox::new();
    let sound = sandbox.ut(["config", "check", "--config", config]);
    assert!(sound.succeeds().stderr.is_empty(), "{sound:?}");
    let json = sandbox.ut(["health", "--config", config, "--format", "json"]).json();
    let kinds: BTreeSet<&str> =
        json["checks"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
    for kind in ["http", "tcp", "command", "disk", "file-age", "docker", "breaker"] {
        assert!(kinds.contains(kind), "{kind}");
    }
}

/// None where there is no such program.
fn promtool(args: &[&str]) -> Option<Ran> {
    match Command::new("promtool").args(args).current_dir(example("")).output() {
        Ok(output) => Some(output.into()),
        Err(error) => {
            skipped("promtool over the examples", error);
            None
        }
    }
}

#[test]
fn every_alert_fires_when_it_should_and_not_before() {
    for args in [
        &["check", "rules", "alerts.yml"][..],
        &["check", "config", "--syntax-only", "prometheus.yml"],
        &["test", "rules", "alerts_test.yml"],
    ] {
        let Some(ran) = promtool(args) else { return };
        ran.succeeds();
    }
    let tests = text("alerts_test.yml");
    for line in text("alerts.yml").lines() {
        if let Some(alert) = line.trim().strip_prefix("- alert: ") {
            let times = tests.matches(&format!("alertname: {alert}\n")).count();
            assert!(times >= 2, "{alert} is not tested both ways");
        }
    }
}

#[test]
fn a_real_prometheus_scrapes_us_and_understands_every_expression() {
    if let Err(error) = quiet(Command::new("prometheus").arg("--version")).status() {
        return skipped("a Prometheus that scrapes", error);
    }
    let sandbox = Sandbox::new();
    sandbox.ut(["guard", "db", "--", "false"]).fails(1, &[]);
    let mut serve = sandbox.command();
    let address = format!("127.0.0.1:{}", free_port());
    serve.args(["health", "--disk-error", "100", "--serve", &address]).stdout(Stdio::null());
    let served = std::sync::Mutex::new(serve);
    let _served = Server::new(move || served.lock().unwrap().spawn().unwrap());
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
         rule_files: [{:?}]\n\
         scrape_configs: [{{job_name: ut, static_configs: [{{targets: [{address:?}]}}]}}]\n",
        example("alerts.yml")
    );
    let config = sandbox.write("prometheus.yml", config);
    let (port, data) = (free_port(), sandbox.path("data"));
    let own = format!("127.0.0.1:{port}");
    let _prometheus = Server::new({
        let own = own.clone();
        move || {
            let mut command = Command::new("prometheus");
            command.arg(format!("--config.file={}", config.display()));
            command.arg(format!("--storage.tsdb.path={}", data.display()));
            command.arg(format!("--web.listen-address={own}"));
            quiet(&mut command).spawn().unwrap()
        }
    });
    let query = |expression: &str| -> Option<Value> {
        let encoded = utf8_percent_encode(expression, NON_ALPHANUMERIC);
        let body = get(&own, &format!("/api/v1/query?query={encoded}"))?;
        serde_json::from_str(&body).ok()
    };
    let value = |expression: &str| -> Option<f64> {
        query(expression)?["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    };
    wait_for("Prometheus has scraped us", || value("up") == Some(1.0));
    let wanted = r#"ut_health_status{check="breaker",status="pass"}"#;
    wait_for("the checks were made", || value(wanted) == Some(1.0));
    wait_for("a later scrape", || {
        value(r#"ut_http_requests_total{handler="/metrics"}"#).is_some_and(|count| count >= 1.0)
    });
    assert_eq!(value(r#"ut_breaker_calls_total{outcome="failure"}"#), Some(1.0));
    for expression in expressions() {
        let answer = query(&expression).unwrap_or_else(|| panic!("refused: {expression}"));
        assert_eq!(answer["status"], "success", "{expression}");
    }
    let metadata = get(&own, "/api/v1/metadata?metric=ut_command_duration_seconds").unwrap();
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let of = &metadata["data"]["ut_command_duration_seconds"][0];
    assert_eq!(of["type"], "histogram");
    assert_eq!(of["help"], catalogue::COMMAND_DURATION.help);
    let rules = get(&own, "/api/v1/rules").unwrap();
    assert!(rules.contains("UtHealthCheckFails") && !rules.contains("\"health\":\"err\""));
}
