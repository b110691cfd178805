//! Small manifests of every kind: names, lines and scopes.

mod any;
mod others;
mod python;

use super::reader_of;
use crate::workload::evidence::Scope;
use crate::workload::mention::What;

/// The packages of a file: name, detail, line, scope.
fn packages(path: &str, text: &str) -> Vec<(String, String, u32, Scope)> {
    let (reader, scope) = reader_of(path).expect("a manifest");
    let mentions = reader(text, scope).mentions;
    let package = |what| match what {
        What::Package { name, detail, .. } => Some((name, detail)),
        _ => None,
    };
    mentions
        .into_iter()
        .filter_map(|m| package(m.what).map(|(name, detail)| (name, detail, m.line, m.scope)))
        .collect()
}

/// The names, the sentences and the builds of a file, with their lines.
fn rest(path: &str, text: &str) -> Vec<(String, u32)> {
    let (reader, scope) = reader_of(path).expect("a manifest");
    let said = |what| match what {
        What::Name { name, .. } => Some(format!("name {name}")),
        What::About(text) => Some(format!("about {text}")),
        What::Build(key) => Some(format!("build {key}")),
        _ => None,
    };
    reader(text, scope)
        .mentions
        .into_iter()
        .filter_map(|m| said(m.what).map(|text| (text, m.line)))
        .collect()
}

/// Compares packages as `name detail line scope` for short.
#[track_caller]
fn assert_packages(path: &str, text: &str, expected: &[(&str, &str, u32, Scope)]) {
    let found = packages(path, text);
    let found: Vec<_> = found
        .iter()
        .map(|(name, detail, line, scope)| (name.as_str(), detail.as_str(), *line, *scope))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn files_are_known_by_name() {
    let scope = |path| reader_of(path).map(|(_, scope)| scope);
    assert_eq!(scope("requirements.txt"), Some(Scope::Runtime));
    assert_eq!(scope("a/requirements-dev.txt"), Some(Scope::Dev));
    assert_eq!(scope("test_requirements.txt"), Some(Scope::Test));
    assert_eq!(scope("requirements/docs.txt"), Some(Scope::Docs));
    assert_eq!(scope("requirements_optional.txt"), Some(Scope::Extra));
    assert_eq!(scope("requirements_gpu.txt"), Some(Scope::Runtime));
    assert_eq!(scope("environment-dev.yml"), Some(Scope::Dev));
    assert_eq!(scope("App.csproj"), Some(Scope::Runtime));
    assert_eq!(scope("notes.txt"), None);
    assert_eq!(scope("compose.yaml"), None);
    assert_eq!(scope("Makefile.txt"), None);
}
