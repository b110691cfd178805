//! Counts in the state's database.

use rusqlite::{Connection, params};

use super::changes::{Amount, Changes};

/// The row of a series that holds its value, or a histogram's sum. Other rows hold counts of its buckets.
pub(super) const VALUE: i64 = -1;

impl Changes {
    /// Stores them in the transaction of what they count.
    pub(crate) fn store(&self, transaction: &Connection) -> rusqlite::Result<()> {
        for gone in &self.cleared {
            // As JSON, a list that begins with these values.
            let mut start = labels(&gone.labels);
            start.pop();
            transaction
                .prepare_cached(
                    "DELETE FROM metrics WHERE family = ?1 \
                     AND (substr(labels, 1, length(?2)) = ?2)",
                )?
                .execute(params![gone.family.name, start])?;
        }
        for (series, amount) in &self.amounts {
            let (family, labels) = (series.family.name, labels(&series.labels));
            match amount {
                Amount::Set(value) => {
                    transaction
                        .prepare_cached("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)")?
                        .execute(params![family, labels, VALUE, value])?;
                }
                Amount::Add(by) => add(transaction, family, &labels, VALUE, *by)?,
                Amount::Observed { counts, sum } => {
                    add(transaction, family, &labels, VALUE, *sum)?;
                    for (bucket, count) in (0..).zip(counts).filter(|(_, count)| **count > 0) {
                        add(transaction, family, &labels, bucket, *count as f64)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn add(
    transaction: &Connection,
    family: &str,
    labels: &str,
    bucket: i64,
    by: f64,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO metrics VALUES (?, ?, ?, ?) \
             ON CONFLICT DO UPDATE SET value = value + excluded.value",
        )?
        .execute(params![family, labels, bucket, by])?;
    Ok(())
}

/// `["db","closed"]`
fn labels(values: &[String]) -> String {
    serde_json::to_string(values).expect("a list of texts is plain data")
}
