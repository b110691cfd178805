//! `depends_on` as a list of names, written out in the text as the mapping that Compose makes of it.

use crate::compose::edit::{Edit, Editor};
use crate::compose::source::Span;

/// An item of a list of names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'m> {
    pub(super) name: &'m str,
    pub(super) span: Span,
}

/// Edits that make a mapping of the list in which an item stands, in which that item is awaited until it is healthy and
/// all others until they have started. `None` where the text is not plainly such a list: it has an anchor, an alias or
/// a variable.
///
/// Each item is one edit. If two items are to be mended, there are two edits for each of them, and the first in order
/// is done: `service_healthy` comes before `service_started`.
pub(super) fn write_out(editor: Editor<'_>, all: &[Item<'_>], item: Item<'_>) -> Option<Vec<Edit>> {
    let file = item.span.file;
    let text = editor.text(file);
    let mut items: Vec<Item<'_>> = all.iter().filter(|i| i.span.file == file).copied().collect();
    items.sort_by_key(|item| item.span);
    let start = item.span.start as usize;
    let line = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(line..start)?;
    let condition = |other: &Item<'_>| {
        if other.span == item.span { "service_healthy" } else { "service_started" }
    };
    if before.trim_start_matches(' ').trim_end() == "-" {
        block(text, &items, line, &condition)
    } else {
        flow(text, &items, start, &condition)
    }
}

/// The key, as it may be written.
const KEYS: [&str; 3] = ["depends_on:", "\"depends_on\":", "'depends_on':"];

type Condition<'c> = &'c dyn Fn(&Item<'_>) -> &'static str;

fn edit(item: &Item<'_>, start: usize, end: usize, text: String) -> Edit {
    Edit { span: Span { start: start as u32, end: end as u32, ..item.span }, text }
}

/// The item as the text has it, if a key may be written so.
fn written<'t>(text: &'t str, item: &Item<'_>) -> Option<&'t str> {
    let written = text.get(item.span.start as usize..item.span.end as usize)?;
    let bare = ['"', '\''].iter().find_map(|q| written.strip_prefix(*q)?.strip_suffix(*q));
    (bare.unwrap_or(written) == item.name).then_some(written)
}

fn block(
    text: &str,
    items: &[Item<'_>],
    line: usize,
    condition: Condition<'_>,
) -> Option<Vec<Edit>> {
    let indent = indent_of(text.get(line..)?);
    let (key, start) = key_above(text, line, indent)?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    // Keys must stand further right than the one above; items of a list need not.
    let step = if indent > key { indent - key } else { 2 };
    let column = key + step;
    let (mut edits, mut at) = (Vec::new(), start);
    for line in text.get(start..)?.split_inclusive('\n') {
        let content = line.trim();
        let is_item = content.starts_with("- ") && indent_of(line) == indent;
        if !is_item && !content.is_empty() && !content.starts_with('#') {
            if indent_of(line) > indent {
                return None;
            }
            break;
        }
        if is_item {
            let end = at + line.trim_end_matches(['\n', '\r']).len();
            let item = items.iter().find(|i| (at..end).contains(&(i.span.start as usize)))?;
            let name = written(text, item)?;
            let marker = text.get(at + indent..item.span.start as usize)?;
            let rest = text.get(item.span.end as usize..end)?.trim_end();
            let is_comment = rest.is_empty() || rest.trim_start().starts_with('#');
            if marker.trim_end() != "-" || !is_comment {
                return None;
            }
            let inner = " ".repeat(column + step);
            let own = " ".repeat(column - indent);
            let text = format!("{own}{name}:{rest}{newline}{inner}condition: {}", condition(item));
            edits.push(edit(item, at + indent, end, text));
        }
        at += line.len();
    }
    Some(edits)
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The column of `depends_on:` above the items, and the start of the line behind it.
fn key_above(text: &str, line: usize, indent: usize) -> Option<(usize, usize)> {
    let mut end = line;
    while end > 0 {
        let start = text.get(..end - 1)?.rfind('\n').map_or(0, |at| at + 1);
        let above = text.get(start..end)?;
        let content = above.trim();
        if content.is_empty() || content.starts_with('#') {
            end = start;
            continue;
        }
        if content.starts_with("- ") && indent_of(above) == indent {
            end = start;
            continue;
        }
        let value = KEYS.iter().find_map(|key| content.strip_prefix(key))?.trim_start();
        let is_key = value.is_empty() || value.starts_with('#');
        return (is_key && indent_of(above) <= indent).then_some((indent_of(above), end));
    }
    None
}

fn flow(
    text: &str,
    items: &[Item<'_>],
    start: usize,
    condition: Condition<'_>,
) -> Option<Vec<Edit>> {
    let open = text.get(..start)?.rfind('[')?;
    let line = text.get(..open)?.rfind('\n').map_or(0, |at| at + 1);
    let key = text.get(line..open)?.trim_end();
    if !KEYS.iter().any(|name| key.ends_with(name)) {
        return None;
    }
    let mut edits = Vec::new();
    let mut at = open + 1;
    loop {
        at += between(text.get(at..)?);
        if text.get(at..)?.starts_with(']') {
            break;
        }
        let item = items.iter().find(|item| item.span.start as usize == at)?;
        let name = written(text, item)?;
        let end = item.span.end as usize;
        // `{a:b}` would be one key.
        let text = format!("{name}: {{condition: {}}}", condition(item));
        edits.push(edit(item, at, end, text));
        at = end;
    }
    let item = items.first()?;
    edits.push(edit(item, open, open + 1, "{".to_owned()));
    edits.push(edit(item, at, at + 1, "}".to_owned()));
    edits.sort();
    Some(edits)
}

/// How much white space, commas and comments there are.
fn between(text: &str) -> usize {
    let mut rest = text;
    loop {
        let next = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        match next.strip_prefix('#') {
            Some(comment) => rest = comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => return text.len() - next.len(),
        }
    }
}
