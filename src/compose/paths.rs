//! Relative paths made absolute, from the folder of the file that names them.

use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use super::codes;
use super::finding::{Finding, Findings};
use super::node::{Map, Node, Value};
use super::trie::{ITEM, Trie, sections};

#[derive(Debug, Clone, Copy)]
enum Rule {
    Path,
    /// A folder, or something that a builder fetches.
    Context,
    /// May be a path of Windows, which stays as it is.
    MaybeWindows,
    /// A path in which a symbolic link is followed.
    Link,
    Mount,
    Volume,
}

/// compose-go's `ResolveRelativePaths`.
static RULES: LazyLock<Trie<Rule>> = LazyLock::new(|| {
    use Rule::{Context, Link, MaybeWindows, Mount, Path, Volume};
    Trie::new(&[
        ("services.*.build.context", Context),
        ("services.*.build.additional_contexts.*", Context),
        ("services.*.build.ssh.*", MaybeWindows),
        ("services.*.env_file.*.path", Path),
        ("services.*.label_file.*", Path),
        ("services.*.extends.file", Path),
        ("services.*.develop.watch.*.path", Link),
        ("services.*.volumes.*", Mount),
        ("configs.*.file", MaybeWindows),
        ("secrets.*.file", MaybeWindows),
        ("volumes.*", Volume),
    ])
});

/// Where paths of a stack begin.
#[derive(Debug, Clone)]
pub(super) struct Base<'a> {
    /// Absolute.
    pub(super) folder: &'a Path,
    pub(super) home: Option<&'a str>,
}

pub(super) fn resolve(map: &mut Map, base: &Base<'_>, findings: &mut Findings) {
    sections(map, &RULES, findings, |node, rules, findings| {
        if let Some(rules) = rules {
            Paths { base, findings }.node(node, rules);
        }
    });
}

struct Paths<'a> {
    base: &'a Base<'a>,
    findings: &'a mut Findings,
}

impl Paths<'_> {
    fn map(&mut self, map: &mut Map, rules: &Trie<Rule>) {
        for (key, entry) in map.iter_mut() {
            if let Some(rules) = rules.step(key) {
                self.node(&mut entry.node, rules);
            }
        }
    }

    fn node(&mut self, node: &mut Node, rules: &Trie<Rule>) {
        if let Some(rule) = rules.rule {
            return self.apply(node, rule);
        }
        match &mut node.value {
            Value::Map(map) => self.map(map, rules),
            Value::List(list) => {
                if let Some(rules) = rules.step(ITEM) {
                    list.iter_mut().for_each(|item| self.node(item, rules));
                }
            }
            _ => {}
        }
    }

    fn apply(&mut self, node: &mut Node, rule: Rule) {
        match rule {
            Rule::Mount => self.mount(node),
            Rule::Volume => self.volume(node),
            _ => {
                let Some(text) = node.text() else { return };
                let text = match rule {
                    Rule::Context if is_remote(text) => return,
                    Rule::MaybeWindows if is_windows(text) => return,
                    // Nothing is the folder itself, but only where Windows was thought of.
                    Rule::MaybeWindows if text.is_empty() => self.base.absolute("."),
                    Rule::Link => followed(&self.base.absolute(text)),
                    _ => self.base.absolute(text),
                };
                node.value = Value::text(&text);
            }
        }
    }

    fn mount(&mut self, node: &mut Node) {
        let at = node.span;
        if node.get("type").and_then(Node::text) != Some("bind") {
            return;
        }
        let Some(map) = node.map_mut() else { return };
        if let Some(entry) = map.get_mut("source") {
            self.apply(&mut entry.node, Rule::MaybeWindows);
        } else {
            let text = "a mount of type `bind` needs a `source`";
            self.findings.add(Finding::new(codes::MOUNT, at, text));
        }
    }

    /// A local volume that is a bind mount in truth.
    fn volume(&mut self, node: &mut Node) {
        if node.get("driver").and_then(Node::text) != Some("local") {
            return;
        }
        let options = node.map_mut().and_then(|map| map.get_mut("driver_opts"));
        let Some(options) = options.map(|entry| &mut entry.node) else { return };
        if options.get("o").and_then(Node::text) == Some("bind")
            && let Some(device) = options.map_mut().and_then(|map| map.get_mut("device"))
        {
            self.apply(&mut device.node, Rule::MaybeWindows);
        }
    }
}

impl Base<'_> {
    /// `~` is the home folder; what is relative begins at the base.
    pub(super) fn absolute(&self, text: &str) -> String {
        let expanded = match (text.strip_prefix('~'), self.home) {
            (Some(rest), Some(home)) => clean(&format!("{home}/{rest}")),
            _ => text.to_owned(),
        };
        if expanded.is_empty() || expanded.starts_with('/') {
            return expanded;
        }
        clean(&format!("{}/{expanded}", self.folder.display()))
    }
}

fn is_remote(text: &str) -> bool {
    const STARTS: [&str; 6] = ["https://", "http://", "git://", "ssh://", "github.com/", "git@"];
    text.contains("://")
        || text.starts_with("service:")
        || STARTS.iter().any(|start| text.starts_with(start))
}

fn is_windows(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    is_drive || text.starts_with(r"\\")
}

/// As Go's `path.Clean`: without `.`, `..`, doubled and closing slashes, as far as the text alone tells.
pub(super) fn clean(text: &str) -> String {
    let mut out = PathBuf::new();
    let is_absolute = text.starts_with('/');
    for part in Path::new(text).components() {
        match part {
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir) => {}
                _ => out.push(".."),
            },
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    let out = out.to_string_lossy().into_owned();
    match (out.is_empty(), is_absolute) {
        (true, false) => ".".to_owned(),
        (true, true) => "/".to_owned(),
        _ => out,
    }
}

/// With the first symbolic link on the way replaced by what it points to.
fn followed(path: &str) -> String {
    let mut current = PathBuf::new();
    for part in Path::new(path).components() {
        current.push(part);
        if current.is_symlink() {
            return match std::fs::canonicalize(&current) {
                Ok(target) => {
                    let rest = Path::new(path).strip_prefix(&current).unwrap_or(Path::new(""));
                    clean(&target.join(rest).to_string_lossy())
                }
                Err(_) => path.to_owned(),
            };
        }
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_made_absolute() {
        let base = Base { folder: Path::new("/a/b"), home: Some("/home/me") };
        for (text, wanted) in [
            ("c", "/a/b/c"),
            ("./c/../d/", "/a/b/d"),
            ("../../../x", "/x"),
            ("/x//y", "/x//y"),
            ("~/x", "/home/me/x"),
            ("~", "/home/me"),
            ("", ""),
            (".", "/a/b"),
        ] {
            assert_eq!(base.absolute(text), wanted, "{text}");
        }
        assert_eq!(clean("a/../.."), "..");
        assert_eq!(clean(""), ".");
    }
}
