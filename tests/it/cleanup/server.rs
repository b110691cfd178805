//! A server that speaks of a world as MLflow's does, artifacts included.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::world::World;

/// Answers before the world does: to a request whose line holds the text, with this head and body.
pub(crate) type Script = Arc<Mutex<Vec<(&'static str, String, String)>>>;

pub(crate) struct Server {
    pub(crate) uri: String,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) script: Script,
    pub(crate) world: Arc<Mutex<World>>,
}

impl Server {
    /// Artifacts are in `root`.
    pub(crate) fn new(world: World, root: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let (asked, script) = (Arc::new(Mutex::new(Vec::new())), Script::default());
        let world = Arc::new(Mutex::new(world));
        let (kept, own, shared) = (asked.clone(), script.clone(), world.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (kept, own, shared, root) =
                    (kept.clone(), own.clone(), shared.clone(), root.clone());
                std::thread::spawn(move || serve(connection.unwrap(), &kept, &own, &shared, &root));
            }
        });
        Self { uri, asked, script, world }
    }

    /// How many requests held this.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }

    pub(crate) fn answer(&self, to: &'static str, head: &str, body: &str) {
        self.script.lock().unwrap().push((to, head.to_owned(), body.to_owned()));
    }
}

fn serve(
    mut connection: TcpStream,
    asked: &Mutex<Vec<String>>,
    script: &Mutex<Vec<(&'static str, String, String)>>,
    world: &Mutex<World>,
    root: &std::path::Path,
) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    loop {
        let (mut line, mut length) = (String::new(), 0);
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut all = line.clone();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) <= 2 {
                break;
            }
            if let Some(n) = header.to_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap();
            }
            all += &header;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        asked.lock().unwrap().push(all);
        let scripted = {
            let mut script = script.lock().unwrap();
            let found = script.iter().position(|(to, ..)| line.contains(to));
            found.map(|index| script.remove(index))
        };
        let (head, body) = match scripted {
            Some((_, head, body)) => (head, body.into_bytes()),
            None => answer(&line, &body, &mut world.lock().unwrap(), root),
        };
        if head == "close" {
            return;
        }
        // In one piece: the second would wait for the first to be acknowledged.
        let mut whole =
            format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        whole.extend(body);
        if connection.write_all(&whole).is_err() {
            return;
        }
    }
}

fn answer(line: &str, body: &[u8], world: &mut World, root: &std::path::Path) -> (String, Vec<u8>) {
    let mut parts = line.split_whitespace();
    let (method, target) = (parts.next().unwrap(), parts.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.strip_prefix("/api/2.0/").unwrap_or(path);
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let ok = |value: Value| ("200 OK".to_owned(), value.to_string().into_bytes());
    if let Some(file) = path.strip_prefix("mlflow-artifacts/artifacts/") {
        let file = root.join(file);
        return match method {
            "DELETE" => {
                let _ = std::fs::remove_dir_all(&file);
                ok(json!({}))
            }
            "PUT" => {
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(&file, body).unwrap();
                ok(json!({}))
            }
            _ => ("200 OK".to_owned(), std::fs::read(&file).unwrap()),
        };
    }
    match path {
        "mlflow/experiments/search" => {
            let all = (1..).zip(&world.experiments).map(|(id, name)| {
                json!({
                    "experiment_id": id.to_string(), "name": name, "lifecycle_stage": "active",
                    "artifact_location": format!("mlflow-artifacts:/{id}"),
                })
            });
            ok(json!({ "experiments": all.collect::<Vec<_>>() }))
        }
        "mlflow/runs/search" => ok(runs(&sent, world)),
        "mlflow/runs/get" => match query.strip_prefix("run_id=") {
            Some(id) if world.runs.iter().any(|run| run.id == id) => {
                let run = world.runs.iter().find(|run| run.id == id).unwrap();
                ok(json!({ "run": run_json(run, world) }))
            }
            _ => ("404 Not Found".to_owned(), json!({"message": "no such run"}).to_string().into()),
        },
        "mlflow/runs/delete" | "mlflow/runs/restore" => {
            for run in world.runs.iter_mut().filter(|run| sent["run_id"] == json!(run.id)) {
                run.is_deleted = path.ends_with("delete");
            }
            ok(json!({}))
        }
        "mlflow/registered-models/search" => {
            let alias = world.versions.iter().filter_map(|version| {
                let alias = json!({"alias": version.alias.as_ref()?, "version": version.number.to_string()});
                Some(json!({"name": version.name, "aliases": [alias]}))
            });
            ok(json!({ "registered_models": alias.collect::<Vec<_>>() }))
        }
        "mlflow/model-versions/search" => {
            let all = world.versions.iter().map(|version| {
                json!({
                    "name": version.name, "version": version.number.to_string(), "source": version.source,
                    "run_id": version.run.clone().unwrap_or_default(),
                    "current_stage": version.stage.clone().unwrap_or("None".to_owned()),
                })
            });
            ok(json!({ "model_versions": all.collect::<Vec<_>>() }))
        }
        "mlflow/logged-models/search" => {
            let all = world.models.iter().map(|model| {
                let uri = format!(
                    "mlflow-artifacts:/{}/models/{}/artifacts",
                    model.experiment + 1,
                    model.id
                );
                json!({"info": {
                    "model_id": model.id, "experiment_id": (model.experiment + 1).to_string(),
                    "source_run_id": model.run, "artifact_uri": uri,
                }})
            });
            ok(json!({ "models": all.collect::<Vec<_>>() }))
        }
        "mlflow-artifacts/artifacts" => {
            let folder = query.strip_prefix("path=").unwrap().replace("%2F", "/");
            let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                let meta = entry.metadata().unwrap();
                if meta.is_dir() {
                    json!({"path": name, "is_dir": true})
                } else {
                    json!({"path": name, "is_dir": false, "file_size": meta.len()})
                }
            });
            ok(json!({ "files": entries.collect::<Vec<_>>() }))
        }
        other => panic!("nobody asks MLflow for {other}"),
    }
}

/// Three runs to a page, so that pages are turned.
fn runs(sent: &Value, world: &World) -> Value {
    let filter = sent["filter"].as_str().unwrap_or_default();
    let since: i64 = filter
        .strip_prefix("attributes.start_time > ")
        .and_then(|rest| rest.split(' ').next())
        .map_or(i64::MIN, |since| since.parse().unwrap());
    let wanted = |run: &&super::world::Run| {
        let experiment = (run.experiment + 1).to_string();
        sent["experiment_ids"].as_array().unwrap().contains(&json!(experiment))
            && (sent["run_view_type"] == "ALL" || !run.is_deleted)
            && (!filter.contains("run_id IN") || filter.contains(&format!("'{}'", run.id)))
            && (!filter.contains("parentRunId") || run.parent.is_some())
            && run.start > since
    };
    let mut all: Vec<_> = world.runs.iter().filter(wanted).collect();
    all.sort_by(|a, b| (b.start, &a.id).cmp(&(a.start, &b.id)));
    let offset: usize = sent["page_token"].as_str().map_or(0, |token| token.parse().unwrap());
    let page: Vec<Value> =
        all.iter().skip(offset).take(3).map(|run| run_json(run, world)).collect();
    let mut answer = json!({});
    if !page.is_empty() {
        answer["runs"] = json!(page);
    }
    if offset + 3 < all.len() {
        answer["next_page_token"] = json!((offset + 3).to_string());
    }
    answer
}

fn run_json(run: &super::world::Run, world: &World) -> Value {
    let usual = format!("mlflow-artifacts:/{}/{}/artifacts", run.experiment + 1, run.id);
    let metric = match run.metric {
        Some(x) if x.is_nan() => json!([{"key": "sharpe_ratio", "value": "NaN"}]),
        Some(x) => json!([{"key": "sharpe_ratio", "value": x.clamp(f64::MIN, f64::MAX)}]),
        None => json!([]),
    };
    let mut tags: Vec<Value> =
        run.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    tags.extend(run.parent.iter().map(|p| json!({"key": "mlflow.parentRunId", "value": p})));
    let used = world.models.iter().filter(|model| model.used_by.contains(&run.id));
    let mut info = json!({
        "run_id": run.id, "run_uuid": run.id, "experiment_id": (run.experiment + 1).to_string(),
        "status": run.status, "start_time": run.start,
        "lifecycle_stage": if run.is_deleted { "deleted" } else { "active" },
        "artifact_uri": run.uri.clone().unwrap_or(usual),
    });
    if let Some(end) = run.end {
        info["end_time"] = json!(end);
    }
    json!({
        "info": info,
        "data": {"metrics": metric, "tags": tags},
        "inputs": {"model_inputs": used.map(|model| json!({"model_id": model.id})).collect::<Vec<_>>()},
    })
}
