//! Changes of the text of files, at ranges of bytes: all that lies between them stays as it is.

use serde_json::Value as Json;

use super::fix::Tree;
use super::node::{Entry, Value};
use super::source::{Sources, Span};

/// Text in the place of other text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Empty: the text is put in there.
    pub span: Span,
    pub text: String,
}

/// The text of a file with new lines and values at their places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Editor<'s> {
    sources: &'s Sources,
}

impl<'s> Editor<'s> {
    pub(super) fn new(sources: &'s Sources) -> Self {
        Self { sources }
    }

    pub(super) fn text(self, file: u32) -> &'s str {
        &self.sources.get(file).text
    }

    /// The text at a span.
    pub(super) fn at(self, span: Span) -> &'s str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The file that a span lies in.
    pub(super) fn path(self, span: Span) -> &'s std::path::Path {
        &self.sources.get(span.file).path
    }

    /// The text of the line before a span.
    pub(super) fn before(self, span: Span) -> &'s str {
        let text = self.text(span.file).get(..span.start as usize).unwrap_or_default();
        text.rfind('\n').map_or(text, |at| &text[at + 1..])
    }

    /// Where the line of a span begins.
    fn line(self, span: Span) -> usize {
        span.start as usize - self.before(span).len()
    }

    /// How the lines of a file end.
    pub(super) fn newline(self, span: Span) -> &'static str {
        if self.text(span.file).contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Another scalar in the place of one, in its quotes if it had some.
    pub(super) fn replace(self, scalar: Span, text: &str) -> Edit {
        let quote = match self.at(scalar).chars().next() {
            Some(quote @ ('"' | '\'')) => quote.to_string(),
            _ => String::new(),
        };
        Edit { span: scalar, text: format!("{quote}{text}{quote}") }
    }

    /// The lines of a key and its value taken out, where they have their lines for themselves. Of the empty lines
    /// around them, those behind go too where they would follow others, or begin the file.
    pub(super) fn remove(self, key: Span) -> Option<Edit> {
        let text = self.text(key.file);
        let Block { start, mut end, .. } = Block::of(text, key)?;
        if text[..start].lines().next_back().is_none_or(|line| line.trim().is_empty()) {
            let is_empty = |line: &&str| line.ends_with('\n') && line.trim().is_empty();
            let empty = text[end..].split_inclusive('\n').take_while(is_empty);
            end += empty.map(str::len).sum::<usize>();
        }
        let span = Span { file: key.file, start: start as u32, end: end as u32 };
        Some(Edit { span, text: String::new() })
    }

    /// Keys put at the end of the mapping that is the value of a key. `None` where that is an alias, or no mapping.
    pub(super) fn append(self, entry: &Entry, keys: &Tree) -> Option<Edit> {
        let (text, key) = (self.text(entry.key.file), entry.key);
        let block = Block::of(text, key);
        let Some((inner, end)) = block.as_ref().and_then(|block| Some((block.inner?, block.end)))
        else {
            let opened = block.and_then(|block| self.open_brackets(entry, &block, keys));
            return opened.or_else(|| self.append_in_brackets(entry, keys));
        };
        let step = inner - (key.start as usize - self.line(key));
        Some(self.add_lines(key, end, &keys.block(inner, step)))
    }

    /// Lines put behind others. Where the text ends without a break, so does the new one.
    fn add_lines(self, key: Span, end: usize, lines: &str) -> Edit {
        let newline = self.newline(key);
        let text = if self.text(key.file)[..end].ends_with('\n') {
            lines.replace('\n', newline)
        } else {
            format!("\n{}", lines.trim_end_matches('\n')).replace('\n', newline)
        };
        Edit { span: Span { file: key.file, start: end as u32, end: end as u32 }, text }
    }

    /// Keys below the key of a mapping that is written as `{}` or not at all, with nothing but a comment behind it.
    fn open_brackets(self, entry: &Entry, block: &Block, keys: &Tree) -> Option<Edit> {
        let (text, key) = (self.text(entry.key.file), entry.key);
        let line = text.get(key.end as usize..block.end)?;
        let value = line.trim_start_matches(['"', '\'']).strip_prefix(':')?;
        let (anchor, behind, comment) = if entry.node.is_null() {
            ("", value.len(), value)
        } else {
            let (anchor, rest) = value.split_once('{')?;
            (anchor.trim(), rest.len() + 1, rest.trim_start_matches(' ').strip_prefix('}')?)
        };
        let comment = comment.trim_end();
        let is_anchor =
            anchor.is_empty() || anchor.starts_with('&') && !anchor.contains([' ', '#']);
        let is_comment = comment.is_empty() || comment.trim_start().starts_with('#');
        if !is_anchor || !is_comment || line.trim_end().contains('\n') {
            return None;
        }
        let column = key.start as usize - block.start;
        let step = step(text, block.start, column);
        let added = self.add_lines(key, block.end, &keys.block(column + step, step));
        let newline = if line.ends_with('\n') { self.newline(key) } else { "" };
        let start = text[..block.end - behind].trim_end_matches(' ').len() as u32;
        let text = format!("{comment}{newline}{}", added.text);
        Some(Edit { span: Span { start, ..added.span }, text })
    }

    /// An item put at the end of the list that is the value of a key, if it is written there as a list.
    pub(super) fn append_item(self, entry: &Entry, item: &str) -> Option<Edit> {
        let (key, span) = (entry.key, entry.node.span);
        if entry.node.via.is_some() || span.file != key.file || span.start < key.end {
            return None;
        }
        let text = self.text(key.file);
        let (at, text) = if text.get(span.start as usize..)?.starts_with('[') {
            let end = text.get(..span.end as usize)?.trim_end();
            text[end.len()..].trim_start().strip_prefix(']')?;
            let comma = comma_behind(end);
            (end.len(), format!("{comma}{}", serde_json::Value::from(item)))
        } else {
            // Variables and labels are written as lists, and are mappings in the model.
            let first = match &entry.node.value {
                Value::List(list) => list.first()?.span,
                Value::Map(map) => map.values().find(|entry| entry.key.file == key.file)?.key,
                _ => return None,
            };
            let dash = self.before(first).trim_end_matches(' ');
            let indent = dash.strip_suffix('-').filter(|_| first.start > key.end)?;
            if !indent.bytes().all(|byte| byte == b' ') {
                return None;
            }
            let end = Block::of(text, key)?.end;
            return Some(self.add_lines(key, end, &format!("{indent}- {item}\n")));
        };
        let at = at as u32;
        Some(Edit { span: Span { file: key.file, start: at, end: at }, text })
    }

    /// Lines put behind the last one end it. If that is one of a block scalar, its value would end with a break too:
    /// the indicator that keeps it as it is.
    pub(super) fn keep_end(self, edit: &Edit) -> Option<Edit> {
        let text = self.text(edit.span.file);
        let is_behind =
            edit.span.start as usize == text.len() && edit.text.starts_with(['\n', '\r']);
        if !is_behind || text.ends_with('\n') {
            return None;
        }
        let (mut header, mut column, mut end) = (None, usize::MAX, text.len());
        for line in text.split_inclusive('\n').rev() {
            let start = end - line.len();
            let content = line.trim_start_matches(' ');
            let indent = line.len() - content.len();
            if indent < column && !content.trim().is_empty() {
                let content = content.trim_end();
                let word = content.rsplit(' ').next().unwrap_or_default();
                let is_header = word
                    .strip_prefix(['|', '>'])
                    .is_some_and(|size| size.bytes().all(|byte| byte.is_ascii_digit()));
                // The outermost: others are text of the scalar.
                if is_header && end < text.len() {
                    header = Some(start + indent + content.len());
                }
                column = indent;
            }
            end = start;
        }
        let at = header? as u32;
        Some(Edit { span: Span { file: edit.span.file, start: at, end: at }, text: "-".to_owned() })
    }

    fn append_in_brackets(self, entry: &Entry, keys: &Tree) -> Option<Edit> {
        let (text, map) = (self.text(entry.key.file), &entry.node);
        let after = text.get(entry.key.end as usize..)?;
        let start = after.trim_start_matches(['"', '\'']).strip_prefix(':')?.trim_start();
        let start =
            if start.starts_with('&') { start.split_once(' ')?.1.trim_start() } else { start };
        let is_here = map.span.file == entry.key.file
            && text.len() - start.len() <= map.span.start as usize + 1;
        let end = text.get(..map.span.end as usize)?.trim_end();
        if !start.starts_with('{') || !is_here || !text[end.len()..].trim_start().starts_with('}') {
            return None;
        }
        let comma = comma_behind(end);
        let at = Span { start: end.len() as u32, end: end.len() as u32, ..map.span };
        Some(Edit { span: at, text: format!("{comma}{}", keys.flow()) })
    }
}

/// The lines of a key with its value, in block style.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The start of the key's line.
    pub(super) start: usize,
    /// Behind the last line's break, or the end of the text.
    pub(super) end: usize,
    /// Columns before the keys of the value, if that is a mapping.
    inner: Option<usize>,
}

impl Block {
    /// `None` where something else is on the key's line.
    pub(super) fn of(text: &str, key: Span) -> Option<Self> {
        let start = text[..key.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let indent = key.start as usize - start;
        if !text[start..key.start as usize].bytes().all(|byte| byte == b' ') {
            return None;
        }
        let mut lines = text[start..].split_inclusive('\n');
        let first = lines.next()?;
        let has_value = has_value(&first[indent..]);
        let mut end = start + first.len();
        let (mut at, mut inner) = (end, None);
        for line in lines {
            at += line.len();
            let content = line.trim_start_matches(' ');
            let columns = line.len() - content.len();
            let is_item = content.starts_with("- ") || content.trim_end() == "-";
            match content.trim_end() {
                "" => continue,
                text if text.starts_with('#') && columns <= indent => continue,
                _ if columns > indent => {}
                // A list may stand as far left as its key.
                _ if columns == indent && is_item && inner.is_none() && !has_value => {}
                _ => break,
            }
            let is_key = !is_item && !content.starts_with('#');
            if inner.is_none() && columns > indent && is_key && !has_value {
                inner = Some(columns);
            }
            end = at;
        }
        Some(Self { start, end, inner })
    }
}

/// What stands between the text within brackets and what is put behind it.
fn comma_behind(text: &str) -> &'static str {
    match text.as_bytes().last() {
        Some(b'{' | b'[') => "",
        Some(b',') => " ",
        _ => ", ",
    }
}

/// How far the line at a place stands to the right of the key above that it belongs to.
fn step(text: &str, start: usize, column: usize) -> usize {
    let lines = text[..start].lines().rev();
    let lines = lines.filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
    let mut indents = lines.map(|line| line.len() - line.trim_start_matches(' ').len());
    indents.find(|indent| *indent < column).map_or(2, |indent| column - indent)
}

/// Whether something follows the key on its line that is no comment and no anchor.
fn has_value(line: &str) -> bool {
    let Some((_, rest)) = line.split_once(": ") else {
        return !line.trim_end().ends_with(':');
    };
    let rest = rest.trim();
    let rest =
        if rest.starts_with('&') { rest.split_once(' ').map_or("", |(_, r)| r) } else { rest };
    !rest.is_empty() && !rest.trim_start().starts_with('#')
}

/// The text with all edits done. Of two that overlap, the first in the text is done.
pub fn apply(text: &str, edits: &[&Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.to_vec();
    sorted.sort();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for edit in sorted {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        if start < at || end > text.len() {
            continue;
        }
        out += &text[at..start];
        out += &edit.text;
        at = end;
    }
    out + &text[at..]
}

/// The paths at which two models differ. A mapping that is empty says no more than one that is not there.
pub fn changed(before: &Json, after: &Json) -> Vec<String> {
    let mut paths = Vec::new();
    differ(before, after, &mut Vec::new(), &mut paths);
    paths
}

fn differ<'j>(a: &'j Json, b: &'j Json, path: &mut Vec<&'j str>, paths: &mut Vec<String>) {
    let (keys, others) = (keys_of(a), keys_of(b));
    if let (Some(keys), Some(others)) = (keys, others) {
        let new = others
            .filter(|(key, _)| a.get(key).is_none())
            .map(|(key, value)| (key, &Json::Null, value));
        let known = keys.map(|(key, value)| (key, value, b.get(key).unwrap_or(&Json::Null)));
        for (key, a, b) in known.chain(new) {
            path.push(key);
            differ(a, b, path, paths);
            path.pop();
        }
    } else if a != b {
        paths.push(path.join("."));
    }
}

/// The entries of a mapping; of nothing there are none.
fn keys_of(value: &Json) -> Option<impl Iterator<Item = (&String, &Json)>> {
    match value {
        Json::Object(map) => Some(Some(map).into_iter().flatten()),
        Json::Null => Some(None.into_iter().flatten()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "services:\n  web: &web # the site\n    image: a\n    ports:\n    - 80\n\n  # next\n  api:\n    <<: *web\n";

    fn sources(text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.add("a".into(), "a".into(), text.to_owned());
        sources
    }

    fn span(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap() as u32;
        Span { file: 0, start, end: start + part.len() as u32 }
    }

    #[test]
    fn a_key_goes_with_its_lines() {
        let sources = sources(TEXT);
        let edit = Editor::new(&sources).remove(span(TEXT, "ports")).unwrap();
        assert_eq!(apply(TEXT, &[&edit]), TEXT.replace("    ports:\n    - 80\n", ""));
    }

    #[test]
    fn no_empty_lines_are_left_of_a_key() {
        for (text, wanted) in [
            ("ports: 1\n\n\nb: 2\n", "b: 2\n"),
            ("# a\nports: 1\n\nb: 2\n", "# a\n\nb: 2\n"),
            ("a: 1\n \nports: 1\n\nb: 2\n", "a: 1\n \nb: 2\n"),
            ("a: 1\n\nports: 1\nb: 2\n", "a: 1\n\nb: 2\n"),
            ("ports: 1", ""),
        ] {
            let sources = sources(text);
            let edit = Editor::new(&sources).remove(span(text, "ports")).unwrap();
            assert_eq!(apply(text, &[&edit]), wanted);
        }
    }

    #[test]
    fn models_differ_at_paths() {
        let a = serde_json::json!({"a": {"b": 1, "c": [1]}, "d": 1, "e": {}});
        let b = serde_json::json!({"a": {"b": 1, "c": [1, 2]}, "e": {"f": 1}, "g": 1, "h": {"i": 1, "j": {}}});
        assert_eq!(changed(&a, &b), ["a.c", "d", "e.f", "g", "h.i"]);
        assert!(changed(&a, &a).is_empty());
    }

    #[test]
    fn a_scalar_keeps_its_quotes() {
        let text = "a: \"1\"\nb: '2'\nc: 3\n";
        let sources = sources(text);
        let editor = Editor::new(&sources);
        let edits: Vec<Edit> =
            ["\"1\"", "'2'", "3"].map(|part| editor.replace(span(text, part), "9")).to_vec();
        let edits: Vec<&Edit> = edits.iter().collect();
        assert_eq!(apply(text, &edits), "a: \"9\"\nb: '9'\nc: 9\n");
    }
}
