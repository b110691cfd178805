//! The project's own order: generated files in step, invariants of the map, the version.

use std::path::{Path, PathBuf};

use crate::support::Sandbox;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every Rust file below `src`, and what it says before its tests.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, to: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, to);
            } else if path.extension().is_some_and(|e| e == "rs") {
                to.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&top().join("src"), &mut paths);
    let name = |p: &PathBuf| p.strip_prefix(top()).unwrap().display().to_string();
    paths.iter().map(|p| (name(p), std::fs::read_to_string(p).unwrap())).collect()
}

#[test]
fn completions_are_in_step_with_the_command_line() {
    for (shell, file) in [("bash", "ut.bash"), ("zsh", "_ut"), ("fish", "ut.fish")] {
        let generated = Sandbox::new().ut(["completions", shell]).stdout;
        assert!(generated == text(&format!("completions/{file}")), "run `just gen`");
    }
}

#[test]
fn man_pages_are_in_step_with_the_command_line() {
    let sandbox = Sandbox::new();
    sandbox.ut(["man", "--dir", "man"]).succeeds();
    let names = |folder: &Path| {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let generated = names(&sandbox.path("man"));
    assert!(generated == names(&top().join("man")), "run `just gen`");
    for name in generated {
        let new = std::fs::read(sandbox.path("man").join(&name)).unwrap();
        assert!(new == std::fs::read(top().join("man").join(&name)).unwrap(), "run `just gen`");
    }
}

#[test]
fn the_version_is_in_the_changelog() {
    let changelog = text("CHANGELOG.md");
    assert!(changelog.contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
    assert!(changelog.contains("## Unreleased"));
}

#[test]
fn every_subcommand_has_its_place_in_the_readme() {
    let readme = text("README.md");
    for name in ["infer", "config", "completions", "man"] {
        assert!(readme.contains(&format!("`ut {name}")), "{name}");
    }
}

#[test]
fn every_setting_is_documented() {
    let page = text("docs/configuration.md");
    for key in ut::core::config::KEYS {
        assert!(
            page.contains(&format!("| `{}` | `{}` |", key.name, key.variable())),
            "{}",
            key.name
        );
    }
}

/// Lines of shell that begin with `ut`, run as they stand, from the project's folder.
#[test]
fn every_example_in_the_docs_works() {
    let mut tried = 0;
    for page in ["README.md", "docs/infer.md", "docs/configuration.md", "docs/model-format.md"] {
        let text = text(page);
        let blocks = text.split("```").skip(1).step_by(2).filter_map(|b| b.strip_prefix("sh\n"));
        for example in blocks.flat_map(str::lines).filter(|l| l.starts_with("ut ")) {
            let words = example.split_whitespace().skip(1);
            let mut command = Sandbox::new().command();
            let output = command.current_dir(top()).args(words).output().unwrap();
            assert!(output.status.success(), "{page}: {example}: {output:?}");
            tried += 1;
        }
    }
    assert!(tried >= 4, "{tried} examples");
}

#[test]
fn files_are_short() {
    for (name, text) in sources() {
        assert!(text.lines().count() <= 400, "{name} has {} lines", text.lines().count());
    }
}

/// Imports run downward: core, model, infer, commands, cli.
#[test]
fn imports_run_downward() {
    let floors = ["core", "model", "infer", "commands"];
    for (name, text) in sources() {
        let Some(floor) = floors.iter().position(|f| name.starts_with(&format!("src/{f}/"))) else {
            continue;
        };
        for above in &floors[floor + 1..] {
            assert!(!text.contains(&format!("crate::{above}")), "{name} reaches up to {above}");
        }
    }
}

#[test]
fn effects_have_one_place_each() {
    let rules: [(&str, &[&str]); 4] = [
        ("Instant::now", &["src/core/clock.rs"]),
        ("env::var", &["src/core/config/environment.rs"]),
        ("io::stdout", &["src/core/output/mod.rs"]),
        ("io::stderr", &["src/core/output/mod.rs"]),
    ];
    for (name, text) in sources() {
        for (effect, allowed) in rules {
            assert!(
                !text.contains(effect) || allowed.contains(&name.as_str()),
                "{effect} in {name}"
            );
        }
    }
}
