//! Ports that a service really publishes, and an address put before one in the text.

use crate::compose::edit::Edit;
use crate::compose::node::{How, Node};
use crate::compose::source::Span;
use crate::compose::view::{Port, Service, View};

/// None where the service shares a network that has the say.
pub(super) fn published<'m>(service: &Service<'m>) -> Vec<Port<'m>> {
    let mode = service.text(&["network_mode"]).unwrap_or_default();
    let is_anothers = matches!(mode, "host" | "none")
        || mode.starts_with("service:")
        || mode.starts_with("container:");
    if is_anothers { Vec::new() } else { service.ports() }
}

/// Whether the author says on which address, even if a variable that is not set leaves it empty.
pub(super) fn names_address(view: &View<'_>, port: &Port<'_>) -> bool {
    let is_given = port.address.is_some() || port.node.get("host_ip").is_some();
    is_given || (is_short(port.node) && colons(bare(view.editor.at(port.node.span))) > 1)
}

/// Whether it was written as one text or number, of which all its keys come.
fn is_short(node: &Node) -> bool {
    node.map().is_some_and(|map| map.values().all(|entry| entry.key == node.span))
}

/// A scalar without its quotes.
fn bare(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix(['"', '\'']).map_or(text, |rest| rest.trim_end_matches(['"', '\'']))
}

/// The colons of a text that are in no `${…}`.
fn colons(text: &str) -> usize {
    let (mut depth, mut count) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => count += 1,
            _ => {}
        }
    }
    count
}

/// Puts the address of the machine itself before a published port. `None` where the text cannot be told.
pub(super) fn on_localhost(view: &View<'_>, node: &Node) -> Option<Edit> {
    if node.via.is_some_and(|via| via.how == How::Extends) {
        return None;
    }
    let text = view.editor.at(node.span);
    if is_short(node) { short(node.span, text) } else { long(view, node, text) }
}

fn short(span: Span, text: &str) -> Option<Edit> {
    let bare = bare(text);
    // A variable may hold more than a port.
    let is_plain = |text: &str| {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_digit())
            && bytes.all(|byte| byte.is_ascii_digit() || b"-/tcpudsTCPUDS".contains(&byte))
    };
    let put = match colons(bare) {
        0 if is_plain(bare) => "127.0.0.1::",
        1 => "127.0.0.1:",
        _ => return None,
    };
    let quote = match text.chars().next()? {
        quote @ ('"' | '\'') => quote.to_string(),
        // An anchor, a tag or a block is for the author to change.
        '&' | '!' | '|' | '>' => return None,
        // A number was a number: what it becomes is a text.
        _ if colons(bare) == 0 => "\"".to_owned(),
        _ => String::new(),
    };
    let end = text.trim_end().len();
    let span = Span { end: span.start + u32::try_from(end).ok()?, ..span };
    Some(Edit { span, text: format!("{quote}{put}{bare}{quote}") })
}

/// `host_ip` before the port that is published, else before that of the container.
fn long(view: &View<'_>, node: &Node, text: &str) -> Option<Edit> {
    let map = node.map()?;
    let own = |key: &str| {
        map.get(key).map(|entry| entry.key).filter(|key| {
            key.file == node.span.file && key.start >= node.span.start && key.end <= node.span.end
        })
    };
    let key = own("published").or_else(|| own("target"))?;
    let at = Span { end: key.start, ..key };
    if text.starts_with('{') {
        return Some(Edit { span: at, text: "host_ip: 127.0.0.1, ".to_owned() });
    }
    let before = view.editor.before(key);
    if !before.bytes().all(|byte| matches!(byte, b' ' | b'-')) {
        return None;
    }
    let newline = view.editor.newline(key);
    Some(Edit { span: at, text: format!("host_ip: 127.0.0.1{newline}{:1$}", "", before.len()) })
}
