//! `pyproject.toml` and `Pipfile`.

use std::collections::BTreeMap;

use super::{Read, leaves, names, requirements};
use crate::workload::evidence::Scope;
use crate::workload::mention::{Ecosystem, What};

/// Where packages come from, by name: indexes, addresses and extras.
type Sources = BTreeMap<String, String>;

/// Reads PEP 621, dependency groups (PEP 735), Poetry, PDM, uv, Hatch and the build system.
pub(super) fn read(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut sources = Sources::new();
    let whole = leaves::toml(text, &mut |path, value, line| match path {
        ["project", "name"] | ["tool", "poetry", "name"] => {
            read.name(Ecosystem::Pypi, value, line, scope);
        }
        ["project" | "build-system", ..] => project(&mut read, path, value, line, scope),
        ["dependency-groups", group] => requirement(
            &mut read,
            value,
            line,
            scope.max(names::scope_of(group).unwrap_or(Scope::Dev)),
        ),
        ["tool", "poetry", rest @ ..] => poetry(&mut read, &mut sources, rest, value, line, scope),
        ["tool", "pdm", "dev-dependencies", ..] | ["tool", "uv", "dev-dependencies"] => {
            requirement(&mut read, value, line, scope.max(Scope::Dev));
        }
        ["tool", "hatch", "envs", environment, "dependencies" | "extra-dependencies"] => {
            requirement(
                &mut read,
                value,
                line,
                scope.max(names::scope_of(environment).unwrap_or(Scope::Dev)),
            );
        }
        ["tool", "uv", "sources", name, "index" | "url" | "git"] => {
            add_source(&mut sources, names::canonical(name), value);
        }
        ["tool", "pixi", rest @ ..] => super::conda::pixi(&mut read, rest, value, line, scope),
        _ => {}
    });
    add_sources(&sources, &mut read);
    read.partly_unless(whole, "not all of it is TOML")
}

fn project(read: &mut Read, path: &[&str], value: &str, line: u32, scope: Scope) {
    match path {
        ["project", "description" | "keywords" | "classifiers"] => read.about(value, line, scope),
        ["project", "dependencies"] => requirement(read, value, line, scope),
        ["project", "optional-dependencies", extra] => {
            requirement(read, value, line, scope.max(names::extra(extra)));
        }
        ["build-system", "requires"] => requirement(read, value, line, scope.max(Scope::Dev)),
        _ => {}
    }
}

fn poetry(
    read: &mut Read,
    sources: &mut Sources,
    path: &[&str],
    value: &str,
    line: u32,
    scope: Scope,
) {
    match path {
        ["description" | "keywords" | "classifiers"] => read.about(value, line, scope),
        ["dependencies", rest @ ..] => table(read, sources, rest, value, line, scope),
        ["dev-dependencies", rest @ ..] => {
            table(read, sources, rest, value, line, scope.max(Scope::Dev));
        }
        ["group", group, "dependencies", rest @ ..] => {
            table(
                read,
                sources,
                rest,
                value,
                line,
                scope.max(names::scope_of(group).unwrap_or(Scope::Extra)),
            );
        }
        _ => {}
    }
}

/// An entry of a table of packages: `name = "^1.0"` or a leaf of `name = { version = "^1.0", optional = true }`.
fn table(
    read: &mut Read,
    sources: &mut Sources,
    path: &[&str],
    value: &str,
    line: u32,
    scope: Scope,
) {
    match path {
        [name] => read.package(Ecosystem::Pypi, names::canonical(name), value, line, scope),
        [name, key @ ("source" | "index" | "url" | "git" | "extras")] => {
            let name = names::canonical(name);
            read.package_once(Ecosystem::Pypi, name.clone(), "", line, scope);
            match *key {
                "extras" => add_source(sources, name, &format!("[{value}]")),
                _ => add_source(sources, name, value),
            }
        }
        [name, "optional"] if value == "true" => read.package_once(
            Ecosystem::Pypi,
            names::canonical(name),
            "",
            line,
            scope.max(Scope::Extra),
        ),
        [name, "version", ..] => {
            read.package_once(Ecosystem::Pypi, names::canonical(name), value, line, scope);
        }
        [name, ..] => read.package_once(Ecosystem::Pypi, names::canonical(name), "", line, scope),
        [] => {}
    }
}

fn requirement(read: &mut Read, text: &str, line: u32, scope: Scope) {
    requirements::item(text, line, scope, &mut Vec::new(), read);
}

fn add_source(sources: &mut Sources, name: String, source: &str) {
    let all = sources.entry(name).or_default();
    if !all.is_empty() {
        all.push(' ');
    }
    all.push_str(source);
}

/// Notes at the packages where they come from, for `pytorch-cu118` says what `torch` does not.
fn add_sources(sources: &Sources, read: &mut Read) {
    for mention in &mut read.mentions {
        if let What::Package { name, detail, .. } = &mut mention.what
            && let Some(source) = sources.get(name)
        {
            if !detail.is_empty() {
                detail.push(' ');
            }
            detail.push_str(source);
        }
    }
}

/// Reads a Pipfile.
pub(super) fn pipfile(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut sources = Sources::new();
    let whole = leaves::toml(text, &mut |path, value, line| match path {
        ["packages", rest @ ..] => table(&mut read, &mut sources, rest, value, line, scope),
        ["dev-packages", rest @ ..] => {
            table(&mut read, &mut sources, rest, value, line, scope.max(Scope::Dev));
        }
        _ => {}
    });
    add_sources(&sources, &mut read);
    read.partly_unless(whole, "not all of it is TOML")
}
