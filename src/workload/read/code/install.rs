//! Packages that commands install: `pip install torch`, `conda install -c pytorch pytorch`.

use crate::workload::mention::{Ecosystem, What};

/// A package that a command installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    pub ecosystem: Ecosystem,
    /// In the ecosystem's canonical form.
    pub name: String,
    /// Extras, version and, where it is not the usual one, the index that it comes from.
    pub detail: String,
}

impl From<Install> for What {
    fn from(install: Install) -> Self {
        let Install { ecosystem, name, detail } = install;
        Self::Package { ecosystem, name, detail }
    }
}

/// What the commands on one line of a shell install from PyPI and conda.
pub fn installs(line: &str) -> Vec<Install> {
    line.split("&&").flat_map(|part| part.split([';', '|'])).flat_map(command).collect()
}

fn command(command: &str) -> Vec<Install> {
    let mut words =
        command.split_whitespace().map(|word| word.trim_matches(['"', '\'', '`', ',', '[']));
    let mut tool = "";
    let ecosystem = words.by_ref().find_map(|word| {
        let found = ecosystem(tool, word);
        tool = word;
        found
    });
    let Some(ecosystem) = ecosystem else { return Vec::new() };
    let mut installs = Vec::new();
    let mut index = String::new();
    while let Some(word) = words.next() {
        if word.starts_with('#') {
            break;
        }
        if !word.starts_with('-') {
            installs.extend(package(ecosystem, word));
            continue;
        }
        let (option, value) = word.split_once('=').map_or((word, None), |(o, v)| (o, Some(v)));
        if TAKES_VALUE.contains(&option) {
            let value = value.or_else(|| words.next()).unwrap_or_default();
            if INDEX.contains(&option) {
                index = format!(" --index-url {value}");
            }
        }
    }
    for install in &mut installs {
        install.detail.push_str(&index);
    }
    installs
}

/// Where the packages come from that follow two words of a command.
fn ecosystem(tool: &str, verb: &str) -> Option<Ecosystem> {
    let tool = tool.rsplit(['/', '!', '%']).next().unwrap_or(tool);
    match (tool, verb) {
        ("conda" | "mamba" | "micromamba", "install" | "create") => Some(Ecosystem::Conda),
        ("uv" | "poetry" | "pdm" | "rye" | "pixi", "add") | ("pipenv" | "pipx", "install") => {
            Some(Ecosystem::Pypi)
        }
        (pip, "install")
            if pip.starts_with("pip")
                && pip
                    .trim_start_matches("pip")
                    .chars()
                    .all(|c| c.is_ascii_digit() || c == '.') =>
        {
            Some(Ecosystem::Pypi)
        }
        _ => None,
    }
}

/// Options that the next word belongs to.
const TAKES_VALUE: [&str; 20] = [
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "--channel",
    "-f",
    "--find-links",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-n",
    "--name",
    "-p",
    "--prefix",
    "-t",
    "--target",
    "--index",
    "--python",
    "--file",
    "--group",
];

/// Options that name an index of wheels, for a CPU or a version of CUDA.
const INDEX: [&str; 6] =
    ["-f", "--find-links", "-i", "--index-url", "--extra-index-url", "--index"];

/// A requirement as a word of a command; nothing for files, folders and variables.
fn package(ecosystem: Ecosystem, word: &str) -> Option<Install> {
    let word = word.trim_start_matches(['\'', '"']);
    let word = match word.split_once("#egg=") {
        Some((_, name)) => name,
        None if word.contains("://") => {
            let path = word.trim_start_matches("git+").trim_end_matches('/');
            let last = path.rsplit('/').next()?;
            let last = last.split(['@', '#', '?']).next()?;
            last.strip_suffix(".git").or_else(|| word.starts_with("git+").then_some(last))?
        }
        None => word.rsplit("::").next()?,
    };
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c));
    let (name, detail) = word.split_at(end.unwrap_or(word.len()));
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    // `$PACKAGE`, `./folder`, `requirements.txt`, `@scope`.
    if !starts
        || detail.starts_with(['/', '$', '\\', ':'])
        || FILES.iter().any(|ending| name.ends_with(ending))
    {
        return None;
    }
    Some(Install {
        ecosystem,
        name: canonical(name),
        detail: detail.trim_end_matches(['\'', '"']).to_owned(),
    })
}

/// Endings of files, which are no packages.
const FILES: [&str; 4] = [".txt", ".whl", ".zip", ".gz"];

/// Lower case, with single dashes for `-`, `_` and `.`: the name normalisation of PEP 503.
fn canonical(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}
