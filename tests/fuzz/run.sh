#!/usr/bin/env bash
# Fuzzes the reader of Compose files: tests/fuzz/run.sh [OPTIONS OF LIBFUZZER] [ONE INPUT]
# The instrumentation is LLVM's own, so that stable Rust is enough.
set -euo pipefail
inputs=() options=()
for word in "$@"; do
  if [[ $word == -* ]]; then options+=("$word"); else inputs+=("$(realpath "$word")"); fi
done
cd "$(dirname "$0")"
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
host=$(rustc -vV | sed -n 's/host: //p')
target=$(realpath -m "${CARGO_TARGET_DIR:-../../target/fuzz}")
cargo build --release --locked --target "$host" --target-dir "$target"
corpus=${CORPUS:-$target/corpus}
mkdir -p "$corpus"
# Keys, and words that are allowed as values.
grep -oE '"[a-z][a-z0-9_.-]*"' ../../src/compose/schema/compose-spec.json | sort -u | cat compose.dict - > "$target/compose.dict"
if [ ${#inputs[@]} -eq 0 ]; then inputs=("$corpus" seeds); fi
exec "$target/$host/release/compose" -dict="$target/compose.dict" -artifact_prefix="$target/" \
  -max_len=2048 -timeout=5 -rss_limit_mb=2048 "${options[@]}" "${inputs[@]}"
