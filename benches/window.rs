//! Saving and loading a window: `cargo bench --bench window [-- FOLDER]`, the folder to save in.
//!
//! `benches/window_pickle.py` does the same with a deque of dicts and pickle.

#![allow(clippy::print_stdout, reason = "a bench prints its result")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ut::core::files::Lock;
use ut::infer::Records;
use ut::infer::window::{Window, encode, load, save};
use ut::model::tft::{Model, Row, Series};

const RUNS: usize = 51;
const SERVERS: usize = 20;

fn main() {
    let named = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    let folder: PathBuf = named.map_or_else(std::env::temp_dir, Into::into);
    let path = folder.join(format!("bench-{}.window", std::process::id()));
    let lock = Lock::acquire(&path, Duration::ZERO).expect("the bench's own file");
    println!("ms, median (fastest) of {RUNS}; 20 servers, 8 numbers a record");
    println!(
        "{:>8} {:>10} {:>16} {:>16} {:>16} {:>16}",
        "records", "bytes", "load", "save", "without sync", "sync alone"
    );
    for steps in [300, 6000] {
        let mut window = window(steps);
        save(&lock, &mut window, 0).expect("a saved window");
        let bytes = std::fs::metadata(&path).expect("a saved window").len();
        let load_time = timed(|| drop(load(&path).expect("a window")));
        let save_time = timed(|| save(&lock, &mut window, 0).expect("a saved window"));
        let raw = path.with_extension("raw");
        let write = timed(|| write_without_sync(&window, &raw));
        let content = vec![7; bytes as usize];
        let sync = timed(|| sync_alone(&content, &raw));
        println!(
            "{:>8} {bytes:>10} {load_time:>16} {save_time:>16} {write:>16} {sync:>16}",
            window.records.len()
        );
        let _ = std::fs::remove_file(raw);
    }
    let _ = std::fs::remove_file(&path);
    let _ = std::fs::remove_file(path.with_extension("window.lock"));
}

fn write_without_sync(window: &Window, path: &Path) {
    let file = std::fs::File::create(path).expect("the bench's own file");
    let mut to = std::io::BufWriter::with_capacity(1 << 16, file);
    encode(window, &mut to).expect("room on the disk");
}

/// As many bytes written and brought to the disk by nothing but the system.
fn sync_alone(content: &[u8], path: &Path) {
    let new = path.with_extension("new");
    std::fs::write(&new, content).expect("room on the disk");
    std::fs::File::open(&new).and_then(|f| f.sync_all()).expect("a disk that syncs");
    std::fs::rename(&new, path).expect("the bench's own file");
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|f| f.sync_all()).expect("a disk that syncs");
}

fn timed(mut run: impl FnMut()) -> String {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    format!("{:.2} ({:.2})", times[RUNS / 2], times[0])
}

/// Rows of the example model's columns, the same in every run.
fn window(steps: usize) -> Window {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet/fleet-tft");
    let model = Model::load(&model).expect("the example's model");
    let mut seed = 7_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 24) as f32 * 100.0
    };
    let mut records = Records::new(model.inputs.categoricals.len());
    for server in 0..SERVERS {
        let name = format!("server-{server:02}");
        let code = records.code(0, &name);
        let mut series = Series::new(vec![name], steps);
        for step in 0..steps as i64 {
            let reals: Vec<f32> = model.inputs.reals.iter().map(|_| next()).collect();
            let time = 1_700_000_000_000_000 + step * 5_000_000;
            let row = Row { step, time, reals: &reals, categoricals: &[code] };
            series.push(row).expect("steps that rise");
        }
        records.servers.push(series);
    }
    let mut window = Window::new(&model, steps);
    window.extend(records);
    window
}
