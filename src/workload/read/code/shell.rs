//! Scripts of shells and of Slurm: what they start, install, and ask for.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::finder::Finder;
use super::install::installs;
use super::lines::{Lines, rest_of_line};
use super::simple;
use crate::workload::evidence::Scope;
use crate::workload::mention::{Language, Mention, What};
use crate::workload::read::Read;

static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new("shell", |_| true, str::to_owned));

/// Reads a script. GPUs that it asks for are entries of the catalogue's `resources.toml`.
pub(super) fn read(text: &str, scope: Scope) -> Read {
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let words = ["install ", "#SBATCH", "--gpus", "CUDA_VISIBLE_DEVICES=", " add "];
        AhoCorasick::new(words).expect("few words")
    });
    let mut read = simple::read(text, scope, Language::Python, std::iter::empty(), &FINDER);
    let mut lines = Lines::new(text);
    let mut last = 0;
    for found in WORDS.find_iter(text) {
        let place = lines.place(found.start());
        if place.before.starts_with('#') {
            continue;
        }
        let rest = rest_of_line(text, found.end());
        let mut add = |what| read.mentions.push(Mention { what, line: place.line, scope });
        match found.pattern().as_usize() {
            1 => sbatch(rest).into_iter().for_each(add),
            2 => add(What::Resource { name: "--gpus all", amount: number(rest) }),
            3 => devices(rest).into_iter().for_each(add),
            // All commands of a line are read at its first.
            _ if last == place.line => {}
            _ => {
                last = place.line;
                let command = text.get(found.start() - place.before.len()..).unwrap_or_default();
                installs(&logical_line(command)).into_iter().map(What::from).for_each(add);
            }
        }
    }
    read
}

/// GPUs of a line of Slurm options: `--gres=gpu:a100:4`, `--gpus-per-node=4`, `-G 2`.
fn sbatch(options: &str) -> Option<What> {
    let count = if let Some((_, gres)) = options.split_once("gpu:") {
        gres.split([',', ' ', ':', '(']).find_map(|part| part.trim().parse().ok()).or(Some(1))
    } else if let Some((_, gpus)) = options.split_once("--gpus") {
        number(gpus.trim_start_matches(|c: char| c == '-' || c.is_ascii_alphabetic()))
    } else if options.contains("=gpu") && options.contains("gres") {
        Some(1)
    } else {
        return None;
    };
    Some(What::Resource { name: "#SBATCH --gres=gpu", amount: count })
}

/// The GPUs that `CUDA_VISIBLE_DEVICES=` shows; nothing where it hides them or names a variable.
fn devices(value: &str) -> Option<What> {
    let value = value.trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(value.len());
    let count = value.get(..end)?.split(',').filter(|part| !part.is_empty()).count();
    let amount = u32::try_from(count).ok().filter(|&count| count > 0)?;
    Some(What::Resource { name: "CUDA_VISIBLE_DEVICES", amount: Some(amount) })
}

/// The number that an option is given.
fn number(value: &str) -> Option<u32> {
    let value = value.trim_start_matches([' ', '=', '"', '\'']);
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value.get(..end)?.parse().ok()
}

/// A line with those that a backslash joins to it, some of them at most.
fn logical_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines().take(50) {
        let part = part.trim_end();
        let joined = part.strip_suffix('\\');
        line.push_str(joined.unwrap_or(part));
        line.push(' ');
        if joined.is_none() {
            break;
        }
    }
    line
}
