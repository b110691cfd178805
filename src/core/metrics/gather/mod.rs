//! Everything that is counted, as it is at a moment.

mod breakers;
mod limit;
mod stored;
mod zeros;

use std::collections::BTreeMap;

use super::catalogue;
use super::family::{Family, Kind};
use crate::core::clock;
use crate::core::config::{Config, Environment};
use crate::core::error::Fault;
use crate::core::state::{self, State};

/// What a scraper gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposition {
    /// When it was read: microseconds since 1970.
    pub at: i64,
    /// Whether the newest counts may be missing.
    pub may_be_stale: bool,
    /// In the order of their names; without those that have no series.
    pub families: Vec<Metrics>,
}

/// A family and its series, by the values of their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    pub family: &'static Family,
    pub series: BTreeMap<Vec<String>, Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(f64),
    /// How many values fell up to each edge and not up to the one before, the last without an edge; and their sum.
    Histogram {
        counts: Vec<u64>,
        sum: f64,
    },
}

impl Value {
    /// Lines of the exposition format: of a histogram one for each bucket, its sum and its count.
    pub fn lines(&self) -> usize {
        match self {
            Self::Number(_) => 1,
            Self::Histogram { counts, .. } => counts.len() + 2,
        }
    }
}

impl Exposition {
    /// Reads the state's database; where there is none, nothing was counted yet. Fails where it cannot be read.
    pub fn gather(config: &Config, env: &Environment) -> Result<Self, Fault> {
        let state = State::open_to_read(&state::folder(config, env)?)?;
        let at = clock::now();
        let mut all = Gathered::new();
        all.set(&catalogue::BUILD_INFO, &[env!("CARGO_PKG_VERSION"), &target()], 1.0);
        let known = match &state {
            Some(state) => {
                // All of it as it is at one moment.
                let moment = state.connection().unchecked_transaction();
                let _moment = moment.map_err(|source| state.error(source))?;
                for (file, size) in ["main", "wal"].into_iter().zip(state.sizes()) {
                    all.set(&catalogue::STATE_SIZE, &[file], size as f64);
                }
                stored::read(state, at, &mut all)?;
                breakers::read(Some(state), config, at, &mut all)?
            }
            None => breakers::read(None, config, at, &mut all)?,
        };
        zeros::fill(&mut all, &known);
        let dropped = limit::keep(&mut all);
        all.set(&catalogue::DROPPED_SERIES, &[], dropped as f64);
        let may_be_stale = state.is_some_and(|state| state.may_be_stale);
        let families = all.0.into_values().filter(|metrics| !metrics.series.is_empty()).collect();
        Ok(Self { at, may_be_stale, families })
    }

    /// Sets what only this process knows.
    pub fn set(&mut self, family: &'static Family, labels: &[&str], value: f64) {
        let at = self.families.binary_search_by_key(&family.name, |metrics| metrics.family.name);
        let at = at.unwrap_or_else(|at| {
            self.families.insert(at, Metrics { family, series: BTreeMap::new() });
            at
        });
        let labels = labels.iter().map(|&value| value.to_owned()).collect();
        self.families[at].series.insert(labels, Value::Number(value));
    }

    /// How many lines of the exposition format hold a value.
    pub fn lines(&self) -> usize {
        self.families.iter().flat_map(|metrics| metrics.series.values()).map(Value::lines).sum()
    }
}

/// `x86_64-linux`
fn target() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

/// Every family of the catalogue, by name.
struct Gathered(BTreeMap<&'static str, Metrics>);

impl Gathered {
    fn new() -> Self {
        let none = |family: &&'static Family| Metrics { family, series: BTreeMap::new() };
        Self(catalogue::ALL.iter().map(|family| (family.name, none(family))).collect())
    }

    /// A series of the catalogue's; whatever is none is left out.
    fn series(&mut self, family: &str, labels: &[String]) -> Option<&mut Metrics> {
        let metrics = self.0.get_mut(family)?;
        let known = metrics.family.labels;
        let fits = labels.len() == known.len()
            && known.iter().zip(labels).all(|(label, value)| label.allows(value));
        fits.then_some(metrics)
    }

    fn set(&mut self, family: &Family, labels: &[&str], value: f64) {
        let labels: Vec<String> = labels.iter().map(|&value| value.to_owned()).collect();
        if let Some(metrics) = self.series(family.name, &labels) {
            metrics.series.insert(labels, Value::Number(value));
        }
    }
}

impl Family {
    /// A count of nothing; a gauge has none.
    fn zero(&self) -> Option<Value> {
        match self.kind {
            Kind::Counter => Some(Value::Number(0.0)),
            Kind::Histogram(edges) => {
                Some(Value::Histogram { counts: vec![0; edges.len() + 1], sum: 0.0 })
            }
            Kind::Gauge | Kind::Age => None,
        }
    }
}
