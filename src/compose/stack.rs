//! A stack from its files to its model, with all that is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::consistency::{self, Parted};
use super::edit::Edit;
use super::finding::{Finding, Findings, Severity};
use super::fix::{self, Fix};
use super::load::{Loader, Place};
use super::node::{Map, Node, Value};
use super::rules::{Rule, Settings};
use super::source::{Sources, Span};
use super::variables::Variables;
use super::view::{self, Service, View};
use super::yaml::Document;
use super::{codes, discover, normalise, open, shape, swarm, template};

/// A file of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    File(PathBuf),
    Stdin,
    /// What is there already, and the file that it passes for.
    Text {
        name: PathBuf,
        bytes: Vec<u8>,
    },
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Laid over each other in this order.
    pub files: Vec<Input>,
    pub project_name: Option<String>,
    /// Where the search for the files began, if nobody named them: its `.env` goes before that of the stack.
    pub start: Option<PathBuf>,
    /// The folder that paths begin at; else that of the first file.
    pub folder: Option<PathBuf>,
    /// In place of the `.env` beside the stack.
    pub env_files: Vec<PathBuf>,
    pub profiles: Vec<String>,
    pub current: PathBuf,
    pub shell: BTreeMap<std::ffi::OsString, std::ffi::OsString>,
    /// By their whole path, in the place of what these files hold.
    pub texts: BTreeMap<PathBuf, String>,
}

/// A stack that was read.
#[derive(Debug)]
pub struct Stack {
    pub name: String,
    pub sources: Sources,
    /// In the order of the source.
    pub findings: Vec<Finding>,
    model: Map,
    pub(super) profiles: Vec<String>,
    /// Part of it could not be read.
    is_incomplete: bool,
}

/// A file that was asked for gives no text.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {why}", path.display())]
pub struct Unreadable {
    pub path: PathBuf,
    why: open::Unreadable,
}

impl Stack {
    /// Reads a stack. Only files that were asked for and cannot be read are an error; all else is a finding.
    pub fn read(request: &Request) -> Result<Self, Unreadable> {
        let home = request.shell.get(std::ffi::OsStr::new("HOME"));
        let home = home.map(|home| home.to_string_lossy().into_owned());
        let mut loader = Loader::new(request.current.clone(), home);
        loader.texts.clone_from(&request.texts);
        let files = open_all(request, &mut loader)?;
        let folder = folder_of(request);
        let mut variables = variables_of(request, &folder, &mut loader)?;
        let files: Vec<(u32, Vec<Document>)> =
            files.into_iter().map(|file| (file, loader.parse(file))).collect();
        let name = project_name(request, &files, &folder, &variables, &mut loader.findings);
        variables.set("COMPOSE_PROJECT_NAME", &name);
        let top = files.first().map_or(0, |(file, _)| *file);
        let place = Place { folder: &folder, variables: &variables };
        let mut model = loader.model(files, place, &mut Vec::new());
        if model.is_empty() && !loader.findings.any(Severity::Error) {
            let text = "the file is empty";
            loader.findings.add(Finding::new(codes::WRONG_TYPE, Span::top(top), text));
        }
        normalise::normalise(&mut model, &name, &variables);
        shape::decode(&mut model, &mut loader.findings);
        let profiles = profiles_of(request, &variables);
        let parted = part(&model, &profiles, loader.is_incomplete);
        consistency::check(&parted, &mut loader.findings);
        swarm::check(&parted, &mut loader.findings);
        drop(parted);
        read_files_of_services(&mut loader, &mut model, &profiles, &variables);
        let Loader { sources, findings, is_incomplete, .. } = loader;
        Ok(Self { name, sources, findings: findings.sorted(), model, profiles, is_incomplete })
    }

    /// The files that Compose takes where nobody names any: those of `COMPOSE_FILE`, else the nearest upward.
    pub fn default_files(request: &Request) -> Result<Option<Vec<PathBuf>>, Unreadable> {
        let start = request.start.as_deref().unwrap_or(&request.current);
        let mut loader = Loader::new(request.current.clone(), None);
        let variables = variables_of(request, start, &mut loader)?;
        let Some(named) = variables.get("COMPOSE_FILE").filter(|named| !named.is_empty()) else {
            return Ok(discover::upward(start));
        };
        let separator = variables.get("COMPOSE_PATH_SEPARATOR").unwrap_or_default();
        let separator = if separator.is_empty() { ":" } else { separator };
        Ok(Some(named.split(separator).map(PathBuf::from).collect()))
    }

    /// Whether something of this severity or a worse one was found.
    pub fn has(&self, least: Severity) -> bool {
        self.findings.iter().any(|finding| finding.severity >= least)
    }

    /// The model as Compose prints it, without what no service uses.
    pub fn json(&self) -> serde_json::Value {
        let parted = part(&self.model, &self.profiles, false);
        let enabled: Vec<&str> = parted.enabled.keys().copied().collect();
        shape::json(&self.name, &shape::pruned(&self.model, &enabled))
    }

    /// The whole model in that form: disabled services too, and what nobody uses.
    pub fn whole(&self) -> serde_json::Value {
        shape::json(&self.name, &self.model)
    }

    /// What rules find, in the order of the source. Nothing is judged that could not be read.
    pub fn judge(&self, rules: &[&'static Rule], settings: &Settings) -> Vec<Finding> {
        if self.is_incomplete {
            return Vec::new();
        }
        let view = View::new(&self.model, &self.profiles, &self.sources, settings);
        let mut findings = Findings::default();
        for rule in rules {
            (rule.check)(&view, &mut findings);
        }
        findings.sorted()
    }

    /// The stack as rules look at it, with these profiles.
    #[cfg(test)]
    pub(super) fn viewed(
        &self,
        profiles: &[String],
        settings: &Settings,
        look: impl FnOnce(&View<'_>),
    ) {
        look(&View::new(&self.model, profiles, &self.sources, settings));
    }

    /// The changes of the files that do all of these fixes, as far as the text allows.
    pub fn edits(&self, fixes: &[&Fix]) -> Vec<Edit> {
        fix::edits(&self.model, &self.sources, fixes)
    }

    pub(super) fn model(&self) -> &Map {
        &self.model
    }

    /// Every service, those that profiles disable too.
    pub(super) fn services(&self) -> impl Iterator<Item = Service<'_>> {
        view::services(&self.model)
    }
}

/// What standard input is called.
pub(super) const STDIN: &str = "standard input";

fn open_all(request: &Request, loader: &mut Loader) -> Result<Vec<u32>, Unreadable> {
    let mut files = Vec::new();
    for input in &request.files {
        files.push(match input {
            Input::Text { name, bytes } => {
                let whole = loader.resolve(&request.current, &name.to_string_lossy());
                loader.add(&whole, open::decode(bytes.clone()))
            }
            Input::Stdin => {
                if let Some(file) = loader.given(Path::new(STDIN)) {
                    files.push(file);
                    continue;
                }
                match open::stream(std::io::stdin()) {
                    Ok(opened) => loader.add(Path::new(STDIN), opened),
                    Err(why) => return Err(Unreadable { path: STDIN.into(), why }),
                }
            }
            Input::File(path) => {
                let whole = loader.resolve(&request.current, &path.to_string_lossy());
                if let Some(file) = loader.given(&whole) {
                    files.push(file);
                    continue;
                }
                let opened = std::fs::File::open(&whole).map_err(open::Unreadable::from);
                let opened = opened.and_then(|file| {
                    if file.metadata()?.is_dir() {
                        Err(open::Unreadable::Folder)
                    } else {
                        open::stream(file)
                    }
                });
                match opened {
                    Ok(opened) => loader.add(&whole, opened),
                    Err(why) => return Err(Unreadable { path: path.clone(), why }),
                }
            }
        });
    }
    Ok(files)
}

fn folder_of(request: &Request) -> PathBuf {
    let whole = |path: &Path| {
        PathBuf::from(super::paths::clean(&request.current.join(path).to_string_lossy()))
    };
    if let Some(folder) = &request.folder {
        return whole(folder);
    }
    let first = request.files.iter().find_map(|input| match input {
        Input::File(path) | Input::Text { name: path, .. } => {
            whole(path).parent().map(Path::to_path_buf)
        }
        Input::Stdin => None,
    });
    first.unwrap_or_else(|| request.current.clone())
}

/// The shell's, then those of the files of variables.
fn variables_of(
    request: &Request,
    folder: &Path,
    loader: &mut Loader,
) -> Result<Variables, Unreadable> {
    let mut variables = Variables::of_shell(request.shell.iter());
    if variables.get("PWD").is_none() {
        variables.set("PWD", &request.current.to_string_lossy());
    }
    let named = variables.get("COMPOSE_ENV_FILES").unwrap_or_default().to_owned();
    let mut paths: Vec<PathBuf> = request.env_files.clone();
    if paths.is_empty() {
        paths = named.split(',').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
    }
    let mut files = Vec::new();
    for path in &paths {
        let whole = loader.resolve(&request.current, &path.to_string_lossy());
        match loader.open(&whole) {
            Ok(file) => files.push(file),
            Err(why) => return Err(Unreadable { path: path.clone(), why }),
        }
    }
    variables.add_files(&files, &loader.sources, &mut loader.findings);
    let is_off = matches!(
        variables.get("COMPOSE_DISABLE_ENV_FILE"),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True")
    );
    if !paths.is_empty() || is_off {
        return Ok(variables);
    }
    // What is set already stays.
    for folder in request.start.as_deref().into_iter().chain([folder]) {
        let path = folder.join(".env");
        if path.is_file() {
            match loader.open(&path) {
                Ok(file) => {
                    variables.add_files(&[file], &loader.sources, &mut loader.findings);
                }
                Err(why) => return Err(Unreadable { path, why }),
            }
        }
    }
    Ok(variables)
}

/// As given, else from the shell, else from the last file that says one, else the folder's.
fn project_name(
    request: &Request,
    files: &[(u32, Vec<Document>)],
    folder: &Path,
    variables: &Variables,
    findings: &mut Findings,
) -> String {
    let top = files.first().map_or(0, |(file, _)| *file);
    let given = request.project_name.as_deref().filter(|name| !name.is_empty());
    let shell = variables.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty());
    if let Some(name) = given.or(shell) {
        if normal_name(name) != name {
            let text = format!("`{name}` cannot be the name of a project");
            let help =
                "use lower-case letters, digits, `-` and `_`, and begin with a letter or digit";
            findings.add(Finding::new(codes::PROJECT_NAME, Span::top(top), text).help(help));
        }
        return name.to_owned();
    }
    let documents = files.iter().flat_map(|(_, documents)| documents);
    let mut said = documents.filter_map(|document| document.root.get("name")?.text());
    let last = said.rfind(|name| !name.is_empty());
    let name = if let Some(name) = last {
        let lookup = |name: &str| variables.get(name).map(str::to_owned);
        let name = template::substitute(name, &lookup).map(|done| done.text);
        normal_name(&name.unwrap_or_default())
    } else {
        let folder = folder.file_name().unwrap_or_default().to_string_lossy();
        normal_name(&folder)
    };
    if name.is_empty() {
        let text = "the project has no name: neither the file nor its folder gives one";
        let finding = Finding::new(codes::PROJECT_NAME, Span::top(top), text);
        findings.add(finding.help("give one with `--project-name` or `name:`"));
    }
    name
}

fn normal_name(name: &str) -> String {
    let is_part = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(*c);
    let name: String = name.to_lowercase().chars().filter(is_part).collect();
    name.trim_start_matches(['_', '-']).to_owned()
}

fn profiles_of(request: &Request, variables: &Variables) -> Vec<String> {
    if !request.profiles.is_empty() {
        return request.profiles.clone();
    }
    // Without any there is one that is empty, as in Compose: a service may name it.
    let named = variables.get("COMPOSE_PROFILES").unwrap_or_default();
    named.split(',').map(|name| name.trim().to_owned()).collect()
}

/// Whether a service runs with these profiles.
pub(super) fn is_enabled(service: &Node, profiles: &[String]) -> bool {
    let own = service.get("profiles").and_then(Node::list).unwrap_or_default();
    own.is_empty()
        || profiles
            .iter()
            .any(|profile| profile == "*" || own.iter().any(|own| own.text() == Some(profile)))
}

fn part<'m>(model: &'m Map, profiles: &[String], is_incomplete: bool) -> Parted<'m> {
    let services = model.get("services").and_then(|entry| entry.node.map());
    let all = services.into_iter().flatten();
    let named = all.map(|(name, entry)| (&**name, (entry.key, &entry.node)));
    let (enabled, disabled) = named.partition(|(_, (_, node))| is_enabled(node, profiles));
    Parted { model, enabled, disabled, is_incomplete }
}

fn read_files_of_services(
    loader: &mut Loader,
    model: &mut Map,
    profiles: &[String],
    variables: &Variables,
) {
    let services = model.get_mut("services").map(|entry| &mut entry.node.value);
    let Some(Value::Map(services)) = services else { return };
    for (name, entry) in services.iter_mut() {
        if is_enabled(&entry.node, profiles) {
            loader.findings.enter(name);
            loader.read_env_files(&mut entry.node, variables);
            loader.read_label_files(&mut entry.node);
            loader.findings.leave();
        }
    }
}
