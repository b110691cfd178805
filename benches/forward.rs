//! The forward pass alone: ready-made tensors in, the output layer's values out, one thread.
//!
//! `cargo bench --bench forward [-- MODEL_DIR]` prints the fastest and the median time per batch
//! size. `benches/peers.py` does the same with PyTorch.

#![allow(clippy::print_stdout, reason = "a bench prints its result")]

use std::path::Path;
use std::time::{Duration, Instant};

use ut::model::tft::{Batch, Model};

const LEAST_RUNS: usize = 7;
const PATIENCE: Duration = Duration::from_secs(6);

fn main() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet/fleet-tft");
    let named = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    let folder = named.map_or(own, Into::into);
    let model = Model::load(&folder).expect("a model folder");
    println!("{} ({} parameters), one thread, ms", model.name, model.parameters);
    println!("{:>8} {:>10} {:>10}", "servers", "fastest", "median");
    for servers in [1, 20, 256, 2048] {
        let batch = random_batch(&model, servers);
        let mut times = Vec::new();
        let end = Instant::now() + PATIENCE;
        while times.len() < LEAST_RUNS || Instant::now() < end {
            let start = Instant::now();
            std::hint::black_box(in_blocks(&model, &batch));
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!("{servers:>8} {:>10.2} {:>10.2}", times[0], times[times.len() / 2]);
    }
}

/// As the program does it: blocks of eight servers.
fn in_blocks(model: &Model, batches: &[Batch]) -> f32 {
    batches.iter().map(|batch| model.network.forward(batch)[[0, 0, 0]]).sum()
}

/// Plausible values, the same in every run: the time does not depend on them.
fn random_batch(model: &Model, servers: usize) -> Vec<Batch> {
    let mut seed = 7_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let encoder = model.inputs.max_encoder_length;
    let sizes = (0..servers).step_by(8).map(|from| (servers - from).min(8));
    sizes
        .map(|size| {
            let mut batch = model.inputs.empty_batch(size, encoder);
            batch.reals.mapv_inplace(|_| next());
            batch.encoder_lengths.fill(encoder);
            batch
        })
        .collect()
}
