//! YAML documents as trees that know where each value was written.

mod build;
mod measure;
mod scalar;
mod tabs;

pub(super) use build::came_through;
use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScanError, options};

use super::codes;
use super::finding::{Finding, Findings};
use super::node::{Map, Node, Text, Value};
use super::source::{Source, Span};

/// Collections in collections, at most.
const DEEPEST: usize = 255;

/// One `---` document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Node,
    /// What `!reset` and `!override` take away from the files before, as keys from the top.
    pub(super) resets: Vec<Vec<Text>>,
}

type Events<'s> = Vec<(Event<'s>, granit_parser::Span)>;

/// All documents of a file. What is wrong with them is among the findings; `None` if nothing could be read.
pub(super) fn parse(source: &Source, file: u32, findings: &mut Findings) -> Option<Vec<Document>> {
    let text = tabs::spaced(&source.text);
    let events = match events(&text, file) {
        Ok(events) => events,
        Err(finding) => {
            findings.add(*finding);
            return None;
        }
    };
    tabs::check(&source.text, &events, file, findings);
    if let Err(finding) = measure::check(&events, file) {
        findings.add(*finding);
        return None;
    }
    Some(build::documents(events, &source.text, file, findings))
}

fn events(text: &str, file: u32) -> Result<Events<'_>, Box<Finding>> {
    let mut events: Events<'_> = Vec::new();
    // Anchors outlive their document, as in Compose.
    let mut anchors: HashMap<Cow<'_, str>, usize> = HashMap::new();
    for event in Parser::new_from_str_with_options(text, options()) {
        match event {
            Ok((Event::Anchor(id, name), _)) => {
                anchors.insert(name, id);
            }
            Ok((Event::UnresolvedAlias(name), at)) => events.push(match anchors.get(&name) {
                Some(id) => (Event::Alias(*id), at),
                None => (Event::UnresolvedAlias(name), at),
            }),
            Ok((Event::DocumentStart(_, Some(version)), at))
                if (version.major, version.minor) != (1, 1) =>
            {
                let before = text.get(..build::span_of(at, file).start as usize);
                let start = before.and_then(|text| text.rfind("%YAML")).unwrap_or(0) as u32;
                let span = Span { file, start, end: start + 5 };
                let text = "Compose reads no YAML that calls itself another version than 1.1";
                return Err(Box::new(Finding::new(codes::SYNTAX, span, text)));
            }
            Ok(event) => events.push(event),
            Err(error) => return Err(Box::new(syntax(&error, file, text.len()))),
        }
    }
    Ok(events)
}

fn options() -> Options {
    options! {
        block_scalar_eof_without_line_feed: true,
        emit_anchor_events: true,
        emit_comments: false,
        emit_unresolved_aliases: true,
        block_nesting_limit: DEEPEST,
        flow_nesting_limit: DEEPEST,
        simple_key_max_lookahead: 1024,
    }
}

fn syntax(error: &ScanError, file: u32, length: usize) -> Finding {
    let at = error.marker().byte_offset().unwrap_or(0).min(length) as u32;
    let span = Span { file, start: at, end: at };
    let text = error.info();
    match error.kind() {
        granit_parser::ErrorKind::RecursionLimitExceeded => {
            Finding::new(codes::TOO_LARGE, span, format!("nested more than {DEEPEST} deep"))
        }
        _ => Finding::new(codes::SYNTAX, span, text),
    }
}

/// Takes what is marked `!reset` out of a tree, and tells where it and `!override` were.
fn take_resets(map: &mut Map, path: &mut Vec<Text>, resets: &mut Vec<Vec<Text>>) {
    map.retain(|key, entry| {
        path.push(key.clone());
        let is_reset = matches!(entry.node.value, Value::Reset);
        if is_reset || entry.node.is_override {
            resets.push(path.clone());
        } else {
            take_resets_in(&mut entry.node, path, resets);
        }
        path.pop();
        !is_reset
    });
}

fn take_resets_in(node: &mut Node, path: &mut Vec<Text>, resets: &mut Vec<Vec<Text>>) {
    match &mut node.value {
        Value::Map(map) => take_resets(map, path, resets),
        Value::List(list) => {
            list.retain(|item| !matches!(item.value, Value::Reset));
            for item in list {
                path.push("[]".into());
                // Compose takes nothing away from lists, nor from what lies in them.
                take_resets_in(item, path, &mut Vec::new());
                path.pop();
            }
        }
        _ => {}
    }
}
