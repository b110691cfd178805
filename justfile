# What a developer does here; `just` lists it.

default:
    @just --list

# Formatting, lints, documentation
check:
    cargo fmt --all --check
    cargo clippy --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

# All tests; forecasts are slow without optimisation, so not in a debug build
test:
    cargo test --release --locked

# Completions and man pages from the command line's definition
gen:
    cargo run --release -- completions bash > completions/ut.bash
    cargo run --release -- completions zsh > completions/_ut
    cargo run --release -- completions fish > completions/ut.fish
    cargo run --release -- man --dir man

# The pages of the rules, docs/rules
pages:
    UT_WRITE=1 cargo test --release --test it compose::pages

# The cases that the model is held against (needs tests/reference/requirements.txt)
cases:
    python3 tests/reference/make_cases.py

# The compiled kernels from their sources (needs src/kernels/requirements.txt)
kernels:
    python3 src/kernels/build.py

# On a machine with a GPU: checks it, runs its tests, prints a table of times
gpu:
    cargo run --release -- device --check
    cargo run --release -- device --check --precision tf32
    if command -v compute-sanitizer; then compute-sanitizer --error-exitcode 1 target/release/ut device --check; fi
    cargo test --release --test it gpu::
    cargo bench --bench gpu

# The speed table of docs/BENCHMARKS.md (needs tests/reference/requirements.txt)
bench:
    benches/run.sh examples/fleet/build/model.ckpt

# Plans and removals beside MLflow's client (needs a Python that has mlflow)
bench-cleanup python:
    {{python}} benches/cleanup.py --ut target/release/ut

# Compose files beside dclint, compose-lint and Compose (see the script for its options)
bench-compose *options:
    python3 benches/compose.py --ut target/release/ut {{options}}

# Health and metrics beside plugins of Nagios and prometheus_client (see the script for its options)
bench-health *options:
    python3 benches/health.py --ut target/release/ut {{options}}

# What must hold before a release
release-check: check test
    git diff --exit-code -- completions man
