//! The project's own order: generated files in step, invariants of the map, the version.

use std::path::{Path, PathBuf};

use crate::support::{Sandbox, skipped};

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
    for name in [
        "infer",
        "cleanup",
        "guard",
        "compose-validate",
        "breaker-status",
        "breaker`",
        "health",
        "metrics",
        "device",
        "config",
        "completions",
        "man",
    ] {
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

#[test]
fn every_code_is_documented() {
    let page = text("docs/compose-validate.md");
    for code in ut::compose::codes::ALL {
        let row = format!("| `{}` | {} | {} |", code.id, code.severity, code.about);
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn every_metric_is_documented() {
    let page = text("docs/metrics.md");
    let mut values: Vec<(&str, &[&str], Vec<String>)> = Vec::new();
    for family in ut::core::metrics::catalogue::ALL {
        let quoted = |text: &str| format!("`{text}`");
        let labels: Vec<String> = family.labels.iter().map(|label| quoted(label.name)).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        let row =
            format!("| `{}` | {} | {labels} | {} |", family.name, family.type_name(), family.help);
        assert!(page.contains(&row), "{row}");
        for label in family.labels.iter().filter(|label| !label.values.is_empty()) {
            let same = values
                .iter_mut()
                .find(|(name, all, _)| (*name, *all) == (label.name, label.values));
            match same {
                Some((.., families)) => families.push(quoted(family.name)),
                None => values.push((label.name, label.values, vec![quoted(family.name)])),
            }
        }
    }
    for (name, values, families) in values {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        let row = format!("| `{name}` | {} | {} |", families.join(", "), values.join(", "));
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn every_field_of_a_list_is_documented() {
    let page = text("docs/health.md");
    for key in ut::core::config::LISTS.iter().flat_map(|list| list.fields) {
        let row = format!("| `{}` | {} | {} |", key.name, key.help, key.default);
        assert!(page.contains(&row), "{row}");
    }
}

/// The README and every page of docs.
fn pages() -> Vec<String> {
    let docs = std::fs::read_dir(top().join("docs")).unwrap();
    let mut pages: Vec<String> =
        docs.map(|e| format!("docs/{}", e.unwrap().file_name().display())).collect();
    pages.push("README.md".to_owned());
    pages.retain(|p| Path::new(p).extension().is_some_and(|e| e == "md"));
    pages
}

/// The blocks of a page that are written in this language.
fn blocks<'a>(page: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("{language}\n");
    page.split("```").skip(1).step_by(2).filter_map(move |b| b.strip_prefix(&start))
}

/// What docs/window-format.md says of the bytes is enough to read them elsewhere.
#[test]
fn the_windows_format_is_documented_well_enough_to_be_read_by_python() {
    let page = text("docs/window-format.md");
    let script = blocks(&page, "python").next().unwrap();
    let window = top().join("tests/fixtures/window/format-1.window");
    match std::process::Command::new("python3").args(["-c", script]).arg(window).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.starts_with("160 rows; last {'cpu_r': 0.58"), "{output:?}");
        }
        Err(e) => skipped("reading a window from Python", &e),
    }
}

/// Lines of shell that begin with `ut`, run as they stand beside the project's examples.
#[cfg(unix)]
#[test]
fn every_example_in_the_docs_works() {
    let mut tried = 0;
    for page in pages() {
        let (text, sandbox) = (text(&page), Sandbox::new());
        std::os::unix::fs::symlink(top().join("examples"), sandbox.path("examples")).unwrap();
        crate::cleanup::example(&sandbox);
        for example in blocks(&text, "sh").flat_map(str::lines).filter(|l| l.starts_with("ut ")) {
            let ran = sandbox.ut(words(example).skip(1));
            assert_eq!(ran.code, Some(0), "{page}: {example}: {ran:?}");
            tried += 1;
        }
    }
    assert!(tried >= 10, "{tried} examples");
}

/// The words of a line of shell, of which some are in single quotes.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let parts = line.split('\'').enumerate();
    parts.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().collect(),
        _ => vec![part],
    })
}

#[test]
fn files_are_short() {
    for (name, text) in sources() {
        assert!(text.lines().count() <= 400, "{name} has {} lines", text.lines().count());
    }
}

/// Imports run downward: core, the rooms that stand on it, infer, commands, cli.
#[test]
fn imports_run_downward() {
    let floors =
        ["core", "cleanup", "compose", "guard", "model", "workload", "infer", "health", "commands"];
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
    let driver = &["src/core/device.rs", "src/model/tft/cuda/"];
    let rules: [(&str, &[&str]); 10] = [
        ("Instant::now", &["src/core/clock.rs"]),
        ("SystemTime::now", &["src/core/clock.rs"]),
        ("Utc::now", &["src/core/clock.rs"]),
        ("env::var", &["src/core/config/environment.rs"]),
        ("io::stdout", &["src/core/output/mod.rs"]),
        ("io::stderr", &["src/core/output/mod.rs"]),
        ("cudarc", driver),
        ("unsafe {", driver),
        ("unsafe fn", driver),
        ("unsafe impl", driver),
    ];
    for (name, text) in sources() {
        for (effect, allowed) in rules {
            assert!(
                !text.contains(effect) || allowed.iter().any(|place| name.starts_with(place)),
                "{effect} in {name}"
            );
        }
    }
}
