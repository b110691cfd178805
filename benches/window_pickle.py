"""What `benches/window.rs` measures, as a Python daemon would do it: a deque of dicts and pickle.

    python benches/window_pickle.py [FOLDER]
"""
import os
import pickle
import random
import sys
import tempfile
import time
from collections import deque

METRICS = ["cpu", "load", "mem", "disk", "disk_wb", "net_in", "net_out", "connections"]
RUNS = 51


def window(steps, servers=20):
    random.seed(7)
    records = deque(maxlen=steps * servers)
    for step in range(steps):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + 5 * step))
        for server in range(servers):
            record = {"timestamp": stamp, "server": f"server-{server:02}"}
            record.update((metric, random.random() * 100) for metric in METRICS)
            records.append(record)
    return records


def save(records, path, sync):
    with open(path + ".new", "wb") as file:
        pickle.dump(records, file, protocol=pickle.HIGHEST_PROTOCOL)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    os.replace(path + ".new", path)
    if sync:
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def load(path):
    with open(path, "rb") as file:
        return pickle.load(file)


def timed(run):
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    times.sort()
    return f"{times[RUNS // 2]:.2f} ({times[0]:.2f})"


folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir()
path = os.path.join(folder, f"bench-{os.getpid()}.pickle")
print(f"Python {sys.version.split()[0]}; ms, median (fastest) of {RUNS}; 20 servers, 8 numbers a record")
print(f"{'records':>8} {'bytes':>10} {'load':>16} {'save':>16} {'without sync':>16}")
for steps in (300, 6000):
    records = window(steps)
    save(records, path, True)
    size = os.path.getsize(path)
    figures = [timed(lambda: load(path)), timed(lambda: save(records, path, True)), timed(lambda: save(records, path, False))]
    print(f"{len(records):>8} {size:>10} {figures[0]:>16} {figures[1]:>16} {figures[2]:>16}")
os.remove(path)
