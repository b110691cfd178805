//! What a stack's own files say is not to be told: comments `# ut: ignore[CV605] reason`, and keys
//! `x-ut: {ignore: {CV605: reason}}` where comments do not survive.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::codes;
use super::edit::Block;
use super::finding::{Code, Finding};
use super::node::{Map, Node};
use super::select::Selector;
use super::source::{Sources, Span};
use super::stack::Stack;

/// What a comment begins with.
const MARK: &str = "# ut: ignore";

/// Every `ignore` of a stack, to be asked for each finding.
#[derive(Debug, Default)]
pub(super) struct InSources {
    all: Vec<InSource>,
    /// Those of one service.
    of_service: HashMap<String, Vec<usize>>,
    /// Those of ranges, by where these begin; each with the one that its range lies in.
    ranges: Vec<(Span, usize, Option<usize>)>,
    everywhere: Vec<usize>,
}

/// An `ignore` of a stack.
#[derive(Debug)]
pub(super) struct InSource {
    /// The comment, or the key.
    pub(super) at: Span,
    pub(super) reason: String,
    selectors: Vec<Selector>,
    scope: Scope,
    /// The selectors that something was found for.
    used: RefCell<BTreeSet<Selector>>,
}

#[derive(Debug)]
enum Scope {
    All,
    /// What begins there.
    Bytes(Span),
    /// What is found in a service, wherever it stands; and in these lines.
    Service(String, Option<Span>),
}

impl InSources {
    fn new(all: Vec<InSource>) -> Self {
        let mut index = Self::default();
        for (at, ignore) in all.iter().enumerate() {
            match &ignore.scope {
                Scope::All => index.everywhere.push(at),
                Scope::Bytes(span) => index.ranges.push((*span, at, None)),
                Scope::Service(name, span) => {
                    index.of_service.entry(name.clone()).or_default().push(at);
                    index.ranges.extend(span.map(|span| (span, at, None)));
                }
            }
        }
        index.ranges.sort_by_key(|(span, at, _)| (span.file, span.start, u32::MAX - span.end, *at));
        let mut open: Vec<usize> = Vec::new();
        for at in 0..index.ranges.len() {
            let span = index.ranges[at].0;
            let is_before = |outer: &mut usize| {
                let outer = index.ranges[*outer].0;
                outer.file != span.file || outer.end <= span.start
            };
            while open.pop_if(is_before).is_some() {}
            index.ranges[at].2 = open.last().copied();
            open.push(at);
        }
        Self { all, ..index }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &InSource> {
        self.all.iter()
    }

    /// The one that holds for a finding in a service; `None` is outside of services.
    pub(super) fn holding(&self, finding: &Finding, service: Option<&str>) -> Option<&InSource> {
        let of_service = service.and_then(|name| self.of_service.get(name)).into_iter().flatten();
        let mut all = of_service
            .copied()
            .chain(self.around(finding.span))
            .chain(self.everywhere.iter().copied());
        let ignore = all.find_map(|at| {
            let ignore = &self.all[at];
            // A service's own range is for what is found outside of services.
            let is_meant = service.is_none_or(|name| ignore.is_for(name));
            let selector = ignore.selectors.iter().find(|selector| selector.holds(finding.code));
            Some((ignore, selector.filter(|_| is_meant)?))
        });
        let (ignore, selector) = ignore?;
        ignore.used.borrow_mut().insert(selector.clone());
        Some(ignore)
    }

    /// Those whose range holds the start of a place, the innermost first.
    fn around(&self, place: Span) -> impl Iterator<Item = usize> {
        let behind = self
            .ranges
            .partition_point(|(span, _, _)| (span.file, span.start) <= (place.file, place.start));
        let last = behind.checked_sub(1);
        let chain = std::iter::successors(last, |at| self.ranges[*at].2).map(|at| &self.ranges[at]);
        let holds = move |span: &Span| {
            span.file == place.file && place.start < span.end.max(span.start + 1)
        };
        chain.filter(move |(span, _, _)| holds(span)).map(|(_, at, _)| *at)
    }
}

impl InSource {
    /// Whether it may hold in this service.
    fn is_for(&self, service: &str) -> bool {
        match &self.scope {
            Scope::Service(name, _) => name == service,
            Scope::All | Scope::Bytes(_) => true,
        }
    }

    /// Says which of its codes nothing was found for, of those that act.
    pub(super) fn unused(&self, acts: impl Fn(&Code) -> bool) -> Option<Finding> {
        let used = self.used.borrow();
        let is_unused = |selector: &&Selector| {
            let mut codes = super::select::all();
            !used.contains(selector) && codes.any(|code| selector.holds(code) && acts(code))
        };
        let unused: Vec<&str> =
            self.selectors.iter().filter(is_unused).map(Selector::as_str).collect();
        if unused.is_empty() {
            return None;
        }
        let text = format!("nothing is found that this ignores: {}", unused.join(", "));
        Some(Finding::new(codes::UNUSED_IGNORE, self.at, text).help("take it away"))
    }
}

/// Every `ignore` of a stack, and what is wrong with them.
pub(super) fn all(stack: &Stack) -> (InSources, Vec<Finding>) {
    let mut found = Found { sources: &stack.sources, ignores: Vec::new(), findings: Vec::new() };
    for file in 0..stack.sources.len() {
        found.comments(file);
    }
    found.extension(stack.model(), || Scope::All);
    for service in stack.services() {
        if let Some(map) = service.node.map() {
            found.extension(map, || Scope::Service(service.name.to_owned(), None));
        }
    }
    (InSources::new(found.ignores), found.findings)
}

struct Found<'s> {
    sources: &'s Sources,
    ignores: Vec<InSource>,
    findings: Vec<Finding>,
}

impl Found<'_> {
    /// Line by line, with the keys that the line is indented below.
    fn comments(&mut self, file: u32) {
        let text = &self.sources.get(file).text;
        if memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_none() {
            return;
        }
        let span = |start: usize, end: usize| Span { file, start: start as u32, end: end as u32 };
        let (mut start, mut is_content) = (0, false);
        let (mut above, mut parents): (Vec<Span>, Vec<(usize, &str)>) = (Vec::new(), Vec::new());
        for line in text.split_inclusive('\n') {
            let (at, content) = (start + indent(line), line.trim());
            start += line.len();
            if content.starts_with('#') {
                let comment = span(at, at + content.len());
                match content.starts_with(MARK) {
                    true if is_content => above.push(comment),
                    true => self.comment(comment, Scope::Bytes(span(0, text.len()))),
                    false => {}
                }
            } else if !content.is_empty() && !content.starts_with("---") {
                while parents.pop_if(|(columns, _)| *columns >= indent(line)).is_some() {}
                let parent = parents.last().map(|(_, line)| *line);
                for comment in above.drain(..) {
                    self.comment(comment, below(text, span(at, at + content.len()), parent));
                }
                if let Some(comment) = behind(content) {
                    let comment = span(at + comment, at + content.len());
                    self.comment(comment, Scope::Bytes(span(at - indent(line), start)));
                }
                parents.push((indent(line), content));
                is_content = true;
            }
        }
        for comment in above {
            self.comment(comment, Scope::Bytes(comment));
        }
    }

    fn comment(&mut self, at: Span, scope: Scope) {
        let text = &self.sources.get(at.file).text[at.start as usize..at.end as usize];
        let rest = text.strip_prefix(MARK).unwrap_or_default();
        let parts = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (codes, reason) = parts.unwrap_or_default();
        self.add(at, codes.split(','), reason, scope);
    }

    fn extension(&mut self, map: &Map, scope: impl Fn() -> Scope) {
        let Some(entry) = map.get("x-ut") else { return };
        let Some(ignore) = entry.node.get("ignore").and_then(Node::map) else {
            let text = "`x-ut` holds `ignore`: codes, each with the reason";
            self.findings.push(Finding::new(codes::BAD_IGNORE, entry.key, text));
            return;
        };
        for (code, entry) in ignore {
            let reason = entry.node.text().unwrap_or_default();
            self.add(entry.key, std::iter::once(&**code), reason, scope());
        }
    }

    fn add<'c>(
        &mut self,
        at: Span,
        codes: impl Iterator<Item = &'c str>,
        reason: &str,
        scope: Scope,
    ) {
        let mut selectors = Vec::new();
        for code in codes.map(str::trim).filter(|code| !code.is_empty()) {
            match code.parse() {
                Ok(selector) => selectors.push(selector),
                Err(error) => {
                    let help = "`ut compose-validate --list-rules` lists them";
                    let finding = Finding::new(codes::BAD_IGNORE, at, format!("{error}"));
                    self.findings.push(finding.help(help));
                    return;
                }
            }
        }
        let reason = reason.trim();
        if selectors.is_empty() || reason.is_empty() {
            let text = if selectors.is_empty() {
                "this ignores nothing: it names no code"
            } else {
                "this says not why"
            };
            let help = "write it as `# ut: ignore[CV605] why`";
            self.findings.push(Finding::new(codes::BAD_IGNORE, at, text).help(help));
        }
        let used = RefCell::default();
        self.ignores.push(InSource { at, reason: reason.to_owned(), selectors, scope, used });
    }
}

/// Columns before a line's content.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Where a comment begins that stands behind something on its line.
fn behind(line: &str) -> Option<usize> {
    let at = memchr::memmem::find(line.as_bytes(), MARK.as_bytes())?;
    line[..at].ends_with([' ', '\t']).then_some(at)
}

/// What a comment above a line is about: what begins in the line; the service, if that is one.
fn below(text: &str, line: Span, parent: Option<&str>) -> Scope {
    let block = Block::of(text, line);
    let span = block.map_or(line, |block| Span {
        start: block.start as u32,
        end: block.end as u32,
        ..line
    });
    let content = &text[line.start as usize..line.end as usize];
    let key = content.split(':').next().unwrap_or_default().trim_matches(['"', '\'']);
    let parent = parent.map(|line| line.split(" #").next().unwrap_or(line).trim_end());
    match parent {
        Some("services:") => Scope::Service(key.to_owned(), Some(span)),
        _ => Scope::Bytes(span),
    }
}
