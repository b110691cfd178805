#!/usr/bin/env python3
"""`ut cleanup` beside the script that a team writes with MLflow's client, and beside `mlflow gc`.

  PYTHON-WITH-MLFLOW benches/cleanup.py --ut target/release/ut [--experiments 20 --runs 500] [--reps 3] [--only sqlite,files,http,apply,gc,million]

Stores are made in a temporary folder: rows as the installed MLflow's own schema wants them, five metrics, seven tags, five
parameters and three artifacts a run, started over the last 120 days. Prints wall time, processor time and peak memory
of the measured process; each line is the fastest of the repetitions, taken in turn.
"""
import argparse, json, os, random, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, time, urllib.request
from pathlib import Path

DAY = 86_400_000
ENV = dict(os.environ, MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_ALLOW_FILE_STORE="true",
           MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")

PEER = """
import sys, time, mlflow
from mlflow.entities import ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
uri, apply = sys.argv[1], sys.argv[2] == "apply"
mlflow.set_tracking_uri(uri)
client, cutoff, deleted = mlflow.MlflowClient(), int((time.time() - 30 * 86400) * 1000), 0
for e in client.search_experiments():
    best = {r.info.run_id for r in client.search_runs([e.experiment_id], order_by=["metrics.sharpe_ratio DESC"], max_results=10)}
    runs, token = [], None
    while True:
        page = client.search_runs([e.experiment_id], max_results=1000, page_token=token)
        runs += page
        token = page.token
        if not token:
            break
    for r in runs:
        tags = r.data.tags
        if r.info.start_time >= cutoff or r.info.run_id in best or tags.get("stage") == "production" or tags.get("protected") == "true":
            continue
        deleted += 1
        if apply:
            client.delete_run(r.info.run_id)
            get_artifact_repository(r.info.artifact_uri).delete_artifacts()
print(deleted, "runs")
"""

FETCH = """
import json, sys, urllib.request as u
base = sys.argv[1] + "/api/2.0/mlflow"
def post(path, body):
    return json.load(u.urlopen(u.Request(base + path, json.dumps(body).encode(), {"content-type": "application/json"})))
ids = [e["experiment_id"] for e in post("/experiments/search", {"max_results": 1000})["experiments"]]
body, n = {"experiment_ids": ids, "max_results": 1000}, 0
while True:
    page = post("/runs/search", body)
    n += len(page.get("runs", []))
    if not page.get("next_page_token"):
        break
    body["page_token"] = page["next_page_token"]
print(n, "runs")
"""


def runs_of(experiments, count, deleted):
    chance, now = random.Random(1), int(time.time() * 1000)
    for e in range(1, experiments + 1):
        for _ in range(count):
            start = now - int(chance.random() * 120 * DAY)
            tags = {"mlflow.user": "bench", "mlflow.source.type": "LOCAL", "mlflow.source.name": "train.py", "a": "1", "b": "2", "c": "3"}
            if chance.random() < 0.01:
                tags["stage"] = "production"
            yield e, f"{chance.getrandbits(128):032x}", start, chance.gauss(1, 0.7), tags, deleted


def artifacts(folder):
    (folder / "checkpoints").mkdir(parents=True)
    for n in range(3):
        (folder / "checkpoints" / f"{n}.ckpt").write_bytes(bytes(256))


def make_sqlite(folder, experiments, count, proxied=False, deleted=False):
    folder.mkdir(parents=True)
    db, root = folder / "mlflow.db", folder / "artifacts"
    code = ("import sys\nfrom mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as T\n"
            "from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as R\nT(sys.argv[1], sys.argv[2]); R(sys.argv[1])")
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{db}", str(root)], check=True, env=ENV, stderr=subprocess.DEVNULL)
    c = sqlite3.connect(db)
    where = (lambda e: f"mlflow-artifacts:/{e}") if proxied else (lambda e: f"{root}/{e}")
    for e in range(1, experiments + 1):
        c.execute("insert into experiments(experiment_id, name, artifact_location, lifecycle_stage) values(?,?,?,'active')", (e, f"exp-{e}", where(e)))
    for e, run, start, sharpe, tags, gone in runs_of(experiments, count, deleted):
        c.execute("insert into runs(run_uuid, name, source_type, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id, deleted_time, user_id,"
                  "source_name, entry_point_name, source_version) values(?,?,'LOCAL','FINISHED',?,?,?,?,?,?,'bench','','','')",
                  (run, run, start, start + 1000, "deleted" if gone else "active", f"{where(e)}/{run}/artifacts", e, start if gone else None))
        c.executemany("insert into tags(key, value, run_uuid) values(?,?,?)", [(k, v, run) for k, v in tags.items()])
        c.executemany("insert into params(key, value, run_uuid) values(?,?,?)", [(f"p{n}", "1", run) for n in range(5)])
        names = ["sharpe_ratio"] + [f"m{n}" for n in range(4)]
        c.executemany("insert into latest_metrics(key, value, timestamp, step, is_nan, run_uuid) values(?,?,?,0,0,?)", [(k, sharpe, start, run) for k in names])
        c.executemany("insert into metrics(key, value, timestamp, step, is_nan, run_uuid) values(?,?,?,0,0,?)", [(k, sharpe, start, run) for k in names])
        artifacts(root / str(e) / run / "artifacts")
    c.commit()
    return f"sqlite:///{db}"


def make_million(folder):
    """Rows alone, made by the database itself: a metric, a protecting tag and a parent here and there."""
    uri = make_sqlite(folder, 100, 0)
    c = sqlite3.connect(folder / "mlflow.db")
    c.executescript(f"""
        PRAGMA synchronous = OFF;
        CREATE TEMP TABLE ids AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
            SELECT lower(hex(randomblob(16))) AS id, 1 + i % 100 AS e, {int(time.time() * 1000)} - abs(random() % (120 * {DAY})) AS start FROM n;
        INSERT INTO runs (run_uuid, name, source_type, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id)
        SELECT id, id, 'LOCAL', 'FINISHED', start, start + 1000, 'active', '{folder}/artifacts/' || e || '/' || id || '/artifacts', e
        FROM ids;
        INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) SELECT 'sharpe_ratio', random() / 1e18, 0, 0, 0, run_uuid FROM runs;
        INSERT INTO tags (key, value, run_uuid) SELECT 'stage', iif(random() % 100, 'dev', 'production'), run_uuid FROM runs;
        INSERT INTO tags (key, value, run_uuid) SELECT 'mlflow.parentRunId', run_uuid, run_uuid FROM runs WHERE random() % 3 = 0;
    """)
    c.commit()
    return uri


def make_files(folder, experiments, count, deleted=False):
    root = folder / "mlruns"
    for e in range(1, experiments + 1):
        (root / str(e)).mkdir(parents=True)
        (root / str(e) / "meta.yaml").write_text(f"artifact_location: {root}/{e}\nexperiment_id: '{e}'\nlifecycle_stage: active\nname: exp-{e}\ncreation_time: 1\nlast_update_time: 1\n")
    for e, run, start, sharpe, tags, gone in runs_of(experiments, count, deleted):
        d = root / str(e) / run
        for kind in ("metrics", "params", "tags"):
            (d / kind).mkdir(parents=True)
        stage, extra = ("deleted", f"deleted_time: {start}\n") if gone else ("active", "")
        (d / "meta.yaml").write_text(f"artifact_uri: {d}/artifacts\n{extra}end_time: {start + 1000}\nentry_point_name: ''\nexperiment_id: '{e}'\nlifecycle_stage: {stage}\nrun_id: {run}\nrun_name: {run}\nsource_name: ''\nsource_type: 4\nsource_version: ''\nstart_time: {start}\nstatus: 3\ntags: []\nuser_id: bench\n")
        for k, v in tags.items():
            (d / "tags" / k).write_text(v)
        for n in range(5):
            (d / "params" / f"p{n}").write_text("1")
            (d / "metrics" / ("sharpe_ratio" if n == 0 else f"m{n}")).write_text(f"{start} {sharpe} 0\n")
        artifacts(d / "artifacts")
    return str(root)


def measure(command):
    started = time.time()
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENV)
    said = p.stdout.read().decode()
    _, status, used = os.wait4(p.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        sys.exit(f"{command}: {code}\n{said}")
    return time.time() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said.strip().splitlines()[-1:]


def compare(rows, reps):
    """Each row: a name, and what makes the command anew each time."""
    best = {}
    for _ in range(reps):
        for name, command in rows:
            one = measure(command())
            best[name] = min(best.get(name, one), one)
    for name, (wall, cpu, mib, said) in best.items():
        print(f"{name:44s} {wall:8.3f} s  cpu {cpu:7.3f} s  {mib:7.1f} MiB   {said[0][:60] if said else ''}", flush=True)


class Server:
    def __init__(self, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.uri = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts", "--serve-artifacts",
                                         "--host", "127.0.0.1", "--port", str(port), "--workers", "1"], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for _ in range(240):
            try:
                urllib.request.urlopen(self.uri + "/health", timeout=2)
                return
            except OSError:
                time.sleep(0.25)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ut", default="target/release/ut")
    p.add_argument("--experiments", type=int, default=20)
    p.add_argument("--runs", type=int, default=500)
    p.add_argument("--reps", type=int, default=3)
    p.add_argument("--only", default="sqlite,files,http,apply,gc")
    a = p.parse_args()
    only, work = set(a.only.split(",")), Path(tempfile.mkdtemp(prefix="ut-bench-"))
    ENV["UT_STATE_DIR"] = str(work / "state")
    ut = lambda uri, *flags: [a.ut, "cleanup", "--tracking-uri", uri, *flags]
    peer = lambda uri, verb: [sys.executable, "-c", PEER, uri, verb]
    fresh = iter(range(10_000))

    def made(make, *args, **kwargs):
        folder = work / f"fresh{next(fresh)}"
        return lambda: make(folder, *args, **kwargs)
    try:
        if "sqlite" in only:
            uri = make_sqlite(work / "sqlite", a.experiments, a.runs)
            compare([("plan, sqlite, no sizes: ut", lambda: ut(uri, "--dry-run", "--no-sizes")), ("plan, sqlite, with bytes: ut", lambda: ut(uri, "--dry-run")),
                     ("plan, sqlite: script", lambda: peer(uri, "plan"))], a.reps)
        if "files" in only:
            root = make_files(work / "files", a.experiments, a.runs)
            compare([("plan, files, no sizes: ut", lambda: ut(root, "--dry-run", "--no-sizes")), ("plan, files, with bytes: ut", lambda: ut(root, "--dry-run")),
                     ("plan, files: script", lambda: peer(root, "plan"))], a.reps)
        if "http" in only:
            make_sqlite(work / "served", a.experiments, a.runs, proxied=True)
            server = Server(work / "served")
            compare([("plan, http, no sizes: ut", lambda: ut(server.uri, "--dry-run", "--no-sizes")), ("fetching the runs and nothing else, http", lambda: [sys.executable, "-S", "-c", FETCH, server.uri]),
                     ("plan, http: script", lambda: peer(server.uri, "plan"))], a.reps)
            server.stop()
        if "apply" in only:
            one = lambda make: made(make, 1, 700)()
            archive = lambda: str(work / f"archive{next(fresh)}")
            compare([("700 runs cleared, sqlite: ut", lambda: ut(one(make_sqlite))), ("the same, archived: ut", lambda: ut(one(make_sqlite), "--archive-path", archive())),
                     ("the same: script", lambda: peer(one(make_sqlite), "apply")),
                     ("700 runs cleared, files: ut", lambda: ut(one(make_files))), ("the same: script ", lambda: peer(one(make_files), "apply"))], a.reps)
            for name, command in (("700 runs cleared, http: ut", ut), ("the same: script  ", lambda uri: peer(uri, "apply"))):
                folder = work / f"fresh{next(fresh)}"
                make_sqlite(folder, 1, 700, proxied=True)
                server = Server(folder)
                compare([(name, lambda: command(server.uri))], 1)
                server.stop()
        if "gc" in only:
            gc = lambda uri: [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", uri, "--tracking-uri", uri]
            compare([("mlflow gc, 500 deleted runs, sqlite", lambda: gc(made(make_sqlite, 1, 500, deleted=True)())), ("mlflow gc, 500 deleted runs, files", lambda: gc(made(make_files, 1, 500, deleted=True)()))], a.reps)
        if "million" in only:
            uri = make_million(work / "million")
            compare([("plan of 1 000 000 runs, sqlite: ut", lambda: ut(uri, "--dry-run", "--no-sizes"))], 2)
            compare([("the same as a document", lambda: ut(uri, "--dry-run", "--no-sizes", "--format", "json"))], 1)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
