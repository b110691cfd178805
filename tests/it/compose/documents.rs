//! How documents of the project's own are written down, and held against what is said of them.
//!
//! A text has many. `== NAME => VERDICT` begins one, which is `compose.yaml`. The verdict is `ok`, or everything
//! that is found, in the order of the source: `CODE LINE:COLUMN`, with the file in front where it is another. Then:
//!
//! - `-- NAME` begins another file beside it, `-- + NAME` one that is laid over those before;
//! - `-- shell` begins variables, `-- profiles` the names of profiles;
//! - `-- /services/web/image "x"` says what the model has there, `-- says TEXT` what a message, a help or a note has
//!   in it, the note with its place in front.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use ut::compose::rules::{Set, Settings};
use ut::compose::select::Selection;
use ut::compose::source::Span;
use ut::compose::{Input, Policy, Request, Stack};

use crate::support::{Ran, Sandbox};

#[derive(Default)]
struct Document<'t> {
    name: &'t str,
    verdict: &'t str,
    /// The files with their content; the first is `compose.yaml`.
    files: Vec<(&'t str, String)>,
    /// Those that are laid over it.
    over: Vec<&'t str>,
    shell: String,
    profiles: String,
    values: Vec<(&'t str, &'t str)>,
    says: Vec<&'t str>,
}

/// Holds every document of a text against what is said of it.
#[track_caller]
pub(super) fn hold(text: &str) {
    let documents = parse(text);
    let wrong: Vec<String> = documents.iter().filter_map(Document::wrong).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), documents.len(), wrong.join("\n"));
    assert!(!documents.is_empty());
}

fn parse(text: &str) -> Vec<Document<'_>> {
    let mut documents: Vec<Document<'_>> = Vec::new();
    // Where lines go: a file, or one of the two lists.
    let mut section = "";
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("== ") {
            let (name, verdict) = head.rsplit_once(" => ").unwrap();
            let files = vec![("compose.yaml", String::new())];
            documents.push(Document { name, verdict, files, ..Document::default() });
            section = "compose.yaml";
            continue;
        }
        let Some(document) = documents.last_mut() else { continue };
        let Some(head) = line.strip_prefix("-- ") else {
            document.add(section, line);
            continue;
        };
        if let Some(text) = head.strip_prefix("says ") {
            document.says.push(text);
            continue;
        }
        if head.starts_with('/') {
            document.values.push(head.split_once(' ').unwrap());
            continue;
        }
        section = head.strip_prefix("+ ").unwrap_or(head);
        if section != head {
            document.over.push(section);
        }
        if !matches!(section, "shell" | "profiles") {
            document.files.push((section, String::new()));
        }
    }
    documents
}

impl<'t> Document<'t> {
    fn add(&mut self, section: &str, line: &'t str) {
        let to = match section {
            "shell" => &mut self.shell,
            "profiles" => &mut self.profiles,
            _ => &mut self.files.last_mut().unwrap().1,
        };
        *to += line;
        to.push('\n');
    }

    fn read(&self, sandbox: &Sandbox) -> Stack {
        for (name, content) in &self.files {
            sandbox.write(name, content);
        }
        let set = self.shell.lines().filter_map(|line| line.split_once('='));
        let shell = [("HOME", "/tmp"), ("PATH", "/usr/bin:/bin")].into_iter().chain(set);
        let names = ["compose.yaml"].iter().chain(&self.over);
        let request = Request {
            files: names.map(|name| Input::File(sandbox.path(name))).collect(),
            project_name: Some("x".to_owned()),
            profiles: self.profiles.split_whitespace().map(str::to_owned).collect(),
            current: folder(sandbox),
            shell: shell.map(|(k, v)| (k.into(), v.into())).collect::<BTreeMap<_, _>>(),
            ..Request::default()
        };
        Stack::read(&request).unwrap()
    }

    /// What is not as it is said to be.
    fn wrong(&self) -> Option<String> {
        let sandbox = Sandbox::new();
        let stack = self.read(&sandbox);
        bears_all_rules(&stack);
        // Of the layer that reads; rules are another matter.
        let read = stack.findings.iter().filter(|finding| finding.code.id < "CV100");
        let found: Vec<String> = read
            .map(|finding| format!("{} {}", finding.code.id, place(&stack, finding.span)))
            .collect();
        let found = if found.is_empty() { "ok".to_owned() } else { found.join(", ") };
        if found != self.verdict {
            let all = format!("{:#?}", stack.findings);
            return Some(format!("{}: {found}, and not {}\n{all}", self.name, self.verdict));
        }
        let said = said(&stack);
        if let Some(text) = self.says.iter().find(|text| !said.iter().any(|s| s.contains(**text))) {
            return Some(format!("{}: {text:?} is not said, but {said:#?}", self.name));
        }
        let model = stack.json();
        self.values.iter().find_map(|(path, wanted)| {
            let wanted = wanted.replace("$FOLDER", &folder(&sandbox).to_string_lossy());
            let wanted: Option<Value> = if wanted == "nothing" {
                None
            } else {
                Some(serde_json::from_str(&wanted).unwrap())
            };
            let found = model.pointer(path);
            let differs = found != wanted.as_ref();
            differs.then(|| format!("{} {path}: {found:?}, and not {wanted:?}", self.name))
        })
    }
}

/// Whatever a document is, every rule can judge it, and what it would change lies in the files.
fn bears_all_rules(stack: &Stack) {
    let verdict = stack.verdict(&Policy {
        selection: Selection { set: Some(Set::Strict), ..Selection::default() },
        settings: Settings::of_examples(),
        ignores: Vec::new(),
    });
    let fixes: Vec<_> = verdict.findings.iter().filter_map(|found| found.fix.as_ref()).collect();
    let edits = stack.edits(&fixes);
    let spans = verdict.findings.iter().map(|found| found.span).chain(edits.iter().map(|e| e.span));
    for span in spans {
        let text = &stack.sources.get(span.file).text;
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
    }
}

/// The sandbox's folder, without a slash at its end.
fn folder(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("compose.yaml").parent().unwrap().to_path_buf()
}

/// `LINE:COLUMN`, with the file in front where it is another.
fn place(stack: &Stack, span: Span) -> String {
    let (line, column) = stack.sources.position(span);
    match &*stack.sources.get(span.file).name {
        "compose.yaml" => format!("{line}:{column}"),
        file => format!("{file}:{line}:{column}"),
    }
}

/// All messages, helps and notes.
fn said(stack: &Stack) -> Vec<String> {
    let mut all = Vec::new();
    for finding in &stack.findings {
        all.push(finding.message.clone());
        all.extend(finding.help.clone());
        let notes = finding.notes.iter();
        all.extend(notes.map(|(span, text)| format!("{} {text}", place(stack, *span))));
    }
    all
}

/// `ut compose-validate` in this folder, as it reads: without the rules.
pub(super) fn validate(sandbox: &Sandbox, args: &[&str]) -> Ran {
    sandbox.ut(["compose-validate", "--select", "CV0"].iter().chain(args))
}

/// `ut compose-validate` in this folder, as it judges.
pub(super) fn judge(sandbox: &Sandbox, args: &[&str]) -> Ran {
    sandbox.ut(["compose-validate"].iter().chain(args))
}

/// The texts of these numbers, one behind the other.
pub(super) fn texts(numbers: std::ops::Range<usize>, text: impl FnMut(usize) -> String) -> String {
    numbers.map(text).collect()
}
