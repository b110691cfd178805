//! What would mend a finding: in the text of the files, or in a file that is laid over them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use indexmap::IndexMap;

use super::edit::{Edit, Editor};
use super::node::{Entry, Map};
use super::source::{Sources, Span};

/// Whether a stack does after a fix what it did before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// It does, or what it was plainly meant to do.
    Safe,
    /// A limit, a policy: someone should look.
    Unsafe,
}

/// How to mend a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub safety: Safety,
    /// Changes of the text. Where there are none, the keys are set in it.
    pub edits: Vec<Edit>,
    /// Keys of the model and their values; also what an override says.
    pub sets: Vec<Set>,
    /// The only paths of the model that the edits change, with all below them; keys joined by dots.
    paths: Vec<String>,
}

/// A key that gets a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// From the top: `services`, `web`, `restart`.
    pub path: Vec<String>,
    /// YAML that fits on one line and between brackets too: a scalar, `[…]` or `{…}`.
    pub value: String,
}

impl Fix {
    /// Keys set.
    pub fn set(safety: Safety, sets: Vec<Set>) -> Self {
        Self { safety, edits: Vec::new(), sets, paths: Vec::new() }
    }

    /// Text changed, which changes nothing but these paths.
    pub fn edit(safety: Safety, edits: Vec<Edit>, paths: Vec<String>) -> Self {
        Self { safety, edits, sets: Vec::new(), paths }
    }

    /// The keys that an override would set to the same end.
    #[must_use]
    pub fn or_set(mut self, sets: Vec<Set>) -> Self {
        self.sets = sets;
        self
    }

    /// The only paths of the model that it changes.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.paths.iter().cloned().chain(self.sets.iter().map(|set| set.path.join(".")))
    }

    /// What is left of it where some of the services are to stay as they are: nothing that changes text which they
    /// share.
    pub(super) fn only_for(self, services: &BTreeSet<String>) -> Option<Self> {
        let is_of = |set: &Set| set.path.get(1).is_some_and(|name| services.contains(name));
        let sets: Vec<Set> = self.sets.into_iter().filter(is_of).collect();
        (!sets.is_empty()).then(|| Self::set(self.safety, sets))
    }

    /// The same at the same place, for another service.
    pub(super) fn add(&mut self, other: Self) {
        let new = |edit: &Edit| !self.edits.contains(edit);
        let edits: Vec<Edit> = other.edits.into_iter().filter(new).collect();
        self.edits.extend(edits);
        self.sets.extend(other.sets);
        self.paths.extend(other.paths);
    }
}

impl Set {
    /// A key of a service: `Set::of("web", &["deploy", "replicas"], "2")`.
    pub fn of(service: &str, keys: &[&str], value: impl Into<String>) -> Self {
        let path = ["services", service].iter().chain(keys).map(|key| (*key).to_owned()).collect();
        Self { path, value: value.into() }
    }
}

/// The edits that do all of these fixes. What cannot be set in the text (the mapping is an alias, say) is left out.
pub(super) fn edits(model: &Map, sources: &Sources, fixes: &[&Fix]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = fixes.iter().flat_map(|fix| &fix.edits).cloned().collect();
    let mut places: IndexMap<Span, (&Entry, Tree)> = IndexMap::new();
    for set in fixes.iter().filter(|fix| fix.edits.is_empty()).flat_map(|fix| &fix.sets) {
        if let Some((entry, rest)) = deepest(model, &set.path) {
            let (_, tree) = places.entry(entry.key).or_insert_with(|| (entry, Tree::default()));
            tree.insert(rest, &set.value);
        }
    }
    let editor = Editor::new(sources);
    edits.extend(places.values().filter_map(|(entry, tree)| editor.append(entry, tree)));
    let kept: Vec<Edit> = edits.iter().filter_map(|edit| editor.keep_end(edit)).collect();
    edits.extend(kept);
    edits.sort();
    edits.dedup();
    edits
}

/// The last entry on a path that is there, and what remains of the path; `None` where all of it is there.
fn deepest<'m, 'p>(model: &'m Map, path: &'p [String]) -> Option<(&'m Entry, &'p [String])> {
    let (mut map, mut found) = (Some(model), None::<(&Entry, &[String])>);
    for (at, key) in path.iter().enumerate() {
        let Some(entry) = map.and_then(|map| map.get(key.as_str())) else { break };
        // Variables that a file of their own gives.
        let is_implied = entry.key == entry.node.span;
        if is_implied && found.is_some_and(|(outer, _)| outer.key.file != entry.key.file) {
            break;
        }
        found = Some((entry, &path[at + 1..]));
        map = entry.node.map();
    }
    let takes_keys = |entry: &Entry| entry.node.map().is_some() || entry.node.is_null();
    found.filter(|(entry, rest)| !rest.is_empty() && takes_keys(entry))
}

/// Keys with values, and keys in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    value: Option<String>,
    keys: IndexMap<String, Tree>,
}

impl Tree {
    /// Sets a value; one that is there already stays.
    pub fn insert(&mut self, path: &[String], value: &str) {
        let leaf =
            path.iter().fold(&mut *self, |tree, key| tree.keys.entry(key.clone()).or_default());
        if leaf.keys.is_empty() {
            leaf.value.get_or_insert_with(|| value.to_owned());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// A line a key, from this column on, and as many columns more for the keys in each.
    pub fn block(&self, indent: usize, step: usize) -> String {
        let mut text = String::new();
        for (key, tree) in &self.keys {
            let _ = write!(text, "{:indent$}{}:", "", scalar(key));
            let _ = match (&tree.value, tree.value.as_deref().and_then(only_item)) {
                (None, _) => write!(text, "\n{}", tree.block(indent + step, step)),
                (Some(value), None) => writeln!(text, " {value}"),
                (_, Some((tag, keys))) => {
                    let space = if tag.is_empty() { "" } else { " " };
                    let dash = indent + step;
                    let keys = keys.join(&format!("\n{:dash$}  ", ""));
                    writeln!(text, "{space}{tag}\n{:dash$}- {keys}", "")
                }
            };
        }
        text
    }

    /// All in one line, without the brackets around it.
    pub(super) fn flow(&self) -> String {
        let keys = self.keys.iter().map(|(key, tree)| match &tree.value {
            Some(value) => format!("{}: {value}", scalar(key)),
            None => format!("{}: {{{}}}", scalar(key), tree.flow()),
        });
        keys.collect::<Vec<_>>().join(", ")
    }
}

/// The tag of a list of one mapping and the keys of that, each with its value: `[{a: 1, b: [2, 3]}]`.
fn only_item(value: &str) -> Option<(&str, Vec<&str>)> {
    let (tag, list) = value.split_at(value.find('[')?);
    let tag = tag.trim_end();
    if !tag.is_empty() && (!tag.starts_with('!') || tag.contains(' ')) {
        return None;
    }
    let keys = list.strip_prefix("[{")?.strip_suffix("}]")?;
    let (mut parts, mut depth, mut is_quoted, mut start) = (Vec::new(), 0_usize, false, 0);
    for (at, byte) in keys.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            // Another item, or what is not this simple.
            b'\\' | b'{' | b'}' | b'\'' => return None,
            b'[' if !is_quoted => depth += 1,
            b']' if !is_quoted => depth = depth.checked_sub(1)?,
            b',' if !is_quoted && depth == 0 => {
                parts.push(keys[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(keys[start..].trim());
    Some((tag, parts))
}

/// A text as a YAML scalar that is a string: in quotes where it would be something else without.
pub fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let is_word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if begins && !is_word && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::edit;
    use crate::compose::rules::testing::stack;

    fn fixed(text: &str, sets: &[(&str, &str)]) -> String {
        let sets = sets.iter().map(|(path, value)| Set {
            path: path.split('.').map(str::to_owned).collect(),
            value: (*value).to_owned(),
        });
        let fix = Fix::set(Safety::Safe, sets.collect());
        let edits = stack(text).edits(&[&fix]);
        edit::apply(text, &edits.iter().collect::<Vec<_>>())
    }

    #[test]
    fn keys_are_put_behind_those_that_are_there() {
        let sets = [("services.web.restart", "always"), ("services.web.deploy.replicas", "2")];
        for (text, wanted) in [
            (
                "services:\n  web: &web # the site\n    image: a\n    ports:\n    - 80\n\n  # next\n  api:\n    image: b\n",
                "services:\n  web: &web # the site\n    image: a\n    ports:\n    - 80\n    restart: always\n    deploy:\n      replicas: 2\n\n  # next\n  api:\n    image: b\n",
            ),
            (
                "services:\r\n  web:\r\n      image: a",
                "services:\r\n  web:\r\n      image: a\r\n      restart: always\r\n      deploy:\r\n          replicas: 2",
            ),
            // Nothing is there but the key.
            (
                "services:\n  web:\n    deploy: # one\n    image: a\n",
                "services:\n  web:\n    deploy: # one\n      replicas: 2\n    image: a\n    restart: always\n",
            ),
            (
                "services:\n  web:\n    image: a\n    deploy: ~\n",
                "services:\n  web:\n    image: a\n    deploy: ~\n    restart: always\n",
            ),
            // Both end where the text does.
            (
                "services:\n  web:\n    deploy:\n      mode: global",
                "services:\n  web:\n    deploy:\n      mode: global\n      replicas: 2\n    restart: always",
            ),
            // The command does not get a break at its end.
            (
                "services:\n  web:\n    command:\n      - |2\n          x: |\n             y",
                "services:\n  web:\n    command:\n      - |2-\n          x: |\n             y\n    restart: always\n    deploy:\n      replicas: 2",
            ),
            (
                "services:\n  web:\n    command: |\n      x\n    image: a",
                "services:\n  web:\n    command: |\n      x\n    image: a\n    restart: always\n    deploy:\n      replicas: 2",
            ),
            // An empty mapping makes room for keys, between brackets only where it must.
            (
                "x-a:\n  b: 1\nservices:\n    web:\n\n # two\n        deploy: &d { } # one\n        image: a\n",
                "x-a:\n  b: 1\nservices:\n    web:\n\n # two\n        deploy: &d # one\n            replicas: 2\n        image: a\n        restart: always\n",
            ),
            (
                "services:\n  web:\n    deploy: {}",
                "services:\n  web:\n    deploy:\n      replicas: 2\n    restart: always",
            ),
            (
                "services:\n  web: {image: a, deploy: {\n  }, }\n",
                "services:\n  web: {image: a, deploy: {replicas: 2\n  }, restart: always }\n",
            ),
            (
                "services: {web: {image: a}}\n",
                "services: {web: {image: a, restart: always, deploy: {replicas: 2}}}\n",
            ),
            (
                "services:\n  web: { image: a, deploy: { mode: global } }\n",
                "services:\n  web: { image: a, deploy: { mode: global, replicas: 2 }, restart: always }\n",
            ),
            (
                "services:\n  web:\n    deploy:\n      # here\n      mode: global\n    image: a\n",
                "services:\n  web:\n    deploy:\n      # here\n      mode: global\n      replicas: 2\n    image: a\n    restart: always\n",
            ),
            (
                "services: {web: {image: a, deploy: {mode: global}}}\n",
                "services: {web: {image: a, deploy: {mode: global, replicas: 2}, restart: always}}\n",
            ),
            // An alias has no text of its own.
            (
                "x: &a {image: a}\nservices:\n  web: *a\n",
                "x: &a {image: a}\nservices:\n  web: *a\n",
            ),
            // What is there stays.
            (
                "services:\n  web:\n    image: a\n    restart: on\n    deploy: {replicas: 1}\n",
                "services:\n  web:\n    image: a\n    restart: on\n    deploy: {replicas: 1}\n",
            ),
        ] {
            assert_eq!(fixed(text, &sets), wanted);
        }
    }

    #[test]
    fn a_list_of_one_mapping_has_a_line_a_key() {
        let block = |value: &str| {
            let mut tree = Tree::default();
            tree.insert(&["gpus".to_owned()], value);
            tree.block(2, 4)
        };
        assert_eq!(
            block("!override [{driver: nvidia, device_ids: [\"0\", \"1,2\"]}]"),
            "  gpus: !override\n      - driver: nvidia\n        device_ids: [\"0\", \"1,2\"]\n"
        );
        for value in ["all", "[gpu]", "[{a: 1}, {b: 2}]", "\"[{a: 1}]\"", "[{a: \"\\\"\"}]"] {
            assert_eq!(block(value), format!("  gpus: {value}\n"));
        }
        assert_eq!(block("[{a: 1}]"), "  gpus:\n      - a: 1\n");
    }

    #[test]
    fn strings_are_quoted_where_they_need_to_be() {
        for (text, wanted) in [
            ("web", "web"),
            ("on", "\"on\""),
            ("1", "\"1\""),
            ("a b", "\"a b\""),
            ("a:b", "\"a:b\""),
            ("", "\"\""),
            ("/var/lib", "/var/lib"),
            ("a\"b", "\"a\\\"b\""),
        ] {
            assert_eq!(scalar(text), wanted);
        }
    }
}
