//! `ut metrics`, and every other way out of what was counted.

mod gather;
mod printed;
mod processes;
mod push;
mod textfile;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use ut::core::breaker::{Admission, Breakers, Outcome, Settings, What};
use ut::core::config::{Config, Environment};
use ut::core::metrics::{Changes, Exposition, Value, catalogue};
use ut::core::name::Name;
use ut::core::state::State;

use crate::support::skipped;

fn db() -> Name {
    "db".parse().unwrap()
}

/// An environment whose state is in this folder.
fn environment(folder: &Path) -> Environment {
    let variables = BTreeMap::from([("UT_STATE_DIR".into(), folder.as_os_str().to_owned())]);
    // No `ut.toml` is above the root.
    Environment { variables, current_folder: "/".into() }
}

fn exposition(folder: &Path) -> Exposition {
    let env = environment(folder);
    Exposition::gather(&Config::load(&env, None).unwrap(), &env).unwrap()
}

/// The series of that name and these labels.
fn value(exposition: &Exposition, family: &str, labels: &[&str]) -> Option<Value> {
    let metrics = exposition.families.iter().find(|metrics| metrics.family.name == family)?;
    let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
    metrics.series.get(&labels).cloned()
}

fn number(exposition: &Exposition, family: &str, labels: &[&str]) -> Option<f64> {
    match value(exposition, family, labels)? {
        Value::Number(number) => Some(number),
        Value::Histogram { .. } => panic!("{family} is a histogram"),
    }
}

/// A call of `db` that fails and is counted, in one transaction.
fn one_failure(state: &State) {
    // Never met: failures are counted and nothing opens.
    let settings = Settings { window: -1, ..Settings::default() };
    let breakers = Breakers::of(state);
    let (admission, _) = breakers.admit(&db(), &settings).unwrap();
    let Admission::Go(go) = admission else { panic!("{admission:?}") };
    let mut counted = Changes::default();
    counted.add(&catalogue::RETRY_ATTEMPTS, &["db", "failure"], 1.0);
    counted.observe(&catalogue::BREAKER_CALL_DURATION, &["db"], 0.5);
    let what = What { kind: "exit".to_owned(), code: Some(1), text: "no".to_owned() };
    breakers.settle(&db(), &settings, go, Outcome::Failure(what), &counted).unwrap();
}

/// What `promtool check metrics` says of it; nothing if it is fine.
fn complaints(text: &str) -> Option<String> {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped());
    let child = promtool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            skipped("promtool over what is exported", error);
            return None;
        }
    };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let is_fine = output.status.success() && said.is_empty();
    (!is_fine).then(|| String::from_utf8_lossy(&said).into_owned())
}

/// A series' value in the text format.
fn shown<'t>(text: &'t str, series: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}
