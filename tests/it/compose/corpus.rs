//! Public Compose files with what `docker compose config` says of them, where somebody has laid them out:
//! `UT_COMPOSE_CORPUS` names folders with `expectations.json`, files and models.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use ut::compose::finding::Severity;
use ut::compose::{Input, Request, Stack};

/// A stack as the expectations were made: little environment, one name.
pub(super) fn read(files: &[PathBuf], profiles: &[&str]) -> Stack {
    let folder = files[0].parent().unwrap();
    let shell = [("HOME", "/tmp"), ("PATH", "/usr/bin:/bin")];
    let request = Request {
        files: files.iter().cloned().map(Input::File).collect(),
        project_name: Some("x".to_owned()),
        profiles: profiles.iter().map(|&profile| profile.to_owned()).collect(),
        current: folder.to_path_buf(),
        shell: shell.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect::<BTreeMap<_, _>>(),
        ..Request::default()
    };
    Stack::read(&request).unwrap()
}

fn errors(stack: &Stack) -> Vec<String> {
    let errors = stack.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|finding| {
            let (line, column) = stack.sources.position(finding.span);
            let file = &stack.sources.get(finding.span.file).name;
            format!("{file}:{line}:{column} {} {}", finding.code.id, finding.message)
        })
        .collect()
}

/// Version 2 knew no `pre_start`, and cannot print as JSON what has SSH keys.
fn is_of_version_2(said: &str) -> bool {
    said.contains("'pre_start' not allowed") || said.contains("MarshalJSON for type types.SSHKey")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every file with its verdict, and the profiles that it was judged with.
fn expected(folder: &Path) -> Vec<(PathBuf, String, Vec<&'static str>, String)> {
    let document = json(&folder.join("expectations.json"));
    let mut all = Vec::new();
    for (repository, entry) in document["repositories"].as_object().into_iter().flatten() {
        for (path, row) in entry["files"].as_object().unwrap() {
            let verdict = row["verdict"].as_str().unwrap().to_owned();
            let said = row["error"].as_str().unwrap_or_default().to_owned();
            all.push((folder.join(repository).join(path), verdict, vec![], said));
        }
    }
    for (case, row) in document["single"].as_object().into_iter().flatten() {
        let verdict = row["expect"].as_str().unwrap().to_owned();
        let said = row["error"].as_str().unwrap_or_default().to_owned();
        all.push((folder.join(format!("single/{case}.yaml")), verdict, vec!["*"], said));
    }
    all
}

#[test]
fn public_files_have_the_verdict_that_compose_gives_them() {
    let Some(folders) = std::env::var_os("UT_COMPOSE_CORPUS") else {
        return eprintln!("skipped: the public corpus: UT_COMPOSE_CORPUS names none");
    };
    let (mut judged, mut wrong) = (0, Vec::new());
    for folder in std::env::split_paths(&folders) {
        for (path, verdict, profiles, said) in expected(&folder) {
            let stack = read(std::slice::from_ref(&path), &profiles);
            let errors = errors(&stack);
            judged += 1;
            if errors.is_empty() != (verdict == "ok") && !is_of_version_2(&said) {
                wrong.push(format!("{}: wanted {verdict} {said}\n    {errors:#?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!("{judged} files judged");
}

/// Where two models differ first, and how.
fn difference(path: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| {
                let inner = format!("{path}.{key}");
                match (a.get(key), b.get(key)) {
                    // Printed up to version 2, which is what it is without being said.
                    (None, Some(Value::Bool(true))) if key == "create_host_path" => None,
                    (Some(a), Some(b)) => difference(&inner, a, b),
                    (a, b) => Some(format!("{inner}: {a:?} {b:?}")),
                }
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.into_iter().find_map(|(at, (a, b))| difference(&format!("{path}[{at}]"), a, b))
        }
        (a, b) if a == b => None,
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (a, b) => Some(format!("{path}: {a} {b}")),
    }
}

#[test]
fn public_files_become_the_model_that_compose_makes_of_them() {
    let Some(folders) = std::env::var_os("UT_COMPOSE_CORPUS") else {
        return eprintln!("skipped: the public corpus: UT_COMPOSE_CORPUS names none");
    };
    let (mut compared, mut wrong) = (0, Vec::new());
    for folder in std::env::split_paths(&folders) {
        for (path, verdict, profiles, _) in expected(&folder) {
            let below = path.strip_prefix(&folder).unwrap();
            let below = below.strip_prefix("single").unwrap_or(below);
            let model = folder.join("models").join(format!("{}.json", below.display()));
            if verdict != "ok" || std::fs::metadata(&model).is_ok_and(|m| m.len() == 0) {
                continue;
            }
            let stack = read(std::slice::from_ref(&path), &profiles);
            compared += 1;
            if let Some(difference) = difference("", &stack.json(), &json(&model)) {
                wrong.push(format!("{}\n    {difference}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!("{compared} models compared");
}

/// A base and what is laid over it, both as they are asked for with `-f`.
#[test]
fn files_are_merged_as_compose_merges_them() {
    let Some(folders) = std::env::var_os("UT_COMPOSE_CORPUS") else {
        return eprintln!("skipped: the public corpus: UT_COMPOSE_CORPUS names none");
    };
    let (mut compared, mut wrong) = (0, Vec::new());
    for folder in std::env::split_paths(&folders) {
        let document = json(&folder.join("expectations.json"));
        for case in document["merge"].as_object().into_iter().flatten().map(|(case, _)| case) {
            let file = |name: &str| folder.join("merge").join(case).join(name);
            let merged = read(&[file("base.yaml"), file("override.yaml")], &["*"]).json();
            let wanted = read(&[file("want.yaml")], &["*"]).json();
            compared += 1;
            if let Some(difference) = difference("", &merged, &wanted) {
                wrong.push(format!("{case}\n    {difference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!("{compared} merges compared");
}
