//! Manifests of R, Julia, Ruby and Elixir.

use super::{Read, leaves, leaves::line_number, leaves::without_comment};
use crate::workload::evidence::Scope;
use crate::workload::mention::Ecosystem;

/// Reads R's `DESCRIPTION`.
pub(super) fn description(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut field = "";
    for (at, line) in text.lines().enumerate() {
        let number = line_number(at);
        let value = if line.starts_with([' ', '\t']) {
            line.trim()
        } else if let Some((name, value)) = line.split_once(':') {
            field = name.trim();
            value.trim()
        } else {
            continue;
        };
        let scope = match field {
            "Depends" | "Imports" | "LinkingTo" => scope,
            "Suggests" | "Enhances" => scope.max(Scope::Extra),
            "Package" => {
                read.name(Ecosystem::Cran, value, number, scope);
                continue;
            }
            "Title" | "Description" => {
                read.about(value, number, scope);
                continue;
            }
            _ => continue,
        };
        for item in value.split(',') {
            let (name, detail) = item.split_once('(').unwrap_or((item, ""));
            if !name.trim().is_empty() {
                read.package(
                    Ecosystem::Cran,
                    name.trim().to_owned(),
                    detail.trim_end_matches(')'),
                    number,
                    scope,
                );
            }
        }
    }
    read
}

/// Reads Julia's `Project.toml`.
pub(super) fn julia(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let whole = leaves::toml(text, &mut |path, value, line| match path {
        ["name"] => read.name(Ecosystem::Julia, value, line, scope),
        ["deps", name] => read.package(Ecosystem::Julia, (*name).to_owned(), "", line, scope),
        ["weakdeps", name] => {
            read.package(Ecosystem::Julia, (*name).to_owned(), "", line, scope.max(Scope::Extra));
        }
        ["extras", name] => {
            read.package(Ecosystem::Julia, (*name).to_owned(), "", line, scope.max(Scope::Test));
        }
        _ => {}
    });
    read.partly_unless(whole, "not all of it is TOML")
}

/// Reads Ruby's `Gemfile` and `*.gemspec`.
pub(super) fn gems(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut group = scope;
    for (at, line) in text.lines().enumerate() {
        let number = line_number(at);
        let line = without_comment(line).trim();
        let is_development = line.contains(":development") || line.contains(":test");
        if line.starts_with("group ") {
            group = if is_development { scope.max(Scope::Dev) } else { scope };
        } else if line == "end" {
            group = scope;
        }
        let mut quoted = line.split(['"', '\'']).skip(1).step_by(2);
        let (head, first) = (
            line.split(['"', '\'']).next().unwrap_or_default().trim_end(),
            quoted.next().unwrap_or_default(),
        );
        let detail = quoted.next().unwrap_or_default();
        if head == "gem" || head == "gem(" {
            let scope = if is_development { scope.max(Scope::Dev) } else { group };
            read.package(Ecosystem::Gem, first.to_owned(), detail, number, scope);
        } else if head.contains(".add_development_dependency") {
            read.package(Ecosystem::Gem, first.to_owned(), detail, number, scope.max(Scope::Dev));
        } else if head.contains(".add_dependency") || head.contains(".add_runtime_dependency") {
            read.package(Ecosystem::Gem, first.to_owned(), detail, number, scope);
        } else if head.ends_with('=') && head.contains(".name") {
            read.name(Ecosystem::Gem, first, number, scope);
        } else if head.ends_with('=')
            && (head.contains(".summary") || head.contains(".description"))
        {
            read.about(first, number, scope);
        }
    }
    read
}

/// Reads Elixir's `mix.exs`.
pub(super) fn mix(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    for (at, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        if let Some(name) = line.strip_prefix("app: :") {
            read.name(Ecosystem::Hex, name.trim_end_matches(','), line_number(at), scope);
        }
        let Some((name, rest)) = line.split_once("{:").and_then(|(_, rest)| rest.split_once(','))
        else {
            continue;
        };
        let scope = if rest.contains("only: :test")
            || rest.contains("only: :dev")
            || rest.contains("only: [")
        {
            scope.max(Scope::Dev)
        } else if rest.contains("optional: true") {
            scope.max(Scope::Extra)
        } else {
            scope
        };
        let version = rest.split('"').nth(1).unwrap_or_default();
        read.package(Ecosystem::Hex, name.to_owned(), version, line_number(at), scope);
    }
    read
}
