//! `ut.cleanup/1`.

use serde::Serialize;
use serde::ser::SerializeSeq as _;

use super::open::Opened;
use super::plan::Made;
use crate::cleanup::apply::{Applied, Left};
use crate::cleanup::orphans::Orphan;
use crate::cleanup::plan::Action;
use crate::cleanup::reason::GROUPS;
use crate::core::context::Context;
use crate::core::time::format_time;

#[derive(Serialize)]
struct Document<'m> {
    schema: &'static str,
    store: &'m str,
    now: String,
    dry_run: bool,
    experiments: Vec<ExperimentView<'m>>,
    runs: Runs<'m>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orphans: Option<&'m [Orphan]>,
    totals: Totals,
}

#[derive(Serialize)]
struct ExperimentView<'m> {
    experiment_id: &'m str,
    name: &'m str,
    metric: &'m str,
    /// None of its runs can be ranked: all are kept.
    lacks_metric: bool,
    #[serde(flatten)]
    totals: Totals,
}

#[derive(Serialize, Default, Clone)]
pub(super) struct Totals {
    pub(super) runs: u64,
    pub(super) keep: u64,
    pub(super) delete: u64,
    pub(super) refuse: u64,
    pub(super) ignore: u64,
    /// What those that go take with them; none where it was not added up.
    pub(super) bytes: Option<u64>,
    /// What was done; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deleted: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) freed_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) left: Option<u64>,
}

#[derive(Serialize)]
struct RunView<'m> {
    run_id: &'m str,
    experiment_id: &'m str,
    action: Action,
    reasons: Vec<String>,
    bytes: Option<u64>,
    /// `deleted`, `changed`, `refused` or `failed`, and why; nothing in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'m str>,
}

/// Written one by one: there may be a million.
struct Runs<'m> {
    made: &'m Made,
    applied: Option<&'m Applied>,
}

impl Serialize for Runs<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut runs = serializer.serialize_seq(None)?;
        for index in self.made.selected() {
            runs.serialize_element(&self.view(index))?;
        }
        runs.end()
    }
}

impl<'m> Runs<'m> {
    fn view(&self, index: u32) -> RunView<'m> {
        let Made { snapshot, plan, sizes, .. } = self.made;
        let run = &snapshot.runs[index as usize];
        let (mut outcome, mut why) = (None, None);
        if let Some(applied) = self.applied {
            (outcome, why) = match applied.left.get(&index) {
                Some(Left::Changed(text)) => (Some("changed"), Some(text.as_str())),
                Some(Left::Refused(text)) => (Some("refused"), Some(text.as_str())),
                Some(Left::Failed(_, text)) => (Some("failed"), Some(text.as_str())),
                None if applied.deleted.contains_key(&index) => (Some("deleted"), None),
                None => (None, None),
            };
        }
        let action = plan.decisions[index as usize].action;
        let goes = action == Action::Delete;
        RunView {
            run_id: &run.id,
            experiment_id: &snapshot.scope(run).experiment.id,
            action,
            reasons: plan.reasons(snapshot, index),
            bytes: sizes.get(&index).filter(|_| goes).map(|size| size.bytes),
            outcome,
            why,
        }
    }
}

impl Made {
    /// The runs that were decided on.
    pub(super) fn selected(&self) -> impl Iterator<Item = u32> + '_ {
        let all = (0_u32..).zip(&self.snapshot.runs);
        all.filter(|(_, run)| self.snapshot.scope(run).is_selected).map(|(index, _)| index)
    }

    /// How many are kept for each of [`GROUPS`]: each run once, by the first that holds.
    pub(super) fn kept(&self) -> [u64; GROUPS.len()] {
        let mut counts = [0; GROUPS.len()];
        for index in self.selected() {
            let decision = self.plan.decisions[index as usize];
            if decision.action == Action::Keep {
                let group = GROUPS.iter().position(|(bits, ..)| decision.reasons & bits != 0);
                counts[group.unwrap_or_default()] += 1;
            }
        }
        counts
    }

    /// Of each experiment, and of all.
    pub(super) fn totals(&self, applied: Option<&Applied>) -> (Vec<Totals>, Totals) {
        let none = Totals {
            bytes: self.with_sizes.then_some(0),
            deleted: applied.map(|_| 0),
            freed_bytes: applied.map(|_| 0),
            left: applied.map(|_| 0),
            ..Totals::default()
        };
        let mut each = vec![none.clone(); self.snapshot.scopes.len()];
        let mut all = none;
        for index in self.selected() {
            let run = &self.snapshot.runs[index as usize];
            for totals in [&mut each[run.experiment as usize], &mut all] {
                totals.add(self, index, applied);
            }
        }
        (each, all)
    }
}

impl Totals {
    fn add(&mut self, made: &Made, index: u32, applied: Option<&Applied>) {
        self.runs += 1;
        match made.plan.decisions[index as usize].action {
            Action::Keep => self.keep += 1,
            Action::Delete => self.delete += 1,
            Action::Refuse => self.refuse += 1,
            Action::Ignore => self.ignore += 1,
        }
        let size = made.sizes.get(&index).map_or(0, |size| size.bytes);
        if made.plan.decisions[index as usize].action == Action::Delete {
            self.bytes = self.bytes.map(|bytes| bytes + size);
        }
        let Some(applied) = applied else { return };
        if let Some(size) = applied.deleted.get(&index) {
            self.deleted = self.deleted.map(|n| n + 1);
            self.freed_bytes = self.freed_bytes.map(|bytes| bytes + size.bytes);
        }
        if applied.left.contains_key(&index) {
            self.left = self.left.map(|n| n + 1);
        }
    }
}

pub(super) fn show(
    made: &Made,
    opened: &Opened,
    applied: Option<&Applied>,
    ctx: &Context,
) -> anyhow::Result<()> {
    let (each, totals) = made.totals(applied);
    let experiments = made.snapshot.scopes.iter().zip(each).zip(&made.plan.lacks_metric);
    let experiments = experiments
        .filter(|((scope, _), _)| scope.is_selected)
        .map(|((scope, totals), lacks)| ExperimentView {
            experiment_id: &scope.experiment.id,
            name: &scope.experiment.name,
            metric: &scope.policy.metric,
            lacks_metric: *lacks && totals.runs > 0 && scope.policy.top_n > 0,
            totals,
        })
        .collect();
    ctx.out.json(&Document {
        schema: "ut.cleanup/1",
        store: opened.store.name(),
        now: format_time(made.now * 1000),
        dry_run: applied.is_none(),
        experiments,
        runs: Runs { made, applied },
        orphans: made.orphans.as_deref(),
        totals,
    })
}
