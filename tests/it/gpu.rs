//! The forward pass on a GPU: on a real one where there is one, and on a stand-in whose GPU is the host.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use ndarray::Axis;
use safetensors::SafeTensors;
use ut::core::device::{
    Gpu, GpuError,
    Precision::{self, Single, Tf32},
    count,
};
use ut::model::tft::{CudaNetwork, Model};

use StandIn::{Plain, Sanitized, TensorCores};

use crate::infer::compare;
use crate::model::{Case, RAW_TOLERANCE, case_folders, largest_difference, picked};
use crate::support::{Ran, Sandbox, fleet, metrics, skipped};

/// A library in place of the driver's.
#[derive(Clone, Copy)]
pub(crate) enum StandIn {
    Plain,
    /// Whose products are those of tensor cores.
    TensorCores,
    /// That ends the program at a step out of any array.
    Sanitized,
}

/// Compiles a stand-in for the driver's library, once; says in which folder it is.
fn stand_in(kind: StandIn) -> Option<&'static Path> {
    static FOLDERS: [OnceLock<Option<PathBuf>>; 3] = [const { OnceLock::new() }; 3];
    let (name, options): (_, &[&str]) = match kind {
        StandIn::Plain => ("stand-in", &["-O2"]),
        StandIn::TensorCores => ("stand-in-tf32", &["-O2", "-DUT_TF32"]),
        StandIn::Sanitized => ("stand-in-sanitized", &["-O1", "-fsanitize=address"]),
    };
    FOLDERS[kind as usize].get_or_init(|| compiled(name, options)).as_deref()
}

fn compiled(name: &str, options: &[&str]) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gpu/driver.cpp");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let own = folder.join(format!("libcuda.so.{}", std::process::id()));
    let compiler = Command::new("c++")
        .args(["-std=c++17", "-fPIC", "-shared", "-Wno-unknown-pragmas"])
        .args(["-fsanitize=alignment", "-fsanitize-undefined-trap-on-error"])
        .args(options)
        .arg("-o")
        .args([&own, &source])
        .output();
    match compiler {
        Ok(output) if output.status.success() => {
            std::fs::rename(own, folder.join("libcuda.so.1")).unwrap();
            Some(folder)
        }
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            skipped("the kernels on the host, which needs a C++ compiler", error);
            None
        }
    }
}

/// Runs a test of this program again, with the stand-in for the driver.
pub(crate) fn again(test: &str, kind: StandIn, settings: &[(&str, &str)]) {
    let Some(folder) = stand_in(kind) else { return };
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env("LD_LIBRARY_PATH", folder)
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}

pub(crate) fn open(model: &Model, precision: Precision) -> CudaNetwork {
    CudaNetwork::new(&model.network, Gpu::open(0).unwrap(), precision).unwrap()
}

/// What the rounding of factors to TF32 adds to the difference at most.
pub(crate) const TF32_TOLERANCE: f32 = 4e-3;

#[test]
fn kernels_agree_with_double_precision() {
    for (kind, test) in [(Plain, "raw_output_agrees"), (TensorCores, "tensor_cores_agree")] {
        again(&format!("gpu::{test}"), kind, &[]);
        again(&format!("gpu::{test}"), kind, &[("STANDIN_ORDER", "1")]);
    }
}

#[test]
fn kernels_stay_in_their_arrays() {
    let library = Command::new("c++").arg("-print-file-name=libasan.so").output();
    let Ok(library) = library.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    else {
        return skipped("the address sanitizer", "there is no C++ compiler");
    };
    if !Path::new(library.trim()).is_absolute() {
        return skipped("the address sanitizer", "the C++ compiler lacks it");
    }
    // Fibers are the stand-in's own.
    let settings = [("LD_PRELOAD", library.trim()), ("ASAN_OPTIONS", "detect_leaks=0")];
    again("gpu::raw_output_agrees", Sanitized, &settings);
}

#[test]
#[ignore = "run by others, with a driver"]
fn raw_output_agrees() {
    agrees(Single, RAW_TOLERANCE);
}

#[test]
#[ignore = "run by others, with a driver"]
fn tensor_cores_agree() {
    agrees(Tf32, TF32_TOLERANCE);
}

fn agrees(precision: Precision, tolerance: f32) {
    for folder in case_folders() {
        let bytes = std::fs::read(folder.join("case.safetensors")).unwrap();
        let case = Case(SafeTensors::deserialize(&bytes).unwrap());
        let model = Model::load(&folder).unwrap();
        let expected = case.floats("f64.raw").unwrap();
        let network = open(&model, precision);
        let raw = network.forward(&case.batch()).unwrap();
        let worst = largest_difference(raw.as_slice().unwrap(), &expected);
        assert!(worst <= tolerance, "{}: {worst:e}", folder.display());
    }
}

/// Every pass after the first is a recording of the second.
#[test]
#[ignore = "run by others, with a driver"]
fn recorded_passes_agree_with_the_first() {
    let folder = &case_folders()[0];
    let bytes = std::fs::read(folder.join("case.safetensors")).unwrap();
    let batch = Case(SafeTensors::deserialize(&bytes).unwrap()).batch();
    let model = Model::load(folder).unwrap();
    let network = open(&model, Single);
    let first = network.forward(&batch).unwrap();
    let mut other = batch.clone();
    other.reals.mapv_inplace(|x| x * 0.5);
    assert_ne!(network.forward(&other).unwrap(), first);
    for _ in 0..2 {
        assert_eq!(network.forward(&batch).unwrap(), first);
    }
}

#[test]
fn launches_are_recorded() {
    again("gpu::recorded_passes_agree_with_the_first", Plain, &[]);
}

/// The same servers in parts, as many as the memory holds: bit for bit.
#[test]
#[ignore = "run by others, with a driver"]
fn parts_agree_with_the_whole() {
    for folder in case_folders() {
        let bytes = std::fs::read(folder.join("case.safetensors")).unwrap();
        let batch = Case(SafeTensors::deserialize(&bytes).unwrap()).batch();
        let model = Model::load(&folder).unwrap();
        let network = open(&model, Single);
        let whole = network.forward(&batch).unwrap();
        let samples: Vec<usize> = (0..80).map(|s| s % batch.samples()).collect();
        let many = network.forward(&picked(&batch, &samples)).unwrap();
        for (sample, raw) in samples.into_iter().zip(many.outer_iter()) {
            assert_eq!(raw, whole.index_axis(Axis(0), sample), "{}", folder.display());
        }
        let first = network.forward(&picked(&batch, &[0])).unwrap();
        assert_eq!(first.index_axis(Axis(0), 0), whole.index_axis(Axis(0), 0));
    }
}

#[test]
fn a_server_is_forecast_alike_in_any_company_and_where_memory_is_short() {
    again("gpu::parts_agree_with_the_whole", Plain, &[]);
    let little = ("STANDIN_MEMORY", "400000");
    again("gpu::parts_agree_with_the_whole", Plain, &[little]);
    // Somebody else has what was free.
    again("gpu::parts_agree_with_the_whole", Plain, &[little, ("STANDIN_FREE", "1000000000")]);
}

/// `ut` with the stand-in for the driver.
fn ut(folder: &Path, settings: &[(&str, &str)], args: &[&str]) -> Ran {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(args).env("LD_LIBRARY_PATH", folder).envs(settings.iter().copied());
    command.output().unwrap().into()
}

#[test]
fn the_program_forecasts_every_case_on_a_gpu() {
    let Some(driver) = stand_in(Plain) else { return };
    for folder in case_folders() {
        let (model, window) = (folder.display().to_string(), folder.join("window.csv"));
        let window = window.display().to_string();
        let args = ["infer", "--model", &model, "--input", &window, "--format", "csv"];
        let ran = ut(driver, &[], &[args.as_slice(), &["--device", "cuda"]].concat());
        let expected = std::fs::read_to_string(folder.join("expected.csv")).unwrap();
        compare(&ran.succeeds().stdout, &expected, &model);
    }
    let config = fleet().join("ut.toml").display().to_string();
    let ran = ut(driver, &[("UT_INFER_DEVICE", "cuda:0")], &["infer", "--config", &config]);
    assert!(ran.succeeds().stdout.contains("· stand-in ·"), "{ran:?}");
}

/// The example without its last `steps` rows of each server, and those.
fn parted(steps: usize) -> (String, HashMap<String, f64>) {
    let all = std::fs::read_to_string(fleet().join("metrics.csv")).unwrap();
    let (head, rows) = all.split_once('\n').unwrap();
    let mut times: Vec<&str> = rows.lines().map(|row| row.split(',').next().unwrap()).collect();
    times.sort_unstable();
    times.dedup();
    let from = times[times.len() - steps];
    let (later, earlier): (Vec<&str>, Vec<&str>) =
        rows.lines().partition(|row| row.split(',').next().unwrap() >= from);
    let value = |row: &&str| {
        let fields: Vec<&str> = row.split(',').collect();
        (format!("{} {}", fields[1], fields[0]), fields[2].parse().unwrap())
    };
    (format!("{head}\n{}\n", earlier.join("\n")), later.iter().map(value).collect())
}

/// The mean over all steps and quantiles of forecasts in CSV.
fn quantile_loss(forecasts: &str, measured: &HashMap<String, f64>) -> f64 {
    let mut losses = Vec::new();
    for line in forecasts.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let is = measured[&format!("{} {}", fields[0], fields[2])];
        for (q, forecast) in [0.1, 0.5, 0.9].into_iter().zip(&fields[3..]) {
            let error = is - forecast.parse::<f64>().unwrap();
            losses.push((q * error).max((q - 1.0) * error));
        }
    }
    losses.iter().sum::<f64>() / losses.len() as f64
}

#[test]
fn tensor_cores_forecast_as_well() {
    let Some(driver) = stand_in(TensorCores) else { return };
    let (past, future) = parted(96);
    let sandbox = Sandbox::new();
    let input = sandbox.write("past.csv", &past).display().to_string();
    let model = fleet().join("fleet-tft").display().to_string();
    let args = ["infer", "--model", &model, "--input", &input, "--format", "csv"];
    let loss = |more: &[&str]| {
        let ran = ut(driver, &[], &[args.as_slice(), more].concat());
        quantile_loss(&ran.succeeds().stdout, &future)
    };
    let (cpu, gpu) = (loss(&[]), loss(&["--device", "cuda", "--precision", "tf32"]));
    let change = gpu / cpu - 1.0;
    assert!(change != 0.0 && change.abs() <= 0.01, "{cpu} and {gpu}");
    let checked = ut(driver, &[], &["device", "--check", "--precision", "tf32"]);
    assert!(checked.succeeds().stdout.contains("agrees with the CPU"), "{checked:?}");
}

#[test]
fn a_gpu_that_was_named_and_fails_ends_the_run() {
    let Some(driver) = stand_in(Plain) else { return };
    let config = fleet().join("ut.toml").display().to_string();
    let infer = |device: &str, settings: &[(&str, &str)]| {
        ut(driver, settings, &["infer", "--config", &config, "--device", device])
    };
    let hint = "--device cpu does without";
    let none = [("STANDIN_GPUS", "0")];
    infer("cuda", &none).fails(3, &["the CUDA driver sees no GPU", hint]);
    infer("cuda:3", &[]).fails(3, &["there is no GPU 3: this machine has 1", hint]);
    for (fails, said) in [
        ("cuModuleLoadData:222", "the CUDA driver is too old for these kernels"),
        ("cuLaunchKernel:719", "the GPU fell out"),
        ("cuMemAllocAsync:2", "the GPU is out of memory"),
        ("cuInit:999", "the CUDA driver says"),
    ] {
        infer("cuda", &[("STANDIN_FAIL", fails)]).fails(3, &[said, hint]);
    }
    infer("gpu", &[]).fails(2, &["auto, cpu, cuda or cuda:N was expected"]);
    if count() == Err(GpuError::NoDriver) {
        let ran = Sandbox::new().ut(["infer", "--config", &config, "--device", "cuda"]);
        ran.fails(3, &["this machine has no CUDA driver", hint]);
    }
}

#[test]
fn many_servers_go_to_a_gpu_by_themselves_and_to_the_cpu_if_it_fails() {
    let Some(driver) = stand_in(Plain) else { return };
    let names: Vec<String> = (0..4096).map(|n| format!("node-{n:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sandbox = Sandbox::new();
    let rows = sandbox.write("rows.csv", metrics(&names, 75)).display().to_string();
    let model = fleet().join("fleet-tft").display().to_string();
    let args = ["infer", "--model", &model, "--input", &rows, "--server", "node-0001"];
    let all = &args[..5];
    for (fails, warned) in [("cuInit:100", None), ("cuLaunchKernel:719", Some("fell out"))] {
        let ran = ut(driver, &[("STANDIN_FAIL", fails)], all);
        assert!(ran.succeeds().stdout.contains("CPU, "), "{}", ran.stderr);
        match warned {
            Some(text) => assert!(ran.stderr.contains(text), "{}", ran.stderr),
            None => assert_eq!(ran.stderr, ""),
        }
    }
    // One server is no work for a GPU.
    let ran = ut(driver, &[("STANDIN_FAIL", "cuLaunchKernel:719")], &args);
    assert!(ran.succeeds().stdout.contains("CPU, ") && ran.stderr.is_empty(), "{ran:?}");
}

#[test]
fn gpus_are_listed_and_checked() {
    let Some(driver) = stand_in(Plain) else { return };
    let listed = ut(driver, &[("STANDIN_GPUS", "2")], &["device"]);
    let table = &listed.succeeds().stdout;
    for text in ["1  stand-in", "9.0", "4.0 GiB", "CUDA driver 12.4"] {
        assert!(table.contains(text), "{table}");
    }
    let checked = ut(driver, &[], &["device", "--check"]);
    assert!(checked.succeeds().stdout.contains("agrees with the CPU"), "{checked:?}");
    let model = case_folders()[0].display().to_string();
    let json = ["device", "--check", "--model", &model, "--format", "json"];
    let checked = ut(driver, &[], &json).succeeds().json();
    assert_eq!(checked["gpus"][0]["check"]["agrees"], true, "{checked}");
    let failed = ut(driver, &[("STANDIN_FAIL", "cuLaunchKernel:719")], &["device", "--check"]);
    assert!(
        failed.code == Some(1) && failed.stdout.contains("failed: the GPU fell out"),
        "{failed:?}"
    );
    let none = ut(driver, &[("STANDIN_GPUS", "0")], &["device", "--format", "json"]);
    assert_eq!(none.succeeds().json()["reason"], "the CUDA driver sees no GPU");
    let none = ut(driver, &[("STANDIN_GPUS", "0")], &["device", "--check"]);
    none.fails(3, &["there is no GPU to check", "nvidia-smi"]);
}

#[test]
fn health_opens_every_gpu_and_counts_its_memory() {
    let Some(driver) = stand_in(Plain) else { return };
    let sandbox = Sandbox::new();
    let ut = |settings: &[(&str, &str)], args: &[&str]| -> Ran {
        let mut command = sandbox.command();
        command.args(args).env("LD_LIBRARY_PATH", driver).envs(settings.iter().copied());
        command.output().unwrap().into()
    };
    let look = ["health", "--only", "gpu"];
    let two = ut(&[("STANDIN_GPUS", "2")], &look);
    assert!(two.succeeds().stdout.starts_with("pass  gpu  2 of 2 answer, "), "{two:?}");
    let memory = |device: &str| {
        sandbox.counted(&format!("ut_device_memory_bytes{{device=\"{device}\",kind=\"total\"}}"))
    };
    assert!(memory("cuda:0").unwrap() > 1e9 && memory("cuda:1").unwrap() > 1e9);
    let none = ut(&[("STANDIN_GPUS", "0")], &look);
    assert!(none.succeeds().stdout.contains("warn  gpu  the CUDA driver sees no GPU"), "{none:?}");
    let check = "[[health.check]]\nkind = \"gpu\"\ngpus = 2\n";
    sandbox.write("ut.toml", check);
    let one = ut(&[], &look);
    one.fails(1, &[]);
    assert!(one.stdout.contains("fail  gpu  1 of 2 answer"), "{one:?}");
    ut(&[("STANDIN_GPUS", "0")], &look).fails(1, &[]);
    assert_eq!(memory("cuda:1"), None);
    // A forecast counts it too.
    let config = fleet().join("ut.toml").display().to_string();
    ut(&[], &["infer", "--config", &config, "--device", "cuda"]).succeeds();
    let labels = "model=\"fleet-tft\",horizon=\"96\",lookback=\"150\",device=\"cuda:0\"";
    assert_eq!(sandbox.counted(&format!("ut_infer_model_info{{{labels}}}")), Some(1.0));
}

/// The compiled kernels are what their sources make. The compiler is Python's package of it.
#[test]
fn compiled_kernels_are_in_step_with_their_sources() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kernels/build.py");
    let python = std::env::var_os("UT_PYTHON").unwrap_or_else(|| "python3".into());
    match Command::new(python).arg(script).arg("--check").output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(text.starts_with("no NVRTC"), "{text}");
            skipped("compiling the kernels", text);
        }
        Err(error) => skipped("compiling the kernels", error),
    }
}

#[test]
fn a_real_gpu_agrees_with_double_precision() {
    match count() {
        Ok(_) => {
            raw_output_agrees();
            tensor_cores_agree();
            parts_agree_with_the_whole();
            recorded_passes_agree_with_the_first();
        }
        Err(error) => eprintln!("skipped: the kernels on a GPU: {error}"),
    }
}
