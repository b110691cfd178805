//! What a reader finds in a file, before anyone asks what it means.

use super::evidence::Scope;

/// Where a package is registered: the same name is another thing elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ecosystem {
    Pypi,
    Conda,
    Npm,
    Cargo,
    Go,
    Maven,
    Nuget,
    Cran,
    Julia,
    Gem,
    Hex,
    /// CMake, and other builds of C and C++.
    Cmake,
}

/// The language that something is imported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    Python,
    JavaScript,
    Rust,
    Go,
    C,
    Java,
    R,
    Julia,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub what: What,
    /// From 1.
    pub line: u32,
    pub scope: Scope,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A dependency. `name` in the ecosystem's canonical form (PyPI: lower case, `-`); `detail` is what
    /// else is written of it (version, extras, index), for tokens and for `+cpu`, `+cu121`, `[cuda12]`.
    Package { ecosystem: Ecosystem, name: String, detail: String },
    /// The project's own name.
    Name { ecosystem: Ecosystem, name: String },
    /// A sentence or some keywords of the project about itself.
    About(String),
    /// A module as it is imported, its path with dots (`torch.nn`), and whether the code goes on without
    /// it (`try … except ImportError`).
    Import { language: Language, module: String, guarded: bool },
    /// A pattern of the catalogue's `code.toml`, found in code outside comments and strings.
    Code(&'static str),
    /// Something of the catalogue's `build.toml`.
    Build(&'static str),
    /// A container image as it is written.
    Image(String),
    /// An entry of the catalogue's `resources.toml`, and how many are asked for where it says.
    Resource { name: &'static str, amount: Option<u32> },
}
