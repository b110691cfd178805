//! The forward pass alone: ready-made tensors in, the output layer's values out. Then with what it
//! takes to prepare the tensors, and to bring the values back.
//!
//! `cargo bench --bench forward [-- [--quick] MODEL_DIR]` prints the fastest and the median time;
//! `--quick` for 20 servers and the best instructions only. `benches/peers.py` does the same with PyTorch
//! and ONNX Runtime.

#![allow(clippy::print_stdout, reason = "a bench prints its result")]

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use ndarray::Axis;
use rayon::prelude::*;
use ut::core::output::Progress;
use ut::infer::{Engine, Format, Ingested, Keep, OnBadRow, Wanted, forecast, read};
use ut::model::tft::{Batch, FastNetwork, GROUP, Isa, Model, Series, random_batch};

const SERVERS: [usize; 4] = [1, 20, 256, 2048];
const THREADS: [usize; 2] = [1, 2];
const LEAST_RUNS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(3);

fn main() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet/fleet-tft");
    let named = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    let model = Model::load(&named.map_or(own, Into::into)).expect("a model folder");
    let random = random(&model);
    memory(&model, &random);
    println!("{} ({} parameters), milliseconds", model.name, model.parameters);
    println!("                                    one thread            two threads");
    println!("                       servers   fastest     median   fastest     median");
    let is_quick = std::env::args().any(|a| a == "--quick");
    let rows = example(&model);
    let fleet = rows.as_ref().map(|rows| tensors(&model, rows));
    let fleet = fleet.as_ref().map(|own| ("the example's rows", own));
    for isa in Isa::available() {
        let network = FastNetwork::new(&model.network, isa);
        for (values, own) in fleet.into_iter().chain([("random values", &random)]) {
            println!("{}, {values}", isa.name());
            for servers in if is_quick { &[20] } else { SERVERS.as_slice() } {
                let batches = batches(own, *servers);
                row(*servers, |_| over(&batches, |batch| network.forward(batch)[[0, 0, 0]]));
            }
            if is_quick {
                return;
            }
        }
    }
    println!("the reference, random values");
    for servers in [1, 20] {
        let batches = batches(&random, servers);
        row(servers, |_| over(&batches, |batch| model.network.forward(batch)[[0, 0, 0]]));
    }
    if let Some(rows) = rows {
        println!("rows to forecasts, the example's rows");
        let dictionaries = &rows.records.dictionaries;
        for servers in [20, 2048, 100_000] {
            let series: Vec<&Series> = rows.records.servers.iter().cycle().take(servers).collect();
            let hidden = Progress::hidden();
            row(servers, |threads| {
                let bad = OnBadRow::Fail;
                let report =
                    forecast(&model, &Engine::Cpu { threads }, &series, dictionaries, bad, &hidden);
                report.expect("the example can be forecast").forecast_count() as f32
            });
        }
    }
}

/// Times on one thread and on two.
fn row(servers: usize, run: impl Fn(usize) -> f32 + Send + Sync) {
    let times = THREADS.map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| times(|| run(threads)))
    });
    let [one, two] =
        times.map(|times| format!("{:>9.3} {:>10.3}", times[0], times[times.len() / 2]));
    println!("{servers:>30} {one} {two}");
}

/// Sorted, in milliseconds. The first run takes the memory and does not count.
fn times(run: impl Fn() -> f32) -> Vec<f64> {
    std::hint::black_box(run());
    let mut times = Vec::new();
    let end = Instant::now() + PATIENCE;
    while times.len() < LEAST_RUNS || Instant::now() < end {
        let start = Instant::now();
        std::hint::black_box(run());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    times
}

fn over(batches: &[Batch], forward: impl Fn(&Batch) -> f32 + Send + Sync) -> f32 {
    if batches.len() == 1 || rayon::current_num_threads() == 1 {
        return batches.iter().map(forward).sum();
    }
    batches.par_iter().map(forward).sum()
}

/// How much more memory than its inputs the forward pass of many servers takes.
fn memory(model: &Model, own: &Batch) {
    let inputs = repeated(own, 0..SERVERS[SERVERS.len() - 1]);
    let Some(before) = memory_now("VmRSS") else { return };
    std::hint::black_box(model.forward(&inputs));
    let peak = memory_now("VmHWM").unwrap_or(before);
    let (megabytes, own) = (inputs.reals.len() as f64 * 4e-6, (peak - before) as f64 * 1.024e-3);
    println!(
        "{} servers: inputs of {megabytes:.1} MB, {own:.1} MB more for the rest",
        inputs.samples()
    );
}

/// Of this process, in KiB.
fn memory_now(what: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The example's rows, if the model is for them.
fn example(model: &Model) -> Option<Ingested> {
    let rows = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet/metrics.csv");
    let rows = std::fs::File::open(rows).ok()?;
    let wanted = Wanted { servers: Vec::new(), keep: Keep::Forecast, on_bad_row: OnBadRow::Fail };
    read(rows, Format::Csv, &model.inputs, wanted, &Progress::hidden()).ok()
}

fn tensors(model: &Model, rows: &Ingested) -> Batch {
    let inputs = &model.inputs;
    let codes = inputs.codes(&rows.records.dictionaries);
    let servers = &rows.records.servers;
    let mut batch = inputs.empty_batch(servers.len(), inputs.max_encoder_length);
    for (sample, series) in servers.iter().enumerate() {
        let fit = inputs.fit(series).expect("rows that fit");
        inputs.fill(series, &codes, &fit, &mut batch, sample, None).expect("rows that fit");
    }
    batch
}

/// At the longest lengths. Nothing is known of many servers alike.
fn random(model: &Model) -> Batch {
    let mut batch = random_batch(model, 20);
    batch.encoder_lengths.fill(batch.encoder_steps);
    batch
}

/// The batch over and over, in batches of a group.
fn batches(of: &Batch, servers: usize) -> Vec<Batch> {
    let groups = (0..servers).step_by(GROUP);
    groups.map(|from| repeated(of, from..servers.min(from + GROUP))).collect()
}

/// These samples of the batch over and over.
fn repeated(of: &Batch, samples: Range<usize>) -> Batch {
    let samples: Vec<usize> = samples.map(|sample| sample % of.samples()).collect();
    Batch {
        reals: of.reals.select(Axis(0), &samples),
        categoricals: of.categoricals.select(Axis(0), &samples),
        encoder_steps: of.encoder_steps,
        encoder_lengths: samples.iter().map(|s| of.encoder_lengths[*s]).collect(),
        decoder_lengths: samples.iter().map(|s| of.decoder_lengths[*s]).collect(),
        target_scale: of.target_scale.select(Axis(0), &samples),
    }
}
