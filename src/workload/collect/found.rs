//! What was found in a folder, counted.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use super::role::Role;
use crate::workload::catalogue::code::Says;
use crate::workload::catalogue::containers::Ending;
use crate::workload::evidence::{Category, Gpu, Kind, Scope};
use crate::workload::mention::{Mention, What};
use crate::workload::read::Reader;
use crate::workload::sign::{self, Sign};
use crate::workload::tally::{Key, Place, Tally};

/// Notes that are kept; more of them say nothing new.
const NOTES: usize = 20;

/// What was found in a folder.
#[derive(Debug, Default)]
pub struct Found {
    pub tally: Tally<Sign>,
    /// Files that somebody read.
    pub read: u64,
    pub manifests: u32,
    /// Builds of images from a base with a GPU's libraries, and from others.
    pub gpu_images: u32,
    pub other_images: u32,
    /// Files of code, without tests, examples and documentation; and with all of them.
    pub code: u32,
    pub all_code: u32,
    /// Files of code of each that import or do something of machine learning.
    pub learning: u32,
    pub all_learning: u32,
    pub weights: Vec<WeightFile>,
    /// READMEs at the top, and what manifests say of the project.
    pub readmes: Vec<(String, String)>,
    pub about: Vec<(Place, String)>,
    /// Of tables and arrays that the project runs with.
    pub data_bytes: u64,
    /// `config.json` beside weights: folder and text.
    pub configs: Vec<(String, String)>,
    /// Names that the project's manifests give it.
    pub names: BTreeSet<String>,
    /// Modules that are the project's own.
    pub modules: BTreeSet<String>,
    /// The text of a file that nobody reads as code or manifest.
    pub plain: Option<String>,
    /// What could not be read as it should.
    pub notes: Vec<String>,
    /// Something could not be looked at.
    pub incomplete: bool,
}

/// A file that may hold weights; its header is not yet read.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightFile {
    pub path: PathBuf,
    pub relative: String,
    pub scope: Scope,
    pub ending: Ending,
}

impl Found {
    pub(super) fn take(&mut self, role: &Role, relative: &str, scope: Scope, text: &str) {
        self.read += 1;
        match role {
            Role::Readme => self.readmes.push((relative.to_owned(), text.to_owned())),
            Role::Config if text.contains("\"model_type\"") || text.contains("\"hidden_size\"") => {
                self.configs.push((relative.to_owned(), text.to_owned()));
            }
            Role::Config => {}
            Role::Reader(reader) => self.read_with(reader, relative, scope, text),
        }
    }

    fn read_with(&mut self, reader: &Reader, relative: &str, scope: Scope, text: &str) {
        let read = reader.read(text, scope);
        if let Some(note) = read.note {
            self.note(format!("{relative}: {note}"));
        }
        // A file counts once for each thing, by its first line.
        let mut signs: HashMap<Key, (u32, Sign)> = HashMap::new();
        for mention in read.mentions {
            if let Some((key, sign)) = sign::of(&mention) {
                signs.entry(key).or_insert((mention.line, sign));
            }
            self.own_words(mention, relative);
        }
        self.count(reader, scope, &signs);
        for (key, (line, sign)) in signs {
            self.tally.add(key, Place { file: relative.to_owned(), line }, sign);
        }
    }

    /// What a manifest calls the project, and at the top what it says of it.
    fn own_words(&mut self, mention: Mention, relative: &str) {
        match mention.what {
            What::Name { name, .. } if mention.scope == Scope::Runtime => {
                self.names.insert(name);
            }
            What::About(words) if !relative.contains('/') => {
                self.about.push((Place { file: relative.to_owned(), line: mention.line }, words));
            }
            _ => {}
        }
    }

    fn count(&mut self, reader: &Reader, scope: Scope, signs: &HashMap<Key, (u32, Sign)>) {
        let is_run = scope == Scope::Runtime;
        let any = |is: &dyn Fn(&Key, &Sign) -> bool| signs.iter().any(|(key, (_, s))| is(key, s));
        match reader {
            Reader::Manifest(..) => self.manifests += u32::from(is_run),
            Reader::Dockerfile if is_run => {
                let has_gpu = any(&|key, s| key.kind == Kind::Image && s.gpu == Gpu::Required);
                *if has_gpu { &mut self.gpu_images } else { &mut self.other_images } += 1;
            }
            Reader::Code(_) => {
                let learns = any(&|key, sign| {
                    let is_about_it = sign.category != Category::None && sign.weight >= 0.5;
                    key.kind == Kind::Import && is_about_it || sign.says == Some(Says::Learns)
                });
                self.all_code += 1;
                self.all_learning += u32::from(learns);
                self.code += u32::from(is_run);
                self.learning += u32::from(is_run && learns);
            }
            Reader::Dockerfile | Reader::Yaml => {}
        }
    }

    /// Counts a file of weights.
    pub fn add_weights(&mut self, file: &WeightFile) {
        let name = file.ending.name.to_owned();
        let key = Key { kind: Kind::Weights, scope: file.scope, guarded: false, name };
        let place = Place { file: file.relative.clone(), line: 0 };
        self.tally.add(key, place, Sign::of_file(&file.relative, file.ending.entry));
    }

    /// Modules of the project: files at its top, and packages one or two folders below.
    pub(super) fn module(&mut self, relative: &str, name: &str) {
        let depth = relative.matches('/').count();
        if name == "__init__.py" && (1..=3).contains(&depth) {
            let parts: Vec<&str> = relative.split('/').collect();
            let below = ["src", "python", "lib", "python-package", "packages"].contains(&parts[0]);
            if depth == 1 || below {
                self.modules.extend(parts.get(depth - 1).map(|part| (*part).to_owned()));
            }
        } else if depth == 0
            && let Some(stem) = name.strip_suffix(".py")
        {
            self.modules.insert(stem.to_owned());
        }
    }

    pub(super) fn note(&mut self, note: String) {
        if self.notes.len() < NOTES {
            self.notes.push(note);
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.tally.join(other.tally);
        self.read += other.read;
        self.manifests += other.manifests;
        self.gpu_images += other.gpu_images;
        self.other_images += other.other_images;
        self.code += other.code;
        self.all_code += other.all_code;
        self.learning += other.learning;
        self.all_learning += other.all_learning;
        self.weights.extend(other.weights);
        self.readmes.extend(other.readmes);
        self.about.extend(other.about);
        self.data_bytes = self.data_bytes.saturating_add(other.data_bytes);
        self.configs.extend(other.configs);
        self.names.extend(other.names);
        self.modules.extend(other.modules);
        self.notes.extend(other.notes);
        self.incomplete |= other.incomplete;
    }

    /// The same order whichever thread was faster.
    pub(super) fn settle(&mut self) {
        self.weights.sort_by(|a, b| a.relative.cmp(&b.relative));
        self.readmes.sort();
        self.configs.sort();
        self.about.sort_by(|a, b| a.0.order().cmp(&b.0.order()).then_with(|| a.1.cmp(&b.1)));
        self.notes.sort();
        self.notes.truncate(NOTES);
    }
}
