//! Findings as compilers draw them: lines of the source, and what is meant underlined.

mod excerpt;
#[cfg(test)]
mod tests;

use std::ops::Range;

use annotate_snippets::{
    AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet, normalize_untrusted_str,
};
use anstyle::AnsiColor;
use unicode_width::UnicodeWidthStr as _;

use self::excerpt::{Excerpt, Place, line, reach};
use super::judged::{Judged, Region, more_services};
use crate::compose::edit::Edit;
use crate::compose::finding::{Finding, Severity};
use crate::compose::source::Span;
use crate::core::output::printable;

/// Nothing is drawn wider: no one reads on, and the renderer reckons with multiples of it.
const WIDEST: usize = 400;
/// Nothing is drawn narrower: the terminal may break it.
const NARROWEST: usize = 30;
/// Stands for a place until the rest is drawn: the renderer would count columns in what is shown of a line. No text
/// has it, as it is a control character.
const ORIGIN: &str = "\u{1}";

/// All findings of a stack, with a blank line between two. Nothing is wider than `width` columns, if it can be helped.
pub(super) fn render(stack: &Judged, color: bool, width: usize) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let renderer = renderer(color, width);
    let drawn = stack.findings.iter().map(|finding| {
        let mut drawing = Drawing::new(stack, finding, width);
        let mut groups = vec![drawing.finding()];
        groups.extend(drawing.notes_apart());
        groups.extend(drawing.change());
        drawing.finish(&renderer.render(&groups))
    });
    drawn.collect::<Vec<_>>().join("\n")
}

/// In the colours of all other messages.
fn renderer(color: bool, width: usize) -> Renderer {
    if !color {
        return Renderer::plain().term_width(width);
    }
    let bold = |color: AnsiColor| color.on_default().bold();
    Renderer::styled()
        .term_width(width)
        .error(bold(AnsiColor::Red))
        .warning(bold(AnsiColor::Yellow))
        .note(bold(AnsiColor::Cyan))
}

/// One finding on its way to the renderer.
struct Drawing<'f> {
    stack: &'f Judged,
    finding: &'f Finding,
    width: usize,
    /// Columns in front of the source: the largest line number, and ` | `.
    gutter: usize,
    /// The places that are named, in the order in which they are.
    origins: Vec<String>,
    /// Whether a line of a source is shown.
    has_lines: bool,
}

impl<'f> Drawing<'f> {
    fn new(stack: &'f Judged, finding: &'f Finding, width: usize) -> Self {
        let spans = finding.notes.iter().map(|(span, _)| *span).chain([finding.span]);
        let last = spans.map(|span| stack.sources.position(span).0).max().unwrap_or(1);
        let gutter = last.to_string().len() + " | ".len();
        Self { stack, finding, width, gutter, origins: Vec::new(), has_lines: false }
    }

    /// The finding itself, with the notes that have room beside what they are about.
    fn finding(&mut self) -> Group<'f> {
        let finding = self.finding;
        let title = level(finding.severity).primary_title(self.title()).id(finding.code.id);
        let mut group = Group::with_title(title);
        let itself = Place { span: finding.span, label: None, kind: AnnotationKind::Primary };
        let mut places = vec![itself];
        if finding.span == Span::top(finding.span.file) {
            // It is about the file as a whole: to underline its first character would mislead.
            places.clear();
            self.name(finding.span);
            group = group.element(Origin::path(ORIGIN));
        }
        let beside = finding.notes.iter().filter(|(span, text)| self.has_room(*span, text));
        places.extend(beside.map(|(span, text)| Place {
            span: *span,
            label: Some(text),
            kind: AnnotationKind::Context,
        }));
        let mut group = self.show(group, places);
        if let Some(help) = finding.help.as_ref().filter(|_| self.changed().is_none()) {
            group = group.element(Level::HELP.message(self.message("help", help)));
        }
        if let (Some(first), Some(more)) = (finding.services.first(), more_services(finding)) {
            let text = format!("in {first} and {more}");
            group = group.element(Level::NOTE.message(self.message("note", &text)));
        }
        group
    }

    /// The other notes, each with its own lines.
    fn notes_apart(&mut self) -> Vec<Group<'f>> {
        let mut groups = Vec::new();
        for (span, text) in &self.finding.notes {
            if !self.has_room(*span, text) {
                let title = Level::NOTE.secondary_title(wrapped(text, "note: ".len(), self.width));
                let place = Place { span: *span, label: None, kind: AnnotationKind::Primary };
                groups.push(self.show(Group::with_title(title), vec![place]));
            }
        }
        groups
    }

    /// What would be changed, where that is one line that fits.
    fn changed(&self) -> Option<(&'f Edit, Range<usize>)> {
        let [edit] = &self.finding.fix.as_ref()?.edits[..] else { return None };
        let text = &self.stack.sources.get(edit.span.file).text;
        let line = line(text, edit.span);
        let is_one = !edit.text.is_empty() && !edit.text.contains('\n');
        let fits =
            line.len() + edit.text.len() <= self.columns() && edit.span.end as usize <= line.end;
        (is_one && fits).then_some((edit, line))
    }

    /// The line before and after, below the help that says so.
    fn change(&self) -> Option<Group<'f>> {
        let (edit, line) = self.changed()?;
        let help = self.finding.help.as_deref().unwrap_or("write this");
        let text = &self.stack.sources.get(edit.span.file).text;
        let at = |offset: u32| clean(&text[line.start..offset as usize]).len();
        let patch = Patch::new(at(edit.span.start)..at(edit.span.end), clean(&edit.text));
        let number = self.stack.sources.position(edit.span).0;
        let snippet = Snippet::source(clean(&text[line.clone()])).line_start(number).patch(patch);
        let title = Level::HELP.secondary_title(wrapped(help, "help: ".len(), self.width));
        Some(Group::with_title(title).element(snippet))
    }

    fn show(&mut self, group: Group<'f>, places: Vec<Place<'f>>) -> Group<'f> {
        let excerpts = Excerpt::all(&self.stack.sources, self.columns(), places);
        for excerpt in &excerpts {
            self.name(excerpt.named());
            self.has_lines = true;
        }
        group.elements(excerpts.iter().map(Excerpt::snippet))
    }

    fn name(&mut self, span: Span) {
        let Region { file, line, column, .. } = self.stack.region(span);
        self.origins.push(format!("{}:{line}:{column}", clean(file)));
    }

    /// Columns for lines.
    fn columns(&self) -> usize {
        self.width.saturating_sub(self.gutter)
    }

    fn has_room(&self, span: Span, text: &str) -> bool {
        let end = reach(self.stack.sources.get(span.file), span, self.columns());
        end.is_some_and(|end| end + 1 + clean(text).width() <= self.columns())
    }

    fn title(&self) -> String {
        let label = format!("{}[{}]: ", self.finding.severity, self.finding.code.id);
        wrapped(&self.finding.message, label.len(), self.width)
    }

    fn message(&self, label: &str, text: &str) -> String {
        wrapped(text, self.gutter + label.len() + ": ".len(), self.width)
    }

    /// Puts in what the renderer was not told.
    fn finish(&self, drawn: &str) -> String {
        let mut origins = self.origins.iter();
        // Without line numbers, it begins everything behind the title one column too far left.
        let shifted = if self.has_lines { usize::MAX } else { self.title().lines().count() };
        let mut text = String::new();
        for (at, line) in drawn.lines().enumerate() {
            if at >= shifted {
                text.push(' ');
            }
            match line.split_once(ORIGIN) {
                Some((before, _)) => {
                    text.push_str(before);
                    text.extend(origins.next().map(String::as_str));
                }
                None => text.push_str(line.trim_end()),
            }
            text.push('\n');
        }
        text
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

/// Texts quote files: no control characters, nor such as turn the direction of writing.
fn clean(text: &str) -> String {
    normalize_untrusted_str(&printable(text))
}

/// A text in lines that end before column `width` if they begin at column `indent`.
fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let text = clean(text);
    let room = width.saturating_sub(indent);
    let (mut lines, mut taken) = (String::new(), 0);
    for (at, word) in text.split(' ').enumerate() {
        let columns = word.width();
        if at > 0 && taken + 1 + columns > room {
            lines.push('\n');
            taken = 0;
        } else if at > 0 {
            lines.push(' ');
            taken += 1;
        }
        lines.push_str(word);
        taken += columns;
    }
    lines
}
