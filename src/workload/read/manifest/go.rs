//! `go.mod`.

use super::{Read, leaves::line_number};
use crate::workload::evidence::Scope;
use crate::workload::mention::Ecosystem;

/// Reads the module's name and what it requires; what is only there for others is of a lock.
pub(super) fn read(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        let number = line_number(at);
        let (line, comment) = line
            .split_once("//")
            .map_or((line.trim(), ""), |(line, comment)| (line.trim(), comment));
        if let Some(name) = line.strip_prefix("module ") {
            read.name(Ecosystem::Go, name.trim_matches(['"', ' ']), number, scope);
        } else if line.starts_with("require (") {
            inside = true;
        } else if line == ")" {
            inside = false;
        } else if let Some(required) = line.strip_prefix("require ").or(inside.then_some(line)) {
            let (name, version) = required.trim().split_once(' ').unwrap_or((required, ""));
            if name.contains('.') {
                let scope =
                    if comment.contains("indirect") { scope.max(Scope::Lock) } else { scope };
                read.package(
                    Ecosystem::Go,
                    without_major(name).to_owned(),
                    version.trim(),
                    number,
                    scope,
                );
            }
        }
    }
    read
}

/// A module's path without `/v2` and the like.
fn without_major(path: &str) -> &str {
    match path.rsplit_once("/v") {
        Some((before, major)) if major.bytes().all(|b| b.is_ascii_digit()) => before,
        _ => path,
    }
}
