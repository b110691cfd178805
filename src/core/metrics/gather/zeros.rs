//! Counts of what has not happened yet: without them, the first time would not be seen as an increase.

use std::collections::BTreeSet;

use super::Gathered;
use crate::core::metrics::catalogue;
use crate::core::metrics::family::Family;
use crate::core::name::Name;

/// Adds what a count may be of: every listed value of its labels, for every name that is known.
pub(super) fn fill(all: &mut Gathered, breakers: &[Name]) {
    for metrics in all.0.values_mut() {
        let family = metrics.family;
        // Few of all pairs of states are changes that happen.
        let Some(zero) = family.zero().filter(|_| *family != catalogue::BREAKER_TRANSITIONS) else {
            continue;
        };
        let mut named: BTreeSet<Vec<String>> =
            metrics.series.keys().map(|labels| names(family, labels)).collect();
        let mut free = family.labels.iter().filter(|label| label.values.is_empty());
        match (free.next(), free.next()) {
            (None, _) => drop(named.insert(Vec::new())),
            (Some(label), None) if *label == catalogue::BREAKER => {
                named.extend(breakers.iter().map(|name| vec![name.to_string()]));
            }
            _ => {}
        }
        for labels in named.iter().flat_map(|names| every(family, names)) {
            metrics.series.entry(labels).or_insert_with(|| zero.clone());
        }
    }
}

/// The values of those labels that may have any.
fn names(family: &Family, labels: &[String]) -> Vec<String> {
    let labels = family.labels.iter().zip(labels);
    labels.filter(|(label, _)| label.values.is_empty()).map(|(_, value)| value.clone()).collect()
}

/// With these, every combination of the other labels' values.
fn every(family: &Family, names: &[String]) -> Vec<Vec<String>> {
    let mut names = names.iter();
    family.labels.iter().fold(vec![Vec::new()], |begun, label| {
        let values: Vec<&str> = match label.values {
            [] => names.next().map(String::as_str).into_iter().collect(),
            values => values.to_vec(),
        };
        let with = |begun: &Vec<String>, value: &str| {
            begun.iter().cloned().chain([value.to_owned()]).collect()
        };
        begun
            .iter()
            .flat_map(|begun| values.iter().map(|value| with(begun, value)).collect::<Vec<_>>())
            .collect()
    })
}
