//! Folders of runs, as MLflow's file store lays them out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::meta;
use crate::cleanup::facts::{
    Experiment, Link, LoggedModel, Millis, Run, Scope, Status, Uri, Version,
};
use crate::cleanup::store::Metadata;

/// Folders of an experiment that are no runs.
const RESERVED: [&str; 5] = ["models", "traces", "tags", "datasets", "assessments"];
const PARENT: &str = "mlflow.parentRunId";
/// Runs that are looked at for the names of an experiment's metrics.
const NAMES_SOUGHT: usize = 20;

pub(super) struct Found {
    pub(super) run: Run,
    pub(super) links: Vec<Link>,
    /// Why it cannot be judged.
    pub(super) wrong: Option<String>,
}

/// Folders in a folder, links to folders included, by name.
pub(super) fn folders(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() || kind.is_symlink() && entry.path().is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// What is written in the store's folders for experiments, `models` and `.trash` left out.
pub(super) fn experiments(root: &Path) -> io::Result<Vec<Result<Experiment, String>>> {
    let names = folders(root)?;
    let names = names.into_iter().filter(|name| name != "models" && !name.starts_with('.'));
    let read = |name: String| {
        let text = match fs::read_to_string(root.join(&name).join("meta.yaml")) {
            Ok(text) => text,
            // Somebody's own folder.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return None,
            Err(e) => return Some(Err(format!("experiment {name}: meta.yaml: {e}"))),
        };
        let Some(meta) = meta::parse(&text) else {
            return Some(Err(format!("experiment {name}: meta.yaml is damaged")));
        };
        let get = |key: &str| meta.get(key).map(String::as_str);
        if get("experiment_id") != Some(&name) {
            return Some(Err(format!("experiment {name}: meta.yaml is of another experiment")));
        }
        let (Some(own), Some(location)) = (get("name"), get("artifact_location")) else {
            return Some(Err(format!("experiment {name}: meta.yaml lacks its name or location")));
        };
        if get("lifecycle_stage") == Some("deleted") {
            return None;
        }
        Some(Ok(Experiment { name: own.into(), location: location.into(), id: name.into() }))
    };
    Ok(names.filter_map(read).collect())
}

/// The runs of an experiment's folder, in parallel.
pub(super) fn runs(root: &Path, index: u32, scope: &Scope) -> io::Result<Vec<Found>> {
    let folder = root.join(&*scope.experiment.id);
    let names = run_names(&folder)?;
    Ok(names.into_par_iter().map(|name| run(&folder, index, scope, &name)).collect())
}

pub(super) fn run_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = folders(folder)?;
    // MLflow's own rule for ids.
    names.retain(|name| {
        !RESERVED.contains(&name.as_str())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    });
    Ok(names)
}

pub(super) fn parent_of(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join("tags").join(PARENT)).ok()
}

/// A run's folder. What cannot be read is said in `wrong`, and may be running.
pub(super) fn run(folder: &Path, index: u32, scope: &Scope, name: &str) -> Found {
    let path = folder.join(name);
    let mut run = Run {
        id: name.into(),
        experiment: index,
        is_active: true,
        status: Status::Running,
        start: 0,
        end: 0,
        deleted_at: 0,
        metric: f64::NAN,
        tags: 0,
        parent: parent_of(&path).map(Into::into),
        uri: Uri::Usual,
    };
    let meta = match read_meta(&path, name, &scope.experiment.id) {
        Ok(meta) => meta,
        Err(wrong) => return Found { run, links: Vec::new(), wrong: Some(wrong) },
    };
    let get = |key: &str| meta.get(key).map(String::as_str);
    let time = |key: &str| get(key).and_then(|text| text.parse::<Millis>().ok()).unwrap_or(0);
    run.is_active = get("lifecycle_stage") != Some("deleted");
    run.status = Status::parse(get("status").unwrap_or_default());
    (run.start, run.end) = (time("start_time"), time("end_time"));
    run.deleted_at = time("deleted_time");
    let uri = get("artifact_uri").unwrap_or_default();
    run.uri = Uri::new(uri, &scope.experiment.location, "", name);
    let policy = &scope.policy;
    let keys: BTreeSet<&str> = policy.protect_tags.iter().map(|tag| tag.key.as_str()).collect();
    for key in keys {
        if let Some(value) = plain_file(&path.join("tags"), key) {
            run.tags |= policy.protects(key, &value);
        }
    }
    if let Some(text) = plain_file(&path.join("metrics"), &policy.metric) {
        run.metric = newest(&text).unwrap_or(f64::NAN);
    }
    Found { links: links(&path, name), run, wrong: None }
}

fn read_meta(path: &Path, name: &str, experiment: &str) -> Result<HashMap<String, String>, String> {
    let text = fs::read_to_string(path.join("meta.yaml")).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => "it has no meta.yaml".to_owned(),
        _ => format!("its meta.yaml: {e}"),
    })?;
    let meta = meta::parse(&text).ok_or("its meta.yaml is damaged")?;
    let get = |key: &str| meta.get(key).map(String::as_str);
    if get("run_id").or_else(|| get("run_uuid")) != Some(name) {
        return Err("its meta.yaml is of another run".to_owned());
    }
    if get("experiment_id") != Some(experiment) {
        return Err("its meta.yaml is of another experiment".to_owned());
    }
    match ["lifecycle_stage", "artifact_uri", "status"].into_iter().find(|key| get(key).is_none()) {
        Some(key) => Err(format!("its meta.yaml lacks {key}")),
        None => Ok(meta),
    }
}

/// A file below `folder` that a key names; keys with slashes are in folders.
fn plain_file(folder: &Path, key: &str) -> Option<String> {
    let is_plain = key.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    is_plain
        .then(|| fs::read(folder.join(key)).ok())
        .flatten()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The value of the line that is last by step, then time, then value: `timestamp value step`.
pub(super) fn newest(text: &str) -> Option<f64> {
    let mut best: Option<(i64, i64, f64)> = None;
    for line in text.lines() {
        let mut parts = line.split_whitespace();
        let (Some(time), Some(value)) = (parts.next(), parts.next()) else { continue };
        let (Ok(time), Ok(value)) = (time.parse(), value.parse()) else { continue };
        let step = parts.next().and_then(|step| step.parse().ok()).unwrap_or(0);
        let one = (step, time, value);
        if best.is_none_or(|old| one.partial_cmp(&old) == Some(std::cmp::Ordering::Greater)) {
            best = Some(one);
        }
    }
    best.map(|(_, _, value)| value)
}

fn links(path: &Path, run: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for folder in ["outputs", "inputs"] {
        let path = path.join(folder);
        for name in folders(&path).unwrap_or_default() {
            let text = fs::read_to_string(path.join(&name).join("meta.yaml")).unwrap_or_default();
            let meta = meta::parse(&text).unwrap_or_default();
            for key in ["destination_id", "source_id"] {
                if let Some(model) = meta.get(key) {
                    links.push(Link { run: run.into(), model: model.as_str().into() });
                }
            }
        }
    }
    links
}

/// The names of an experiment's metrics, of some of its runs.
pub(super) fn metric_names<'r>(
    root: &Path,
    scope: &Scope,
    runs: impl Iterator<Item = &'r Run>,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for run in runs.take(NAMES_SOUGHT) {
        let folder = root.join(&*scope.experiment.id).join(&*run.id).join("metrics");
        files_below(&folder, "", &mut |name, _| {
            names.insert(name);
        });
    }
    names
}

fn files_below(folder: &Path, prefix: &str, found: &mut impl FnMut(String, PathBuf)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path(), &format!("{name}/"), found),
            Ok(_) => found(name, entry.path()),
            Err(_) => {}
        }
    }
}

pub(super) fn models(root: &Path, index: u32, scope: &Scope) -> Vec<LoggedModel> {
    let folder = root.join(&*scope.experiment.id).join("models");
    let names = folders(&folder).unwrap_or_default();
    let model = |name: String| {
        let text = fs::read_to_string(folder.join(&name).join("meta.yaml")).ok()?;
        let meta = meta::parse(&text)?;
        let get = |key: &str| meta.get(key).map(String::as_str);
        (get("model_id") == Some(&name)).then(|| {
            let location = get("artifact_location").unwrap_or_default();
            LoggedModel {
                experiment: index,
                is_active: get("lifecycle_stage") != Some("deleted"),
                source_run: get("source_run_id").map(Into::into),
                uri: Uri::new(location, &scope.experiment.location, "models/", &name),
                id: name.into(),
            }
        })
    };
    names.into_iter().filter_map(model).collect()
}

pub(super) fn versions(root: &Path) -> Vec<Version> {
    let registry = root.join("models");
    let mut versions = Vec::new();
    for model in folders(&registry).unwrap_or_default() {
        let folder = registry.join(&model);
        let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
        files_below(&folder.join("aliases"), "", &mut |alias, path| {
            let version = fs::read_to_string(path).unwrap_or_default();
            aliases.entry(version.trim().to_owned()).or_default().push(alias);
        });
        for name in folders(&folder).unwrap_or_default() {
            let Some(number) = name.strip_prefix("version-") else { continue };
            let text = fs::read_to_string(folder.join(&name).join("meta.yaml")).unwrap_or_default();
            let meta = meta::parse(&text).unwrap_or_default();
            let get = |key: &str| meta.get(key).cloned();
            if get("current_stage").as_deref() == Some("Deleted_Internal") {
                continue;
            }
            versions.push(Version {
                model: get("name").unwrap_or_else(|| model.clone()),
                version: number.to_owned(),
                stage: get("current_stage"),
                aliases: aliases.remove(number).unwrap_or_default(),
                run: get("run_id"),
                sources: ["source", "storage_location", "model_id"]
                    .into_iter()
                    .filter_map(get)
                    .collect(),
            });
        }
    }
    versions
}

pub(super) fn describe(path: &Path, name: &str, experiment: &str) -> Option<Metadata> {
    let meta = read_meta(path, name, experiment).ok()?;
    let get = |key: &str| meta.get(key).cloned();
    let time = |key: &str| get(key).and_then(|text| text.parse().ok());
    let texts = |folder: &str| {
        let mut all = BTreeMap::new();
        files_below(&path.join(folder), "", &mut |key, path| {
            let bytes = fs::read(path).unwrap_or_default();
            all.insert(key, String::from_utf8_lossy(&bytes).into_owned());
        });
        all
    };
    let metrics = texts("metrics").into_iter();
    Some(Metadata {
        run_id: name.to_owned(),
        name: get("run_name"),
        status: get("status").unwrap_or_default(),
        start_time: time("start_time"),
        end_time: time("end_time"),
        lifecycle_stage: get("lifecycle_stage").unwrap_or_default(),
        artifact_uri: get("artifact_uri").unwrap_or_default(),
        tags: texts("tags"),
        params: texts("params"),
        metrics: metrics
            .filter_map(|(key, text)| Some((key, newest(&text)?.to_string())))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_is_last_by_step_then_time_then_value() {
        assert_eq!(newest("1 0.5 0\n2 0.7 1\n3 0.9 0\n"), Some(0.7));
        assert_eq!(newest("1 0.5 3\n1 0.7 3\n1 0.6 3\n"), Some(0.7));
        assert_eq!(newest("5 -inf 1\n"), Some(f64::NEG_INFINITY));
        assert!(newest("5 nan 1\n").unwrap().is_nan());
        assert_eq!(newest("1 0.5\n"), Some(0.5));
        assert_eq!(newest("rubbish\n\n"), None);
    }
}
