//! Names and requirements as Python and conda write them.

use std::borrow::Cow;

use super::leaves::unquoted;
use crate::workload::evidence::Scope;

/// PyPI's canonical form of a name (PEP 503): lower case, `-` for each run of `-`, `_` and `.`.
pub fn canonical(name: &str) -> String {
    let mut canonical = String::with_capacity(name.len());
    for char in name.chars() {
        match char {
            '-' | '_' | '.' if canonical.ends_with('-') => {}
            '-' | '_' | '.' => canonical.push('-'),
            _ => canonical.push(char.to_ascii_lowercase()),
        }
    }
    canonical
}

/// A requirement as pip takes it, PEP 508 or an address: its canonical name, and what else is written.
/// Nothing for options, local paths, and what is no requirement.
pub fn requirement(text: &str) -> Option<(String, String)> {
    let text = unquoted(text.trim());
    let text = ["-e ", "--editable ", "--editable="]
        .iter()
        .find_map(|e| text.strip_prefix(e))
        .unwrap_or(text)
        .trim();
    if text.len() > 2000 || text.starts_with(['-', '.', '/', '#']) {
        return None;
    }
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if rest.starts_with(['+', ':']) {
        return Some((canonical(&name_in_address(text)?), text.to_owned()));
    }
    let rest = rest.trim();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && ![".txt", ".in", ".cfg", ".toml", ".py", ".md"].iter().any(|file| name.ends_with(file));
    let follows = rest.is_empty()
        || rest.starts_with(['[', '<', '>', '=', '!', '~', ';', '@', '(', ',', '*', '{', '$', '%']);
    (is_name && follows).then(|| (canonical(name), rest.to_owned()))
}

/// The name in `git+https://…/name.git@v1#egg=name` or `https://…/name-1.0+cu118-….whl`.
fn name_in_address(address: &str) -> Option<Cow<'_, str>> {
    if address.starts_with("file:") {
        return None;
    }
    let ends = |c: char| matches!(c, '&' | '[' | ' ' | ';' | '=' | '<' | '>');
    if let Some((_, egg)) = address.split_once("egg=") {
        return egg.split(ends).next().filter(|name| !name.is_empty()).map(Cow::Borrowed);
    }
    let address = address.split([' ', ';', '#', '?']).next()?;
    let file = address.trim_end_matches('/').rsplit('/').next()?;
    if address.starts_with("git+") || address.contains(".git") {
        return file
            .split('@')
            .next()
            .map(|name| Cow::Borrowed(name.trim_end_matches(".git")))
            .filter(|n| !n.is_empty());
    }
    let (stem, _) = [".whl", ".tar.gz", ".zip"]
        .iter()
        .find_map(|kind| Some((file.strip_suffix(kind)?, kind)))?;
    let version = stem
        .match_indices('-')
        .find(|(at, _)| stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    Some(Cow::Borrowed(&stem[..version.map_or(stem.len(), |(at, _)| at)]))
        .filter(|name| !name.is_empty())
}

/// A conda specification, `channel::name=version=build`: its name in lower case, and what else is written.
pub(super) fn conda(text: &str) -> Option<(String, String)> {
    let text = text.rsplit("::").next().unwrap_or(text).trim();
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty() && !rest.starts_with([':', '/']))
        .then(|| (name.to_ascii_lowercase(), rest.trim().to_owned()))
}

/// What the name of an extra, of a dependency group or of a part of a file name says of what it is for;
/// nothing where it is the project's own word.
pub(super) fn scope_of(name: &str) -> Option<Scope> {
    let lower = name.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| {
        Some(match word {
            "test" | "tests" | "testing" | "pytest" | "coverage" | "bench" | "benchmark"
            | "benchmarks" | "tox" => Scope::Test,
            "doc" | "docs" | "documentation" | "sphinx" | "mkdocs" | "readthedocs" | "rtd"
            | "website" => Scope::Docs,
            "dev" | "devel" | "develop" | "development" | "lint" | "linting" | "linter"
            | "style" | "format" | "typing" | "types" | "mypy" | "quality" | "ci" | "release"
            | "build" | "tools" | "tooling" | "debug" | "precommit" | "maintenance" => Scope::Dev,
            "example" | "examples" | "demo" | "demos" | "notebook" | "notebooks" | "tutorial"
            | "tutorials" => Scope::Example,
            "optional" | "extra" | "extras" | "all" | "full" | "contrib" => Scope::Extra,
            "lock" | "locked" | "frozen" | "freeze" => Scope::Lock,
            _ => return None,
        })
    })
}

/// The scope of an extra: installed when asked for, if not for work on the project.
pub(super) fn extra(name: &str) -> Scope {
    scope_of(name).unwrap_or(Scope::Extra)
}
