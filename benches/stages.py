#!/usr/bin/env python3
"""Where the forward pass of 20 servers spends its time, stage by stage.

Samples `cargo bench --bench forward -- --quick` with Linux's perf and counts the samples by the stage
(src/model/tft/fast/pass.rs) whose inlined code they fall into. Needs perf and addr2line (binutils).
"""
import collections
import re
import subprocess
import tempfile
from pathlib import Path

STAGES = {"contexts": "contexts", "select": "variable selection", "recur": "LSTM",
          "enrich": "gate, enrichment, keys, values", "attend": "attention and output"}
# Where a position-independent program lies when addresses are not randomised.
BASE = 0x555555554000


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True)


def stage_of(frames):
    """The stage among a sample's functions, innermost first."""
    for frame in reversed(frames):
        if found := re.search(r"(?:\b|::)(" + "|".join(STAGES) + r")(?:<|$|::<)", frame):
            return STAGES[found[1]]
    return None


def main():
    root = Path(__file__).resolve().parent.parent
    built = output("cargo", "bench", "--manifest-path", root / "Cargo.toml", "--bench", "forward", "--no-run")
    program = root / re.search(r"\((\S*deps/forward-\S+)\)", built.stderr)[1]
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/perf.data"
        output("perf", "record", "-q", "-F", "4000", "-e", "cpu-clock", "-o", data,
               "setarch", "-R", program, "--bench", "--quick")
        samples = output("perf", "script", "-i", data, "-F", "ip,sym").stdout.splitlines()
    count = collections.Counter(
        int(line.split()[0], 16) - BASE for line in samples if "vectorize" in line)
    addresses = "\n".join(hex(address) for address in count)
    chains = subprocess.run(["addr2line", "-f", "-i", "-C", "-a", "-e", program], input=addresses,
                            check=True, capture_output=True, text=True).stdout
    stages = collections.Counter()
    for chain in re.split(r"^(?=0x)", chains, flags=re.M)[1:]:
        address, *lines = chain.splitlines()
        stages[stage_of(lines[::2])] += count[int(address, 16)]
    total = sum(stages.values())
    for stage, samples in stages.most_common():
        print(f"{stage or 'other':32} {samples / total:6.1%}")


if __name__ == "__main__":
    main()
