//! Manifests: what a project says it depends on, what it is called, and what it says it is. One file a
//! kind of manifest. They take any text; what they cannot read they leave out.

mod cargo;
mod conda;
mod go;
mod javascript;
mod jvm;
mod leaves;
mod lines;
mod lock;
mod names;
mod native;
mod pyproject;
mod python;
mod requirements;
mod setup;
#[cfg(test)]
mod tests;
mod which;

pub use names::{canonical, requirement};
pub use which::reader_of;

use crate::workload::catalogue;
use crate::workload::cut::head;
use crate::workload::evidence::Scope;
use crate::workload::mention::{Ecosystem, Mention, What};
use crate::workload::read::Read;

/// Takes a manifest's text and the scope of the whole file.
pub type Reader = fn(&str, Scope) -> Read;

/// Mentions that are kept: a project has fewer dependencies.
const MOST: usize = 20_000;

/// Longest detail and sentence that are kept, in bytes: tokens are for showing.
const KEPT: usize = 300;

impl Read {
    fn push(&mut self, what: What, line: u32, scope: Scope) {
        if self.mentions.len() < MOST {
            self.mentions.push(Mention { what, line, scope });
        }
    }

    fn package(
        &mut self,
        ecosystem: Ecosystem,
        name: String,
        detail: &str,
        line: u32,
        scope: Scope,
    ) {
        self.push(What::Package { ecosystem, name, detail: kept(detail).to_owned() }, line, scope);
    }

    /// A package that is written as several leaves: one mention, with the detail and the narrowest scope
    /// that any of them gives.
    fn package_once(
        &mut self,
        ecosystem: Ecosystem,
        name: String,
        detail: &str,
        line: u32,
        scope: Scope,
    ) {
        if let Some(Mention {
            what: What::Package { ecosystem: of, name: last, detail: known },
            scope: known_scope,
            ..
        }) = self.mentions.last_mut()
            && *of == ecosystem
            && *last == name
        {
            if known.is_empty() {
                kept(detail).clone_into(known);
            }
            *known_scope = (*known_scope).max(scope);
            return;
        }
        self.package(ecosystem, name, detail, line, scope);
    }

    /// The name and the detail of the package that was read last.
    fn last_package(&mut self) -> Option<(&mut String, &mut String)> {
        match self.mentions.last_mut().map(|mention| &mut mention.what) {
            Some(What::Package { name, detail, .. }) => Some((name, detail)),
            _ => None,
        }
    }

    fn name(&mut self, ecosystem: Ecosystem, name: &str, line: u32, scope: Scope) {
        let name = match ecosystem {
            Ecosystem::Pypi => names::canonical(name.trim()),
            _ => name.trim().to_owned(),
        };
        // A template's name is not the project's.
        if !name.is_empty() && name.len() <= KEPT && !name.contains(['{', '$', '%']) {
            self.push(What::Name { ecosystem, name }, line, scope);
        }
    }

    fn about(&mut self, text: &str, line: u32, scope: Scope) {
        let text = kept(text.trim());
        // Of PyPI's classifiers only the topics say what a project is for.
        let is_said = !text.contains(" :: ") || text.starts_with("Topic ::");
        if !text.is_empty() && is_said {
            self.push(What::About(text.to_owned()), line, scope);
        }
    }

    /// Something of the catalogue's `build.toml`; what is not there says nothing.
    fn build(&mut self, key: &str, line: u32, scope: Scope) {
        if let Some(key) = catalogue::build_key(key) {
            self.push(What::Build(key), line, scope);
        }
    }

    fn partly_unless(mut self, whole: bool, note: &'static str) -> Self {
        self.note = (!whole).then(|| note.to_owned());
        self
    }
}

fn kept(text: &str) -> &str {
    head(text, KEPT)
}
