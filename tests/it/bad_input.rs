//! Bad input: each says what, where, why and what to do, with the documented exit code.

use std::process::Stdio;

use crate::support::{HEAD, Sandbox, fleet, line, metrics};

/// Good rows of one server with this line after the first 20.
fn with_line(bad: &str) -> String {
    let good = metrics(&["web-01"], 100);
    let mut lines: Vec<&str> = good.lines().collect();
    lines.insert(21, bad);
    lines.join("\n") + "\n"
}

/// A line 22 whose CPU is this text.
fn cpu(text: &str) -> String {
    line("web-02", 20).replacen("0.400", text, 1)
}

fn check_line(bad: &str, said: &[&str]) {
    let sandbox = Sandbox::new();
    let rows = with_line(bad);
    let failed = sandbox.infer_rows(&rows, &["--format", "csv"]);
    failed
        .fails(3, &[&["standard input", "line 22: "], said, &["hint: --on-bad-row skip"]].concat());
    assert_eq!(failed.stdout, "");
    let skipped = sandbox.infer_rows(&rows, &["--format", "csv", "--on-bad-row", "skip"]);
    skipped.fails(4, &["1 of 101 rows left out; the first at line 22: "]);
    assert!(skipped.stdout.contains("web-01,96,"));
}

#[test]
fn values_that_are_no_numbers() {
    check_line(&cpu("n/a"), &["column cpu_r is \"n/a\", a number was expected"]);
    check_line(&cpu(""), &["column cpu_r is empty"]);
    check_line(&cpu("NaN"), &["\"NaN\", a finite number was expected"]);
    check_line(&cpu("inf"), &["\"inf\", a finite number was expected"]);
    check_line(&cpu("1e300"), &["\"1e300\", a number below 3.4e38 was expected"]);
    check_line(&cpu(&"9".repeat(500)), &["…\", a"]);
}

#[test]
fn rows_of_another_shape() {
    check_line("2026-01-07T09:00:00Z,web-02", &["2 fields, the head has 10"]);
    check_line(&(line("web-02", 3) + ",7"), &["11 fields, the head has 10"]);
    check_line(&line("web-02", 3).replace("2026-01-07T", "yesterday "), &["a time such as"]);
}

#[test]
fn rows_out_of_order() {
    check_line(&line("web-01", 19), &["web-01 has two rows in one step", "(a step is 5 s)"]);
    check_line(&line("web-01", 3), &["web-01 goes back in time, from 2026-01-07T09:01:35Z"]);
}

#[test]
fn a_value_too_large_for_the_models_scale() {
    let sandbox = Sandbox::new();
    let rows = with_line("").replace(",120.5,", ",3e38,");
    let model = sandbox.model(|json| {
        let reals = json["inputs"]["reals"].as_array_mut().unwrap();
        let at = reals.iter().position(|real| real["name"] == "net_in").unwrap();
        reals[at]["scaler"]["scale"] = 1e-6.into();
        // It fails before any other column is there.
        reals.swap(0, at);
    });
    let input = sandbox.write("metrics.csv", &rows);
    let args = ["infer", "--model", model.to_str().unwrap(), "--input", input.to_str().unwrap()];
    sandbox.ut(args).fails(3, &["cannot forecast web-01: column net_in leaves the range"]);
    let skip = sandbox.ut(args.iter().chain(&["--on-bad-row", "skip"]));
    skip.fails(3, &["no server could be forecast"]);
    // The next server, at the same times, takes nothing from it.
    let other = rows.replace(",3e38,", ",1e-6,").replace("web-01", "web-02");
    let alone = sandbox.write("alone.csv", &other);
    let both = sandbox.write("both.csv", rows + other.split_once('\n').unwrap().1);
    let forecast = |input: &std::path::Path| {
        let input = input.to_str().unwrap();
        let csv = ["--input", input, "--on-bad-row", "skip", "--format", "csv"];
        sandbox.ut(args[..3].iter().chain(&csv))
    };
    let (alone, both) = (forecast(&alone), forecast(&both));
    assert_eq!(both.code, Some(4), "{both:?}");
    assert_eq!(alone.succeeds().stdout, both.stdout);
}

#[test]
fn a_gap_that_the_model_does_not_allow() {
    let sandbox = Sandbox::new();
    let mut rows = metrics(&["web-02"], 100);
    for step in (0..50).chain(53..145) {
        rows += &format!("{}\n", line("web-01", step));
    }
    let failed = sandbox.infer_rows(&rows, &[]);
    failed.fails(3, &["line 152: web-01 misses 3 steps before this row (a step is 5 s)"]);
    let skipped = sandbox.infer_rows(&rows, &["--on-bad-row", "skip", "--format", "json"]);
    skipped.fails(4, &["50 of 242 rows left out"]);
    assert_eq!(skipped.json()["servers"][0]["steps"], 92);
    // Older than anything a forecast looks at, a gap does not matter.
    for step in 145..203 {
        rows += &format!("{}\n", line("web-01", step));
    }
    sandbox.infer_rows(&rows, &[]).succeeds();
}

#[test]
fn rows_at_another_pace_than_the_models() {
    let every = |n: u32| {
        let steps = (0..80).map(|i| line("web-01", i * n));
        steps.fold(format!("{HEAD}\n"), |text, line| text + &line + "\n")
    };
    let sandbox = Sandbox::new();
    sandbox.infer_rows(every(3), &[]).fails(3, &["misses 2 steps", "(a step is 5 s)"]);
    let model = sandbox.model(|json| json["dataset"]["allow_missing_timesteps"] = true.into());
    let input = sandbox.write("metrics.csv", every(3));
    let args = ["infer", "--model", model.to_str().unwrap(), "--input", input.to_str().unwrap()];
    sandbox
        .ut(args)
        .fails(3, &["web-01 has a row every 15 s, the model was trained on one every 5 s"]);
    let faster = metrics(&["web-01"], 90).replace("2026-01-07T09:00:05Z", "2026-01-07T09:00:01Z");
    sandbox.infer_rows(faster, &[]).fails(3, &["two rows in one step"]);
}

#[test]
fn a_server_that_the_model_does_not_know() {
    let sandbox = Sandbox::new();
    let model = sandbox.model(|json| json["encoders"]["server"]["add_nan"] = false.into());
    let input = sandbox.write("metrics.csv", metrics(&["web-01", "wbe-02"], 80));
    let args = ["infer", "--model", model.to_str().unwrap(), "--input", input.to_str().unwrap()];
    let said = ["line 3: server \"wbe-02\" is unknown to the model", "did you mean web-02?"];
    sandbox.ut(args).fails(3, &said);
    let skipped = sandbox.ut(args.iter().chain(&["--on-bad-row", "skip"]));
    skipped.fails(4, &["80 of 160 rows left out"]);
}

#[test]
fn inputs_that_are_no_metrics() {
    let sandbox = Sandbox::new();
    sandbox.infer_rows("", &[]).fails(3, &["standard input: no data"]);
    sandbox.infer_rows("", &["--input-format", "jsonl"]).fails(3, &["no data"]);
    sandbox.infer_rows(HEAD, &[]).fails(75, &["has a head but no rows yet"]);
    sandbox
        .infer_rows("a,b\n1,2\n", &[])
        .fails(3, &["the column server is missing (and timestamp"]);
    let renamed = metrics(&["web-01"], 3).replace("mem_u", "mem_used");
    sandbox
        .infer_rows(renamed, &[])
        .fails(3, &["mem_u is missing; there is mem_used", "model show"]);
    let twice = metrics(&["web-01"], 3).replace("mem_u", "cpu_r");
    sandbox.infer_rows(twice, &[]).fails(3, &["cpu_r appears twice"]);
    let endless = vec![b'x'; 3 << 20];
    sandbox.infer_rows(&endless, &[]).fails(3, &["line 1 does not end within 1 MiB"]);
    let quoted = format!("{HEAD}\n\"{}", "x,\n".repeat(1 << 20));
    sandbox.infer_rows(quoted, &[]).fails(3, &["line 2 does not end within 1 MiB"]);
    let jsonl = ["--input-format", "jsonl"];
    sandbox.infer_rows("{\"a\": 1}\n", &jsonl).fails(3, &["line 1: no field server"]);
    sandbox.infer_rows("\n[1]\n", &jsonl).fails(3, &["line 2: not an object of JSON"]);
    sandbox.infer(&["--input", "/nonexistent.csv"]).fails(3, &["cannot read /nonexistent.csv"]);
    sandbox.infer(&["--input", "."]).fails(3, &["cannot"]);
}

#[test]
fn bytes_that_are_no_text() {
    let mut rows = metrics(&["web-01"], 3).into_bytes();
    rows.extend(line("web-02", 3).replace("web", "w\u{e9}b").chars().map(|c| c as u8));
    Sandbox::new().infer_rows(rows, &[]).fails(3, &["line 5: column server is not UTF-8 text"]);
}

#[test]
fn windows_files_and_extra_columns_are_read() {
    let sandbox = Sandbox::new();
    let rows = metrics(&["web-01"], 80);
    let plain = sandbox.infer_rows(&rows, &["--format", "csv"]).stdout;
    let crlf = format!("\u{feff}{}", rows.replace('\n', "\r\n"));
    assert_eq!(sandbox.infer_rows(crlf, &["--format", "csv"]).stdout, plain);
    let extra = rows.replace(",server,", ",note,server,").replace("Z,web", "Z,\"a, b\",web");
    let ran = sandbox.infer_rows(extra, &["--format", "csv", "-v"]);
    assert_eq!(ran.stdout, plain);
    assert!(ran.stderr.contains("does not use the columns note"), "{}", ran.stderr);
}

#[test]
fn wrong_usage() {
    let sandbox = Sandbox::new();
    sandbox.ut(["infer"]).fails(2, &["no input", "hint: give --input"]);
    sandbox.ut(["infer", "--input", "-"]).fails(2, &["no model"]);
    sandbox.ut(["infer", "--thread", "0"]).fails(2, &["--threads"]);
    sandbox.ut(["infer", "--threads", "0"]).fails(2, &["--threads"]);
    let mixed = ["infer", "--input", "x", "model", "show", "y"];
    sandbox.ut(mixed).fails(2, &["flags of `ut infer` do not go with its subcommands"]);
    sandbox.ut(["forecast"]).fails(2, &["forecast"]);
    let rows = metrics(&["web-01"], 80);
    sandbox
        .infer_rows(rows, &["--quantile", "0.95"])
        .fails(2, &["no quantile 0.95; it has 0.1, 0.5, 0.9"]);
}

#[test]
fn models_that_cannot_be_used() {
    let sandbox = Sandbox::new();
    let input = sandbox.write("metrics.csv", metrics(&["web-01"], 80));
    let try_with = |change: &dyn Fn(&mut serde_json::Value), said: &[&str]| {
        let model = sandbox.model(change);
        let args =
            ["infer", "--model", model.to_str().unwrap(), "--input", input.to_str().unwrap()];
        sandbox.ut(args).fails(3, said);
    };
    sandbox
        .ut(["infer", "model", "show", "nowhere"])
        .fails(3, &["nowhere/model.json", "export_tft.py"]);
    try_with(
        &|m| m["format"] = "ut-tft/2".into(),
        &["format \"ut-tft/2\", this program reads ut-tft/1"],
    );
    try_with(&|m| m["format"] = ().into(), &["has the format missing"]);
    try_with(&|m| m["loss"]["quantiles"] = ().into(), &["not a model description"]);
    let lies: [(&str, &str, u64, &str); 6] = [
        ("architecture", "hidden_size", 64, "tensor"),
        ("architecture", "hidden_size", u64::MAX, "architecture.hidden_size is 1844"),
        ("architecture", "lstm_layers", 2, "tensor lstm_encoder.weight_ih_l1 is missing"),
        ("architecture", "attention_head_size", 0, "attention_head_size is 0"),
        ("dataset", "max_prediction_length", 1 << 60, "max_prediction_length is"),
        ("dataset", "min_encoder_length", 0, "min_encoder_length is 0"),
    ];
    for (section, key, value, said) in lies {
        try_with(&|m| m[section][key] = value.into(), &[said]);
    }
    try_with(&|m| m["architecture"]["output_size"] = 7.into(), &["does not fit the 3 quantiles"]);
    try_with(&|m| m["targets"] = serde_json::json!(["a", "b"]), &["several targets (a, b)"]);
    try_with(
        &|m| m["embeddings"]["server"]["classes"] = 9.into(),
        &["encoders.server has the code"],
    );
}

#[test]
fn weights_that_cannot_be_used() {
    let sandbox = Sandbox::new();
    let model = sandbox.model(|_| {});
    let show = || sandbox.ut(["infer", "model", "show", model.to_str().unwrap()]);
    let path = model.join("model.safetensors");
    let good = std::fs::read(&path).unwrap();
    let overwrite = |bytes: &[u8]| std::fs::write(&path, bytes).unwrap();

    overwrite(&good[..good.len() / 2]);
    show().fails(3, &["is not a complete safetensors file"]);
    overwrite(b"");
    show().fails(3, &["is not a complete safetensors file"]);

    let header = u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    let mut not_finite = good.clone();
    not_finite[8 + header..12 + header].copy_from_slice(&f32::NAN.to_le_bytes());
    overwrite(&not_finite);
    show().fails(3, &["holds a value that is not a finite number"]);

    let text = String::from_utf8(good[8..8 + header].to_vec()).unwrap();
    let renamed = text.replacen("\"output_layer.bias\"", "\"output_layer.bios\"", 1);
    overwrite(&[&good[..8], renamed.as_bytes(), &good[8 + header..]].concat());
    show().fails(3, &["tensor output_layer.bias is missing"]);

    std::fs::remove_file(&path).unwrap();
    show().fails(3, &["cannot read the model", "model.safetensors"]);
    overwrite(&good);
    show().succeeds();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_closed_pipe() {
    let sandbox = Sandbox::new();
    let input = sandbox.write("metrics.csv", metrics(&["web-01"], 80));
    let model = fleet().join("fleet-tft");
    let run = |stdout: Stdio, args: &[&str]| {
        let mut command = sandbox.command();
        command.arg("infer").arg("--model").arg(&model).arg("--input").arg(&input).args(args);
        let output = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).output();
        crate::support::Ran::from(output.unwrap())
    };
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    run(full().into(), &[]).fails(3, &["cannot write to standard output", "No space left"]);
    run(Stdio::null(), &["--output", "/dev/full"]).fails(3, &["cannot write /dev/full"]);
    run(Stdio::null(), &["--output", "no/such/folder/x"])
        .fails(3, &["cannot write no/such/folder/x"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = run(writer.into(), &["--format", "csv"]);
    assert_eq!((closed.code, closed.stderr.as_str()), (Some(0), ""));
    let help =
        sandbox.command().arg("--help").stdout(full()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(help.status.code(), Some(3));
}
