//! Everything of a project that says something: each file that somebody can read, read and counted.

mod found;
mod role;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::catalogue::containers;
use super::evidence::Scope;
use super::scope::scope_of;
use super::walk::{self, Visit};
pub use found::{Found, WeightFile};
use role::Role;

/// Bytes from which on files wait until the others are read, and are read one at a time: memory does not grow
/// with the threads.
const LARGE: u64 = 1 << 20;
/// Bytes of a brief that are judged: it is a page.
const LONGEST_BRIEF: u64 = 1 << 20;

/// Reads the folder `root` on so many threads; `progress` is told of every file.
pub fn folder(root: &Path, threads: usize, progress: &(dyn Fn() + Sync)) -> Found {
    let collectors = walk::walk(root, threads, || Collector::new(LARGE, progress));
    let mut last = Collector::new(u64::MAX, &|| {});
    for collector in collectors {
        last.found.join(collector.found);
        last.large.extend(collector.large);
    }
    for (path, relative) in std::mem::take(&mut last.large) {
        last.file(&path, &relative);
    }
    last.found.settle();
    last.found
}

/// Reads one file as if it were a project of its own; a text that is no code is kept as it is.
pub fn file(path: &Path) -> Found {
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut collector = Collector::new(u64::MAX, &|| {});
    let is_known = containers::ending(&name).is_some()
        || matches!(Role::of(&name), Some(Role::Reader(_) | Role::Config));
    if is_known {
        collector.file(path, &name);
    } else {
        collector.plain(path, &name);
    }
    collector.found
}

struct Collector<'p> {
    found: Found,
    buffer: Vec<u8>,
    /// Files of this length wait.
    most: u64,
    large: Vec<(PathBuf, String)>,
    progress: &'p (dyn Fn() + Sync),
}

impl<'p> Collector<'p> {
    fn new(most: u64, progress: &'p (dyn Fn() + Sync)) -> Self {
        Self { found: Found::default(), buffer: Vec::new(), most, large: Vec::new(), progress }
    }

    fn plain(&mut self, path: &Path, name: &str) {
        match walk::text(path, LONGEST_BRIEF, &mut self.buffer) {
            Ok(Some(bytes)) => self.found.plain = Some(decoded(bytes).into_owned()),
            Ok(None) => self.found.note(format!("{name}: this is not text")),
            Err(error) => self.failed(format!("{name}: {error}")),
        }
    }

    fn read(&mut self, role: &Role, path: &Path, relative: &str) {
        let Some(scope) = scope_of(relative) else { return };
        let longest = role.longest(relative).min(self.most);
        let mut buffer = std::mem::take(&mut self.buffer);
        match walk::text(path, longest, &mut buffer) {
            Ok(Some(bytes)) if bytes.len() as u64 == self.most => {
                self.large.push((path.to_owned(), relative.to_owned()));
            }
            Ok(Some(bytes)) => {
                if bytes.len() as u64 == longest && matches!(role, Role::Reader(_)) {
                    let read = longest >> 20;
                    self.found.note(format!("{relative}: the first {read} MiB were read"));
                }
                self.found.take(role, relative, scope, &decoded(bytes));
            }
            Ok(None) => {}
            Err(error) => self.failed(format!("{relative}: {error}")),
        }
        self.buffer = buffer;
    }
}

impl Visit for Collector<'_> {
    fn file(&mut self, path: &Path, relative: &str) {
        (self.progress)();
        let Some(scope) = scope_of(relative) else { return };
        let name = relative.rsplit('/').next().unwrap_or(relative);
        self.found.module(relative, name);
        if let Some(ending) = containers::ending(name) {
            let (path, relative) = (path.to_owned(), relative.to_owned());
            let file = WeightFile { path, relative, scope, ending };
            if ending.has_header {
                self.found.weights.push(file);
            } else {
                self.found.add_weights(&file);
            }
        } else if is_data(name) && scope == Scope::Runtime {
            let bytes = path.metadata().map_or(0, |found| found.len());
            self.found.data_bytes = self.found.data_bytes.saturating_add(bytes);
        } else if let Some(role) = Role::of(relative) {
            self.read(&role, path, relative);
        }
    }

    fn failed(&mut self, error: String) {
        self.found.incomplete = true;
        self.found.note(error);
    }
}

/// Whether a file holds a table or an array, by its ending.
fn is_data(name: &str) -> bool {
    const ENDINGS: [&str; 8] =
        ["csv", "tsv", "parquet", "feather", "arrow", "npy", "npz", "libsvm"];
    name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// Text as it is where it is valid, which is soon told; else with marks for what is wrong.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
