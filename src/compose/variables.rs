//! The variables that a stack is interpolated with: the shell's first, then those of files.

use std::collections::HashMap;
use std::ffi::OsString;

use super::codes;
use super::dotenv;
use super::finding::{Finding, Findings};
use super::source::{Sources, Span};

#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    known: HashMap<String, Variable>,
}

#[derive(Debug, Clone)]
struct Variable {
    value: String,
    /// The line that sets it; `None` for the shell's.
    at: Option<Span>,
}

impl Variables {
    /// Those of the shell.
    pub(super) fn of_shell<'a>(
        variables: impl Iterator<Item = (&'a OsString, &'a OsString)>,
    ) -> Self {
        let text = |text: &OsString| text.to_string_lossy().into_owned();
        let known = variables
            .map(|(name, value)| (text(name), Variable { value: text(value), at: None }))
            .collect();
        Self { known }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|variable| variable.value.as_str())
    }

    /// The line of a file that sets it.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.known.get(name)?.at
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.known.insert(name.to_owned(), Variable { value: value.to_owned(), at: None });
    }

    /// Adds what files say and nothing before them did. A later file goes before an earlier one.
    pub(super) fn add_files(&mut self, files: &[u32], sources: &Sources, findings: &mut Findings) {
        let mut read: HashMap<String, Variable> = HashMap::new();
        for file in files {
            let lookup = |name: &str| {
                let variable = self.known.get(name).or_else(|| read.get(name));
                variable.map(|variable| variable.value.clone())
            };
            match dotenv::parse(&sources.get(*file).text, &lookup) {
                Ok(lines) => {
                    for line in lines {
                        let (start, end) = (line.start as u32, line.end as u32);
                        let at = Some(Span { file: *file, start, end });
                        read.insert(line.name, Variable { value: line.value, at });
                    }
                }
                Err(bad) => findings.add(bad_line(*file, &bad)),
            }
        }
        for (name, variable) in read {
            self.known.entry(name).or_insert(variable);
        }
    }
}

/// The finding for a file of variables that cannot be read.
pub(super) fn bad_line(file: u32, bad: &dotenv::BadLine) -> Finding {
    let at = bad.at as u32;
    let text = format!("the file of variables cannot be read: {}", bad.why);
    Finding::new(codes::INTERPOLATION, Span { file, start: at, end: at }, text)
}
