#!/usr/bin/env python3
"""`ut health` and `ut metrics`, beside the plugins of Nagios and Prometheus's client for Python.

  benches/health.py --ut target/release/ut [--plugins /usr/lib/nagios/plugins] [--python PYTHON] [--reps 100]

Times, in turn: `ut health` with its defaults beside `check_disk`; 20 checks of which 5 hang; 5 000 lines of metrics from `ut metrics`, from
`/metrics` of `ut health --serve`, and from prometheus_client's multi-process mode over as many (PYTHON has it). Prints medians and the slowest
of so many repetitions, in milliseconds. The plugins are Debian's `monitoring-plugins-basic`.
"""
import argparse, os, socket, sqlite3, statistics, subprocess, tempfile, threading, time, urllib.request
from pathlib import Path

PEER = """
import os, sys, time
folder, processes = os.environ['PROMETHEUS_MULTIPROC_DIR'], 8
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
edges = (.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300)
calls = Counter('peer_calls', 'Calls.', ['service', 'code'])
durations = Histogram('peer_duration_seconds', 'Durations.', ['service'], buckets=edges)
codes = ['2xx', '3xx', '4xx', '5xx', 'error']
def fill():
    for service in range(250):
        for code in codes: calls.labels(f's{service:03}', code).inc()
        durations.labels(f's{service:03}').observe(.02)
for _ in range(processes - 1):
    if os.fork() == 0:
        fill(); os._exit(0)
for _ in range(processes - 1): os.wait()
fill()
def scrape():
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)
lines = sum(not line.startswith(b'#') for line in scrape().splitlines())
times = []
for _ in range(20):
    start = time.perf_counter(); scrape(); times.append(time.perf_counter() - start)
print(lines, *times)
"""


def timed(call):
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def row(what, times, more=""):
    print(f"{what:60} {statistics.median(times):9.2f} {max(times):9.2f}  {more}")


def run(command, env, codes=(0,)):
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode in codes, (command, done)
    return done.stdout


def defaults(args, env):
    own, plugin = [], []
    check = [f"{args.plugins}/check_disk", "-w", "2%", "-c", "1%", "-W", "2%", "-K", "1%", "-p", "/"]
    for _ in range(args.reps):
        own.append(timed(lambda: run([args.ut, "health", "--disk-error", "99"], env)))
        if Path(check[0]).exists():
            plugin.append(timed(lambda: run(check, env)))
    row("ut health, nothing configured: disks, breakers, GPUs", own, "bar 20")
    if plugin:
        row("check_disk, one disk", plugin)


def silent():
    """A port that takes connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    kept = []
    threading.Thread(target=lambda: [kept.append(listener.accept()) for _ in iter(int, 1)], daemon=True).start()
    return listener.getsockname()[1]


def hanging(args, env, folder):
    port = silent()
    checks = "".join(
        f'[[health.check]]\nname = "hangs-{n}"\nkind = "http"\nurl = "http://127.0.0.1:{port}/"\ntimeout = "1s"\n'
        for n in range(3)
    )
    checks += "".join(
        f'[[health.check]]\nname = "sleeps-{n}"\nkind = "command"\ncommand = "sleep 60"\ntimeout = "1s"\n' for n in range(2)
    )
    checks += "".join(
        f'[[health.check]]\nname = "connects-{n}"\nkind = "tcp"\naddress = "127.0.0.1:{port}"\n' for n in range(5)
    )
    checks += "".join(f'[[health.check]]\nname = "runs-{n}"\nkind = "command"\ncommand = "true"\n' for n in range(5))
    checks += "".join(f'[[health.check]]\nname = "disk-{n}"\nkind = "disk"\npath = "/"\nerror = 100\n' for n in range(5))
    config = folder / "ut.toml"
    config.write_text(f"[health]\ndefaults = false\n[breakers]\nthreshold = 10000\n{checks}")
    times = [timed(lambda: run([args.ut, "health", "--config", config], env, (1,))) for _ in range(20)]
    row("20 checks of which 5 hang for 1 s, their timeout", times, "bar 1050")


def fill(state):
    """As many lines as are ever shown."""
    database = sqlite3.connect(f"{state}/ut.db")
    for n in range(160):
        name = f's{n:03}'
        for code in ["2xx", "3xx", "4xx", "5xx", "error"]:
            put(database, "ut_http_client_requests_total", f'["{name}","{code}"]', -1, 1)
        for result in ["success", "failure"]:
            put(database, "ut_retry_attempts_total", f'["{name}","{result}"]', -1, 1)
        for family in ["ut_http_client_duration_seconds", "ut_breaker_call_duration_seconds"]:
            put(database, family, f'["{name}"]', -1, 0.02)
            put(database, family, f'["{name}"]', 1, 1)
    database.commit()


def put(database, *row):
    database.execute("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)", row)


def metrics(args, env, state):
    run([args.ut, "health", "--only", "breaker"], env)
    fill(state)
    lines = sum(not line.startswith(b"#") for line in run([args.ut, "metrics"], env).splitlines())
    row(f"ut metrics, {lines} lines", [timed(lambda: run([args.ut, "metrics"], env)) for _ in range(args.reps)])
    served = subprocess.Popen([args.ut, "health", "--serve", "127.0.0.1:0"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        url = served.stdout.readline().split()[2].rstrip(":") + "/metrics"
        ask = lambda: urllib.request.urlopen(url).read()
        lines = sum(not line.startswith(b"#") for line in ask().splitlines())
        row(f"/metrics of ut health --serve, {lines} lines", [timed(ask) for _ in range(args.reps)], "bar 50")
    finally:
        served.kill()
    if args.python:
        with tempfile.TemporaryDirectory() as folder:
            env = {"PATH": os.environ["PATH"], "PROMETHEUS_MULTIPROC_DIR": folder}
            lines, *times = run([args.python, "-c", PEER], env).decode().split()
            row(f"prometheus_client, {lines} lines of 8 processes, within one", [float(t) * 1000 for t in times])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ut", required=True, type=os.path.abspath)
    parser.add_argument("--plugins", default="/usr/lib/nagios/plugins")
    parser.add_argument("--python")
    parser.add_argument("--reps", type=int, default=100)
    args = parser.parse_args()
    print(f"{'milliseconds':60} {'median':>9} {'slowest':>9}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        state = folder / "state"
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "UT_STATE_DIR": str(state)}
        defaults(args, env)
        hanging(args, env, folder)
        metrics(args, env, state)


if __name__ == "__main__":
    main()
