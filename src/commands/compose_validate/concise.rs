//! One line a finding, as editors and `grep` like it.

use super::judged::{Judged, Region, message};
use crate::compose::finding::Finding;
use crate::core::output::printable;

pub(super) fn render(stack: &Judged) -> String {
    stack.findings.iter().map(|finding| line(stack, finding) + "\n").collect()
}

fn line(stack: &Judged, finding: &Finding) -> String {
    let Region { file, line, column, .. } = stack.region(finding.span);
    let (severity, id) = (finding.severity, finding.code.id);
    // What can be mended is marked as in other linters.
    let mark = if finding.fix.is_some() { "[*] " } else { "" };
    printable(&format!("{file}:{line}:{column}: {severity}[{id}] {mark}{}", message(finding)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::compose_validate::judged::samples;
    use crate::compose::codes;
    use crate::compose::source::Span;

    #[test]
    fn each_finding_is_one_line() {
        assert_eq!(
            render(&samples::three_findings()),
            "\
compose.yaml:2:3: error[CV033] `web` has neither an image nor a build
compose.yaml:3:5: error[CV010] `imagee` is no key of a service (and 1 more service)
deploy/over ride.yaml:3:20: note[CV037] 50% more
"
        );
    }

    #[test]
    fn whatever_a_file_has_in_it_a_line_stays_one() {
        let mut stack = samples::stack(&[("a\u{1b}[2J", "")]);
        stack.findings = vec![Finding::new(codes::SYNTAX, Span::top(0), "no \r\n\u{9b}1m YAML")];
        assert_eq!(
            render(&stack),
            "a\u{fffd}[2J:1:1: error[CV001] no \u{fffd}\u{fffd}\u{fffd}1m YAML\n"
        );
        stack.findings.clear();
        assert_eq!(render(&stack), "");
    }
}
