//! A line for each check, and one for all.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::is_quiet;
use crate::core::context::Context;
use crate::core::output::printable;
use crate::health::{Answer, Status};

/// The least room for what a check says, however narrow the terminal.
const LEAST: usize = 20;

pub(super) fn lines(answer: &Answer, ctx: &Context) -> String {
    let seen = answer.checks.iter();
    let seen: Vec<_> = seen.filter(|s| !is_quiet(ctx) || s.status > Status::Pass).collect();
    let widest = seen.iter().map(|seen| seen.name.width()).max().unwrap_or(0);
    let indent = "pass".len() + 2 + widest + 2;
    let room = ctx.out.width().map(|width| width.saturating_sub(indent).max(LEAST));
    let mut text = String::new();
    for seen in seen {
        let status = ctx.out.paint(style(seen.status), seen.status.name());
        let (name, output) = (&seen.name, printable(&seen.output));
        let output = wrapped(&output, room).join(&format!("\n{}", " ".repeat(indent)));
        let _ = writeln!(text, "{status}  {name:widest$}  {output}");
    }
    if !is_quiet(ctx) {
        let summary = answer.summary();
        let (status, rest) = summary.split_once(':').unwrap_or((&summary, ""));
        let status = ctx.out.paint(style(answer.status).bold(), status);
        let _ = writeln!(text, "{status}:{rest}");
    }
    text
}

fn style(status: Status) -> Style {
    let color = match status {
        Status::Pass => AnsiColor::Green,
        Status::Warn => AnsiColor::Yellow,
        Status::Fail => AnsiColor::Red,
    };
    color.on_default()
}

/// Lines no wider than `room`, broken between words where that can be.
fn wrapped(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![text.to_owned()] };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        let text = "/var 93 % (limit 90 %), full in about 9 h";
        assert_eq!(wrapped(text, None), [text]);
        assert_eq!(wrapped(text, Some(20)), ["/var 93 % (limit 90", "%), full in about 9", "h"]);
        assert_eq!(
            wrapped("http://a.very.long.name/ x", Some(10)),
            ["http://a.very.long.name/", "x"]
        );
    }
}
