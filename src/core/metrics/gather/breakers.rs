//! What the breakers' own records say.

use std::collections::BTreeMap;

use super::Gathered;
use crate::core::breaker::{Breakers, Record, Seen, Settings, State as Is};
use crate::core::config::Config;
use crate::core::metrics::catalogue;
use crate::core::name::Name;
use crate::core::state::{State, StateError};

/// Those there are and those that are configured; which they are.
pub(super) fn read(
    state: Option<&State>,
    config: &Config,
    at: i64,
    all: &mut Gathered,
) -> Result<Vec<Name>, StateError> {
    let configured = config.breakers().into_iter().map(|name| (name, Seen::fresh()));
    let mut breakers: BTreeMap<Name, Seen> = configured.collect();
    if let Some(state) = state {
        for (name, seen) in Breakers::of(state).all()? {
            breakers.insert(name, seen?);
        }
    }
    for (name, seen) in &breakers {
        let settings = Settings::from_config(&config.for_breaker(name), None);
        show(name.as_str(), seen, &settings, at, all);
    }
    Ok(breakers.into_keys().collect())
}

fn show(name: &str, seen: &Seen, settings: &Settings, at: i64, all: &mut Gathered) {
    let Seen { record, now, .. } = seen;
    let is = record.effective(*now);
    for state in Is::ALL {
        let value = f64::from(state == is);
        all.set(&catalogue::BREAKER_STATE, &[name, state.name()], value);
    }
    let failures = record.failures(settings, *now) as f64;
    all.set(&catalogue::BREAKER_WINDOW_FAILURES, &[name], failures);
    all.set(&catalogue::BREAKER_THRESHOLD, &[name], settings.threshold as f64);
    // The breaker's time need not be the wall clock's: what counts is how far away something is.
    let when = |time: i64| (at / 1000).saturating_add(time.saturating_sub(*now)) as f64 / 1e3;
    let is_open = matches!(is, Is::Open | Is::ForcedOpen);
    if let Some(until) = record.open_until.filter(|_| is_open) {
        all.set(&catalogue::BREAKER_OPEN_UNTIL, &[name], when(until));
    }
    if let Some(failure) = &record.last_failure {
        all.set(&catalogue::BREAKER_LAST_FAILURE, &[name], when(failure.at));
    }
    totals(name, record, all);
}

fn totals(name: &str, record: &Record, all: &mut Gathered) {
    let totals = &record.totals;
    for (outcome, count) in [
        ("success", totals.success),
        ("failure", totals.failure),
        ("timeout", totals.timeout),
        ("neutral", totals.neutral),
        ("rejected", totals.rejected),
    ] {
        all.set(&catalogue::BREAKER_CALLS, &[name, outcome], count as f64);
    }
    for (why, count) in [("died", totals.lost_died), ("overran", totals.lost_overran)] {
        all.set(&catalogue::BREAKER_PROBES_LOST, &[name, why], count as f64);
    }
    for (from, to) in Is::USUAL_CHANGES {
        all.set(&catalogue::BREAKER_TRANSITIONS, &[name, from.name(), to.name()], 0.0);
    }
    for (change, count) in &totals.transitions {
        if let Some((from, to)) = change.split_once('-') {
            all.set(&catalogue::BREAKER_TRANSITIONS, &[name, from, to], *count as f64);
        }
    }
}
