"""What MLflow's own client writes and reads: real.py make|check|order URI."""
import json, math, os, sys, tempfile

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow
from mlflow import MlflowClient

verb, uri = sys.argv[1:3]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
NOW, DAY = 1_780_272_000_000, 86_400_000
IS_3 = int(mlflow.__version__.split(".")[0]) >= 3


def run(experiment, name, days=90, metric=None, tags=(), parent=None, status="FINISHED"):
    start = NOW - days * DAY
    tags = dict(tags)
    if parent:
        tags["mlflow.parentRunId"] = parent
    one = client.create_run(experiment, start_time=start, tags=tags, run_name=name).info.run_id
    if metric is not None:
        client.log_metric(one, "sharpe_ratio", metric)
    client.log_param(one, "alpha", 0.1)
    client.log_text(one, f"weights of {name}", "checkpoints/last.ckpt")
    if status != "RUNNING":
        client.set_terminated(one, status=status, end_time=start + 1000)
    return one


def log_model(run_id, name):
    """MLflow 3's logged model of a run; in MLflow 2 a folder among its artifacts."""
    with tempfile.TemporaryDirectory() as folder:
        open(os.path.join(folder, "weights.bin"), "w").write(f"model of {name}")
        if IS_3:
            model = client.create_logged_model(
                client.get_run(run_id).info.experiment_id, name=name, source_run_id=run_id)
            client.log_model_artifacts(model.model_id, folder)
            client.finalize_logged_model(model.model_id, "READY")
            return f"models:/{model.model_id}"
        client.log_artifacts(run_id, folder, "model")
        return f"runs:/{run_id}/model"


def make():
    e = client.create_experiment("momentum")
    for n in range(8):
        run(e, f"plain{n}", metric=n / 10, days=60 + n)
    for name in ("tie-a", "tie-b", "tie-c"):
        run(e, name, metric=5.0)
    run(e, "nan", metric=math.nan)
    run(e, "infinite", metric=math.inf)
    run(e, "none")
    run(e, "recent", metric=0.01, days=3)
    run(e, "running", status="RUNNING")
    run(e, "tagged", tags={"stage": "Production"})
    run(e, "protected", tags={"protected": str(True)})
    mother = run(e, "mother")
    run(e, "daughter", parent=mother, days=2)
    tagged = run(e, "tagged-mother", tags={"stage": "production"})
    run(e, "tagged-daughter", parent=tagged)
    client.create_registered_model("signal")
    by_run = run(e, "registered")
    client.create_model_version("signal", client.get_run(by_run).info.artifact_uri + "/checkpoints", by_run)
    client.set_registered_model_alias("signal", "champion", 1)
    by_model = run(e, "registered-by-model")
    source = log_model(by_model, "kept-model")
    known = {"model_id": source.removeprefix("models:/")} if IS_3 else {}
    client.create_model_version("signal", source, by_model, **known)
    log_model(run(e, "modeller"), "lost-model")
    other = client.create_experiment("no such metric")
    for n in range(3):
        run(other, f"unmeasured{n}")
    deleted = run(e, "deleted")
    client.delete_run(deleted)


def names():
    active, files = [], {}
    for e in client.search_experiments():
        for one in client.search_runs([e.experiment_id], run_view_type=3, max_results=1000):
            name = one.data.tags["mlflow.runName"]
            if one.info.lifecycle_stage == "active":
                active.append(name)
            files[name] = [f.path for f in client.list_artifacts(one.info.run_id)]
    models = []
    if IS_3:
        ids = [e.experiment_id for e in client.search_experiments()]
        models = [m.name for m in client.search_logged_models(ids)]
    return {"active": sorted(active), "files": files, "models": sorted(models)}


if verb == "make":
    make()
elif verb == "check":
    print(json.dumps(names()))
else:
    e = client.get_experiment_by_name("momentum").experiment_id
    found = client.search_runs([e], order_by=[f"metrics.sharpe_ratio {verb}"], max_results=1000)
    ranked = lambda r: math.isfinite(r.data.metrics.get("sharpe_ratio", math.nan)) and \
        abs(r.data.metrics["sharpe_ratio"]) < 1.7e308
    print(json.dumps([r.info.run_id for r in found if ranked(r)]))
