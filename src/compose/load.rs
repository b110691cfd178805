//! The order in which Compose makes one model of its files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::edit::Editor;
use super::extends::Extendable;
use super::finding::{Finding, Findings};
use super::fix::{Fix, Safety};
use super::node::{Map, Node, Text, Value, count};
use super::paths::{Base, clean};
use super::source::{Source, Sources, Span};
use super::variables::Variables;
use super::yaml::Document;
use super::{
    canonical, codes, defaults, exclusive, interpolate, merge, open, paths, schema, unique, yaml,
};

/// Values that documents of one stack go over again, at most.
const VALUES: usize = 4_000_000;

/// Everything that is opened and found while a stack is read.
pub(super) struct Loader {
    pub(super) sources: Sources,
    pub(super) findings: Findings,
    /// The folder that names of files are shown from.
    pub(super) current: PathBuf,
    pub(super) home: Option<String>,
    opened: HashMap<PathBuf, u32>,
    /// In the place of what files hold.
    pub(super) texts: BTreeMap<PathBuf, String>,
    pub(super) extendable: HashMap<u32, Option<Rc<Extendable>>>,
    /// Services that extend each other in a circle, which has been said.
    pub(super) circular: HashSet<(u32, Text)>,
    pub(super) ports_left: usize,
    values_left: usize,
    /// Part of the stack could not be read: what refers to it is not judged.
    pub(super) is_incomplete: bool,
}

/// Where a model's paths begin, and what its variables are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    /// Absolute.
    pub(super) folder: &'p Path,
    pub(super) variables: &'p Variables,
}

impl Loader {
    pub(super) fn new(current: PathBuf, home: Option<String>) -> Self {
        Self {
            sources: Sources::default(),
            findings: Findings::default(),
            current,
            home,
            opened: HashMap::new(),
            texts: BTreeMap::new(),
            extendable: HashMap::new(),
            circular: HashSet::new(),
            ports_left: canonical::PORTS,
            values_left: VALUES,
            is_incomplete: false,
        }
    }

    /// Opens a file, once.
    pub(super) fn open(&mut self, path: &Path) -> Result<u32, open::Unreadable> {
        if let Some(file) = self.opened.get(path) {
            return Ok(*file);
        }
        if let Some(file) = self.given(path) {
            return Ok(file);
        }
        let opened = open::file(path)?;
        Ok(self.add(path, opened))
    }

    /// A file whose text was given.
    pub(super) fn given(&mut self, path: &Path) -> Option<u32> {
        let text = self.texts.get(path)?.clone();
        Some(self.add(path, open::Opened { text, bad_at: None }))
    }

    /// Takes a file that was read elsewhere.
    pub(super) fn add(&mut self, path: &Path, opened: open::Opened) -> u32 {
        let shown = path.strip_prefix(&self.current).unwrap_or(path);
        let name = shown.to_string_lossy().into_owned();
        let file = self.sources.add(name, path.to_path_buf(), opened.text);
        if let Some(at) = opened.bad_at {
            let at = at as u32;
            let text = "not a text: a byte or character that YAML does not allow";
            let span = Span { file, start: at, end: at };
            self.findings.add(Finding::new(codes::SYNTAX, span, text));
        }
        self.opened.insert(path.to_path_buf(), file);
        file
    }

    /// The documents of a file. Without any, the stack is incomplete.
    pub(super) fn parse(&mut self, file: u32) -> Vec<Document> {
        let source: &Source = self.sources.get(file);
        let is_bad = self.findings.is_at(codes::SYNTAX, file);
        let documents = if is_bad { None } else { yaml::parse(source, file, &mut self.findings) };
        self.is_incomplete |= documents.is_none();
        documents.unwrap_or_default()
    }

    pub(super) fn base<'b>(&'b self, folder: &'b Path) -> Base<'b> {
        Base { folder, home: self.home.as_deref() }
    }

    /// A path as it is meant from a folder.
    pub(super) fn resolve(&self, folder: &Path, text: &str) -> PathBuf {
        PathBuf::from(clean(&self.base(folder).absolute(text)))
    }

    /// One model of several files, the later ones laid over the earlier ones.
    pub(super) fn model(
        &mut self,
        files: Vec<(u32, Vec<Document>)>,
        place: Place<'_>,
        included: &mut Vec<PathBuf>,
    ) -> Map {
        let mut model = Map::new();
        for (file, documents) in files {
            for document in documents {
                self.document(file, document, place, included, &mut model);
            }
        }
        defaults::set(&mut model);
        exclusive::check(&mut model, &mut self.findings);
        let base = Base { folder: place.folder, home: self.home.as_deref() };
        paths::resolve(&mut model, &base, &mut self.findings);
        take_from_shell(&mut model, place.variables);
        model
    }

    fn document(
        &mut self,
        file: u32,
        document: Document,
        place: Place<'_>,
        included: &mut Vec<PathBuf>,
        model: &mut Map,
    ) {
        let at = document.root.span;
        let Some(mut map) = self.top(file, document.root) else { return };
        // Where it was too much, that has been said.
        if self.values_left == 0 {
            return;
        }
        // Every document goes over all that those before it have said.
        self.values_left = self.values_left.saturating_sub(count(model));
        if self.values_left == 0 {
            let text = "the documents of the stack are too many for what they say together";
            self.findings.add(Finding::new(codes::TOO_LARGE, at, text));
            return;
        }
        interpolate::interpolate(&mut map, place.variables, &mut self.findings);
        included.push(self.sources.get(file).path.clone());
        self.include(&mut map, &document.resets, place, included);
        included.pop();
        merge::reset(model, &document.resets);
        self.extend(&mut map, file, &document.resets, place);
        merge::documents(model, map, &mut self.findings);
        unique::enforce(model, &mut self.findings);
        schema::check(model, &mut self.findings);
        if let Some(version) = model.shift_remove("version") {
            let text = "`version` is obsolete: Compose ignores it";
            let finding = Finding::new(codes::OBSOLETE_VERSION, version.key, text);
            let edit = Editor::new(&self.sources).remove(version.key);
            let fix = edit.map(|edit| Fix::edit(Safety::Safe, vec![edit], Vec::new()));
            self.findings.add(finding.help("leave the line out").fix(fix));
        }
        canonical::write_out(model, &mut self.findings, &mut self.ports_left);
        unique::enforce(model, &mut self.findings);
    }

    /// The mapping that a document must be.
    pub(super) fn top(&mut self, file: u32, root: Node) -> Option<Map> {
        match root.value {
            Value::Map(map) => Some(map),
            Value::Bad => None,
            value => {
                let text =
                    format!("a Compose file must be a mapping, and this is {}", value.kind());
                let span =
                    if root.span.end > root.span.start { root.span } else { Span::top(file) };
                self.findings.add(Finding::new(codes::WRONG_TYPE, span, text));
                self.is_incomplete = true;
                None
            }
        }
    }

    /// Says that a file which is referred to cannot be read.
    pub(super) fn missing(&mut self, at: &Node, path: &Path, why: &open::Unreadable) {
        let shown = path.strip_prefix(&self.current).unwrap_or(path).display();
        let text = format!("cannot read {shown}: {why}");
        self.findings.add(at.finding(codes::MISSING_FILE, text));
        self.is_incomplete = true;
    }

    /// Says that a file lies where `ut` does not look.
    pub(super) fn remote(&mut self, at: &Node, path: &str) {
        let text = format!("`{path}` is remote: only files of this machine are read");
        self.findings.add(at.finding(codes::MISSING_FILE, text));
        self.is_incomplete = true;
    }
}

/// Whether Compose would fetch it from elsewhere.
pub(super) fn is_remote(path: &str) -> bool {
    let is_git = path.starts_with("git@")
        || path.starts_with("github.com/")
        || path.split(['#', '?']).next().is_some_and(|path| path.strip_suffix(".git").is_some());
    path.starts_with("oci:") || path.contains("://") || is_git
}

/// A variable that a list only names has the shell's value.
fn take_from_shell(model: &mut Map, variables: &Variables) {
    for (_, service) in defaults::section(model, "services") {
        let Some(service) = service.node.map_mut() else { continue };
        for item in defaults::items(service, "environment") {
            if let Some(name) = item.text()
                && let Some(value) = variables.get(name)
            {
                item.value = Value::text(&format!("{name}={value}"));
            }
        }
    }
}
