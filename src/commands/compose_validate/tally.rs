//! What is kept of stacks whose findings are told: numbers.

use std::collections::BTreeMap;

use super::judged::Judged;
use crate::compose::Total;
use crate::compose::finding::{Code, Severity};
use crate::compose::fix::Safety;

/// Of all stacks.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) stacks: Vec<Sums>,
    pub(super) codes: BTreeMap<&'static str, OfCode>,
    /// Findings by code and severity, which the configuration may change.
    pub(super) found: BTreeMap<(&'static str, Severity), usize>,
    pub(super) safe_fixes: usize,
    pub(super) unsafe_fixes: usize,
    pub(super) suppressed: usize,
    /// The first rule that found something.
    pub(super) first_rule: Option<&'static Code>,
}

/// Of one code.
#[derive(Debug)]
pub(super) struct OfCode {
    pub(super) code: &'static Code,
    pub(super) count: usize,
    pub(super) fixable: usize,
}

/// Of one stack.
#[derive(Debug)]
pub(super) struct Sums {
    /// The files that were asked for, as a person would name them.
    pub(super) files: Vec<String>,
    pub(super) project: String,
    pub(super) totals: Vec<Total>,
}

impl Tally {
    pub(super) fn add(&mut self, stack: &Judged) {
        for finding in &stack.findings {
            let safety = finding.fix.as_ref().map(|fix| fix.safety);
            *self.found.entry((finding.code.id, finding.severity)).or_default() += 1;
            let of_code = OfCode { code: finding.code, count: 0, fixable: 0 };
            let of_code = self.codes.entry(finding.code.id).or_insert(of_code);
            of_code.count += 1;
            of_code.fixable += usize::from(safety.is_some());
            self.safe_fixes += usize::from(safety == Some(Safety::Safe));
            self.unsafe_fixes += usize::from(safety == Some(Safety::Unsafe));
            if self.first_rule.is_none() && finding.code.id > "CV1" {
                self.first_rule = Some(finding.code);
            }
        }
        self.suppressed += stack.suppressed.len();
        self.stacks.push(Sums {
            files: stack.files.clone(),
            project: stack.project.clone(),
            totals: stack.totals.clone(),
        });
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        let found = self.found.iter().filter(|((_, own), _)| *own == severity);
        found.map(|(_, count)| count).sum()
    }

    pub(super) fn findings(&self) -> usize {
        self.found.values().sum()
    }

    /// Whether something of this severity or a worse one was found.
    pub(super) fn any(&self, least: Severity) -> bool {
        self.found.keys().any(|(_, severity)| *severity >= least)
    }
}
