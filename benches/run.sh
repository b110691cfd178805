#!/usr/bin/env bash
# The figures of docs/BENCHMARKS.md, `ut` and its peers one after the other on the same machine.
#
#   benches/run.sh CHECKPOINT.ckpt    (examples/fleet/train.py writes one; the example's model was made of such)
#
# PYTHON names an interpreter with tests/reference/requirements.txt, onnx and onnxruntime installed.
set -euo pipefail
checkpoint=$(realpath "${1:?give a checkpoint}")
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

grep -m1 "model name" /proc/cpuinfo || true
cargo bench --quiet --bench forward
"$python" benches/peers.py "$checkpoint"
# Once more for 20 servers: machines that are shared do not stay equally fast.
cargo bench --quiet --bench forward -- --quick
if command -v perf >/dev/null; then
    python3 benches/stages.py
fi

echo "the window, and a pickled deque"
cargo bench --quiet --bench window
"$python" benches/window_pickle.py

echo "whole process: CSV in, forecasts of 20 servers out (seconds; five runs)"
cargo build --quiet --release
for _ in 1 2 3 4 5; do
    TIMEFORMAT='%R s'
    time target/release/ut infer --config examples/fleet/ut.toml --format csv --threads 1 >/dev/null
done
echo "ut --help"
for _ in 1 2 3; do
    time target/release/ut --help >/dev/null
done
