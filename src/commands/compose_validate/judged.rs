//! One stack that was looked at, and what several forms of the report say alike.

use crate::compose::finding::Finding;
use crate::compose::source::{Sources, Span};
use crate::compose::{Input, Request, Stack, Suppressed, Total, Verdict};

/// A stack, and what is wrong in it.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) sources: Sources,
    pub(super) findings: Vec<Finding>,
    pub(super) suppressed: Vec<Suppressed>,
    /// The files that were asked for, as a person would name them.
    pub(super) files: Vec<String>,
    pub(super) project: String,
    pub(super) totals: Vec<Total>,
}

/// Where a span is, in lines and columns from 1. Columns count characters, the last is the one behind the span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region<'s> {
    /// The file, as a person would name it.
    pub(super) file: &'s str,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

impl Judged {
    /// What is left of a stack when its model is no longer needed.
    pub(super) fn new(stack: Stack, request: &Request, verdict: Verdict) -> Self {
        let file = |input: &Input| match input {
            Input::File(path) | Input::Text { name: path, .. } => {
                let shown = path.strip_prefix(&request.current).unwrap_or(path);
                shown.to_string_lossy().into_owned()
            }
            Input::Stdin => "standard input".to_owned(),
        };
        Self {
            files: request.files.iter().map(file).collect(),
            totals: stack.totals(),
            project: stack.name,
            sources: stack.sources,
            findings: verdict.findings,
            suppressed: verdict.suppressed,
        }
    }

    /// Space at a span's end does not count: a service ends in its last line, not in the one of the next.
    pub(super) fn region(&self, span: Span) -> Region<'_> {
        let source = self.sources.get(span.file);
        let text = source.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let end =
            Span { start: span.start, end: span.start + text.trim_end().len() as u32, ..span };
        let (line, column) = self.sources.position(span);
        let (end_line, end_column) = self.sources.end_position(end);
        Region { file: &source.name, line, column, end_line, end_column }
    }
}

/// The message, and how many services it concerns besides the one that it names.
pub(super) fn message(finding: &Finding) -> String {
    let more = more_services(finding).map_or_else(String::new, |more| format!(" (and {more})"));
    format!("{}{more}", finding.message)
}

/// `13 more services`, where a finding was met in more than the first.
pub(super) fn more_services(finding: &Finding) -> Option<String> {
    match finding.services.len() {
        0 | 1 => None,
        2 => Some("1 more service".to_owned()),
        all => Some(format!("{} more services", all - 1)),
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::compose::codes;

    pub(in super::super) const BASE: &str =
        "services:\n  web: &web\n    imagee: nginx\n    mem_limit: 1g\n  api:\n    <<: *web\n";
    pub(in super::super) const OVER: &str = "# Größe\r\nservices:\r\n  web: {mem_limit: 2g}\r\n";

    pub(in super::super) fn stack(files: &[(&str, &str)]) -> Judged {
        let mut stack = Judged::default();
        for (name, text) in files {
            stack.sources.add((*name).to_owned(), name.into(), (*text).to_owned());
        }
        stack
    }

    /// Where `text` is in a file.
    pub(in super::super) fn span(stack: &Judged, file: u32, text: &str) -> Span {
        let start = stack.sources.get(file).text.find(text).unwrap();
        Span { file, start: start as u32, end: (start + text.len()) as u32 }
    }

    /// A key in two services, a service of several lines, and one place beside another in a second file.
    pub(in super::super) fn three_findings() -> Judged {
        let mut stack = stack(&[("compose.yaml", BASE), ("deploy/over ride.yaml", OVER)]);
        let unknown = span(&stack, 0, "imagee");
        let service =
            span(&stack, 0, &BASE[BASE.find("web:").unwrap()..BASE.find("  api").unwrap()]);
        let (one, two) = (span(&stack, 0, "1g"), span(&stack, 1, "2g"));
        stack.findings = vec![
            Finding::new(codes::NOTHING_TO_RUN, service, "`web` has neither an image nor a build")
                .service("web"),
            Finding::new(codes::UNKNOWN_KEY, unknown, "`imagee` is no key of a service")
                .help("did you mean `image`?")
                .service("web")
                .service("api"),
            Finding::new(codes::SWARM_ONLY, two, "50% more").note(one, "than here").service("web"),
        ];
        stack
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::codes;

    #[test]
    fn further_services_are_counted() {
        let mut finding = Finding::new(codes::CYCLE, Span::top(0), "in a circle");
        for (name, said) in [
            ("a", "in a circle"),
            ("b", "in a circle (and 1 more service)"),
            ("c", "in a circle (and 2 more services)"),
        ] {
            finding = finding.service(name);
            assert_eq!(message(&finding), said);
        }
    }

    #[test]
    fn a_region_ends_where_its_text_does() {
        let stack = samples::stack(&[("a", "é: {b}\r\n  \r\n"), ("empty", "")]);
        let region = |start, end| {
            let region = stack.region(Span { file: 0, start, end });
            (region.line, region.column, region.end_line, region.end_column)
        };
        assert_eq!(region(4, 13), (1, 4, 1, 7));
        assert_eq!(region(4, 7), (1, 4, 1, 7));
        assert_eq!(region(13, 13), (3, 1, 3, 1));
        let region = stack.region(Span::top(1));
        assert_eq!((region.file, region.line, region.end_column), ("empty", 1, 1));
    }
}
