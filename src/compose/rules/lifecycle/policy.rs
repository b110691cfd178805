//! Restart policies, in either of Compose's two ways, as Compose hands them to the engine (docker/compose,
//! `pkg/compose/create.go`, `getRestartPolicy`).

use crate::compose::edit::Edit;
use crate::compose::fix::{Fix, Safety, Set, Tree, scalar};
use crate::compose::node::{Entry, Node, Value};
use crate::compose::view::{Service, View};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Never,
    OnFailure,
    Always,
    UnlessStopped,
    /// None was named: the engine takes that for never.
    Unnamed,
    /// The engine refuses it.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) mode: Mode,
    /// How often at most; 0 is without end.
    pub(super) attempts: i128,
}

impl Policy {
    /// `on-failure:3`. A count that is no number is 0, as in Compose.
    pub(super) fn parse(text: &str) -> Self {
        let (mode, attempts) = text.split_once(':').unwrap_or((text, "0"));
        Self { mode: mode_of(mode), attempts: attempts.parse().unwrap_or(0) }
    }

    pub(super) fn is_unbounded(self) -> bool {
        match self.mode {
            Mode::Always | Mode::UnlessStopped => true,
            Mode::OnFailure => self.attempts <= 0,
            Mode::Never | Mode::Unnamed | Mode::Unknown => false,
        }
    }

    /// The engine takes a count with `on-failure` only.
    pub(super) fn has_refused_count(self) -> bool {
        let takes_none = [Mode::Never, Mode::Always, Mode::UnlessStopped].contains(&self.mode);
        takes_none && self.attempts != 0
    }
}

/// Compose takes the words of both ways in both.
fn mode_of(word: &str) -> Mode {
    match word {
        "no" | "none" => Mode::Never,
        "on-failure" => Mode::OnFailure,
        "any" | "always" => Mode::Always,
        "unless-stopped" => Mode::UnlessStopped,
        "" => Mode::Unnamed,
        _ => Mode::Unknown,
    }
}

/// What `restart` says, if it says something.
pub(super) fn short<'m>(service: &Service<'m>) -> Option<(&'m Entry, Policy)> {
    let entry = service.entry(&["restart"])?;
    let text = entry.node.text().filter(|text| !text.is_empty())?;
    Some((entry, Policy::parse(text)))
}

/// `deploy.restart_policy`, which counts wherever it is given.
pub(super) fn long<'m>(service: &Service<'m>) -> Option<(&'m Entry, Policy)> {
    let entry = service.entry(&["deploy", "restart_policy"])?;
    entry.node.map()?;
    let mode = entry.node.get("condition").and_then(Node::text).map_or(Mode::Unnamed, mode_of);
    let attempts = match entry.node.get("max_attempts").map(|node| &node.value) {
        Some(Value::Int(number)) => *number,
        _ => 0,
    };
    Some((entry, Policy { mode, attempts }))
}

/// An empty string that came of a variable: nobody knows what will be in it.
pub(super) fn is_open(view: &View<'_>, node: &Node) -> bool {
    node.text() == Some("") && view.editor.at(node.span).contains('$')
}

/// A policy as a value of `restart`.
pub(super) fn written(policy: &str) -> String {
    // As people write it: `on-failure:3` needs no quotes.
    let is_plain = policy != "no" && Policy::parse(policy).mode != Mode::Unknown;
    if is_plain { policy.to_owned() } else { scalar(policy) }
}

/// The wanted policy in the place of what `restart` says.
pub(super) fn mend_short(view: &View<'_>, service: &Service<'_>, node: &Node) -> Fix {
    let wanted = &view.settings.restart;
    let sets = vec![Set::of(service.name, &["restart"], written(wanted))];
    match view.replace(node, wanted) {
        Some((edit, paths)) => Fix::edit(Safety::Unsafe, vec![edit], paths).or_set(sets),
        None => Fix::set(Safety::Unsafe, sets),
    }
}

/// The wanted policy, or the count that is there with `on-failure`, as `deploy.restart_policy`.
pub(super) fn mend_long(view: &View<'_>, service: &Service<'_>, entry: &Entry) -> Fix {
    let given = long(service).map_or(0, |(_, policy)| policy.attempts);
    let wanted = if given > 0 {
        Policy { mode: Mode::OnFailure, attempts: given }
    } else {
        Policy::parse(&view.settings.restart)
    };
    let condition = match wanted.mode {
        Mode::Never => "none",
        Mode::Always => "any",
        Mode::UnlessStopped => "unless-stopped",
        _ => "on-failure",
    };
    let mut keys = vec![("condition", condition.to_owned())];
    if wanted.attempts > 0 && given != wanted.attempts {
        keys.push(("max_attempts", wanted.attempts.to_string()));
    }
    let set = |(key, value): &(&str, String)| {
        Set::of(service.name, &["deploy", "restart_policy", key], value)
    };
    let sets = keys.iter().map(set).collect();
    match edits(view, entry, &keys) {
        Some((edits, paths)) => Fix::edit(Safety::Unsafe, edits, paths).or_set(sets),
        None => Fix::set(Safety::Unsafe, sets),
    }
}

/// Keys of a mapping replaced where they are there and put behind the others where not. `None` if the text does not
/// allow it.
fn edits(
    view: &View<'_>,
    entry: &Entry,
    keys: &[(&str, String)],
) -> Option<(Vec<Edit>, Vec<String>)> {
    let (mut edits, mut paths, mut missing) = (Vec::new(), Vec::new(), Tree::default());
    for (key, value) in keys {
        if let Some(node) = entry.node.get(key).filter(|node| !node.is_null()) {
            let (edit, changed) = view.replace(node, value)?;
            edits.push(edit);
            paths.extend(changed);
        } else {
            missing.insert(&[(*key).to_owned()], value);
            let all = view.paths_of(entry.node.span).into_iter();
            paths.extend(all.map(|path| format!("{path}.{key}")));
        }
    }
    if !missing.is_empty() {
        edits.push(view.editor.append(entry, &missing)?);
    }
    Some((edits, paths))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_compose_reads_them() {
        for (text, mode, attempts, is_unbounded) in [
            ("always", Mode::Always, 0, true),
            ("any", Mode::Always, 0, true),
            ("unless-stopped", Mode::UnlessStopped, 0, true),
            ("on-failure", Mode::OnFailure, 0, true),
            ("on-failure:0", Mode::OnFailure, 0, true),
            ("on-failure:many", Mode::OnFailure, 0, true),
            ("on-failure:3", Mode::OnFailure, 3, false),
            ("no", Mode::Never, 0, false),
            ("none", Mode::Never, 0, false),
            ("Always", Mode::Unknown, 0, false),
        ] {
            let policy = Policy::parse(text);
            assert_eq!(policy, Policy { mode, attempts }, "{text}");
            assert_eq!(policy.is_unbounded(), is_unbounded, "{text}");
        }
        assert!(Policy::parse("always:3").has_refused_count());
        assert!(!Policy::parse("on-failure:3").has_refused_count());
    }

    #[test]
    fn only_what_needs_quotes_has_some() {
        assert_eq!(written("on-failure:3"), "on-failure:3");
        assert_eq!(written("unless-stopped"), "unless-stopped");
        assert_eq!(written("no"), "\"no\"");
    }
}
