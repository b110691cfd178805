//! Compose files, Kubernetes manifests and whatever else is written in YAML: the GPUs they ask for and the
//! images they run. Line by line, so that a chart's templates and broken files tell what they can.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::workload::catalogue::containers;
use crate::workload::evidence::Scope;
use crate::workload::mention::{Mention, What};

static NEEDLES: LazyLock<AhoCorasick> = LazyLock::new(|| containers::resources_and("image:"));

/// Resources of the catalogue, and images; one for each line.
pub fn read(text: &str, scope: Scope) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let (mut number, mut counted) = (1, 0);
    let mut at = 0;
    while let Some(found) = NEEDLES.find(text.as_bytes().get(at..).unwrap_or_default()) {
        let start = at + found.start();
        number += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..start]).count();
        counted = start;
        let line = line_around(text, start);
        at = start + (text.len() - start).min(rest_of_line(text, start) + 1);
        let what = match containers::resource_of(found.pattern().as_usize()) {
            Some(name) => Some(What::Resource { name, amount: amount(line) }),
            None => value_of(line.trim_start_matches("- "), "image")
                .map(|image| What::Image(image.to_owned())),
        };
        if let Some(what) = what.filter(|_| !line.starts_with('#')) {
            mentions.push(Mention { what, line: u32::try_from(number).unwrap_or(u32::MAX), scope });
        }
    }
    mentions
}

/// Bytes from `at` to the end of its line.
fn rest_of_line(text: &str, at: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[at..]).unwrap_or(text.len() - at)
}

/// The line that `at` is in, without spaces around it.
fn line_around(text: &str, at: usize) -> &str {
    let start = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |end| end + 1);
    text[start..at + rest_of_line(text, at)].trim()
}

/// `key: "value"`, without what follows in a comment.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let value = line.strip_prefix(key)?.strip_prefix(':')?;
    let value = value.split(" #").next().unwrap_or(value).trim().trim_matches(['"', '\'']);
    (!value.is_empty() && !value.contains("{{")).then_some(value)
}

/// The number after the last colon or `=`.
fn amount(line: &str) -> Option<u32> {
    let value = line.rsplit([':', '=']).next()?;
    value.trim().trim_matches(['"', '\'']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &'static str, amount: Option<u32>) -> What {
        What::Resource { name, amount }
    }

    #[test]
    fn what_is_asked_for_is_found_with_its_number() {
        let text = "services:\n  a:\n    image: \"vllm/vllm-openai:latest\" # x\n    # driver: nvidia\n    \
                    deploy: {x: [{driver: nvidia, count: 2}]}\nlimits:\n  nvidia.com/gpu: '4'\n  \
                    nvidia.com/mig-1g.5gb: 1\n- image: {{ .Values.image }}\n";
        let found: Vec<_> =
            read(text, Scope::Runtime).into_iter().map(|m| (m.what, m.line)).collect();
        assert_eq!(
            found,
            [
                (What::Image("vllm/vllm-openai:latest".to_owned()), 3),
                (resource("driver: nvidia", None), 5),
                (resource("nvidia.com/gpu", Some(4)), 7),
                (resource("nvidia.com/mig-", Some(1)), 8),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}", lines in "[image:nvd.co/gpu \n\"#=-]{0,200}") {
            read(&text, Scope::Runtime);
            read(&lines, Scope::Runtime);
        }
    }
}
