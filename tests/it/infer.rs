//! `ut infer` on good input: formats, selection, warm-up, exit codes.

use crate::model::case_folders;
use crate::support::{HEAD, Ran, Sandbox, fleet, line, metrics};

/// End to end, a forecast is within this of the library's, relative to the values' scale.
const TOLERANCE: f64 = 1e-4;

/// Compares two CSV texts: equal but for the numbers of the quantile columns.
pub(crate) fn compare(got: &str, expected: &str, what: &str) {
    assert_eq!(got.lines().next(), expected.lines().next(), "{what}");
    assert_eq!(got.lines().count(), expected.lines().count(), "{what}");
    let fixed = got.lines().next().unwrap().split(',').take_while(|c| !is_quantile(c)).count();
    let numbers =
        |l: &str| -> Vec<f64> { l.split(',').skip(fixed).map(|x| x.parse().unwrap()).collect() };
    let scale = expected.lines().skip(1).flat_map(numbers).map(f64::abs).fold(0.0, f64::max);
    for (g, e) in got.lines().zip(expected.lines()).skip(1) {
        let labels = |l: &str| l.split(',').take(fixed).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(labels(g), labels(e), "{what}");
        for (x, y) in numbers(g).into_iter().zip(numbers(e)) {
            assert!(
                (x - y).abs() <= TOLERANCE * y.abs().max(scale * 1e-2),
                "{what}: {g} instead of {e}"
            );
        }
    }
}

fn is_quantile(column: &str) -> bool {
    column.strip_prefix('q').is_some_and(|q| q.parse::<f64>().is_ok())
}

#[test]
fn every_case_is_forecast_as_the_library_does() {
    for folder in case_folders() {
        let sandbox = Sandbox::new();
        let (model, window) = (folder.clone(), folder.join("window.csv"));
        let ran = sandbox.ut([
            "infer".as_ref(),
            "--model".as_ref(),
            model.as_os_str(),
            "--input".as_ref(),
            window.as_os_str(),
            "--format".as_ref(),
            "csv".as_ref(),
        ]);
        let expected = std::fs::read_to_string(folder.join("expected.csv")).unwrap();
        compare(&ran.succeeds().stdout, &expected, &folder.display().to_string());
    }
}

#[test]
fn the_example_is_forecast_as_the_library_does() {
    let config = fleet().join("ut.toml");
    let ran = Sandbox::new().ut(["infer", "--config", config.to_str().unwrap(), "--format", "csv"]);
    let expected = std::fs::read_to_string(fleet().join("expected.csv")).unwrap();
    compare(&ran.succeeds().stdout, &expected, "the example");
}

#[test]
fn the_table_lists_every_server_and_ends_with_the_summary() {
    let mut rows = metrics(&["web-01", "web-02"], 150);
    for step in 113..150 {
        rows += &format!("{}\n", line("db-02", step));
    }
    let ran = Sandbox::new().infer_rows(rows, &["--threads", "1"]);
    let table = &ran.succeeds().stdout;
    let lines: Vec<&str> = table.lines().collect();
    for text in ["server", "last", "+1m", "+4m", "+8m", "80 % band at +8m", "next 8 min", "state"] {
        assert!(lines[0].contains(text), "{table}");
    }
    assert!(lines[1].starts_with("db-02") && lines[1].ends_with("cold 37/75"), "{table}");
    assert!(lines[1].contains("needs 38 more steps (3 min 10 s)"), "{table}");
    assert!(lines[2].starts_with("web-01") && lines[2].ends_with("warm"), "{table}");
    let summary = lines.last().unwrap();
    assert!(summary.starts_with("3 servers, 2 forecast · cpu_r, 96 steps of 5 s"), "{table}");
    assert!(summary.contains("CPU, 1 thread"), "{table}");
}

#[test]
fn all_formats_tell_the_same() {
    let sandbox = Sandbox::new();
    let rows = metrics(&["web-01"], 100);
    let of = |format| sandbox.infer_rows(&rows, &["--format", format, "--quantile", "0.5"]);
    let csv = of("csv");
    assert_eq!(csv.stdout.lines().next(), Some("server,step,timestamp,q0.5"));
    let last = csv.stdout.lines().last().unwrap();
    assert!(last.starts_with("web-01,96,2026-01-07T09:16:15Z,"), "{last}");
    let value: f64 = last.rsplit(',').next().unwrap().parse().unwrap();

    let jsonl = of("jsonl");
    let last: serde_json::Value =
        serde_json::from_str(jsonl.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["timestamp"], "2026-01-07T09:16:15Z");
    assert_eq!(last["q0.5"], value);

    let json = of("json").json();
    assert_eq!(json["schema"], "ut.infer/1");
    assert_eq!(json["servers"][0]["labels"]["server"], "web-01");
    assert_eq!(json["servers"][0]["state"], "warming");
    assert_eq!(json["servers"][0]["forecast"][95]["q0.5"], value);
    assert_eq!(json["totals"]["rows"], 100);
}

#[test]
fn json_lines_are_read_like_csv() {
    let sandbox = Sandbox::new();
    let rows = metrics(&["web-01"], 80);
    let names: Vec<&str> = HEAD.split(',').collect();
    let mut lines = String::new();
    for row in rows.lines().skip(1) {
        let fields: Vec<String> = names
            .iter()
            .zip(row.split(','))
            .map(|(n, v)| match v.parse::<f64>() {
                Ok(_) => format!("\"{n}\": {v}"),
                Err(_) => format!("\"{n}\": \"{v}\""),
            })
            .collect();
        lines += &format!("{{{}}}\n", fields.join(", "));
    }
    let csv = sandbox.infer_rows(&rows, &["--format", "csv"]);
    let jsonl = sandbox.infer_rows(&lines, &["--format", "csv", "--input-format", "jsonl"]);
    assert_eq!(csv.succeeds().stdout, jsonl.succeeds().stdout);
    let input = sandbox.write("metrics.jsonl", lines);
    let by_extension = sandbox.infer(&["--format", "csv", "--input", input.to_str().unwrap()]);
    assert_eq!(by_extension.stdout, csv.stdout);
}

#[test]
fn only_the_named_servers_are_forecast() {
    let sandbox = Sandbox::new();
    let rows = metrics(&["web-01", "web-02", "web-03"], 80);
    let args = ["--server", "web-03", "--server", "web-01", "--format", "csv"];
    let csv = sandbox.infer_rows(&rows, &args).stdout;
    assert!(csv.contains("web-01,1,") && csv.contains("web-03,1,") && !csv.contains("web-02"));
    let absent = sandbox.infer_rows(&rows, &["--server", "db-01", "--format", "json"]);
    assert_eq!(absent.code, Some(75));
    assert_eq!(absent.json()["servers"][0]["needs"], 75);
    sandbox
        .infer_rows(&rows, &["--server", "wbe-01"])
        .fails(2, &["no server wbe-01", "did you mean web-01?"]);
}

#[test]
fn a_server_is_forecast_from_the_shortest_length_on() {
    let sandbox = Sandbox::new();
    let state = |steps| {
        let ran = sandbox.infer_rows(metrics(&["web-01"], steps), &["--format", "json"]);
        (ran.code, ran.json()["servers"][0]["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state(74), (Some(75), "cold".to_owned()));
    assert_eq!(state(75), (Some(0), "warming".to_owned()));
    assert_eq!(state(149), (Some(0), "warming".to_owned()));
    assert_eq!(state(150), (Some(0), "warm".to_owned()));
}

#[test]
fn rows_older_than_the_lookback_change_nothing() {
    let sandbox = Sandbox::new();
    let all = metrics(&["web-01"], 300);
    let recent: String =
        all.lines().skip(1).skip(150).fold(format!("{HEAD}\n"), |t, l| t + l + "\n");
    let csv = |rows: &str| sandbox.infer_rows(rows, &["--format", "csv"]).stdout;
    assert_eq!(csv(&all), csv(&recent));
}

#[test]
fn the_result_does_not_depend_on_threads_or_neighbours() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..30).map(|i| format!("web-{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = metrics(&names, 160);
    let csv =
        |args: &[&str]| sandbox.infer_rows(&rows, &[args, &["--format", "csv"]].concat()).stdout;
    let one = csv(&["--threads", "1"]);
    assert_eq!(one, csv(&["--threads", "3"]));
    let alone = csv(&["--server", "web-29"]);
    let among: String =
        one.lines().filter(|l| l.starts_with("web-29")).fold(String::new(), |t, l| t + l + "\n");
    assert_eq!(alone.split_once('\n').unwrap().1, among);
}

#[test]
fn ten_thousand_servers_are_forecast() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..10_000).map(|i| format!("node-{i:05}")).collect();
    // All but one too short: the forecasts themselves would take minutes without optimisation.
    let mut rows = format!("{HEAD}\n");
    for name in &names {
        rows += &format!("{}\n", line(name, 149));
    }
    for step in 60..150 {
        rows += &format!("{}\n", line("web-01", step));
    }
    let ran = sandbox.infer_rows(&rows, &["--format", "json"]);
    let totals = &ran.succeeds().json()["totals"];
    assert_eq!((totals["servers"].as_u64(), totals["forecast"].as_u64()), (Some(10_001), Some(1)));
}

/// A file of a gigabyte (less without optimisation) in the memory of its servers: the address space
/// is limited to far less than the file.
#[cfg(target_os = "linux")]
#[test]
fn a_long_file_is_streamed() {
    use std::io::Write as _;
    let size = if cfg!(debug_assertions) { 50_000_000 } else { 1_000_000_000 };
    let sandbox = Sandbox::new();
    let limited =
        "ulimit -v 80000; exec \"$0\" infer --model \"$1\" --input - --threads 1 --format csv";
    let mut child = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_ut")])
        .arg(fleet().join("fleet-tft"))
        .current_dir(sandbox.path("."))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = std::io::BufWriter::with_capacity(1 << 16, child.stdin.take().unwrap());
    writeln!(stdin, "{HEAD}").unwrap();
    let tail = line("web-01", 0).split_once(',').unwrap().1.to_owned();
    let (mut written, mut step) = (0, 0_i64);
    while written < size {
        let row = format!("{},{tail}\n", ut::core::time::format_time(step * 5_000_000));
        stdin.write_all(row.as_bytes()).unwrap();
        written += row.len();
        step += 1;
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(Ran::from(output).stdout.lines().count(), 97);
}

#[test]
fn a_new_server_is_admitted_where_the_model_says_so() {
    let sandbox = Sandbox::new();
    let rows = metrics(&["web-01", "grün-ネットワーク"], 80);
    let csv = sandbox.infer_rows(&rows, &["--format", "csv"]);
    assert!(csv.succeeds().stdout.contains("grün-ネットワーク,96,"));
}

#[test]
fn the_output_goes_to_a_file_whole() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("out.csv", "old");
    let rows = metrics(&["web-01"], 80);
    let ran = sandbox.infer_rows(&rows, &["--format", "csv", "--output", "out.csv"]);
    assert_eq!(ran.succeeds().stdout, "");
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!(written, sandbox.infer_rows(&rows, &["--format", "csv"]).stdout);
}

#[test]
fn under_cron_a_good_run_says_nothing_on_standard_error() {
    let ran = Sandbox::new().infer_rows(metrics(&["web-01"], 150), &["--format", "csv"]);
    assert_eq!(ran.succeeds().stderr, "");
}

#[test]
fn a_model_can_be_looked_at() {
    let sandbox = Sandbox::new();
    let model = fleet().join("fleet-tft");
    let show = |format| {
        sandbox.ut(["infer", "model", "show", model.to_str().unwrap(), "--format", format])
    };
    let text = &show("table").stdout;
    for part in ["horizon     96 steps (8 min)", "0.1, 0.5, 0.9", "timestamp", "cpu_r"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let json = show("json").json();
    assert_eq!(json["schema"], "ut.infer-model/1");
    assert_eq!(json["horizon"], 96);
    assert_eq!(json["columns"].as_array().unwrap().len(), HEAD.split(',').count());
}

#[test]
fn a_model_that_mixes_scales_says_so_once() {
    let sandbox = Sandbox::new();
    let model =
        sandbox.model(|json| json["target_normalizer"]["target_scale_mismatch"] = true.into());
    let input = sandbox.write("metrics.csv", metrics(&["web-01"], 80));
    let ran = sandbox.ut([
        "infer",
        "--model",
        model.to_str().unwrap(),
        "--input",
        input.to_str().unwrap(),
    ]);
    assert_eq!(ran.succeeds().stderr.lines().count(), 1);
    assert!(ran.stderr.contains("another server's scale"), "{}", ran.stderr);
}

#[test]
fn a_step_number_may_stand_beside_the_timestamp() {
    let sandbox = Sandbox::new();
    let model = sandbox.model(|json| {
        json["derived"]["columns"].as_object_mut().unwrap().remove("time_idx");
    });
    let mut rows = metrics(&["web-01"], 100);
    let plain = sandbox.infer_rows(&rows, &["--format", "csv"]).stdout;
    rows = rows
        .lines()
        .enumerate()
        .map(
            |(i, l)| if i == 0 { format!("{l},time_idx\n") } else { format!("{l},{}\n", 7000 + i) },
        )
        .collect();
    let input = sandbox.write("metrics.csv", rows);
    let args = ["infer", "--model", model.to_str().unwrap(), "--input", input.to_str().unwrap()];
    let ran = sandbox.ut(args.iter().chain(&["--format", "csv"]));
    assert_eq!(ran.succeeds().stdout, plain);
}
