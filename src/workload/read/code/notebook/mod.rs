//! Jupyter notebooks: the code of their cells, and the accelerator that Colab and Kaggle note. Outputs are
//! passed over.

mod cells;

use super::{python, reader_of, shell};
use crate::workload::evidence::Scope;
use crate::workload::mention::{Mention, What};
use crate::workload::read::Read;
use cells::{Cells, Source};

/// The pattern of `code.toml` for a notebook that is set to run on an accelerator.
const ACCELERATOR: &str = "accelerator: GPU";

/// Reads a notebook of any version. Lines are those of the file. One that breaks off or is not JSON gives
/// what its cells say up to there.
pub(super) fn read(text: &str, scope: Scope) -> Read {
    let Cells { code, language, accelerator, whole } = cells::cells(text);
    let mut main = Script::default();
    let mut shell = Script::default();
    for cell in code {
        sort(&cell, &mut main, &mut shell);
    }
    let reader = language.as_deref().and_then(reader_of).unwrap_or(python::read);
    let mut mentions = main.read(reader, scope);
    mentions.extend(shell.read(shell::read, scope));
    if let Some(line) = accelerator {
        mentions.push(Mention { what: What::Code(ACCELERATOR), line, scope });
    }
    let note = (!whole).then(|| "the notebook's JSON is broken: read as far as it goes".to_owned());
    Read { mentions, note }
}

/// The code of many cells in one text, with the file's line of each of its lines.
#[derive(Default)]
struct Script {
    text: String,
    lines: Vec<u32>,
}

impl Script {
    fn push(&mut self, code: &str, line: u32) {
        self.text.push_str(code);
        self.text.push('\n');
        self.lines.push(line);
    }

    fn read(&self, reader: super::Reader, scope: Scope) -> Vec<Mention> {
        let mut mentions = reader(&self.text, scope).mentions;
        for mention in &mut mentions {
            let at = (mention.line as usize).saturating_sub(1);
            mention.line = self.lines.get(at).copied().unwrap_or(1);
        }
        mentions
    }
}

/// Puts a cell's lines where they belong: shell commands apart from the language of the notebook, and
/// what other magics say nowhere.
fn sort(cell: &[Source], main: &mut Script, shell: &mut Script) {
    let lines = cell.iter().flat_map(|source| source.text.lines().map(|code| (code, source.line)));
    let magic = cell.first().and_then(|source| source.text.trim_start().strip_prefix("%%"));
    let magic = magic.map(|magic| magic.split_whitespace().next().unwrap_or_default());
    match magic {
        Some("bash" | "sh" | "shell" | "script" | "!") => {
            lines.for_each(|(code, line)| shell.push(code, line));
        }
        Some("time" | "timeit" | "capture" | "prun" | "writefile") | None => {
            lines.for_each(|(code, line)| match code.trim_start() {
                command if command.starts_with('!') => {
                    shell.push(command.trim_start_matches('!'), line);
                }
                magic if is_install(magic) => {
                    shell.push(magic.trim_start_matches('%'), line);
                }
                magic if magic.starts_with(['%', '?']) => {}
                _ => main.push(code, line),
            });
            // A broken cell does not run into the next.
            main.push("", 0);
        }
        Some(_) => {}
    }
}

/// `%pip install …` and the bare `pip install …` that notebooks take for it.
fn is_install(line: &str) -> bool {
    let line = line.trim_start_matches('%');
    ["pip install", "pip3 install", "conda install", "mamba install"]
        .iter()
        .any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests;
