//! Which runs the model registry refers to: by run id, by source, by logged model, by alias and stage.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::{Snapshot, Version};

/// Indices of runs, and what refers to them: `alias champion`, `version momentum v12`.
pub type References = BTreeMap<u32, Vec<String>>;

/// Anything in a source that names a run or a model counts, wherever it stands: a reference that was not meant
/// keeps a run, one that was overlooked would lose one.
pub(super) fn references(
    snapshot: &Snapshot,
    versions: &[Version],
    runs: &HashMap<&str, u32>,
) -> References {
    let mut found = References::new();
    if versions.is_empty() {
        return found;
    }
    let models: HashMap<&str, &str> = snapshot
        .models
        .iter()
        .filter_map(|model| Some((&*model.id, model.source_run.as_deref()?)))
        .collect();
    let mut linked: HashMap<&str, Vec<&str>> = HashMap::new();
    for link in &snapshot.links {
        linked.entry(&link.model).or_default().push(&link.run);
    }
    let whole = Folders::new(snapshot);
    for version in versions {
        let mut named: BTreeSet<u32> = BTreeSet::new();
        let mut name = |id: &str| {
            named.extend(runs.get(id));
            named.extend(models.get(id).and_then(|run| runs.get(run)));
            named.extend(linked.get(id).into_iter().flatten().filter_map(|run| runs.get(run)));
        };
        version.run.iter().for_each(|run| name(run));
        for source in &version.sources {
            decoded(source).split(['/', ':', '\\']).for_each(&mut name);
        }
        for source in &version.sources {
            named.extend(whole.holding(&decoded(source)));
        }
        for run in named {
            found.entry(run).or_default().extend(labels(version));
        }
    }
    found
}

/// Whether anything in the registry names one of these, runs or models.
pub(super) fn is_named(ids: &[&str], versions: &[Version]) -> bool {
    let is_it = |text: &str| ids.iter().any(|id| decoded(text).contains(id));
    versions
        .iter()
        .any(|version| version.run.iter().chain(&version.sources).any(|text| is_it(text)))
}

fn labels(version: &Version) -> impl Iterator<Item = String> + '_ {
    let aliases = version.aliases.iter().map(|alias| format!("alias {alias}"));
    let stage = version.stage.iter().filter(|stage| !stage.is_empty() && *stage != "None");
    let stage = stage.map(|stage| format!("stage {stage}"));
    let own = format!("version {} v{}", version.model, version.version);
    aliases.chain(stage).chain([own])
}

/// Sources that name a folder around or in a run's, where the run's id does not stand in it.
struct Folders {
    /// Paths of the runs' folders, by path.
    paths: BTreeMap<String, Vec<u32>>,
    /// Locations of the experiments, and their runs.
    locations: Vec<(String, Vec<u32>)>,
}

impl Folders {
    fn new(snapshot: &Snapshot) -> Self {
        let mut paths: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut locations: Vec<(String, Vec<u32>)> = snapshot
            .scopes
            .iter()
            .map(|scope| (path(&decoded(&scope.experiment.location)), Vec::new()))
            .collect();
        for (index, run) in (0_u32..).zip(&snapshot.runs) {
            locations[run.experiment as usize].1.push(index);
            if let super::facts::Uri::Other(uri) = &run.uri {
                paths.entry(path(&decoded(uri))).or_default().push(index);
            }
        }
        Self { paths, locations }
    }

    fn holding(&self, source: &str) -> Vec<u32> {
        let source = path(source);
        // The root of everything is nobody's model.
        if source.len() < 2 {
            return Vec::new();
        }
        let mut runs: Vec<u32> = self
            .locations
            .iter()
            .filter(|(location, _)| location.starts_with(&source))
            .flat_map(|(_, runs)| runs.iter().copied())
            .collect();
        let touches = |other: &str| other.starts_with(&source) || source.starts_with(other);
        let others = self.paths.iter().filter(|(other, _)| other.len() > 1 && touches(other));
        runs.extend(others.flat_map(|(_, runs)| runs.iter().copied()));
        runs
    }
}

/// The path in a URI, with a slash at its end; without scheme and host.
fn path(uri: &str) -> String {
    let rest = match uri.split_once(':') {
        Some((scheme, rest)) if !scheme.contains('/') => rest,
        _ => uri,
    };
    let names: Vec<&str> =
        rest.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
    format!("/{}/", names.join("/")).replace("//", "/")
}

/// Decoded until nothing changes, as servers do.
fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..8 {
        let next = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if next == text {
            break;
        }
        text = next;
    }
    text
}
