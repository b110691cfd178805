//! Rows of the table `metrics`. Those that are damaged, or of another version's families, are left out.

use rusqlite::Row;

use super::{Gathered, Value};
use crate::core::metrics::family::Kind;
use crate::core::metrics::store::VALUE;
use crate::core::state::{State, StateError};

pub(super) fn read(state: &State, at: i64, all: &mut Gathered) -> Result<(), StateError> {
    read_rows(state, at, all).map_err(|source| state.error(source))
}

fn read_rows(state: &State, at: i64, all: &mut Gathered) -> rusqlite::Result<()> {
    let connection = state.connection();
    // An older version has no such table.
    if !connection.table_exists(None, "metrics")? {
        return Ok(());
    }
    let mut rows = connection.prepare("SELECT family, labels, bucket, value FROM metrics")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(stored) = Stored::of(row) {
            all.add(stored, at);
        }
    }
    Ok(())
}

struct Stored {
    family: String,
    labels: Vec<String>,
    bucket: i64,
    value: f64,
}

impl Stored {
    fn of(row: &Row<'_>) -> Option<Self> {
        let column = |number| row.get_ref(number).ok();
        let text = |number| column(number)?.as_str().ok();
        Some(Self {
            family: text(0)?.to_owned(),
            labels: serde_json::from_str(text(1)?).ok()?,
            bucket: column(2)?.as_i64().ok()?,
            value: column(3)?.as_f64().ok()?,
        })
    }
}

impl Gathered {
    /// `at` is the moment that ages are told of, in microseconds since 1970.
    fn add(&mut self, stored: Stored, at: i64) {
        let Stored { family, labels, bucket, value } = stored;
        let Some(metrics) = self.series(&family, &labels) else { return };
        let is_count = value.is_finite() && value >= 0.0;
        let number = match metrics.family.kind {
            Kind::Counter if bucket == VALUE && is_count => value,
            Kind::Gauge if bucket == VALUE => value,
            Kind::Age if bucket == VALUE => at as f64 / 1e6 - value,
            Kind::Histogram(edges) => {
                let is_bucket = (0..=edges.len() as i64).contains(&bucket);
                if !is_count || !(bucket == VALUE || is_bucket) {
                    return;
                }
                let none = metrics.family.zero().expect("a histogram has a zero");
                let entry = metrics.series.entry(labels).or_insert(none);
                if let Value::Histogram { counts, sum } = entry {
                    match bucket {
                        VALUE => *sum = value,
                        bucket => counts[bucket as usize] = value as u64,
                    }
                }
                return;
            }
            _ => return,
        };
        metrics.series.insert(labels, Value::Number(number));
    }
}
