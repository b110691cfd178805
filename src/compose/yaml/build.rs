//! From the parser's events to trees: anchors, aliases, merge keys, tags.

use std::collections::HashMap;

use granit_parser::{Event, ScalarStyle, Tag};
use indexmap::map::Entry as Place;

use super::{Document, Events, scalar, take_resets_in};
use crate::compose::codes;
use crate::compose::finding::{Finding, Findings};
use crate::compose::node::{Entry, How, Map, Node, Text, Value, Via};
use crate::compose::source::Span;

/// The place of an event.
pub(super) fn span_of(at: granit_parser::Span, file: u32) -> Span {
    let range = at.byte_range().unwrap_or(0..0);
    Span { file, start: range.start as u32, end: range.end as u32 }
}

/// Every document of the events.
pub(super) fn documents(
    events: Events<'_>,
    text: &str,
    file: u32,
    findings: &mut Findings,
) -> Vec<Document> {
    let anchors = HashMap::new();
    let mut builder = Builder { events: events.into_iter(), file, text, anchors, findings };
    let mut documents = Vec::new();
    while let Some((event, _)) = builder.events.next() {
        if matches!(event, Event::DocumentStart(..))
            && let Some(mut root) = builder.next()
        {
            let mut resets = Vec::new();
            take_resets_in(&mut root, &mut Vec::new(), &mut resets);
            documents.push(Document { root, resets });
        }
    }
    documents
}

struct Builder<'s, 'f> {
    events: std::vec::IntoIter<(Event<'s>, granit_parser::Span)>,
    file: u32,
    text: &'s str,
    /// What each anchor stands for; 0 is none.
    anchors: HashMap<usize, Node>,
    findings: &'f mut Findings,
}

impl Builder<'_, '_> {
    /// The value that comes next; `None` where a document ends.
    fn next(&mut self) -> Option<Node> {
        let (event, at) = self.events.next()?;
        self.value(event, span_of(at, self.file))
    }

    fn value(&mut self, event: Event<'_>, span: Span) -> Option<Node> {
        Some(match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), span);
                self.finish(Node::new(value, span), anchor, tag.as_deref())
            }
            Event::SequenceStart(_, anchor, tag) => {
                let node = self.list(span);
                self.finish(node, anchor, tag.as_deref())
            }
            Event::MappingStart(_, anchor, tag) => {
                let node = self.map(span);
                self.finish(node, anchor, tag.as_deref())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                let text = format!("there is no anchor `{name}` before this place");
                self.findings.add(Finding::new(codes::UNKNOWN_ALIAS, span, text));
                Node::new(Value::Bad, span)
            }
            _ => return None,
        })
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Span) -> Value {
        // `!` alone says nothing.
        let value = match tag.filter(|tag| tag.original() != "!") {
            Some(tag) => match tag.core_suffix() {
                Some(kind) => scalar::tagged(kind, text).unwrap_or_else(|| {
                    let text = format!("`{text}` is no `!!{kind}`");
                    self.findings.add(Finding::new(codes::SYNTAX, at, text));
                    Value::Bad
                }),
                None => Value::text(text),
            },
            None if style == ScalarStyle::Plain => scalar::resolve(text),
            None => Value::text(text),
        };
        if style == ScalarStyle::DoubleQuoted {
            self.escapes(at);
        }
        match value {
            Value::Float(number) if !number.is_finite() => {
                let text = format!("`{text}` is no number that Compose can take");
                self.findings.add(Finding::new(codes::VALUE, at, text));
                Value::Bad
            }
            value => value,
        }
    }

    /// Compose's YAML knows no `\/`, and no halves of characters.
    fn escapes(&mut self, at: Span) {
        let Some(raw) = self.text.get(at.start as usize..at.end as usize) else { return };
        let mut chars = raw.bytes().enumerate();
        while let Some((offset, byte)) = chars.next() {
            let next = if byte == b'\\' { chars.next() } else { None };
            let digits = raw.get(offset + 2..offset + 6);
            let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            let (length, help) = match next {
                Some((_, b'/')) => (2, "write `/`"),
                Some((_, b'u')) if code.is_some_and(|code| (0xd800..0xe000).contains(&code)) => {
                    (6, "write the character itself")
                }
                _ => continue,
            };
            let start = at.start + offset as u32;
            let span = Span { start, end: start + length, ..at };
            let escape = raw.get(offset..offset + length as usize).unwrap_or_default();
            let text = format!("`{escape}` is no escape that Compose knows");
            self.findings.add(Finding::new(codes::SYNTAX, span, text).help(help));
        }
    }

    /// Marks a node by its tag and keeps it for aliases.
    fn finish(&mut self, mut node: Node, anchor: usize, tag: Option<&Tag>) -> Node {
        match tag.map(Tag::original).as_deref() {
            Some("!reset") => node.value = Value::Reset,
            Some("!override") => node.is_override = true,
            _ => {}
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Node {
        match self.anchors.get(&anchor) {
            Some(node) => {
                let mut node = node.clone();
                came_through(&mut node, Via { span, how: How::Alias });
                node
            }
            None => Node::new(Value::Bad, span),
        }
    }

    fn list(&mut self, start: Span) -> Node {
        let (mut items, mut end) = (Vec::new(), start.end);
        while let Some((event, at)) = self.events.next() {
            let span = span_of(at, self.file);
            if let Some(item) = self.value(event, span) {
                end = end.max(own_end(&item, span));
                items.push(item);
            } else {
                end = end.max(span.end.min(span.start));
                break;
            }
        }
        Node::new(Value::List(items), Span { end, ..start })
    }

    fn map(&mut self, start: Span) -> Node {
        let mut map = Map::new();
        let mut merges = Vec::new();
        let mut end = start.end;
        while let Some((event, at)) = self.events.next() {
            let key_at = span_of(at, self.file);
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None)
                if text == "<<");
            let quoted = match &event {
                Event::Scalar(text, ..) => Some(text.to_string()),
                _ => None,
            };
            let Some(key) = self.value(event, key_at) else {
                end = end.max(key_at.start);
                break;
            };
            let Some(node) = self.next() else { break };
            end = end.max(key_at.end).max(own_end(&node, Span { end, ..start }));
            if is_merge {
                if let Some((first, _)) = merges.first() {
                    self.twice("<<", key_at, *first);
                    continue;
                }
                merges.push((key_at, node));
                continue;
            }
            if let Some(name) = self.key(&key, quoted, key_at) {
                self.insert(&mut map, name, key_at, node);
            }
        }
        for (at, node) in merges {
            self.merge(&mut map, at, node);
        }
        Node::new(Value::Map(map), Span { end, ..start })
    }

    fn insert(&mut self, map: &mut Map, name: Text, key: Span, node: Node) {
        match map.entry(name) {
            Place::Occupied(first) => {
                let (name, first) = (first.key().clone(), first.get().key);
                self.twice(&name, key, first);
            }
            Place::Vacant(place) => {
                place.insert(Entry { key, node });
            }
        }
    }

    fn twice(&mut self, name: &str, at: Span, first: Span) {
        let finding =
            Finding::new(codes::DUPLICATE_KEY, at, format!("the key `{name}` is given twice"));
        self.findings.add(finding.note(first, "it is given here before"));
    }

    /// The text of a key. What is no text is none that Compose takes.
    fn key(&mut self, node: &Node, quoted: Option<String>, at: Span) -> Option<Text> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Bad => None,
            other => {
                let text = format!("a key must be a string, and this is {}", other.kind());
                let mut finding = Finding::new(codes::WRONG_TYPE, at, text);
                if let Some(text) = quoted.as_ref().filter(|text| !text.is_empty()) {
                    finding = finding.help(format!("put it in quotes: \"{text}\""));
                }
                self.findings.add(finding);
                quoted.map(Text::from)
            }
        }
    }

    /// `<<`: what the mapping itself does not say. Of several, the first that says it.
    fn merge(&mut self, map: &mut Map, at: Span, node: Node) {
        let via = node.via.map_or(at, |via| via.span);
        match node.value {
            Value::Map(base) => {
                for (key, mut entry) in base {
                    if let Place::Vacant(place) = map.entry(key) {
                        came_through(&mut entry.node, Via { span: via, how: How::Merge });
                        place.insert(entry);
                    }
                }
            }
            Value::List(bases) => {
                for base in bases {
                    match base.value {
                        Value::Map(_) => self.merge(map, via, base),
                        _ => self.no_merge(&base),
                    }
                }
            }
            Value::Bad => {}
            _ => self.no_merge(&node),
        }
    }

    fn no_merge(&mut self, node: &Node) {
        let at = node.via.map_or(node.span, |via| via.span);
        let text = "`<<` takes a mapping or a list of mappings";
        self.findings.add(Finding::new(codes::WRONG_TYPE, at, text));
    }
}

/// Where a value ends in the text of the collection that holds it: behind its alias, if it came through one.
fn own_end(node: &Node, fallback: Span) -> u32 {
    match node.via {
        Some(Via { span, how: How::Alias }) => span.end,
        _ if node.span.file == fallback.file => node.span.end,
        _ => fallback.end,
    }
}

/// Marks a value and all within it as used at another place. The place nearest to the use counts.
pub(in crate::compose) fn came_through(node: &mut Node, via: Via) {
    node.via = Some(via);
    match &mut node.value {
        Value::List(list) => list.iter_mut().for_each(|item| came_through(item, via)),
        Value::Map(map) => map.values_mut().for_each(|entry| came_through(&mut entry.node, via)),
        _ => {}
    }
}
