//! The part of a file that is shown. Files may be large, their lines long, and findings many: only what is near to
//! what is meant is handed to the renderer.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Snippet};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{ORIGIN, clean};
use crate::compose::source::{Source, Sources, Span};

/// Places of a file that are no more bytes apart are shown in one piece, and no more bytes of a line are looked at
/// on either side of them. It is more than a line of the widest terminal has.
const NEAR: usize = 2000;

/// Columns that the renderer wants around what is underlined, where it has to cut a line.
const CUT: usize = 14;

/// Something to underline.
#[derive(Debug)]
pub(super) struct Place<'f> {
    pub(super) span: Span,
    pub(super) label: Option<&'f str>,
    pub(super) kind: AnnotationKind,
}

/// Lines of one file, and what is underlined in them.
#[derive(Debug)]
pub(super) struct Excerpt<'f> {
    sources: &'f Sources,
    /// Columns for lines.
    columns: usize,
    /// Never empty.
    places: Vec<Place<'f>>,
}

impl<'f> Excerpt<'f> {
    /// Puts places that are near to each other into one piece; the first of them into the first piece.
    pub(super) fn all(
        sources: &'f Sources,
        columns: usize,
        places: impl IntoIterator<Item = Place<'f>>,
    ) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for place in places {
            match all.iter_mut().find(|known| known.has_room(place.span)) {
                Some(known) => known.places.push(place),
                None => all.push(Self { sources, columns, places: vec![place] }),
            }
        }
        all
    }

    /// Whether a span is near enough to all others, down the lines and along them.
    fn has_room(&self, span: Span) -> bool {
        let first = self.places[0].span;
        if span.file != first.file || span.start.abs_diff(first.start) as usize > NEAR {
            return false;
        }
        let text = self.text();
        let spans = || self.spans().chain([span]);
        let is_cut = spans().any(|span| line(text, span).len() > self.columns);
        let starts = spans().map(|span| self.sources.position(span).1);
        let ends = spans()
            .map(|span| self.sources.position(span).1 + underlined(text, span, self.columns).len());
        let width = ends.max().unwrap_or(0) - starts.min().unwrap_or(0);
        !is_cut || width + CUT <= self.columns
    }

    /// The place that is named above it: the one that it is all about, or the first.
    pub(super) fn named(&self) -> Span {
        let primary = self.places.iter().find(|place| place.kind == AnnotationKind::Primary);
        primary.map_or_else(|| self.first(), |place| place.span)
    }

    /// The first place in the file.
    fn first(&self) -> Span {
        self.spans().fold(self.places[0].span, Span::min)
    }

    fn spans(&self) -> impl Iterator<Item = Span> {
        self.places.iter().map(|place| place.span)
    }

    fn text(&self) -> &'f str {
        &self.sources.get(self.places[0].span.file).text
    }

    pub(super) fn snippet(&self) -> Snippet<'f, Annotation<'f>> {
        let text = self.text();
        let first = self.first();
        let last = self.spans().fold(first, Span::max);
        let from = start(text, first);
        let until = line(text, last).end.min(floor(text, last.start as usize + NEAR));
        let mut lines = shown(&text[from..until]);
        if lines.is_empty() || lines.ends_with('\n') {
            // The renderer knows no empty line at the end.
            lines.push(' ');
        }
        let marks = self.places.iter().map(|place| {
            let range = underlined(text, place.span, self.columns);
            let at = |offset: usize| shown(&text[from..offset]).len();
            place.kind.span(at(range.start)..at(range.end)).label(place.label.map(clean))
        });
        let top = Span { start: from as u32, ..first };
        Snippet::source(lines)
            .path(ORIGIN)
            .line_start(self.sources.position(top).0)
            .annotation(AnnotationKind::Visible.span(0..0))
            .annotations(marks)
    }
}

/// The column at which the underlining of a span ends on a terminal; none if that is far off.
pub(super) fn reach(source: &Source, span: Span, columns: usize) -> Option<usize> {
    let start = line(&source.text, span).start;
    let end = underlined(&source.text, span, columns).end;
    let is_near = end - start <= NEAR;
    is_near.then(|| shown(&source.text[start..end]).replace('\t', "    ").width())
}

/// Where the shown lines begin. An empty line says nothing by itself: it comes with the last one that is not.
fn start(text: &str, span: Span) -> usize {
    let offset = floor(text, span.start as usize);
    let line = line(text, span);
    let context = text[..line.start].trim_end().rfind('\n').map_or(0, |at| at + 1);
    let is_empty = text[line.clone()].trim().is_empty();
    let start = if is_empty && offset - context <= NEAR { context } else { line.start };
    start.max(floor(text, offset.saturating_sub(NEAR)))
}

/// What is underlined of a span: of its first line only, or a whole service would be; and no more than can be seen
/// where lines have `columns`.
fn underlined(text: &str, span: Span, columns: usize) -> Range<usize> {
    let line_end = line(text, span).end;
    let start = floor(text, span.start as usize).min(line_end);
    let end = floor(text, span.end as usize).clamp(start, line_end);
    let mut taken = 0;
    let fits = |(_, c): &(usize, char)| {
        taken += if *c == '\t' { 4 } else { c.width().unwrap_or(1) };
        taken + CUT <= columns || taken == 1
    };
    let shown = text[start..end].char_indices().take_while(fits).last();
    let shown = shown.map_or(start, |(at, c)| start + at + c.len_utf8());
    start..start + text[start..shown].trim_end().len()
}

/// The line in which a span starts, without the line break.
pub(super) fn line(text: &str, span: Span) -> Range<usize> {
    let offset = floor(text, span.start as usize);
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let content = match text[start..].split_once('\n') {
        Some((line, _)) => line.strip_suffix('\r').unwrap_or(line),
        None => &text[start..],
    };
    start..start + content.len()
}

/// As it is drawn: without control characters, but for tabs, which the renderer makes four spaces of.
fn shown(text: &str) -> String {
    let visible =
        |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
    text.replace("\r\n", "\n").chars().map(visible).collect()
}

/// The start of the character at an offset, or the end of the text.
fn floor(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
