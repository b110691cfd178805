//! `Cargo.toml`.

use super::{Read, leaves};
use crate::workload::evidence::Scope;
use crate::workload::mention::Ecosystem;

/// Reads a package's or a workspace's dependencies; features are part of the detail (`[cuda]`).
pub(super) fn read(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let whole = leaves::toml(text, &mut |path, value, line| match path {
        ["package", "name"] => read.name(Ecosystem::Cargo, value, line, scope),
        ["package" | "workspace", .., "description" | "keywords" | "categories"] => {
            read.about(value, line, scope);
        }
        // Versions for the members that take them.
        ["workspace", kind, name, rest @ ..] if is_dependencies(kind) => {
            dependency(&mut read, kind, name, rest, value, line, scope.max(Scope::Lock));
        }
        ["target", .., kind, name] if is_dependencies(kind) => {
            dependency(&mut read, kind, name, &[], value, line, scope);
        }
        ["target", .., kind, name, key] if is_dependencies(kind) => {
            dependency(&mut read, kind, name, &[key], value, line, scope);
        }
        [kind, name, rest @ ..] if is_dependencies(kind) => {
            dependency(&mut read, kind, name, rest, value, line, scope);
        }
        _ => {}
    });
    read.partly_unless(whole, "not all of it is TOML")
}

fn is_dependencies(kind: &str) -> bool {
    matches!(kind, "dependencies" | "dev-dependencies" | "build-dependencies")
}

fn dependency(
    read: &mut Read,
    kind: &str,
    name: &str,
    rest: &[&str],
    value: &str,
    line: u32,
    scope: Scope,
) {
    let scope = if kind == "dependencies" { scope } else { scope.max(Scope::Dev) };
    let name = name.replace('_', "-").to_ascii_lowercase();
    match rest {
        [] => read.package(Ecosystem::Cargo, name, value, line, scope),
        ["version"] => read.package_once(Ecosystem::Cargo, name, value, line, scope),
        ["optional"] if value == "true" => {
            read.package_once(Ecosystem::Cargo, name, "", line, scope.max(Scope::Extra));
        }
        ["features"] => feature(read, name, value, line, scope),
        // Under another name: what it is called at the registry counts.
        ["package"] => {
            read.package_once(Ecosystem::Cargo, name, "", line, scope);
            if let Some((name, _)) = read.last_package() {
                *name = value.replace('_', "-").to_ascii_lowercase();
            }
        }
        _ => read.package_once(Ecosystem::Cargo, name, "", line, scope),
    }
}

fn feature(read: &mut Read, name: String, feature: &str, line: u32, scope: Scope) {
    read.package_once(Ecosystem::Cargo, name, "", line, scope);
    if let Some((_, detail)) = read.last_package().filter(|(_, detail)| detail.len() < super::KEPT)
    {
        for part in ["[", super::kept(feature), "]"] {
            detail.push_str(part);
        }
    }
}
