//! Drives the real `ut`, and holds the model against values that PyTorch computed.

#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    clippy::print_stderr,
    reason = "these are tests"
)]

mod bad_input;
mod breaker;
mod breaker_store;
mod cleanup;
mod compose;
mod config;
mod counts;
mod daemons;
mod gpu;
mod guard;
mod guard_state;
mod health;
mod http;
mod infer;
mod lies;
mod metrics;
mod model;
mod monitoring;
mod plot;
mod processes;
mod servers;
mod signals;
mod support;
mod tidy;
mod wide;
mod window;
mod window_bytes;
mod window_trouble;
mod workload;
