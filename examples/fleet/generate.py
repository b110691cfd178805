#!/usr/bin/env python3
"""Simulate a fleet of servers and write its metrics as CSV, time by time (needs only numpy).

    generate.py --steps 51840 --out history.csv            three days at 5 s, 20 servers
    generate.py --steps 70000 --tail 300 --out now.csv     the last 300 steps of the same history

Columns: timestamp (UTC), server, and
    cpu_r        busy share of all cores, 0..1          load_1       run queue, averaged over a minute
    mem_u        used share of memory, 0..1             disk_u       used share of the data volume, 0..1
    disk_wb      disk writes, MB/s                      net_in       network in, MB/s
    net_out      network out, MB/s                      connections  open connections

The same seed and start give the same history however many steps are asked for (at most a week): every
server draws from streams of its own, so that a longer run only appends.
"""
import argparse
import sys
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np

STEP = 5  # seconds
DAY = 86400 // STEP
WEEK = 7 * DAY  # events are drawn for a whole week, so that --steps does not change them
METRICS = ["cpu_r", "load_1", "mem_u", "disk_u", "disk_wb", "net_in", "net_out", "connections"]
FLEET = [("web", 8), ("api", 4), ("db", 3), ("cache", 2), ("worker", 3)]


@dataclass
class Role:
    idle: float      # CPU share without any request
    peak: float      # CPU share that the daily peak adds
    cores: int
    mem: float       # memory in use after a start
    mem_load: float  # memory that the daily peak adds
    conns: float     # connections at the peak
    net_in: float    # MB/s at the peak
    net_out: float
    writes: float    # MB/s at the peak
    leaky: float     # chance that this server leaks memory


ROLES = {
    "web": Role(0.03, 0.50, 8, 0.34, 0.14, 900, 6.0, 42.0, 1.2, 0.40),
    "api": Role(0.04, 0.55, 16, 0.42, 0.12, 480, 9.0, 14.0, 0.8, 0.50),
    "db": Role(0.05, 0.42, 32, 0.71, 0.05, 260, 12.0, 26.0, 28.0, 0.0),
    "cache": Role(0.02, 0.22, 8, 0.78, 0.02, 1400, 18.0, 60.0, 0.1, 0.0),
    "worker": Role(0.03, 0.10, 16, 0.22, 0.04, 40, 1.0, 0.6, 0.6, 0.35),
}


def fleet(n):
    """n server names, sorted by role, in the proportions of FLEET (20 servers give exactly FLEET)."""
    total = sum(k for _, k in FLEET)
    edges = np.floor(np.cumsum([0] + [k for _, k in FLEET]) * n / total + 0.5).astype(int)
    return [f"{role}-{i + 1:02d}" for (role, _), a, b in zip(FLEET, edges, edges[1:]) for i in range(b - a)]


def stream(seed, *names):
    """A generator of its own for every purpose: adding a server or an effect leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


def smooth(x, tau):
    """Exponential average over `tau` seconds along time; x is [time, column]."""
    a, y, out = 1 - np.exp(-STEP / tau), x[0].copy(), np.empty_like(x)
    for t in range(len(x)):
        y += a * (x[t] - y)
        out[t] = y
    return out


def noise(seed, purpose, names, steps, tau):
    """Autocorrelated noise of unit deviation, one column per name."""
    white = np.stack([stream(seed, purpose, n).standard_normal(steps) for n in names], 1)
    phi = np.exp(-STEP / tau)
    return smooth(white, tau) * np.sqrt((1 + phi) / (1 - phi))


def daily(seconds):
    """Visitors over the day, 0..1: quiet until six, a steep morning, a dip at lunch, the peak in the evening."""
    hours = [0, 2, 4, 5.5, 7, 8.5, 10, 11.5, 13, 15, 17, 19, 20.5, 22, 23, 24]
    level = [.26, .14, .10, .13, .34, .68, .84, .86, .76, .84, .82, .93, 1, .74, .45, .26]
    raw = np.interp(seconds / 3600 % 24, hours, level)
    width = 1800 // STEP  # rounds the corners of the polygon
    padded = np.concatenate([np.full(width, raw[0]), raw, np.full(width, raw[-1])])
    return np.convolve(padded, np.ones(width) / width, "same")[width:-width]


def pulse(steps, at, rise, hold, fall):
    """0 before `at`, then up to 1 within `rise` steps, `hold` steps there, and an exponential way down."""
    out = np.zeros(steps)
    t = np.arange(steps - at, dtype=float) if at < steps else np.empty(0)
    up = np.clip((t + 1) / max(rise, 1), 0, 1)
    out[at:] = up * np.exp(-np.clip(t - rise - hold, 0, None) / max(fall, 1))
    return out


def events(rng, mean_gap_s):
    """Start steps of a Poisson process over a week."""
    gaps = rng.exponential(mean_gap_s / STEP, size=int(7 * 86400 / mean_gap_s * 2) + 20)
    at = np.cumsum(gaps).astype(int)
    return at[at < WEEK]


# ------------------------------------------------------------------ what happens to the fleet


def flash_crowds(seed, steps):
    """Site-wide surges of visitors: a campaign, a push message."""
    rng, out = stream(seed, "crowd"), np.zeros(steps)
    for at in events(rng, 7 * 3600):
        size, rise, fall = rng.uniform(0.25, 0.9), rng.integers(12, 60), rng.integers(80, 260)
        out += size * pulse(steps, at, rise, 20, fall)
    return out


def cache_misses(seed, steps):
    """How much of the cache is cold, 0..1: after an eviction storm it refills over minutes."""
    rng, out = stream(seed, "misses"), np.zeros(steps)
    for at in events(rng, 5 * 3600):
        depth, fall = rng.uniform(0.3, 0.9), rng.integers(50, 140)
        out += depth * pulse(steps, at, 2, 10, fall)
    return np.clip(out, 0, 1)


def incidents(seed, name, steps):
    """(extra CPU work, extra connections as a factor) of one server."""
    rng = stream(seed, "incident", name)
    work, hung = np.zeros(steps), np.zeros(steps)
    for at in events(rng, 2.2 * 3600):
        kind, size = rng.choice(["spike", "ramp", "stall"], p=[0.6, 0.25, 0.15]), rng.uniform(0.5, 1)
        rise, hold, fall = rng.integers(40, 160), rng.integers(20, 100), rng.integers(6, 20)
        if kind == "spike":  # one expensive request, a log rotation, a scan
            work += 0.45 * size * pulse(steps, at, 2, hold // 8, fall // 2)
        elif kind == "ramp":  # a runaway query: climbs until somebody kills it
            work += 0.85 * size * pulse(steps, at, rise, hold, fall // 3)
        else:  # a slow dependency: connections pile up while the CPU waits
            hung += 1.5 * size * pulse(steps, at, rise // 3, hold, fall)
    return work, hung


def jobs(seed, name, steps):
    """(CPU, read, write) of batch jobs on a worker: fetch, compute, upload."""
    rng = stream(seed, "jobs", name)
    every, cpu = rng.choice([600, 900, 1200]) // STEP, np.zeros(steps)
    fetch, upload = np.zeros(steps), np.zeros(steps)
    for slot in range(0, WEEK, every):
        at, length = slot + rng.integers(0, 8), int(every * rng.uniform(0.35, 0.75))
        size, skip = rng.uniform(0.45, 0.85), rng.random() < 0.08
        if skip or at >= steps:
            continue
        end = min(at + length, steps)
        cpu[at:end] += size * np.clip((np.arange(end - at) + 1) / 10, 0, 1)
        fetch[at:min(at + length // 5, end)] = size
        upload[at + int(length * 0.85):end] = size
    return cpu, fetch, upload


def restarts(seed, name, role):
    """(steps at which the service restarts, whether it leaks). Leaky ones are restarted every few hours."""
    rng = stream(seed, "restart", name)
    leaky = rng.random() < role.leaky
    gap = rng.uniform(5, 13) * 3600 if leaky else 60 * 3600
    at = -rng.uniform(0, gap / STEP)
    out = [int(at)]
    while at < WEEK:
        at += gap / STEP * rng.uniform(0.8, 1.2)
        out.append(int(at))
    return np.array(out), leaky


def leak_and_pause(seed, name, role, demand):
    """(leaked memory, share of the service that is up, extra work right after a start)."""
    (at, leaky), rng = restarts(seed, name, role), stream(seed, "leak", name)
    leak, up, warm = np.zeros(WEEK), np.ones(WEEK), np.zeros(WEEK)
    for a, b in zip(at, at[1:]):
        top, first = 0.90 + rng.uniform(0, 0.06) - role.mem - role.mem_load / 2, max(a, 0)
        if leaky and first < WEEK:
            grown = np.cumsum(0.3 + demand[first:b])  # a busy server leaks faster
            head = (first - a) / (b - a)  # the history may begin in the middle of a leak
            leak[first:b] = top * (head + (1 - head) * grown / grown[-1])
        if 0 <= a < WEEK:
            up[a:a + 5] = 0.0
            warm += 0.35 * pulse(WEEK, a + 4, 1, 6, 10)
    return leak, up, warm


# ------------------------------------------------------------------ from load to metrics


def traffic(names, start_s, steps, seed):
    """Requests per server as a share of the daily peak, [time, server], and how cold the cache is."""
    seconds = start_s + STEP * np.arange(WEEK)
    day = daily(seconds)
    site = 1 + 0.07 * noise(seed, "site", ["all"], steps, 900)[:, 0] + flash_crowds(seed, steps)
    share = np.array([stream(seed, "share", n).uniform(0.8, 1.15) for n in names])
    drift = np.exp(0.10 * noise(seed, "drift", names, steps, 240) + 0.10 * noise(seed, "jitter", names, steps, 15))
    return (day[:steps] * site)[:, None] * share * drift, day, cache_misses(seed, steps)


def server(name, load, day, cold, seed):
    """The eight metrics of one server before averaging; `work` is the CPU asked for, which may exceed 1."""
    role, steps, kind = ROLES[name.rsplit("-", 1)[0]], len(load), name.rsplit("-", 1)[0]
    white = lambda purpose: stream(seed, purpose, name).standard_normal(steps)
    work, hung = incidents(seed, name, steps)
    leak, up, warm = (v[:steps] for v in leak_and_pause(seed, name, role, day))
    serves = load * up * (1 + (0.9 * cold if kind == "db" else 0) - (0.45 * cold if kind == "cache" else 0))
    pressure = np.clip((role.mem + leak - 0.78) / 0.12, 0, 1.3) ** 2  # short of memory: collecting garbage
    flicker = np.exp(0.10 * white("flicker"))
    asked = (role.idle + role.peak * serves) * flicker + work + warm + (0.16 * pressure if leak.any() else 0)
    fetch, upload, batch = np.zeros(steps), np.zeros(steps), np.zeros(steps)
    if kind == "worker":
        batch, fetch, upload = jobs(seed, name, steps)
        asked = asked + batch * np.exp(0.05 * white("batch"))
    if kind == "db":
        upload = checkpoint(steps, stream(seed, "checkpoint", name))
        asked = asked + 0.07 * upload
    busy = asked / (1 + np.clip(asked, 0, None) ** 8) ** (1 / 8)  # nearly linear, never above 1
    return {"role": role, "asked": asked, "cpu": np.clip(busy, 0.012, 0.998), "serves": serves, "hung": hung * up,
            "leak": leak, "batch": batch, "fetch": fetch, "upload": upload, "up": up}


def checkpoint(steps, rng):
    """Databases flush every five minutes for about half a minute."""
    phase, t = rng.integers(0, 60), np.arange(steps)
    return np.where((t + phase) % 60 < 7, 1.0, 0.0)


def disk_used(name, serves, seed):
    """Grows with the requests, by a few percent a day; compacted once a day."""
    rng = stream(seed, "disk", name)
    base, a_day, at = rng.uniform(0.35, 0.7), rng.uniform(0.01, 0.05), rng.integers(0, DAY)
    grown = np.cumsum(serves) * a_day / (0.6 * DAY)
    runs = (np.arange(len(serves)) + DAY - at) // DAY
    starts = np.concatenate([[0.0], grown[np.flatnonzero(np.diff(runs)) + 1]])
    return np.clip(base + grown - 0.85 * starts[runs - runs[0]], 0, 0.97)


def metrics(names, states, seed):
    """METRICS, [time, server, metric]."""
    col = lambda f: np.stack([np.broadcast_to(f(s), len(s["cpu"])) for s in states], 1)
    role = lambda field: np.array([getattr(s["role"], field) for s in states])
    cpu, asked, serves = col(lambda s: s["cpu"]), col(lambda s: s["asked"]), col(lambda s: s["serves"])
    steps = len(cpu)
    wobble = lambda what, tau, size: np.exp(size * noise(seed, what, names, steps, tau))
    slow = 1 / (1.06 - np.clip(cpu, 0, 0.98)) ** 0.5  # a busy server answers late, so more is open at once
    queue = asked + 0.6 * np.clip(asked - 0.8, 0, None) ** 2 * 8
    open_ = role("conns") * (0.03 + serves * slow * wobble("open", 60, 0.04)) * (1 + col(lambda s: s["hung"]))
    clients = smooth(open_, 25) * np.maximum(col(lambda s: s["up"]), 0.02)
    held = role("mem_load") * smooth(serves, 180) + 0.25 * smooth(col(lambda s: s["batch"]), 60)
    mem = role("mem") + held + col(lambda s: s["leak"]) + 0.004 * noise(seed, "mem", names, steps, 20)
    fetch, upload = col(lambda s: s["fetch"]), col(lambda s: s["upload"])
    net_in = role("net_in") * (0.01 + serves * wobble("in", 10, 0.12)) + 45 * fetch * wobble("fetch", 20, 0.15)
    is_worker = np.array([s["batch"].any() for s in states])
    net_out = role("net_out") * (0.01 + serves * wobble("out", 10, 0.14)) + 30 * upload * is_worker * wobble("up", 20, 0.15)
    writes = role("writes") * (0.05 + serves) * wobble("wb", 12, 0.35) + upload * wobble("flush", 8, 0.2) * np.where(is_worker, 25, 60)
    disk = np.stack([disk_used(n, s["serves"], seed) for n, s in zip(names, states)], 1)
    load = smooth(role("cores") * queue * wobble("queue", 10, 0.2), 60)
    return np.stack([cpu, load, np.clip(mem, 0, 0.985), disk, writes, net_in, net_out, np.round(clients)], 2)


def simulate(names, start, steps, seed):
    """METRICS of `names` from `start` (a datetime) on: [time, server, metric]."""
    start_s = start.hour * 3600 + start.minute * 60 + start.second
    load, day, cold = traffic(names, start_s, steps, seed)
    states = [server(n, load[:, i], day, cold, seed) for i, n in enumerate(names)]
    return metrics(names, states, seed)


def write(path, names, start, first, values):
    """Rows time by time, as a collector would append them; first is the step of values[0]."""
    row = "%s,%s," + ",".join(["%.4g", "%.4g", "%.4g", "%.5g", "%.4g", "%.4g", "%.4g", "%d"]) + "\n"
    with (sys.stdout if path == "-" else open(path, "w", newline="")) as f:
        f.write("timestamp,server," + ",".join(METRICS) + "\n")
        for t, block in enumerate(values.tolist()):
            at = (start + timedelta(seconds=STEP * (first + t))).strftime("%Y-%m-%dT%H:%M:%SZ")
            f.write("".join(row % (at, n, *m) for n, m in zip(names, block)))


def main(argv=None):
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--servers", type=int, default=20)
    ap.add_argument("--steps", type=int, default=3 * DAY, help="steps of 5 s (default: three days)")
    ap.add_argument("--start", default="2026-03-02T00:00:00Z", help="UTC, RFC 3339")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--tail", type=int, help="write only the last so many steps")
    ap.add_argument("--out", default="-", help="a CSV file (default: standard output)")
    a = ap.parse_args(argv)
    if not 1 <= a.steps <= WEEK or a.servers < 1 or (a.tail is not None and not 1 <= a.tail <= a.steps):
        ap.error(f"wanted: 1..{WEEK} steps, at least one server, a tail of 1 step or more within the steps")
    start = datetime.fromisoformat(a.start.replace("Z", "+00:00")).astimezone(timezone.utc)
    names, first = fleet(a.servers), a.steps - (a.tail or a.steps)
    write(a.out, names, start, first, simulate(names, start, a.steps, a.seed)[first:])


if __name__ == "__main__":
    main()
