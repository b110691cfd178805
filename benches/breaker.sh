#!/bin/sh
# What breakers cost: docs/BENCHMARKS.md, "Breakers".
set -eu
cd "$(dirname "$0")/.."
cargo bench --bench breaker
cargo run --release --manifest-path benches/breaker-peers/Cargo.toml --target-dir target/breaker-peers
