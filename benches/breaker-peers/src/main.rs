//! Nanoseconds of a call through the breakers of `failsafe` and `recloser`, closed and open.

use std::hint::black_box;
use std::time::{Duration, Instant};

use failsafe::CircuitBreaker as _;

const CALLS: u32 = 2_000_000;
const RUNS: usize = 11;

fn main() {
    let hour = Duration::from_secs(3600);
    let make = || {
        let wait = failsafe::backoff::constant(hour);
        let policy = failsafe::failure_policy::consecutive_failures(5, wait);
        failsafe::Config::new().failure_policy(policy).build()
    };
    let breaker = make();
    row("failsafe, closed", || drop(black_box(breaker.call(|| Ok::<_, ()>(())))));
    let breaker = make();
    for _ in 0..5 {
        let _ = breaker.call(|| Err::<(), ()>(()));
    }
    row("failsafe, open", || drop(black_box(breaker.call(|| Ok::<_, ()>(())))));
    let make = || recloser::Recloser::custom().closed_len(100).open_wait(hour).build();
    let breaker = make();
    row("recloser, closed", || drop(black_box(breaker.call(|| Ok::<_, ()>(())))));
    let breaker = make();
    for _ in 0..200 {
        let _ = breaker.call(|| Err::<(), ()>(()));
    }
    row("recloser, open", || drop(black_box(breaker.call(|| Ok::<_, ()>(())))));
}

fn row(what: &str, call: impl Fn()) {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            (0..CALLS).for_each(|_| call());
            start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:<24} {:>8.1} ns", times[RUNS / 2]);
}
