//! The prose of a README: without code, badges, links and sections about others.

use crate::workload::cut::head;

/// Bytes of prose that present the project, unless a second section comes before.
const LEAD: usize = 1200;

/// Headings of sections that are not about the project itself, as they begin.
const ASIDE: &[&str] = &[
    "sponsor",
    "used by",
    "who uses",
    "users",
    "backers",
    "supporters",
    "acknowledg",
    "credits",
    "citation",
    "citing",
    "cite",
    "related",
    "similar projects",
    "alternatives",
    "integrations",
    "ecosystem",
    "awesome",
    "licen",
    "contribut",
    "changelog",
    "news",
    "community",
    "resources",
    "references",
    "table of contents",
    "contents",
    "comparison",
    "partners",
    "adopters",
    "see also",
    "projects using",
    "talks",
    "papers",
    "publications",
    "development",
    "faq",
];

/// Headings of sections that go on with the lead, as they begin.
const INTRO: &[&str] = &[
    "about",
    "overview",
    "intro",
    "what is",
    "description",
    "summary",
    "why",
    "abstract",
    "background",
];

/// Headings of sections that end the lead, however short it is.
const USE: &[&str] = &[
    "install",
    "usage",
    "use",
    "getting started",
    "quick",
    "requirement",
    "example",
    "build",
    "setup",
];
/// Bytes of prose after which a heading ends the lead.
const SHORT: usize = 150;

/// What a project calls itself.
const PROJECT: &[&str] =
    &["repo", "repository", "project", "package", "library", "toolkit", "framework", "code"];

/// Verbs of a sentence that presents a project.
const VERBS: &[&str] = &[
    "is",
    "provides",
    "implements",
    "contains",
    "employs",
    "offers",
    "lets",
    "trains",
    "aims",
    "supports",
    "enables",
    "allows",
    "uses",
    "learns",
    "predicts",
    "detects",
    "generates",
    "hosts",
    "includes",
];

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The title, and what comes before the second section.
    Lead,
    Body,
    /// Items of lists and rows of tables.
    List,
}

/// A README's prose, line by line as in the file, so that lines keep their numbers.
pub(super) struct Page {
    pub(super) prose: String,
    /// Of each line.
    pub(super) places: Vec<Place>,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self { prose: String::with_capacity(text.len()), places: Vec::new() };
        let (mut code, mut comment, mut aside) = (false, false, false);
        let (mut spoken, mut intro, mut presents) = (0, true, false);
        let mut name = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let trimmed = line.trim();
            let fence = trimmed.starts_with("```") || trimmed.starts_with("~~~");
            code ^= fence;
            comment |= trimmed.contains("<!--");
            let titled = lines.peek().is_some_and(|next| is_rule(next)) && trimmed.len() > 1;
            if !code && !comment && (trimmed.starts_with('#') || titled) {
                aside = begins(trimmed, ASIDE);
                let goes_on = aside || spoken < SHORT || trimmed.starts_with("# ");
                intro = begins(trimmed, INTRO) || (intro && goes_on && !begins(trimmed, USE));
                if name.is_empty() {
                    name = first_word(trimmed);
                }
            }
            let list = ["* ", "- ", "+ ", "|"].iter().any(|mark| trimmed.starts_with(mark));
            // The sentence that presents the project belongs to the lead wherever it stands.
            presents = !trimmed.is_empty() && (presents || is_presentation(trimmed, &name));
            let place = match list {
                true => Place::List,
                false if (intro || presents) && spoken < LEAD => Place::Lead,
                false => Place::Body,
            };
            page.places.push(place);
            let indented = line.starts_with("    ") || line.starts_with('\t');
            let indented = indented && !list && !trimmed.starts_with('<');
            if !(code || fence || comment || aside || indented || is_rule(trimmed)) {
                let plain = plain(trimmed);
                if !trimmed.starts_with('>') && place == Place::Lead {
                    spoken += plain.trim().len();
                }
                page.prose.push_str(&plain);
            }
            page.prose.push('\n');
            if titled {
                // A blank line more would shift the lines: the rule itself ends the sentence.
                page.prose.pop();
                page.prose.push_str(".\n");
            }
            comment &= !trimmed.contains("-->");
        }
        page
    }
}

/// A line's first word, in lower case.
fn first_word(line: &str) -> String {
    let word = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = word.find(|c: char| !(c.is_alphanumeric() || "-_.+".contains(c)));
    word.get(..end.unwrap_or(word.len())).unwrap_or_default().to_lowercase()
}

/// Whether a line begins a sentence that presents the project: its name, a word in bold or `This
/// repository`, and a verb soon after.
fn is_presentation(line: &str, name: &str) -> bool {
    let text = head(line, 200).to_lowercase();
    let text = text.replace(['*', '`', '_', '[', ']'], "");
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let named = first_word(line) == name && !name.is_empty();
    let bold = line.starts_with("**") && !line.ends_with("**");
    let this = ["this", "the"].contains(&first)
        && words.next().is_some_and(|second| PROJECT.contains(&second));
    (named || bold || this) && words.take(3).any(|word| VERBS.contains(&word))
}

/// Whether a line underlines a title.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() > 2 && ['=', '-', '~'].iter().any(|&mark| line.chars().all(|c| c == mark))
}

fn begins(heading: &str, with: &[&str]) -> bool {
    let title = heading.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    with.iter().any(|start| title.starts_with(start))
}

/// A line without images, tags and the addresses of links.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['!', ']', '<', 'h']) {
        let (before, mark) = rest.split_at(at);
        plain.push_str(before);
        let dropped = if let Some(alt) = mark.strip_prefix("![") {
            alt.find(']').map(|end| end + 2)
        } else if mark.starts_with("](") {
            mark.find(')').map(|end| end + 1)
        } else if mark.starts_with('<') {
            mark.find('>').map(|end| end + 1)
        } else if mark.starts_with("http://") || mark.starts_with("https://") {
            Some(
                mark.find(|c: char| c.is_whitespace() || c == ')' || c == ']')
                    .unwrap_or(mark.len()),
            )
        } else {
            None
        };
        if let Some(after) = dropped.and_then(|length| mark.get(length..)) {
            plain.push(' ');
            rest = after;
        } else {
            let mut chars = mark.chars();
            plain.extend(chars.next());
            rest = chars.as_str();
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::{Page, Place, plain};

    #[test]
    fn the_lead_is_what_presents_the_project() {
        let lead = |text: &str, line: &str| {
            let at = text.lines().position(|l| l.starts_with(line)).unwrap();
            Page::read(text).places[at] == Place::Lead
        };
        let late =
            "## Getting Started\nclone it\n\n## Introduction\nNets in C.\n\n## Usage\nOther.\n";
        assert!(lead(late, "Nets") && !lead(late, "Other") && !lead(late, "clone"));
        let long = "words ".repeat(60);
        let far = format!(
            "# Foo\n{long}\n## News of\nnone\n## More\nSome.\n\n**foo** is a\nlibrary.\n\nFoo has tests.\n\nThis repository contains nets.\n"
        );
        assert!(lead(&far, "**foo**") && lead(&far, "library") && lead(&far, "This"));
        assert!(!lead(&far, "Some") && !lead(&far, "Foo has"));
        let listed = format!("# Foo\n- {long}\n- {long}\n## (nets for pictures)\n");
        assert!(lead(&listed, "## (nets"));
    }

    #[test]
    fn images_tags_and_addresses_are_dropped() {
        let words = |line| plain(line).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            words("[![PyTorch](https://x/y.svg)](https://x) A <b>fast</b> tool"),
            "[ A fast tool"
        );
        assert_eq!(
            words("see [the docs](https://pytorch.org) or https://keras.io now"),
            "see [the docs or now"
        );
        assert_eq!(words("open ![ and < stay"), "open ![ and < stay");
    }
}
