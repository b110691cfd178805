//! What is wrong with a stack, and where.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use indexmap::IndexMap;

use super::codes::WRONG_TYPE;
use super::fix::Fix;
use super::source::Span;

/// How bad it is, from the least.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What is known of every finding of one kind.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// `CV001`.
    pub id: &'static str,
    /// In a word or two, as it stands in reports for machines.
    pub name: &'static str,
    pub severity: Severity,
    /// One sentence, without a full stop.
    pub about: &'static str,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub code: &'static Code,
    /// The code's, unless this case is worse or less bad.
    pub severity: Severity,
    pub message: String,
    pub span: Span,
    /// Further places that belong to it, each with what it shows.
    pub notes: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
    /// How to mend it in the text.
    pub fix: Option<Fix>,
    /// The services that it was found in, in order; empty outside of services.
    pub services: BTreeSet<String>,
}

impl Finding {
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            message: message.into(),
            span,
            notes: Vec::new(),
            help: None,
            fix: None,
            services: BTreeSet::new(),
        }
    }

    /// The order of the source.
    pub(super) fn by_place(&self, other: &Self) -> Ordering {
        let key = |finding: &Self| (finding.span, finding.code.id);
        key(self).cmp(&key(other)).then_with(|| self.message.cmp(&other.message))
    }

    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    #[must_use]
    pub fn note(mut self, span: Span, text: impl Into<String>) -> Self {
        if span != self.span {
            self.notes.push((span, text.into()));
        }
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// `None`: it cannot be mended in the text.
    #[must_use]
    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix;
        self
    }

    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.services.insert(name.into());
        self
    }
}

/// All findings of a stack. The same fault at the same place, met in several services through one anchor or met
/// again while files are merged, is one finding.
#[derive(Debug, Default)]
pub struct Findings {
    seen: IndexMap<(&'static str, Span, String), Finding>,
    /// The service that is looked at.
    service: Option<String>,
}

impl Findings {
    /// What is found from now on belongs to this service.
    pub fn enter(&mut self, service: &str) {
        self.service = Some(service.to_owned());
    }

    /// What is found from now on belongs to none.
    pub fn leave(&mut self) {
        self.service = None;
    }

    pub fn add(&mut self, mut finding: Finding) {
        if finding.services.is_empty() {
            finding.services.extend(self.service.clone());
        }
        // The schema and the types may both say it, each in its words: the first is enough.
        let words = if finding.code == WRONG_TYPE { "" } else { &*finding.message };
        let key = (finding.code.id, finding.span, words.to_owned());
        match self.seen.entry(key) {
            indexmap::map::Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.services.extend(finding.services);
                if let (Some(known), Some(fix)) = (&mut known.fix, finding.fix) {
                    known.add(fix);
                }
            }
            indexmap::map::Entry::Vacant(place) => {
                place.insert(finding);
            }
        }
    }

    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.add(finding));
    }

    /// Whether something of this severity or a worse one was found.
    pub fn any(&self, least: Severity) -> bool {
        self.seen.values().any(|finding| finding.severity >= least)
    }

    /// Whether a finding of this kind lies in a file.
    pub fn is_at(&self, code: &'static Code, file: u32) -> bool {
        self.seen.values().any(|finding| finding.code == code && finding.span.file == file)
    }

    /// In the order of the source.
    pub fn sorted(self) -> Vec<Finding> {
        let mut all: Vec<Finding> = self.seen.into_values().collect();
        all.sort_by(Finding::by_place);
        all
    }
}
