//! Dockerfiles: the images they begin with, and what they install.

use std::collections::BTreeMap;

use crate::workload::evidence::Scope;
use crate::workload::mention::{Mention, What};
use crate::workload::read::code::installs;

/// Images of `FROM` (stages and variables resolved) and packages of `pip install`.
pub fn read(text: &str, scope: Scope) -> Vec<Mention> {
    let mut reader = Reader { scope, ..Reader::default() };
    let mut logical = String::new();
    let mut start = 1;
    for (line, number) in text.lines().zip(1u32..) {
        if logical.is_empty() {
            start = number;
        }
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        if let Some(part) = line.strip_suffix('\\') {
            logical.push_str(part);
            logical.push(' ');
        } else {
            logical.push_str(line);
            reader.instruction(&logical, start);
            logical.clear();
        }
    }
    reader.instruction(&logical, start);
    reader.mentions
}

#[derive(Default)]
struct Reader {
    scope: Scope,
    arguments: BTreeMap<String, String>,
    stages: Vec<String>,
    mentions: Vec<Mention>,
}

impl Reader {
    fn instruction(&mut self, line: &str, number: u32) {
        let Some((name, rest)) = line.split_once(char::is_whitespace) else { return };
        match name.to_ascii_uppercase().as_str() {
            "ARG" => {
                if let Some((key, value)) = rest.trim().split_once('=') {
                    let value = value.trim_matches(['"', '\'']).to_owned();
                    self.arguments.insert(key.to_owned(), value);
                }
            }
            "FROM" => self.from(rest, number),
            "RUN" => self.run(rest, number),
            _ => {}
        }
    }

    fn from(&mut self, rest: &str, number: u32) {
        let mut words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
        let Some(image) = words.next() else { return };
        let image = self.resolved(image);
        if let (Some(_), Some(stage)) = (words.next(), words.next()) {
            self.stages.push(stage.to_owned());
        }
        if !self.stages.contains(&image) {
            self.push(What::Image(image), number);
        }
    }

    /// `${NAME}`, `$NAME` and `${NAME:-default}` replaced by what `ARG` says.
    fn resolved(&self, image: &str) -> String {
        let mut text = String::new();
        let mut rest = image;
        while let Some((before, after)) = rest.split_once('$') {
            text.push_str(before);
            let (name, default, tail) = variable(after);
            text.push_str(self.arguments.get(name).map_or(default, String::as_str));
            rest = tail;
        }
        text + rest
    }

    fn run(&mut self, rest: &str, number: u32) {
        if !rest.contains("install") {
            return;
        }
        for install in installs(rest) {
            self.push(install.into(), number);
        }
    }

    fn push(&mut self, what: What, line: u32) {
        self.mentions.push(Mention { what, line, scope: self.scope });
    }
}

/// Name, default and rest of what follows a `$`.
fn variable(after: &str) -> (&str, &str, &str) {
    if let Some((inside, tail)) = after.strip_prefix('{').and_then(|a| a.split_once('}')) {
        let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
        return (name, default, tail);
    }
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
    let (name, tail) = after.split_at(end);
    (name, "", tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::mention::Ecosystem;

    fn whats(text: &str) -> Vec<(What, u32)> {
        read(text, Scope::Runtime).into_iter().map(|m| (m.what, m.line)).collect()
    }

    fn package(name: &str, detail: &str) -> What {
        let ecosystem = Ecosystem::Pypi;
        What::Package { ecosystem, name: name.to_owned(), detail: detail.to_owned() }
    }

    #[test]
    fn images_are_read_through_arguments_and_stages() {
        let text = "ARG CUDA=12.4\n# FROM a\nFROM --platform=x nvidia/cuda:${CUDA}-devel AS base\n\
                    FROM base\nFROM $NOTHING:latest\nFROM ${B:-pytorch/pytorch}\n";
        assert_eq!(
            whats(text),
            [
                (What::Image("nvidia/cuda:12.4-devel".to_owned()), 3),
                (What::Image(":latest".to_owned()), 5),
                (What::Image("pytorch/pytorch".to_owned()), 6),
            ]
        );
    }

    #[test]
    fn installs_are_read_over_continued_lines() {
        let text = "FROM x\nRUN apt-get install -y git && \\\n  # why\n  pip3 install --no-cache-dir \\\n \
                    'torch==2.4' Flash_Attn -r req.txt --index-url https://example.org/whl/cu121\n";
        assert_eq!(
            whats(text)[1..],
            [
                (package("torch", "==2.4 --index-url https://example.org/whl/cu121"), 2),
                (package("flash-attn", " --index-url https://example.org/whl/cu121"), 2),
            ]
        );
    }

    #[test]
    fn local_paths_and_other_installers_are_not_packages() {
        assert_eq!(whats("RUN pip install . ./x -e .[dev] && npm install torch"), []);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}", lines in "(FROM|RUN|ARG)[ $\\{\\}a-z=\\\\\n:-]{0,60}") {
            read(&text, Scope::Runtime);
            read(&lines, Scope::Runtime);
        }
    }
}
