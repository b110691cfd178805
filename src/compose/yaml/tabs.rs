//! Tabs, which YAML allows nowhere in the indentation of a block, and Compose only within brackets, quotes and texts.

use std::borrow::Cow;

use granit_parser::{Event, StructureStyle};

use super::{Events, build};
use crate::compose::codes;
use crate::compose::finding::{Finding, Findings};
use crate::compose::source::Span;

/// Offsets of tabs that stand before everything else of their line.
fn leading(text: &str) -> impl Iterator<Item = usize> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = start;
        start += line.len();
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        line[..blanks].find('\t').map(|tab| at + tab)
    })
}

/// Says every such tab that does not lie within a flow collection or a scalar.
pub(super) fn check(text: &str, events: &Events<'_>, file: u32, findings: &mut Findings) {
    if memchr::memchr(b'\t', text.as_bytes()).is_none() {
        return;
    }
    let within = within(events, file);
    for at in leading(text).map(|at| at as u32) {
        let before = within.partition_point(|(start, _)| *start <= at);
        let is_within = before.checked_sub(1).is_some_and(|range| at < within[range].1);
        if !is_within {
            let text = "a tab in the indentation: YAML takes only spaces there";
            findings.add(Finding::new(codes::SYNTAX, Span { file, start: at, end: at + 1 }, text));
        }
    }
}

/// Where tabs mean nothing or belong to a text, in order and apart.
fn within(events: &Events<'_>, file: u32) -> Vec<(u32, u32)> {
    let (mut ranges, mut open): (Vec<(u32, u32)>, Vec<Option<u32>>) = (Vec::new(), Vec::new());
    for (event, at) in events {
        let span = build::span_of(*at, file);
        match event {
            Event::MappingStart(style, ..) | Event::SequenceStart(style, ..) => {
                open.push((*style == StructureStyle::Flow).then_some(span.start));
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let start = open.pop().flatten();
                if !open.iter().any(Option::is_some) {
                    ranges.extend(start.map(|start| (start, span.end)));
                }
            }
            Event::Scalar(..) if !open.iter().any(Option::is_some) => {
                ranges.push((span.start, span.end));
            }
            _ => {}
        }
    }
    ranges.sort_unstable();
    ranges
}

/// The text with a space for each tab that a line begins with; offsets stay. It is for the parser, which refuses those tabs
/// within brackets too. Texts in block style begin with spaces, and are not touched.
pub(super) fn spaced(text: &str) -> Cow<'_, str> {
    let is_tabbed =
        text.starts_with('\t') || memchr::memmem::find(text.as_bytes(), b"\n\t").is_some();
    if !is_tabbed {
        return Cow::Borrowed(text);
    }
    let line = |line: &str| {
        let tabs = line.len() - line.trim_start_matches('\t').len();
        format!("{}{}", " ".repeat(tabs), &line[tabs..])
    };
    Cow::Owned(text.split_inclusive('\n').map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::compose::source::Sources;

    /// Lines and columns of what is wrong.
    fn wrong(text: &str) -> Vec<(usize, usize)> {
        let mut sources = Sources::default();
        let file = sources.add("a".into(), "a".into(), text.to_owned());
        let mut findings = Findings::default();
        parse(sources.get(file), file, &mut findings);
        findings.sorted().iter().map(|finding| sources.position(finding.span)).collect()
    }

    #[test]
    fn tabs_are_taken_where_compose_takes_them() {
        for text in [
            "a: [\n\t1,\n\t2\n\t]\n",
            "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n",
            "a: |\n  x\n  \ty\n",
            "a: \"x\n\ty\"\n",
            "a:\tb\n",
            "a: b\t# c\n",
        ] {
            assert_eq!(wrong(text), [], "{text:?}");
        }
    }

    #[test]
    fn tabs_are_refused_in_the_indentation_of_blocks() {
        for (text, at) in [
            ("a: b\n\t\nc: d\n", (2, 1)),
            ("a: b\n\t# c\n", (2, 1)),
            ("a:\n  b: c\n  \t\n  d: e\n", (3, 3)),
            ("a: [1]\n\t\nb: c\n", (2, 1)),
        ] {
            assert_eq!(wrong(text), [at], "{text:?}");
        }
    }
}
