//! What is told of a stack: what was found, less what is not selected and what somebody has a reason to leave.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::pattern::matches;
use super::rules::Settings;
use super::select::{Selection, Selector};
use super::source::Span;
use super::stack::Stack;
use super::suppress::{self, InSources};

/// How stacks are judged.
#[derive(Debug, Clone)]
pub struct Policy {
    pub selection: Selection,
    pub settings: Settings,
    /// From the configuration.
    pub ignores: Vec<Ignore>,
}

/// Findings that are not told, as the configuration says.
#[derive(Debug, Clone)]
pub struct Ignore {
    pub selector: Selector,
    pub place: Where,
    pub reason: String,
}

/// Where an ignore of the configuration holds. `*` in a pattern is any text.
#[derive(Debug, Clone)]
pub enum Where {
    /// Files whose path from a folder fits.
    File { folder: PathBuf, pattern: String },
    /// Services whose name fits.
    Service { pattern: String },
}

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::File { pattern, .. } | Self::Service { pattern }) = self;
        write!(f, "`{pattern}`")
    }
}

/// What is found, and what is not told of it.
#[derive(Debug, Default)]
pub struct Verdict {
    /// In the order of the source.
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    /// Of each ignore of the configuration.
    pub ignores: Vec<Need>,
}

/// Whether an ignore is needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Need {
    /// Its file or service is in a stack.
    pub is_there: bool,
    /// Something was found that it ignores.
    pub is_used: bool,
}

/// A finding that somebody had a reason to leave.
#[derive(Debug)]
pub struct Suppressed {
    pub finding: Finding,
    pub reason: String,
    /// The comment or key; `None`: the configuration says so.
    pub at: Option<Span>,
}

impl Stack {
    pub fn verdict(&self, policy: &Policy) -> Verdict {
        let selection = &policy.selection;
        let read = self.findings.iter().filter(|finding| selection.acts(finding.code)).cloned();
        let mut all: Vec<Finding> =
            read.chain(self.judge(&selection.rules(), &policy.settings)).collect();
        for finding in &mut all {
            if let Some(severity) = selection.severities.get(finding.code.id) {
                finding.severity = *severity;
            }
        }
        let (in_source, wrong) = suppress::all(self);
        let need = |ignore| Need { is_there: self.has_place_of(ignore), is_used: false };
        let ignores = policy.ignores.iter().map(need);
        let mut verdict = Verdict { ignores: ignores.collect(), ..Verdict::default() };
        for finding in all {
            self.sort(finding, &in_source, policy, &mut verdict);
        }
        let unused =
            in_source.iter().filter_map(|ignore| ignore.unused(|code| selection.acts(code)));
        let of_ignores = wrong.into_iter().chain(unused);
        verdict.findings.extend(of_ignores.filter(|finding| selection.acts(finding.code)));
        verdict.findings.sort_by(Finding::by_place);
        verdict
    }

    /// Tells a finding for the services in which nobody has a reason against it.
    fn sort(
        &self,
        finding: Finding,
        in_source: &InSources,
        policy: &Policy,
        verdict: &mut Verdict,
    ) {
        let mut reason = None;
        let mut is_told = |service: Option<&str>, verdict: &mut Verdict| {
            if let Some(ignore) = in_source.holding(&finding, service) {
                reason.get_or_insert((ignore.reason.clone(), Some(ignore.at)));
                return false;
            }
            for (ignore, need) in policy.ignores.iter().zip(&mut verdict.ignores) {
                if self.holds(ignore, &finding, service) {
                    need.is_used = true;
                    reason.get_or_insert((ignore.reason.clone(), None));
                    return false;
                }
            }
            true
        };
        if finding.services.is_empty() {
            if is_told(None, verdict) {
                verdict.findings.push(finding);
                return;
            }
        } else {
            let services = finding.services.iter();
            let told: BTreeSet<String> =
                services.filter(|service| is_told(Some(service), verdict)).cloned().collect();
            if told.len() == finding.services.len() {
                verdict.findings.push(finding);
                return;
            }
            if !told.is_empty() {
                let fix = finding.fix.and_then(|fix| fix.only_for(&told));
                verdict.findings.push(Finding { services: told, fix, ..finding });
                return;
            }
        }
        let (reason, at) = reason.unwrap_or_default();
        verdict.suppressed.push(Suppressed { finding, reason, at });
    }

    fn holds(&self, ignore: &Ignore, finding: &Finding, service: Option<&str>) -> bool {
        let is_there = match &ignore.place {
            Where::Service { pattern } => service.is_some_and(|name| matches(pattern, name)),
            Where::File { folder, pattern } => {
                is_file(folder, pattern, &self.sources.get(finding.span.file).path)
            }
        };
        is_there && ignore.selector.holds(finding.code)
    }

    fn has_place_of(&self, ignore: &Ignore) -> bool {
        match &ignore.place {
            Where::Service { pattern } => {
                self.services().any(|service| matches(pattern, service.name))
            }
            Where::File { folder, pattern } => (0..self.sources.len())
                .any(|file| is_file(folder, pattern, &self.sources.get(file).path)),
        }
    }
}

fn is_file(folder: &Path, pattern: &str, path: &Path) -> bool {
    let path = path.strip_prefix(folder).unwrap_or(path);
    matches(pattern, &path.to_string_lossy())
}
