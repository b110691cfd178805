//! What is to be counted, before it is stored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::family::{Family, Kind};

/// Counts and values that belong to one event, or to several.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    pub(super) amounts: BTreeMap<Series, Amount>,
    /// Series of a gauge that begin with these labels' values and are gone; before what is set.
    pub(super) cleared: Vec<Series>,
}

/// One metric with its labels' values, in the family's order.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) family: &'static Family,
    pub(super) labels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Amount {
    Add(f64),
    Set(f64),
    /// How many fell up to each edge and not up to the one before, the last without an edge; and their sum.
    Observed {
        counts: Vec<u64>,
        sum: f64,
    },
}

impl Series {
    fn new(family: &'static Family, labels: &[&str]) -> Self {
        debug_assert!(
            labels.iter().zip(family.labels).all(|(value, label)| label.allows(value)),
            "{}: {labels:?}",
            family.name
        );
        Self { family, labels: labels.iter().map(|&value| value.to_owned()).collect() }
    }

    fn key(&self) -> (&str, &[String]) {
        (self.family.name, &self.labels)
    }
}

impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Series {}

impl PartialOrd for Series {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Series {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.amounts.is_empty() && self.cleared.is_empty()
    }

    /// Counts `by` more.
    pub fn add(&mut self, family: &'static Family, labels: &[&str], by: f64) {
        debug_assert!(family.kind == Kind::Counter && by >= 0.0, "{}", family.name);
        match self.amount(family, labels, || Amount::Add(0.0)) {
            Amount::Add(total) => *total += by,
            other => *other = Amount::Add(by),
        }
    }

    /// Counts a value into its bucket.
    pub fn observe(&mut self, family: &'static Family, labels: &[&str], value: f64) {
        let Kind::Histogram(edges) = family.kind else {
            debug_assert!(false, "{} is no histogram", family.name);
            return;
        };
        let none = || Amount::Observed { counts: vec![0; edges.len() + 1], sum: 0.0 };
        if let Amount::Observed { counts, sum } = self.amount(family, labels, none) {
            counts[edges.partition_point(|edge| value > *edge)] += 1;
            *sum += value;
        }
    }

    /// The value as it is now; of an [`Kind::Age`] the moment, in Unix seconds.
    pub fn set(&mut self, family: &'static Family, labels: &[&str], value: f64) {
        debug_assert!(matches!(family.kind, Kind::Gauge | Kind::Age), "{}", family.name);
        self.amounts.insert(Series::new(family, labels), Amount::Set(value));
    }

    /// Forgets the series of a gauge whose labels begin with these values.
    pub fn clear(&mut self, family: &'static Family, labels: &[&str]) {
        let gone = Series::new(family, labels);
        self.amounts.retain(|series, _| {
            series.family.name != family.name || !series.labels.starts_with(&gone.labels)
        });
        self.cleared.push(gone);
    }

    fn amount(
        &mut self,
        family: &'static Family,
        labels: &[&str],
        none: impl FnOnce() -> Amount,
    ) -> &mut Amount {
        self.amounts.entry(Series::new(family, labels)).or_insert_with(none)
    }

    /// What `other` says after this.
    fn take_in(&mut self, other: Self) {
        for gone in other.cleared {
            let labels: Vec<&str> = gone.labels.iter().map(String::as_str).collect();
            self.clear(gone.family, &labels);
        }
        for (series, amount) in other.amounts {
            match (self.amounts.get_mut(&series), amount) {
                (Some(Amount::Add(total)), Amount::Add(by)) => *total += by,
                (
                    Some(Amount::Observed { counts, sum }),
                    Amount::Observed { counts: more, sum: added },
                ) => {
                    counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
                    *sum += added;
                }
                (_, amount) => {
                    self.amounts.insert(series, amount);
                }
            }
        }
    }
}

/// What this process has counted and not stored yet. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Pending(Arc<Mutex<Changes>>);

impl Pending {
    /// Adds what `change` says.
    pub fn change(&self, change: impl FnOnce(&mut Changes)) {
        change(&mut self.lock());
    }

    /// Adds what could not be stored with its event.
    pub fn put(&self, changes: Changes) {
        self.lock().take_in(changes);
    }

    pub fn take(&self) -> Changes {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    #[test]
    fn changes_add_up_and_the_last_value_stands() {
        let pending = Pending::default();
        let count = |changes: &mut Changes| {
            changes.add(&catalogue::CLEANUP_REMOVED, &["delete"], 2.0);
            changes.observe(&catalogue::STATE_LOCK_WAIT, &[], 0.0001);
            changes.observe(&catalogue::STATE_LOCK_WAIT, &[], 9.0);
            changes.set(&catalogue::COMPOSE_SERVICES, &["with"], 3.0);
        };
        pending.change(count);
        let mut later = Changes::default();
        count(&mut later);
        later.clear(&catalogue::COMPOSE_SERVICES, &[]);
        pending.put(later);
        let changes = pending.take();
        assert!(pending.take().is_empty());
        let amounts: Vec<&Amount> = changes.amounts.values().collect();
        let counts = vec![2, 0, 0, 0, 0, 0, 0, 2];
        assert_eq!(amounts, [&Amount::Add(4.0), &Amount::Observed { counts, sum: 18.0002 }]);
    }
}
