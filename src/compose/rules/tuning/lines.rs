//! Options in commands, in scripts of a shell and in variables, and where they stand.

use crate::compose::finding::{Code, Finding};
use crate::compose::node::{Node, Value};
use crate::compose::source::Span;
use crate::compose::view::{Service, Variable, View};

/// A word as a program gets it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'m> {
    pub(super) text: &'m str,
    /// Where it stands; of a script or a command that is one string, all of it.
    pub(super) node: &'m Node,
}

/// An option with its value.
#[derive(Debug, Clone)]
pub(super) struct Given<'m> {
    /// As it is written: `--maxmemory 2gb`, `-Xmx1g`.
    pub(super) written: String,
    pub(super) value: &'m str,
    pub(super) node: &'m Node,
}

impl<'m> Given<'m> {
    /// A variable that holds nothing else.
    pub(super) fn of(variable: &Variable<'m>) -> Option<Self> {
        let value = variable.value?;
        Some(Self { written: format!("{}={value}", variable.name), value, node: variable.node })
    }

    /// A finding at the option; at all of the string that holds it where its place in there is not sure.
    pub(super) fn finding(
        &self,
        view: &View<'_>,
        code: &'static Code,
        text: impl Into<String>,
    ) -> Finding {
        let mut finding = self.node.finding(code, text);
        finding.span = self.span(view);
        finding
    }

    pub(super) fn span(&self, view: &View<'_>) -> Span {
        let whole = self.node.span;
        let text = view.editor.at(whole);
        let inner = text.trim_matches(['"', '\'']);
        if inner == self.value || inner == self.written {
            return whole;
        }
        let mut places = text.match_indices(self.written.as_str());
        match (places.next(), places.next()) {
            (Some((at, part)), None) => {
                let start = whole.start + at as u32;
                Span { start, end: start + part.len() as u32, ..whole }
            }
            _ => whole,
        }
    }
}

/// What parts the words of a script, beside white space.
const PARTS: [char; 5] = [';', '&', '|', '(', ')'];

/// The words of `entrypoint` and `command`, with those of the scripts in them.
pub(super) fn tokens<'m>(service: &Service<'m>) -> Vec<Token<'m>> {
    let mut tokens = Vec::new();
    for word in service.words() {
        let node = word.node;
        if word.text.contains(char::is_whitespace) {
            tokens.extend(split(word.text).map(|text| Token { text, node }));
        } else {
            tokens.push(Token { text: word.text, node });
        }
    }
    tokens
}

/// The words of a line, without their quotes. What is `""` stays; the backslash at the end of a line goes.
pub(super) fn split(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || PARTS.contains(&c))
        .filter(|word| !word.is_empty() && *word != "\\")
        .map(|word| word.trim_matches(['"', '\'']))
}

/// The value of an option: `--name value`, `--name=value`, and of one letter `-n4` too. The last one counts.
pub(super) fn option<'m>(tokens: &[Token<'m>], names: &[&str]) -> Option<Given<'m>> {
    let of = |(at, token): (usize, &Token<'m>)| {
        names.iter().find_map(|name| {
            let rest = token.text.strip_prefix(name)?;
            if rest.is_empty() {
                let next = tokens.get(at + 1)?;
                let written = format!("{name} {}", next.text);
                return Some(Given { written, value: next.text, node: next.node });
            }
            let is_short = name.len() == 2 && !name.starts_with("--");
            let value = match rest.strip_prefix('=') {
                Some(value) => value,
                None if is_short && rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
                None => return None,
            };
            let value = value.trim_matches(['"', '\'']);
            Some(Given { written: token.text.to_owned(), value, node: token.node })
        })
    };
    tokens.iter().enumerate().filter_map(of).next_back()
}

/// Whether all variables of a service are known: the files of a service that is not asked for are not read, and
/// one that may be missing may be there on another machine.
pub(super) fn knows_environment(view: &View<'_>, service: &Service<'_>) -> bool {
    let files = service.list(&["env_file"]);
    let may_be_missing =
        |file: &Node| matches!(file.get("required").map(|n| &n.value), Some(Value::Bool(false)));
    let own = service.profiles();
    let is_asked =
        own.is_empty() || view.profiles.iter().any(|p| p == "*" || own.contains(&p.as_str()));
    files.is_empty() || (is_asked && !files.iter().any(may_be_missing))
}

/// Whether a file of settings may lie in the container.
pub(super) fn has_settings_mounted(service: &Service<'_>) -> bool {
    let is_config = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        path.contains("/conf") || path.contains("/etc") || path.contains(".d/") || {
            let endings = [".conf", ".cnf", ".options", ".properties", ".yml", ".yaml"];
            endings.iter().any(|end| name.ends_with(end)) || ending(name) == Some("d")
        }
    };
    let has_configs = ["configs", "secrets"].iter().any(|key| !service.list(&[key]).is_empty());
    has_configs || service.mounts().iter().any(|mount| is_config(mount.target))
}

/// What follows the last dot.
pub(super) fn ending(text: &str) -> Option<&str> {
    text.rsplit_once('.').map(|(_, ending)| ending)
}

/// The last part of an image's name, with the one before it: `apache/kafka`, `postgres`.
pub(super) fn image_ends_with(service: &Service<'_>, name: &str) -> bool {
    service.image().is_some_and(|image| {
        let rest = image.repository.strip_suffix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::source::Span;

    fn tokens_of(words: &[&str]) -> Vec<(String, Node)> {
        let node = |text: &str| Node::new(Value::text(text), Span::top(0));
        words.iter().map(|word| ((*word).to_owned(), node(word))).collect()
    }

    #[test]
    fn scripts_are_split_into_words() {
        let words: Vec<&str> = split("exec a \\\n --b=1 && c \"d\" '' ; (e|f)").collect();
        assert_eq!(words, ["exec", "a", "--b=1", "c", "d", "", "e", "f"]);
    }

    #[test]
    fn options_are_found_in_each_way_of_writing_them() {
        for (words, wanted) in [
            (vec!["x", "--workers", "4"], Some(("4", "--workers 4"))),
            (vec!["x", "--workers=4"], Some(("4", "--workers=4"))),
            (vec!["x", "--workers=\"4\""], Some(("4", "--workers=\"4\""))),
            (vec!["x", "-w", "4"], Some(("4", "-w 4"))),
            (vec!["x", "-w4"], Some(("4", "-w4"))),
            (vec!["x", "-wide"], None),
            (vec!["x", "--workers-per-core", "4"], None),
            (vec!["x", "--workers"], None),
            (vec!["-w", "1", "--workers", "2"], Some(("2", "--workers 2"))),
        ] {
            let owned = tokens_of(&words);
            let tokens: Vec<Token<'_>> =
                owned.iter().map(|(text, node)| Token { text, node }).collect();
            let found = option(&tokens, &["--workers", "-w"]);
            let found = found.as_ref().map(|given| (given.value, given.written.as_str()));
            assert_eq!(found, wanted, "{words:?}");
        }
    }
}
