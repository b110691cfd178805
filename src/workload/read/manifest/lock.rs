//! Lock files: what is installed with what the project asks for. They are long, and read line by line.

use std::collections::HashSet;

use super::leaves::line_number;
use super::{Read, names};
use crate::workload::evidence::Scope;
use crate::workload::mention::{Ecosystem, Mention, What};

/// Reads `poetry.lock`, `uv.lock` and `pdm.lock`: `[[package]]`, then `name = "…"` and `version = "…"`.
pub(super) fn toml(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        match line.as_bytes().first() {
            Some(b'[') => inside = line.trim_end() == "[[package]]",
            Some(b'n') if inside => {
                if let Some(name) = value(line, "name") {
                    read.package(
                        Ecosystem::Pypi,
                        names::canonical(name),
                        "",
                        line_number(at),
                        scope.max(Scope::Lock),
                    );
                }
            }
            Some(b'v') if inside => add_version(&mut read, value(line, "version")),
            Some(b'c') if inside && value(line, "category") == Some("dev") => {
                if let Some(last) = read.mentions.last_mut() {
                    last.scope = last.scope.max(Scope::Dev);
                }
            }
            // uv lists the project itself among its packages.
            Some(b's')
                if inside && (line.contains("{ editable = ") || line.contains("{ virtual = ")) =>
            {
                read.mentions.pop();
                inside = false;
            }
            _ => {}
        }
    }
    read
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?
        .trim_start()
        .strip_prefix('=')?
        .trim()
        .strip_prefix('"')?
        .strip_suffix('"')
}

fn add_version(read: &mut Read, version: Option<&str>) {
    if let (Some((_, detail)), Some(version)) = (read.last_package(), version) {
        "==".clone_into(detail);
        detail.push_str(super::kept(version));
    }
}

/// Reads `Pipfile.lock`.
pub(super) fn pipfile(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let whole = super::leaves::json(text, &mut |path, value, line| {
        let scope = match path {
            ["default", ..] => scope.max(Scope::Lock),
            ["develop", ..] => scope.max(Scope::Dev),
            _ => return,
        };
        if let [_, name, "version" | "git" | "file"] = path {
            read.package_once(Ecosystem::Pypi, names::canonical(name), value, line, scope);
        }
    });
    read.partly_unless(whole, "not all of it is JSON")
}

/// Reads `conda-lock.yml`: under `package:` a list with `name`, `version` and `manager` each.
pub(super) fn conda(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    for (at, line) in text.lines().enumerate() {
        let field = line.strip_prefix("- ").or_else(|| line.strip_prefix("  ")).unwrap_or_default();
        if let Some(name) = field.strip_prefix("name: ") {
            read.package(
                Ecosystem::Conda,
                name.trim().to_ascii_lowercase(),
                "",
                line_number(at),
                scope.max(Scope::Lock),
            );
        } else if let Some(version) = field.strip_prefix("version: ") {
            add_version(&mut read, Some(version.trim().trim_matches(['"', '\''])));
        } else if field.starts_with("manager: pip")
            && let Some(Mention { what: What::Package { ecosystem, name, .. }, .. }) =
                read.mentions.last_mut()
        {
            (*ecosystem, *name) = (Ecosystem::Pypi, names::canonical(name));
        }
    }
    once(read)
}

/// Reads `pixi.lock`: its packages are the addresses of their files.
pub(super) fn pixi(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    for (at, line) in text.lines().enumerate() {
        // The packages themselves; what is indented names them once more for each platform.
        let Some(package) = line.strip_prefix("- ") else { continue };
        let (kind, address) = package.split_once(": ").unwrap_or_default();
        let file = address.trim().rsplit('/').next().unwrap_or_default();
        let (ecosystem, name, detail) = match kind {
            "conda" => {
                let mut parts = file.rsplitn(3, '-');
                let (build, version) =
                    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                let Some(name) = parts.next() else { continue };
                (Ecosystem::Conda, name.to_ascii_lowercase(), format!("={version}={build}"))
            }
            "pypi" => {
                let Some((name, rest)) = file.split_once('-') else { continue };
                (
                    Ecosystem::Pypi,
                    names::canonical(name),
                    rest.split('-').next().unwrap_or_default().to_owned(),
                )
            }
            _ => continue,
        };
        read.package(ecosystem, name, &detail, line_number(at), scope.max(Scope::Lock));
    }
    once(read)
}

/// Keeps the first of the builds of a package for several platforms.
fn once(mut read: Read) -> Read {
    let mut seen = HashSet::new();
    read.mentions.retain(|mention| match &mention.what {
        What::Package { ecosystem, name, .. } => seen.insert((*ecosystem, name.clone())),
        _ => true,
    });
    read
}
