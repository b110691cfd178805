//! Programs that only run another one.

use super::probe::base;
use super::shell::{Word, is_of_name};

/// What remains of a command without what only runs another: `timeout 5 curl …` is `curl …`.
pub(super) struct Peeled<'w> {
    pub(super) wrappers: Vec<&'w str>,
    pub(super) is_exec: bool,
    pub(super) runs: Runs<'w>,
}

pub(super) enum Runs<'w> {
    /// Only variables are set, or files opened.
    Nothing,
    Words(&'w [Word]),
    Script(&'w str),
    Unknown,
}

pub(super) fn peel(mut words: &[Word], has_shell: bool) -> Peeled<'_> {
    let (mut wrappers, mut is_exec) = (Vec::new(), false);
    let runs = loop {
        if has_shell {
            words = skip(words, is_assignment);
        }
        let Some((first, rest)) = words.split_first() else { break Runs::Nothing };
        if !first.is_fixed {
            break Runs::Unknown;
        }
        let name = base(&first.text);
        words = match name {
            "exec" if has_shell => {
                is_exec = !rest.is_empty();
                rest
            }
            "command" if has_shell && !rest.iter().any(|word| word.text.starts_with('-')) => rest,
            "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" => {
                wrappers.push(name);
                break script(rest);
            }
            "env" => skip(rest, |word| is_assignment(word) || word.text.starts_with('-')),
            "timeout" => behind_time(rest),
            "nohup" | "setsid" | "time" | "busybox" => rest,
            "su-exec" | "gosu" => rest.get(1..).unwrap_or_default(),
            "nice" | "ionice" | "chroot" | "sudo" | "su" | "xargs" | "doas" | "setpriv"
            | "stdbuf" | "unshare" => break Runs::Unknown,
            _ => break Runs::Words(words),
        };
        if !matches!(name, "exec" | "command" | "time") {
            wrappers.push(name);
        }
        if words.is_empty() {
            break Runs::Nothing;
        }
    };
    Peeled { wrappers, is_exec, runs }
}

fn skip(words: &[Word], is_skipped: impl Fn(&Word) -> bool) -> &[Word] {
    let count = words.iter().take_while(|word| is_skipped(word)).count();
    &words[count..]
}

fn is_assignment(word: &Word) -> bool {
    let Some((name, _)) = word.text.split_once('=') else { return false };
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_of_name)
}

/// `timeout -s KILL 5 curl`: what follows the time.
fn behind_time(words: &[Word]) -> &[Word] {
    let mut words = words;
    while let Some((first, rest)) = words.split_first() {
        words = match first.text.as_str() {
            "-s" | "-k" | "--signal" | "--kill-after" => rest.get(1..).unwrap_or_default(),
            // As busybox had it once.
            "-t" => return rest.get(1..).unwrap_or_default(),
            text if text.starts_with('-') => rest,
            _ => return rest,
        };
    }
    words
}

/// The line that `sh -c` runs.
fn script(words: &[Word]) -> Runs<'_> {
    let mut words = words;
    while let Some((first, rest)) = words.split_first() {
        let text = first.text.as_str();
        if text.starts_with("--") || text.starts_with('+') {
            words = rest;
        } else if let Some(letters) = text.strip_prefix('-') {
            let rest =
                if letters.ends_with('o') { rest.get(1..).unwrap_or_default() } else { rest };
            if letters.contains('c') {
                return rest.first().map_or(Runs::Unknown, |word| Runs::Script(&word.text));
            }
            words = rest;
        } else {
            return Runs::Unknown;
        }
    }
    Runs::Unknown
}
