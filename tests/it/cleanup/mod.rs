//! `ut cleanup`.

mod apply;
mod archives;
mod bad;
mod kill;
mod oracle;
mod policy;
mod real;
mod server;
mod tricks;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Ran, Sandbox};
use world::World;

/// Decides as at the tests' own time.
const AT: [&str; 2] = ["--now", "2026-06-01T00:00:00Z"];

fn cleanup(sandbox: &Sandbox, uri: &str, args: &[&str]) -> Ran {
    let fixed = ["cleanup", "--tracking-uri", uri];
    sandbox.ut(fixed.into_iter().chain(AT).chain(args.iter().copied()))
}

/// What becomes of each run.
fn actions(document: &Value) -> BTreeMap<String, String> {
    let runs = document["runs"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    runs.map(|run| (text(&run["run_id"]), text(&run["action"]))).collect()
}

fn reasons(document: &Value, run: &str) -> Vec<String> {
    let runs = document["runs"].as_array().unwrap();
    let run = runs.iter().find(|own| own["run_id"] == run).unwrap();
    let reasons = run["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason.as_str().unwrap().to_owned()).collect()
}

fn plan(sandbox: &Sandbox, uri: &str, args: &[&str]) -> Value {
    let all: Vec<&str> =
        ["--dry-run", "--format", "json"].into_iter().chain(args.iter().copied()).collect();
    let ran = cleanup(sandbox, uri, &all);
    assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
    ran.json()
}

/// The folder of a run's artifacts in a world that was written as a database.
fn artifacts(sandbox: &Sandbox, experiment: u32, run: &str) -> PathBuf {
    sandbox.path(&format!("artifacts/{experiment}/{run}/artifacts"))
}

fn has_files(folder: &Path) -> bool {
    !world::tree(folder).is_empty()
}

/// What the documentation's examples are tried on.
pub(crate) fn example(sandbox: &Sandbox) {
    let run = |id: &str, days, metric| world::Run { metric, ..world::Run::new(id, days) };
    let runs = (0..14).map(|n| run(&format!("4c1e{n:028x}"), 40 + n, Some(f64::from(n as i32))));
    World::of(runs).files(&sandbox.path(""));
}

/// A world as a store of this kind: its folder, its server, its URI and the name of its artifacts' folder.
fn store_of(world: &World, kind: &str) -> (Sandbox, server::Server, String, &'static str) {
    let sandbox = Sandbox::new();
    let server = server::Server::new(world.clone(), sandbox.path("artifacts"));
    let (uri, root) = match kind {
        "files" => (world.files(&sandbox.path("")), "mlruns"),
        "sqlite" => (world.sqlite(&sandbox.path("")), "artifacts"),
        _ => {
            // What the server has behind it.
            let _ = world.sqlite(&sandbox.path(""));
            (server.uri.clone(), "artifacts")
        }
    };
    (sandbox, server, uri, root)
}

/// A world written as a database in a folder of its own.
fn sqlite(world: &World) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let uri = world.sqlite(&sandbox.path(""));
    (sandbox, uri)
}
