//! What stays and what goes (pure): a snapshot, the policies in it and a time in, a decision for each run out.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use super::facts::{Millis, Run, Snapshot, Status};
use super::reason::{self, Reasons};
use super::registry::{References, references};

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Keep,
    Delete,
    /// It would go, but its artifacts cannot be removed safely.
    Refuse,
    /// Soft-deleted, and nothing of it is left.
    Ignore,
}

/// What becomes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub action: Action,
    pub reasons: Reasons,
    /// Place among the active runs of its experiment by the metric, from 1; 0 where it does not rank.
    pub rank: u32,
}

/// Decisions in the order of the snapshot's runs.
#[derive(Debug)]
pub struct Plan {
    pub decisions: Vec<Decision>,
    pub references: References,
    /// Why runs are refused.
    pub refusals: BTreeMap<u32, String>,
    /// By experiment: whether its metric ranks no run at all.
    pub lacks_metric: Vec<bool>,
}

/// What was found out about runs that would go: they cannot, or nothing is left of them.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    pub refusals: BTreeMap<u32, String>,
    pub gone: std::collections::BTreeSet<u32>,
}

/// Decides on every run. `refuse` says of a run that would go why its artifacts cannot be removed.
pub fn decide(
    snapshot: &Snapshot,
    now: Millis,
    findings: &Findings,
    refuse: impl Fn(u32, &Run) -> Option<String>,
) -> Plan {
    let ids: HashMap<&str, u32> =
        (0..).zip(&snapshot.runs).map(|(index, run)| (&*run.id, index)).collect();
    let references = references(snapshot, &snapshot.versions, &ids);
    let Ranking { ranks, lacks_metric } = rank(snapshot);
    let mut plan =
        Plan { decisions: Vec::new(), references, refusals: BTreeMap::new(), lacks_metric };
    for (index, run) in (0..).zip(&snapshot.runs) {
        let reasons = own_reasons(snapshot, run, now, ranks[index as usize], &plan, index);
        let action = if reasons == 0 { Action::Delete } else { Action::Keep };
        plan.decisions.push(Decision { action, reasons, rank: ranks[index as usize] });
    }
    let family = Family::new(snapshot, &ids);
    keep_children(&mut plan, snapshot, &family);
    for (index, run) in (0..).zip(&snapshot.runs) {
        let decision = &mut plan.decisions[index as usize];
        if let Some(wrong) = snapshot.unreadable.get(&index) {
            *decision = Decision { action: Action::Refuse, reasons: 0, rank: 0 };
            plan.refusals.insert(index, wrong.clone());
        }
        if decision.action != Action::Delete {
            continue;
        }
        if findings.gone.contains(&index) {
            decision.action = Action::Ignore;
        } else if let Some(why) =
            findings.refusals.get(&index).cloned().or_else(|| refuse(index, run))
        {
            decision.action = Action::Refuse;
            plan.refusals.insert(index, why);
        }
    }
    keep_some(&mut plan, snapshot);
    keep_relatives(&mut plan, snapshot, &family);
    plan
}

/// The reasons that lie in the run itself.
fn own_reasons(
    snapshot: &Snapshot,
    run: &Run,
    now: Millis,
    rank: u32,
    plan: &Plan,
    index: u32,
) -> Reasons {
    let scope = snapshot.scope(run);
    let policy = &scope.policy;
    let mut reasons = match run.status {
        Status::Running => reason::RUNNING,
        Status::Scheduled => reason::SCHEDULED,
        Status::Ended => 0,
    };
    let mut say = |bit, holds: bool| reasons |= if holds { bit } else { 0 };
    say(reason::TAG, run.tags != 0);
    say(reason::REGISTRY, plan.references.contains_key(&index));
    match last_active(run) {
        None => say(reason::UNKNOWN_AGE, true),
        Some(last) => say(reason::RECENT, now.saturating_sub(last) <= policy.retention()),
    }
    if run.is_active && policy.top_n > 0 {
        say(reason::TOP, (1..=policy.top_n).contains(&rank));
        say(reason::NO_METRIC, plan.lacks_metric[run.experiment as usize]);
    }
    reasons
}

/// When a run last did something: the later of start and end (and deletion, where the store tells it). A run without
/// a start is of unknown age.
pub fn last_active(run: &Run) -> Option<Millis> {
    (run.start > 0).then(|| run.start.max(run.end).max(run.deleted_at))
}

struct Ranking {
    ranks: Vec<u32>,
    lacks_metric: Vec<bool>,
}

/// Numbers that are infinite do not rank; some stores write them as the largest there is.
pub fn ranks(value: f64) -> bool {
    value.is_finite() && value.abs() < f64::MAX
}

/// MLflow's order: by the metric, then the newest start, then the id.
pub fn order(a: &Run, b: &Run, mode: super::policy::Mode) -> Ordering {
    let metric = |run: &Run| Some(run.metric).filter(|value| ranks(*value));
    let by_metric = match (metric(a), metric(b)) {
        (Some(a), Some(b)) => match mode {
            // Zero has one place, whatever its sign.
            super::policy::Mode::Max => (b + 0.0).total_cmp(&(a + 0.0)),
            super::policy::Mode::Min => (a + 0.0).total_cmp(&(b + 0.0)),
        },
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    by_metric.then_with(|| b.start.cmp(&a.start)).then_with(|| a.id.cmp(&b.id))
}

fn rank(snapshot: &Snapshot) -> Ranking {
    let mut ranked: Vec<Vec<u32>> = vec![Vec::new(); snapshot.scopes.len()];
    for (index, run) in (0..).zip(&snapshot.runs) {
        if run.is_active && ranks(run.metric) {
            ranked[run.experiment as usize].push(index);
        }
    }
    let mut all = vec![0; snapshot.runs.len()];
    let run = |index: &u32| &snapshot.runs[*index as usize];
    for (scope, runs) in snapshot.scopes.iter().zip(&mut ranked) {
        runs.sort_unstable_by(|a, b| order(run(a), run(b), scope.policy.mode));
        for (place, index) in (1..).zip(runs.iter()) {
            all[*index as usize] = place;
        }
    }
    Ranking { ranks: all, lacks_metric: ranked.iter().map(Vec::is_empty).collect() }
}

/// Who descends from whom, and whose models are used by whom.
struct Family {
    parent: HashMap<u32, u32>,
    children: HashMap<u32, Vec<u32>>,
    /// The runs whose logged models a run has as input or output.
    sources: HashMap<u32, Vec<u32>>,
}

impl Family {
    fn new(snapshot: &Snapshot, ids: &HashMap<&str, u32>) -> Self {
        let (mut parent, mut children): (HashMap<_, _>, HashMap<_, Vec<_>>) = Default::default();
        for (index, run) in (0..).zip(&snapshot.runs) {
            if let Some(own) = run.parent.as_deref().and_then(|id| ids.get(id)) {
                parent.insert(index, *own);
                children.entry(*own).or_default().push(index);
            }
        }
        let models: HashMap<&str, u32> = snapshot
            .models
            .iter()
            .filter_map(|model| Some((&*model.id, *ids.get(model.source_run.as_deref()?)?)))
            .collect();
        let mut sources: HashMap<u32, Vec<u32>> = HashMap::new();
        for link in &snapshot.links {
            if let (Some(run), Some(source)) = (ids.get(&*link.run), models.get(&*link.model)) {
                sources.entry(*run).or_default().push(*source);
            }
        }
        Self { parent, children, sources }
    }
}

/// Whatever descends from a run that is protected by itself, or running, stays.
fn keep_children(plan: &mut Plan, snapshot: &Snapshot, family: &Family) {
    let is_protected = |index: &u32| {
        let reasons = plan.decisions[*index as usize].reasons;
        snapshot.runs[*index as usize].is_active && reasons & reason::PROTECTED != 0
    };
    let mut queue: Vec<u32> = family.children.keys().copied().filter(is_protected).collect();
    while let Some(index) = queue.pop() {
        for child in family.children.get(&index).into_iter().flatten() {
            let decision = &mut plan.decisions[*child as usize];
            if decision.reasons & reason::CHILD == 0 {
                decision.reasons |= reason::CHILD;
                decision.action = Action::Keep;
                queue.push(*child);
            }
        }
    }
}

/// No experiment is emptied: where too few active runs would stay, the best that would go stay too.
fn keep_some(plan: &mut Plan, snapshot: &Snapshot) {
    let mut stay = vec![0_u32; snapshot.scopes.len()];
    let mut go: Vec<Vec<u32>> = vec![Vec::new(); snapshot.scopes.len()];
    for ((index, run), decision) in (0..).zip(&snapshot.runs).zip(&plan.decisions) {
        if run.is_active && decision.action == Action::Delete {
            go[run.experiment as usize].push(index);
        } else if run.is_active {
            stay[run.experiment as usize] += 1;
        }
    }
    let run = |index: &u32| &snapshot.runs[*index as usize];
    for ((scope, stay), mut go) in snapshot.scopes.iter().zip(stay).zip(go) {
        let wanted = scope.policy.min_keep.saturating_sub(stay) as usize;
        if wanted > 0 {
            go.sort_unstable_by(|a, b| order(run(a), run(b), scope.policy.mode));
            for index in go.into_iter().take(wanted) {
                keep(plan, index, reason::MIN_KEEP);
            }
        }
    }
}

/// Ancestors of whatever stays, and the runs whose models it uses, stay.
fn keep_relatives(plan: &mut Plan, snapshot: &Snapshot, family: &Family) {
    let stays = |index: &u32| {
        let run = &snapshot.runs[*index as usize];
        let goes = plan.decisions[*index as usize].action == Action::Delete;
        run.is_active && !(goes && snapshot.scope(run).is_selected)
    };
    let related = family.parent.keys().chain(family.sources.keys());
    let mut queue: Vec<u32> = related.copied().filter(stays).collect();
    while let Some(index) = queue.pop() {
        let parent = family.parent.get(&index).map(|parent| (*parent, reason::ANCESTOR));
        let sources = family.sources.get(&index).into_iter().flatten();
        for (other, bit) in parent.into_iter().chain(sources.map(|run| (*run, reason::MODEL_USED)))
        {
            if other != index && plan.decisions[other as usize].action == Action::Delete {
                keep(plan, other, bit);
                queue.push(other);
            }
        }
    }
}

fn keep(plan: &mut Plan, index: u32, bit: Reasons) {
    let decision = &mut plan.decisions[index as usize];
    decision.action = Action::Keep;
    decision.reasons |= bit;
}

impl Plan {
    /// As in the document: why it stays, or why it goes.
    pub fn reasons(&self, snapshot: &Snapshot, index: u32) -> Vec<String> {
        let decision = self.decisions[index as usize];
        let run = &snapshot.runs[index as usize];
        if let Some(why) = self.refusals.get(&index) {
            return vec![format!("refused:{why}")];
        }
        let policy = &snapshot.scope(run).policy;
        if decision.reasons == 0 {
            let mut why = vec![format!("older-than-{}-days", policy.retention_days)];
            if decision.rank > 0 {
                why.push(format!("rank-{}", decision.rank));
            }
            if !run.is_active {
                why.push("soft-deleted".to_owned());
            }
            return why;
        }
        let tags = policy.protect_tags.iter().enumerate();
        let tags: Vec<String> = tags
            .filter(|(bit, _)| *bit < 64 && run.tags & (1 << bit) != 0)
            .map(|(_, tag)| tag.to_string())
            .collect();
        let labels = self.references.get(&index).map_or(&[][..], Vec::as_slice);
        reason::texts(decision.reasons, Some(decision.rank), &tags, labels)
    }

    /// Runs that go, children before their parents.
    pub fn deletes(&self, snapshot: &Snapshot) -> Vec<u32> {
        let ids: HashMap<&str, u32> =
            (0..).zip(&snapshot.runs).map(|(index, run)| (&*run.id, index)).collect();
        let goes = |index: &u32| {
            self.decisions[*index as usize].action == Action::Delete
                && snapshot.scope(&snapshot.runs[*index as usize]).is_selected
        };
        let mut deletes: Vec<u32> = (0..snapshot.runs.len() as u32).filter(goes).collect();
        let depth = |index: &u32| {
            let mut run = &snapshot.runs[*index as usize];
            // A circle of parents ends somewhere too.
            (0..100).find(|_| match run.parent.as_deref().and_then(|id| ids.get(id)) {
                Some(parent) => {
                    run = &snapshot.runs[*parent as usize];
                    false
                }
                None => true,
            })
        };
        deletes.sort_by_cached_key(|index| std::cmp::Reverse(depth(index).unwrap_or(100)));
        deletes
    }
}
