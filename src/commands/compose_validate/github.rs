//! Workflow commands, which GitHub Actions makes annotations of.

use super::judged::{Judged, Region, message};
use crate::compose::finding::{Finding, Severity};
use crate::core::output::printable;

pub(super) fn render(stack: &Judged) -> String {
    stack.findings.iter().map(|finding| command(stack, finding) + "\n").collect()
}

fn command(stack: &Judged, finding: &Finding) -> String {
    let kind = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let Region { file, line, column, end_line, end_column } = stack.region(finding.span);
    // GitHub refuses columns of more than one line.
    let place = if line == end_line {
        format!("line={line},col={column},endLine={line},endColumn={end_column}")
    } else {
        format!("line={line},endLine={end_line}")
    };
    let title = property(&format!("{} {}", finding.code.id, finding.code.name));
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
    let text = data(&(message(finding) + &help));
    format!("::{kind} file={},{place},title={title}::{text}", property(file))
}

/// What follows the second `::`.
fn data(text: &str) -> String {
    printable(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

/// A value in front of it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::compose_validate::judged::samples;
    use crate::compose::codes;
    use crate::compose::source::Span;

    #[test]
    fn each_finding_is_a_command() {
        assert_eq!(
            render(&samples::three_findings()),
            "\
::error file=compose.yaml,line=2,endLine=4,title=CV033 nothing-to-run::`web` has neither an image nor a build
::error file=compose.yaml,line=3,col=5,endLine=3,endColumn=11,title=CV010 unknown-key::`imagee` is no key of a service (and 1 more service)%0Ahelp: did you mean `image`?
::notice file=deploy/over ride.yaml,line=3,col=20,endLine=3,endColumn=22,title=CV037 swarm-only::50%25 more
"
        );
    }

    #[test]
    fn nothing_in_a_text_ends_a_command_or_begins_one() {
        let mut stack = samples::stack(&[("a:b,c%\n.yaml", "x")]);
        stack.findings = vec![Finding::new(
            codes::UNSET_VARIABLE,
            Span::top(0),
            "100%: a, b\r\n::error::\u{1b}",
        )];
        assert_eq!(
            render(&stack),
            "::warning file=a%3Ab%2Cc%25%0A.yaml,line=1,col=1,endLine=1,endColumn=1,\
             title=CV007 unset-variable::100%25: a, b%0D%0A::error::\u{fffd}\n"
        );
    }
}
