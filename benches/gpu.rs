//! The forward pass on the first GPU: from tensors that are there already, and with their way to the GPU
//! and the output's way back.
//!
//! `cargo bench --bench gpu [-- MODEL_DIR]` prints the fastest and the median time. `benches/peers.py
//! CHECKPOINT cuda` does the same with PyTorch.

#![allow(clippy::print_stdout, reason = "a bench prints its result")]

use std::path::Path;
use std::time::{Duration, Instant};

use ut::core::device::{Gpu, Precision};
use ut::model::tft::{CudaNetwork, Model, random_batch};

const SERVERS: [usize; 4] = [20, 256, 2048, 10_000];
const RUNS: usize = 50;

fn main() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet/fleet-tft");
    let named = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    let model = Model::load(&named.map_or(own, Into::into)).expect("a model folder");
    for precision in [Precision::Single, Precision::Tf32] {
        let start = Instant::now();
        let network = Gpu::open(0).and_then(|gpu| CudaNetwork::new(&model.network, gpu, precision));
        match network {
            Ok(network) => table(&model, &network, precision, start.elapsed()),
            Err(error) => return println!("nothing to measure: {error}"),
        }
    }
}

fn table(model: &Model, network: &CudaNetwork, precision: Precision, opened: Duration) {
    let (gpu, parameters) = (&network.gpu().name, model.parameters);
    println!("{gpu}, {} ({parameters} parameters), {precision:?}, ms", model.name);
    println!("opening the GPU, loading kernels and weights: {:.0}", opened.as_secs_f64() * 1e3);
    println!("           tensors on the GPU     there and back");
    println!(" servers   fastest     median   fastest     median");
    for servers in SERVERS {
        let mut batch = random_batch(model, servers);
        batch.encoder_lengths.fill(batch.encoder_steps);
        let whole = times(|| network.forward(&batch).map(|raw| raw[[0, 0, 0]]).expect("a pass"));
        let kernels = times(|| network.again().map(|()| 0.0).expect("a pass"));
        let [kernels, whole] =
            [kernels, whole].map(|t| format!("{:>9.3} {:>10.3}", t[0], t[RUNS / 2]));
        println!("{servers:>8} {kernels} {whole}");
    }
}

/// Sorted, in milliseconds. The first run takes the memory and does not count.
fn times(run: impl Fn() -> f32) -> Vec<f64> {
    std::hint::black_box(run());
    let time = |_| {
        let start = Instant::now();
        std::hint::black_box(run());
        start.elapsed().as_secs_f64() * 1e3
    };
    let mut times: Vec<f64> = (0..RUNS).map(time).collect();
    times.sort_by(f64::total_cmp);
    times
}
