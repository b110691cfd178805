//! One file's text in, what it mentions out. Readers are pure and take any text without failing: what
//! they cannot read they leave out, and say so in a note.

pub mod code;
pub mod container;
pub mod manifest;

use super::evidence::Scope;
use super::mention::Mention;

/// What a reader found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    pub mentions: Vec<Mention>,
    /// What could not be read, and why.
    pub note: Option<String>,
}

/// A reader of one file's text; `scope` is what the file's folders say.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    Code(code::Reader),
    Manifest(manifest::Reader, Scope),
    Dockerfile,
    Yaml,
}

/// Who reads a file, by its path below the project's folder, with `/` between the parts.
pub fn reader_of(path: &str) -> Option<Reader> {
    if let Some((reader, scope)) = manifest::reader_of(path) {
        return Some(Reader::Manifest(reader, scope));
    }
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if name.starts_with("dockerfile") || name.starts_with("containerfile") || ending == "dockerfile"
    {
        return Some(Reader::Dockerfile);
    }
    if ending == "yaml" || ending == "yml" {
        return Some(Reader::Yaml);
    }
    code::reader_of(ending).map(Reader::Code)
}

impl Reader {
    pub fn read(&self, text: &str, scope: Scope) -> Read {
        match self {
            Self::Code(read) => read(text, scope),
            Self::Manifest(read, own) => read(text, scope.max(*own)),
            Self::Dockerfile => container::dockerfile::read(text, scope).into(),
            Self::Yaml => container::yaml::read(text, scope).into(),
        }
    }
}

impl From<Vec<Mention>> for Read {
    fn from(mentions: Vec<Mention>) -> Self {
        Self { mentions, note: None }
    }
}
