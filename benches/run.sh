#!/usr/bin/env bash
# The figures of docs/BENCHMARKS.md, `ut` and PyTorch one after the other on the same machine.
#
#   benches/run.sh CHECKPOINT.ckpt    (examples/fleet/train.py writes one; the model folder is made of it)
#
# PYTHON names an interpreter with tests/reference/requirements.txt installed.
set -euo pipefail
checkpoint=$(realpath "${1:?give a checkpoint}")
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
model=$(mktemp -d)
trap 'rm -rf "$model"' EXIT
"$python" examples/export_tft.py "$checkpoint" "$model"

grep -m1 "model name" /proc/cpuinfo || true
cargo bench --quiet --bench forward -- "$model"
"$python" benches/peers.py "$checkpoint"

echo "the window, and a pickled deque"
cargo bench --quiet --bench window
"$python" benches/window_pickle.py

echo "whole process: CSV in, forecasts of 20 servers out (seconds; three runs)"
cargo build --quiet --release
for _ in 1 2 3; do
    TIMEFORMAT='%R s'
    time target/release/ut infer --config examples/fleet/ut.toml --format csv --threads 1 >/dev/null
done
echo "ut --help"
for _ in 1 2 3; do
    time target/release/ut --help >/dev/null
done
