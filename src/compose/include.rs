//! `include`: other stacks, each read from its own folder with its own variables, taken in whole.

use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::load::{Loader, Place, is_remote};
use super::node::{Entry, Map, Node, Text, Value};
use super::{codes, merge};

/// One entry of `include`.
struct Wanted<'n> {
    paths: Vec<&'n Node>,
    folder: Option<&'n Node>,
    env_files: Vec<&'n Node>,
}

/// What an included stack gives.
const SECTIONS: [&str; 6] = ["services", "volumes", "networks", "secrets", "configs", "models"];

impl Loader {
    /// Takes in everything that a document includes. What the document says itself goes before it.
    pub(super) fn include(
        &mut self,
        map: &mut Map,
        resets: &[Vec<Text>],
        place: Place<'_>,
        included: &mut Vec<PathBuf>,
    ) {
        let Some(include) = map.shift_remove("include") else { return };
        let list = match &include.node.value {
            Value::List(list) => list,
            Value::Null | Value::Bad => return,
            value => {
                let text = format!("`include` must be a list, and this is {}", value.kind());
                self.findings.add(Finding::new(codes::WRONG_TYPE, include.node.span, text));
                return;
            }
        };
        for entry in list {
            if let Some(wanted) = self.wanted(entry)
                && let Some(model) = self.included(&wanted, place, included)
            {
                self.import(model, map, resets);
            }
        }
    }

    fn wanted<'n>(&mut self, entry: &'n Node) -> Option<Wanted<'n>> {
        let wanted = match &entry.value {
            Value::Text(_) => {
                Some(Wanted { paths: vec![entry], folder: None, env_files: Vec::new() })
            }
            Value::Map(_) => {
                let paths = texts(entry.get("path"));
                let env_files = texts(entry.get("env_file"));
                let folder = entry.get("project_directory");
                let is_text = folder.is_none_or(|node| node.text().is_some());
                match (paths, env_files, is_text) {
                    (Some(paths), Some(env_files), true) => {
                        Some(Wanted { paths, folder, env_files })
                    }
                    _ => None,
                }
            }
            // Compose includes nothing then, and says nothing.
            Value::Bad | Value::Null => return None,
            _ => None,
        };
        if wanted.is_none() {
            let text = "an include must be a path, or a mapping of `path`, `project_directory` and \
                        `env_file`";
            self.findings.add(entry.finding(codes::WRONG_TYPE, text));
            self.is_incomplete = true;
        }
        wanted
    }

    fn included(
        &mut self,
        wanted: &Wanted<'_>,
        place: Place<'_>,
        included: &mut Vec<PathBuf>,
    ) -> Option<Map> {
        let mut files = Vec::new();
        let mut first = None;
        for node in &wanted.paths {
            let text = node.text().unwrap_or_default();
            if is_remote(text) {
                self.remote(node, text);
                return None;
            }
            let path = self.resolve(place.folder, text);
            if included.contains(&path) {
                let names: Vec<_> = included.iter().chain([&path]).map(|p| self.shown(p)).collect();
                let text = format!("files include each other in a circle: {}", names.join(" → "));
                self.findings.add(node.finding(codes::CYCLE, text));
                return None;
            }
            match self.open(&path) {
                Ok(file) => files.push(file),
                Err(why) => {
                    self.missing(node, &path, &why);
                    return None;
                }
            }
            first.get_or_insert(path);
        }
        let folder = self.folder_of(wanted, first.as_deref()?, place);
        let mut variables = place.variables.clone();
        let env_files = self.env_files_of(wanted, &folder, place)?;
        variables.add_files(&env_files, &self.sources, &mut self.findings);
        let files = files.into_iter().map(|file| (file, self.parse(file))).collect();
        let place = Place { folder: &folder, variables: &variables };
        Some(self.model(files, place, included))
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.current).unwrap_or(path).display().to_string()
    }

    fn folder_of(&self, wanted: &Wanted<'_>, first: &Path, place: Place<'_>) -> PathBuf {
        match wanted.folder.and_then(Node::text).filter(|text| !text.is_empty()) {
            Some(text) => {
                let folder = self.resolve(place.folder, text);
                // Compose takes the folder of what is none.
                match folder.parent() {
                    Some(parent) if !folder.is_dir() => parent.to_path_buf(),
                    _ => folder,
                }
            }
            None => first.parent().unwrap_or(first).to_path_buf(),
        }
    }

    /// The files of variables that an include names, else the `.env` beside it.
    fn env_files_of(
        &mut self,
        wanted: &Wanted<'_>,
        folder: &Path,
        place: Place<'_>,
    ) -> Option<Vec<u32>> {
        if wanted.env_files.is_empty() {
            let path = folder.join(".env");
            return Some(if path.is_file() {
                self.open(&path).into_iter().collect()
            } else {
                vec![]
            });
        }
        let mut files = Vec::new();
        for node in &wanted.env_files {
            let text = node.text().unwrap_or_default();
            if text == "/dev/null" {
                continue;
            }
            let path = self.resolve(place.folder, text);
            match self.open(&path) {
                Ok(file) => files.push(file),
                Err(why) => {
                    self.missing(node, &path, &why);
                    return None;
                }
            }
        }
        Some(files)
    }

    fn import(&mut self, mut model: Map, into: &mut Map, resets: &[Vec<Text>]) {
        for section in SECTIONS {
            let Some(found) = model.shift_remove(section) else { continue };
            let at = found.node.span;
            let Value::Map(found) = found.node.value else { continue };
            let own = into.entry(section.into()).or_insert_with(|| Entry::implied(Value::Null, at));
            if own.node.is_null() {
                own.node.value = Value::Map(Map::new());
            }
            let Some(own) = own.node.map_mut() else { continue };
            for (name, entry) in found {
                match own.get_mut(&name) {
                    None => {
                        own.insert(name, entry);
                    }
                    Some(known) => {
                        let mut base = entry.node;
                        if let Some(map) = base.map_mut() {
                            merge::reset(map, &below(resets, section, &name));
                        }
                        let over = known.node.clone();
                        merge::resources(&mut base, over, section, &mut self.findings);
                        known.node = base;
                    }
                }
            }
        }
    }
}

/// What is reset below `section.name`.
fn below(resets: &[Vec<Text>], section: &str, name: &str) -> Vec<Vec<Text>> {
    let rest = resets.iter().filter_map(|path| match &path[..] {
        [first, second, rest @ ..] if &**first == section && &**second == name => {
            Some(rest.to_vec())
        }
        _ => None,
    });
    rest.collect()
}

/// One string or a list of them.
fn texts(node: Option<&Node>) -> Option<Vec<&Node>> {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Text(_)) => Some(node.into_iter().collect()),
        Some(Value::List(list)) => {
            list.iter().all(|item| item.text().is_some()).then(|| list.iter().collect())
        }
        _ => None,
    }
}
