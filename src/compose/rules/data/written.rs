//! The value of a variable as its author wrote it, before anything was put in for `${…}`.

use crate::compose::view::{Service, Variable, View};

/// What stands in for a part that is not in the file.
pub(super) const HOLE: char = '\0';

/// Defaults in defaults, at most.
const DEEPEST: usize = 20;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// With a [`HOLE`] for each variable, and with the defaults of those that have one.
    pub(super) text: String,
    /// Some of it is such a default.
    pub(super) has_default: bool,
}

/// `None` where the value is not in the file: handed on from the shell, or read from an `env_file`.
pub(super) fn written(
    view: &View<'_>,
    service: &Service<'_>,
    variable: &Variable<'_>,
) -> Option<Written> {
    let value = variable.value.filter(|value| !value.is_empty())?;
    if view.is_from_env_file(service, variable) {
        return None;
    }
    let raw = view.editor.at(variable.node.span).trim();
    let is_item = variable.key == variable.node.span;
    let raw = raw.strip_prefix(['"', '\'']).map_or(raw, |raw| raw.trim_end_matches(['"', '\'']));
    let raw = if is_item { raw.split_once('=')?.1 } else { raw };
    if raw.is_empty() || matches!(raw, "~" | "null" | "Null" | "NULL") {
        return None;
    }
    if !raw.contains('$') {
        return Some(Written { text: value.to_owned(), has_default: false });
    }
    let mut written = Written::default();
    read(raw, &mut written, 0);
    Some(written)
}

fn read(template: &str, written: &mut Written, depth: usize) {
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        written.text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            written.text.push('$');
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('{') {
            let end = closing(inner);
            braced(&inner[..end], written, depth);
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let name = name(rest);
            written.text.push(if name == 0 { '$' } else { HOLE });
            rest = &rest[name..];
        }
    }
    written.text.push_str(rest);
}

/// `NAME:-default` and the like.
fn braced(inner: &str, written: &mut Written, depth: usize) {
    let word = &inner[name(inner)..];
    match word.strip_prefix(":-").or_else(|| word.strip_prefix('-')) {
        Some(default) if depth < DEEPEST => {
            written.has_default |= !default.is_empty();
            read(default, written, depth + 1);
        }
        _ => written.text.push(HOLE),
    }
}

/// The length of the name that a text begins with.
fn name(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

/// Where the `}` is that ends a `${`, or the end of the text.
fn closing(inner: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return at,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    inner.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_holes_and_defaults_are_text() {
        for (template, text, has_default) in [
            ("a$B-c", "a\0-c", false),
            ("${B}", "\0", false),
            ("${B:-}", "", false),
            ("${B:-x}", "x", true),
            ("${B-x}y", "xy", true),
            ("${B:?why}", "\0", false),
            ("${B:+x}", "\0", false),
            ("${B:-${C:-${D}}x}y", "\0xy", true),
            ("a$$b", "a$b", false),
            ("$2a$", "$2a$", false),
            ("${B:-x", "x", true),
            ("ü${B:-ü}", "üü", true),
        ] {
            let mut written = Written::default();
            read(template, &mut written, 0);
            assert_eq!(written, Written { text: text.to_owned(), has_default }, "{template}");
        }
        // No matter how deep.
        read(&"${A:-".repeat(100_000), &mut Written::default(), 0);
    }
}
