//! The example platform: as it begins, as it should be, and with the faults that such stacks have.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::documents::judge;
use crate::support::{Ran, Sandbox};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/platform").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(example(name)).unwrap()
}

/// The example's files and settings, with one file changed.
fn sandbox(name: &str, change: impl FnOnce(String) -> String) -> Sandbox {
    let sandbox = Sandbox::new();
    for file in ["compose.yaml", "compose.enhanced.yaml", ".env", "ut.toml", "prometheus.yml"] {
        sandbox.write(file, text(file));
    }
    sandbox.write(name, change(text(name)));
    sandbox
}

fn enhanced(sandbox: &Sandbox, args: &[&str]) -> Ran {
    judge(sandbox, &[&["-f", "compose.enhanced.yaml", "--format", "concise"], args].concat())
}

#[test]
fn the_enhanced_platform_is_clean() {
    let sandbox = sandbox("compose.enhanced.yaml", |text| text);
    assert_eq!(enhanced(&sandbox, &["--fail-on", "note"]).succeeds().stdout, "");
    let strict = enhanced(&sandbox, &["--set", "strict"]);
    assert_eq!(strict.succeeds().stdout.matches("error").count(), 0, "{strict:?}");
}

#[test]
fn every_service_has_the_limits_that_were_planned() {
    let sandbox = sandbox("compose.enhanced.yaml", |text| text);
    let model = judge(&sandbox, &["-f", "compose.enhanced.yaml", "--resolved"]).succeeds().json();
    let size = |text: &str| -> u64 {
        let (number, unit) = text.split_at(text.len() - 1);
        let scale = if unit == "G" { 1024.0 * 1024.0 * 1024.0 } else { 1024.0 * 1024.0 };
        (number.parse::<f64>().unwrap() * scale) as u64
    };
    for (service, cpus, limit, reservation) in [
        ("timescaledb", 2.0, "2G", "1G"),
        ("mlflow", 1.0, "1G", "512M"),
        ("redis", 1.0, "2G", "512M"),
        ("kafka-1", 1.0, "1.5G", "1G"),
        ("kafka-2", 1.0, "1.5G", "1G"),
        ("kafka-3", 1.0, "1.5G", "1G"),
        ("zookeeper", 0.5, "768M", "512M"),
        ("prometheus", 1.0, "1G", "512M"),
        ("grafana", 0.5, "512M", "256M"),
        ("data-service", 1.0, "1G", "512M"),
        ("regime-detection", 1.0, "1G", "512M"),
        ("meta-controller", 2.0, "8G", "4G"),
        ("training-orchestrator", 4.0, "8G", "4G"),
        ("risk-manager", 1.0, "1G", "512M"),
        ("inference-service", 2.0, "2G", "1G"),
        ("forensics-consumer", 1.0, "1G", "512M"),
    ] {
        let resources = &model["services"][service]["deploy"]["resources"];
        let bytes = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
        assert_eq!(resources["limits"]["cpus"], cpus, "{service}");
        assert_eq!(bytes(&resources["limits"]["memory"]), size(limit), "{service}");
        assert_eq!(bytes(&resources["reservations"]["memory"]), size(reservation), "{service}");
    }
    assert_eq!(model["services"].as_object().unwrap().len(), 16);
    let document = judge(&sandbox, &["-f", "compose.enhanced.yaml", "--format", "json"]).json();
    let total = &document["totals"]["stacks"][0]["sets"][0];
    assert_eq!((&total["cpus"], &total["gpus"]), (&Value::from(21.0), &Value::from(3)));
    assert_eq!(total["memory_limit_bytes"], 33_u64 * (1 << 30) + 768 * (1 << 20));
    assert_eq!(total["memory_reserved_bytes"], 17_u64 * (1 << 30) + 256 * (1 << 20));
}

/// What a first version of it had.
#[test]
fn programs_as_large_as_their_limits_are_found() {
    for (from, to, wanted) in [
        ("--maxmemory 1536mb", "--maxmemory 2gb", "error[CV502]"),
        ("-Xms768m -Xmx768m", "-Xms1G -Xmx1G", "warning[CV501]"),
        ("-Xms768m -Xmx768m", "-Xms1536m -Xmx1536m", "error[CV501]"),
        ("shared_buffers=512MB", "shared_buffers=2GB", "error[CV503]"),
        ("max_connections=200", "max_connections=1000", "warning[CV503]"),
        ("CUDA_VISIBLE_DEVICES: 0", "CUDA_VISIBLE_DEVICES: 2", "error[CV406]"),
        ("device_ids: [\"1\"]", "device_ids: [\"0\"]", "error[CV402]"),
        ("device_ids: [\"1\"]", "device_ids: [\"7\"]", "error[CV403]"),
        ("TION_FACTOR: 3", "TION_FACTOR: 4", "error[CV506]"),
        ("127.0.0.1:9090:9090", "127.0.0.1:5000:9090", "error[CV603]"),
    ] {
        let sandbox = sandbox("compose.enhanced.yaml", |text| text.replacen(from, to, usize::MAX));
        let ran = enhanced(&sandbox, &["--set", "safe"]);
        assert_eq!(ran.code, Some(1), "{to}");
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert!(lines.iter().any(|line| line.contains(wanted)), "{to}: {ran:?}");
        let code = &wanted[wanted.len() - 6..wanted.len() - 1];
        assert!(lines.iter().all(|line| line.contains(code)), "{to}: {ran:?}");
    }
}

/// It claimed 17 cores.
#[test]
fn the_cores_of_the_platform_are_added_up() {
    let sandbox = sandbox("compose.enhanced.yaml", |text| text);
    let ran = enhanced(&sandbox, &["--host-cpus", "17"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("warning[CV106]") && ran.stdout.contains("21"), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    enhanced(&sandbox, &["--host-cpus", "21"]).succeeds();
}

/// What is missing is written, Compose accepts it together with the base, and nothing is left to say.
#[test]
fn an_override_makes_the_plain_platform_clean() {
    let sandbox = sandbox("compose.yaml", |text| text);
    let plain = judge(&sandbox, &["compose.yaml", "--statistics"]);
    assert_eq!(plain.code, Some(1));
    for code in ["CV101", "CV102", "CV103", "CV201", "CV205", "CV301", "CV302", "CV307", "CV404"] {
        assert!(plain.stdout.contains(code), "{code}: {}", plain.stdout);
    }
    let written = judge(&sandbox, &["compose.yaml", "--write-override", "compose.override.yaml"]);
    assert_eq!(written.code, Some(0), "{}", written.stdout);
    // Found beside the base, as Compose finds it.
    let both = judge(&sandbox, &["--format", "concise"]);
    assert!(!both.succeeds().stdout.contains("warning"), "{both:?}");
    assert_eq!(
        text("compose.yaml"),
        std::fs::read_to_string(sandbox.path("compose.yaml")).unwrap()
    );
}
