#!/usr/bin/env python3
"""`ut compose-validate`, with fewer and more rules, beside dclint, compose-lint and `docker compose config`, on the same files.

  benches/compose.py --ut target/release/ut --files LIST [--dclint PROGRAM] [--compose-lint PROGRAM] [--docker-compose PROGRAM] [--reps 5]

LIST names Compose files, a path a line; without it, 700 files are written into a temporary folder. The linters get all files in
one process, `docker compose config` the first file in one. Programs take turns. Prints wall time, processor time and peak memory,
the fastest of the repetitions and their median. Programs: npm's `dclint`, PyPI's `compose-lint`, and the plugin `docker-compose`.
"""
import argparse, os, statistics, subprocess, tempfile, time
from pathlib import Path

SERVICE = """  service-{n}:
    image: registry.example.com/team/service-{n}:1.{n}
    restart: unless-stopped
    environment:
      LEVEL: ${{LEVEL:-info}}
      WORKERS: "{n}"
    ports:
      - "127.0.0.1:{port}:8000"
    volumes:
      - data-{n}:/data
      - ./config/{n}.toml:/etc/service.toml:ro
    depends_on: [database]
    deploy:
      resources:
        limits: {{cpus: "1.0", memory: 512M}}
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000/health"]
      interval: 30s
      timeout: 5s
      retries: 3
"""


def made(folder):
    for at in range(700):
        count = 2 + at % 9
        text = "services:\n  database:\n    image: postgres:17\n    volumes: [database:/var/lib/postgresql/data]\n"
        text += "".join(SERVICE.format(n=n, port=20000 + n) for n in range(count))
        text += "volumes:\n  database:\n" + "".join(f"  data-{n}:\n" for n in range(count))
        path = folder / f"{at}" / "compose.yaml"
        path.parent.mkdir()
        path.write_text(text)
        yield str(path)


def run(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


def report(name, runs):
    walls = [run[0] for run in runs]
    best = min(runs)
    print(f"{name:44} {best[0] * 1000:9.1f} {statistics.median(walls) * 1000:9.1f} {best[1] * 1000:9.1f} "
          f"{max(run[2] for run in runs):8.1f}   code {best[3]}")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--ut", default="target/release/ut")
    ap.add_argument("--files")
    ap.add_argument("--dclint")
    ap.add_argument("--compose-lint")
    ap.add_argument("--docker-compose")
    ap.add_argument("--reps", type=int, default=5)
    args = ap.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = Path(args.files).read_text().split("\n") if args.files else list(made(Path(folder)))
        files = [name for name in files if name]
        ut = [args.ut, "compose-validate", "--format", "concise"]
        sets = {"reading only": ["--select", "CV0"], "platform": [], "all rules": ["--set", "strict"]}
        many = {f"ut, {len(files)} files, {name}": ut + flags + files for name, flags in sets.items()}
        if args.dclint:
            many[f"dclint, {len(files)} files"] = [args.dclint, "-f", "json", *files]
        if args.compose_lint:
            many[f"compose-lint, {len(files)} files"] = [args.compose_lint, "--format", "json", *files]
        one = {f"ut, one file, {name}": ut + flags + files[:1] for name, flags in sets.items()}
        one |= {"ut --version": [args.ut, "--version"]}
        if args.docker_compose:
            one["docker compose config -q, one file"] = [args.docker_compose, "-f", files[0], "config", "-q"]
        print(f"{'':44} {'best ms':>9} {'median ms':>9} {'cpu ms':>9} {'peak MiB':>8}")
        for commands, reps in ((one, args.reps * 4), (many, args.reps)):
            runs = {name: [] for name in commands}
            for _ in range(reps):
                for name, command in commands.items():
                    if reps == args.reps and name.startswith(("dclint", "compose-lint")) and runs[name]:
                        continue  # tens of seconds: once is enough
                    runs[name].append(run(command))
            for name, each in runs.items():
                report(name, each)


if __name__ == "__main__":
    main()
