//! Stores as tests want them: one description, written as a database, as a folder, or spoken by a server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

pub(crate) const DAY: i64 = 86_400_000;
/// 2026-06-01T00:00:00Z
pub(crate) const NOW: i64 = 1_780_272_000_000;

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) experiment: usize,
    pub(crate) status: &'static str,
    pub(crate) start: i64,
    pub(crate) end: Option<i64>,
    pub(crate) is_deleted: bool,
    pub(crate) metric: Option<f64>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) parent: Option<String>,
    /// Where it is said to be, if not where it belongs.
    pub(crate) uri: Option<String>,
}

impl Run {
    /// Finished so many days ago.
    pub(crate) fn new(id: impl Into<String>, days: i64) -> Self {
        let start = NOW - days * DAY;
        Self {
            id: id.into(),
            experiment: 0,
            status: "FINISHED",
            start,
            end: Some(start + 1000),
            is_deleted: false,
            metric: Some(0.0),
            tags: Vec::new(),
            parent: None,
            uri: None,
        }
    }

    /// As a folder of the file store.
    pub(crate) fn write(&self, root: &Path) {
        let run = self;
        let folder = root.join((run.experiment + 1).to_string()).join(&run.id);
        let statuses = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];
        let status = 1 + statuses.iter().position(|s| *s == run.status).unwrap();
        let end = run.end.map_or("null".to_owned(), |end| end.to_string());
        let stage = if run.is_deleted { "deleted" } else { "active" };
        let meta = format!(
            "artifact_uri: {}\nend_time: {end}\nexperiment_id: '{}'\nlifecycle_stage: {stage}\nrun_id: '{}'\n\
             start_time: {}\nstatus: {status}\ntags: []\n",
            run.uri_in(root.to_str().unwrap()),
            run.experiment + 1,
            run.id,
            run.start
        );
        write(&folder.join("meta.yaml"), &meta);
        if let Some(metric) = run.metric {
            write(&folder.join("metrics/sharpe_ratio"), &format!("1 {metric} 0\n"));
        }
        for (key, value) in &run.tags {
            write(&folder.join("tags").join(key), value);
        }
        if let Some(parent) = &run.parent {
            write(&folder.join("tags/mlflow.parentRunId"), parent);
        }
    }

    fn uri_in(&self, root: &str) -> String {
        let usual = || format!("{root}/{}/{}/artifacts", self.experiment + 1, self.id);
        self.uri.clone().unwrap_or_else(usual)
    }

    pub(crate) fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) experiment: usize,
    pub(crate) run: String,
    /// Other runs that use it.
    pub(crate) used_by: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Version {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) run: Option<String>,
    pub(crate) source: String,
    pub(crate) stage: Option<String>,
    pub(crate) alias: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    /// Names; ids are 1, 2, …
    pub(crate) experiments: Vec<String>,
    pub(crate) runs: Vec<Run>,
    pub(crate) models: Vec<Model>,
    pub(crate) versions: Vec<Version>,
}

/// What an artifact holds, so that its loss shows.
pub(crate) fn content(run: &str) -> String {
    format!("checkpoint of {run}\n").repeat(3)
}

impl World {
    /// One experiment with these runs.
    pub(crate) fn of(runs: impl IntoIterator<Item = Run>) -> Self {
        Self {
            experiments: vec!["momentum".to_owned()],
            runs: runs.into_iter().collect(),
            ..Self::default()
        }
    }

    fn write_artifacts(&self, root: &Path) {
        for run in &self.runs {
            let folder =
                root.join((run.experiment + 1).to_string()).join(&run.id).join("artifacts");
            write(&folder.join("checkpoints/last.ckpt"), &content(&run.id));
            write(&folder.join("notes.txt"), &run.id);
        }
        for model in &self.models {
            let folder =
                root.join((model.experiment + 1).to_string()).join("models").join(&model.id);
            write(&folder.join("artifacts/weights.bin"), &content(&model.id));
        }
    }

    /// As MLflow 3's database, artifacts in `folder/artifacts`; the tracking URI.
    pub(crate) fn sqlite(&self, folder: &Path) -> String {
        let root = folder.join("artifacts");
        self.write_artifacts(&root);
        let file = folder.join("mlflow.db");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        self.insert(&connection, root.to_str().unwrap());
        connection.execute_batch("COMMIT").unwrap();
        format!("sqlite:///{}", file.display())
    }

    fn insert(&self, db: &Connection, root: &str) {
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            db.prepare_cached(sql).unwrap().execute(values).unwrap();
        };
        for (index, name) in (1_i64..).zip(&self.experiments) {
            let location = format!("{root}/{index}");
            run(
                "INSERT INTO experiments VALUES (?, ?, ?, 'active')",
                params![index, name, location],
            );
        }
        for one in &self.runs {
            let stage = if one.is_deleted { "deleted" } else { "active" };
            run(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                params![
                    one.id,
                    one.id,
                    one.status,
                    one.start,
                    one.end,
                    stage,
                    one.uri_in(root),
                    one.experiment as i64 + 1
                ],
            );
            if let Some(metric) = one.metric {
                let value = if metric.is_nan() { 0.0 } else { metric.clamp(f64::MIN, f64::MAX) };
                run(
                    "INSERT INTO latest_metrics VALUES ('sharpe_ratio', ?, 0, 0, ?, ?)",
                    params![value, metric.is_nan(), one.id],
                );
            }
            let parent = one.parent.iter().map(|p| ("mlflow.parentRunId", p.as_str()));
            let tags = one.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).chain(parent);
            for (key, value) in tags {
                run("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", params![key, value, one.id]);
            }
        }
        for model in &self.models {
            let location = format!("{root}/{}/models/{}/artifacts", model.experiment + 1, model.id);
            run(
                "INSERT INTO logged_models VALUES (?, ?, ?, 0, 'active', ?)",
                params![model.id, model.experiment as i64 + 1, location, model.run],
            );
            for user in &model.used_by {
                run(
                    "INSERT INTO inputs VALUES ('RUN_INPUT', ?, 'MODEL_INPUT', ?)",
                    params![user, model.id],
                );
            }
        }
        for version in &self.versions {
            run(
                "INSERT INTO model_versions VALUES (?, ?, ?, ?, ?, NULL)",
                params![version.name, version.number, version.stage, version.source, version.run],
            );
            if let Some(alias) = &version.alias {
                run(
                    "INSERT INTO registered_model_aliases VALUES (?, ?, ?)",
                    params![alias, version.number, version.name],
                );
            }
        }
    }

    /// As MLflow's folder of runs; the tracking URI.
    pub(crate) fn files(&self, folder: &Path) -> String {
        let root = folder.join("mlruns");
        self.write_artifacts(&root);
        let at = root.to_str().unwrap();
        for (index, name) in (1..).zip(&self.experiments) {
            let meta = format!(
                "artifact_location: {at}/{index}\nexperiment_id: '{index}'\nlifecycle_stage: active\nname: {name}\n"
            );
            write(&root.join(index.to_string()).join("meta.yaml"), &meta);
        }
        for run in &self.runs {
            run.write(&root);
        }
        for model in &self.models {
            let experiment = model.experiment + 1;
            let folder = root.join(experiment.to_string()).join("models").join(&model.id);
            let meta = format!(
                "artifact_location: {at}/{experiment}/models/{id}/artifacts\nexperiment_id: '{experiment}'\n\
                 last_updated_timestamp: 1\nmodel_id: {id}\nsource_run_id: {run}\n",
                id = model.id,
                run = model.run
            );
            write(&folder.join("meta.yaml"), &meta);
            for user in &model.used_by {
                let Some(user) = self.runs.iter().find(|run| run.id == *user) else { continue };
                let folder = root.join((user.experiment + 1).to_string()).join(&user.id);
                let meta = format!("destination_id: {}\nsource_type: RUN_INPUT\n", model.id);
                write(&folder.join("inputs").join(&model.id).join("meta.yaml"), &meta);
            }
        }
        for version in &self.versions {
            let folder = root.join("models").join(&version.name);
            let stage = version.stage.as_deref().unwrap_or("None");
            let mut meta = format!("current_stage: {stage}\nname: {}\n", version.name);
            let _ = writeln!(meta, "source: {}\nversion: {}", version.source, version.number);
            if let Some(run) = &version.run {
                let _ = writeln!(meta, "run_id: {run}");
            }
            write(&folder.join(format!("version-{}", version.number)).join("meta.yaml"), &meta);
            if let Some(alias) = &version.alias {
                write(&folder.join("aliases").join(alias), &version.number.to_string());
            }
        }
        at.to_owned()
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Every file below, and what it holds.
pub(crate) fn tree(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            all.push((path, "link".to_owned()));
        } else if path.is_dir() {
            all.extend(tree(&path));
        } else {
            let text = std::fs::read(&path).unwrap();
            all.push((path, String::from_utf8_lossy(&text).into_owned()));
        }
    }
    all.sort();
    all
}

/// The columns of MLflow 3.17 that matter here.
const SCHEMA: &str = "
CREATE TABLE alembic_version (version_num VARCHAR(32));
INSERT INTO alembic_version VALUES ('dc11669786a5');
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT, lifecycle_stage TEXT);
CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
    lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER, deleted_time BIGINT);
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
CREATE TABLE latest_metrics (key TEXT, value FLOAT, timestamp BIGINT, step BIGINT, is_nan BOOLEAN, run_uuid TEXT,
    PRIMARY KEY (key, run_uuid));
CREATE TABLE model_versions (name TEXT, version INTEGER, current_stage TEXT, source TEXT, run_id TEXT,
    storage_location TEXT);
CREATE TABLE registered_model_aliases (alias TEXT, version INTEGER, name TEXT);
CREATE TABLE logged_models (model_id TEXT PRIMARY KEY, experiment_id INTEGER, artifact_location TEXT,
    last_updated_timestamp_ms BIGINT, lifecycle_stage TEXT, source_run_id TEXT);
CREATE TABLE inputs (source_type TEXT, source_id TEXT, destination_type TEXT, destination_id TEXT);
";
