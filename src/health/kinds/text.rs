//! What others say, fit for a line of ours.

use std::io;

use crate::core::output::printable;

/// Longer lines are cut.
const LONGEST: usize = 200;

/// The first line that says something, without what a terminal would act on.
pub(super) fn first_line(bytes: &[u8]) -> Option<String> {
    let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
    let line = lines.map(<[u8]>::trim_ascii).find(|line| !line.is_empty())?;
    Some(printable(&String::from_utf8_lossy(line)))
}

/// As much of a line as fits into one of ours.
pub(super) fn short(line: &str) -> String {
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

/// Whether `text` is somewhere in there.
pub(super) fn has(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

/// A reason of the system's as a part of a sentence: `Connection refused (os error 111)` → `connection refused`.
pub(super) fn plain(reason: &str) -> String {
    let reason = reason.rsplit_once(" (os error").map_or(reason, |(text, _)| text);
    let says_nothing = ["failed to lookup address information: ", "unexpected error: "];
    let rest = says_nothing.iter().find_map(|beginning| reason.strip_prefix(beginning));
    let reason = rest.unwrap_or(reason);
    let mut letters = reason.chars();
    let is_acronym = letters.clone().nth(1).is_some_and(char::is_uppercase);
    match letters.next() {
        Some(first) if !is_acronym => {
            printable(&first.to_lowercase().chain(letters).collect::<String>())
        }
        _ => printable(reason),
    }
}

/// The same of an error.
pub(super) fn why(error: &io::Error) -> String {
    plain(&error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_with_something_in_it_is_taken_and_cut() {
        assert_eq!(first_line(b"\r\n  \n ok \x1b[31m\nmore").as_deref(), Some("ok \u{fffd}[31m"));
        assert_eq!(first_line(b" \n\n"), None);
        assert_eq!(first_line(b"\xff").as_deref(), Some("\u{fffd}"));
        assert_eq!(short("short"), "short");
        assert_eq!(short(&"ü".repeat(300)), format!("{}…", "ü".repeat(200)));
    }

    #[test]
    fn reasons_are_parts_of_a_sentence() {
        for (said, meant) in [
            ("Connection refused (os error 111)", "connection refused"),
            (
                "failed to lookup address information: Name does not resolve",
                "name does not resolve",
            ),
            ("Permission denied (os error 13)", "permission denied"),
            ("EOF while parsing", "EOF while parsing"),
            ("invalid HTTP version parsed", "invalid HTTP version parsed"),
            ("", ""),
        ] {
            assert_eq!(plain(said), meant);
        }
    }
}
