//! conda: `environment.yml`, the recipe `meta.yaml`, and pixi.

use super::{Read, leaves, names, requirements};
use crate::workload::evidence::Scope;
use crate::workload::mention::Ecosystem;

/// Reads an environment, with what pip installs into it.
pub(super) fn environment(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut indexes = Vec::new();
    leaves::yaml(text, &mut |path, value, line| match path {
        ["dependencies"] => package(&mut read, value, line, scope),
        ["dependencies", "pip"] => requirements::item(value, line, scope, &mut indexes, &mut read),
        _ => {}
    });
    requirements::add_indexes(&indexes, &mut read);
    read
}

/// Reads a recipe; lines of its templates are taken as they stand.
pub(super) fn recipe(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    leaves::yaml(text, &mut |path, value, line| match path {
        ["package", "name"] if !value.contains('{') => {
            read.name(Ecosystem::Conda, value, line, scope);
        }
        ["about", "summary" | "description"] => read.about(value, line, scope),
        ["requirements" | "outputs", .., "run" | "run_constrained"] => {
            package(&mut read, value, line, scope);
        }
        ["requirements" | "outputs", .., "host" | "build"] => {
            package(&mut read, value, line, scope.max(Scope::Dev));
        }
        ["test", "requires"] => package(&mut read, value, line, scope.max(Scope::Test)),
        _ => {}
    });
    read
}

fn package(read: &mut Read, text: &str, line: u32, scope: Scope) {
    if let Some((name, detail)) = names::conda(text) {
        read.package(Ecosystem::Conda, name, &detail, line, scope);
    }
}

/// Reads `pixi.toml`.
pub(super) fn pixi_file(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let whole =
        leaves::toml(text, &mut |path, value, line| pixi(&mut read, path, value, line, scope));
    read.partly_unless(whole, "not all of it is TOML")
}

/// Takes a leaf of pixi's tables, which stand alone or in `pyproject.toml`.
pub(super) fn pixi(read: &mut Read, path: &[&str], value: &str, line: u32, scope: Scope) {
    match path {
        ["project" | "workspace" | "package", "name"] => {
            read.name(Ecosystem::Conda, value, line, scope);
        }
        ["project" | "workspace" | "package", "description"] => read.about(value, line, scope),
        ["system-requirements", "cuda"] => read.package(
            Ecosystem::Conda,
            "pytorch-cuda".to_owned(),
            value,
            line,
            scope.max(Scope::Extra),
        ),
        ["feature", feature, rest @ ..] => {
            pixi_packages(read, rest, value, line, scope.max(names::extra(feature)));
        }
        _ => pixi_packages(read, path, value, line, scope),
    }
}

fn pixi_packages(read: &mut Read, path: &[&str], value: &str, line: u32, scope: Scope) {
    match path {
        ["target", _, rest @ ..] => pixi_packages_here(read, rest, value, line, scope),
        _ => pixi_packages_here(read, path, value, line, scope),
    }
}

fn pixi_packages_here(read: &mut Read, path: &[&str], value: &str, line: u32, scope: Scope) {
    let (ecosystem, name, detail, scope) = match path {
        ["dependencies", name] | ["dependencies", name, "version" | "build"] => {
            (Ecosystem::Conda, name.to_ascii_lowercase(), value, scope)
        }
        ["build-dependencies" | "host-dependencies", name, ..] => {
            (Ecosystem::Conda, name.to_ascii_lowercase(), "", scope.max(Scope::Dev))
        }
        ["pypi-dependencies", name]
        | ["pypi-dependencies", name, "version" | "index" | "url" | "git"] => {
            (Ecosystem::Pypi, names::canonical(name), value, scope)
        }
        _ => return,
    };
    read.package_once(ecosystem, name, detail, line, scope);
}
