//! The exposition as a document of JSON.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::family::Kind;
use super::gather::{Exposition, Metrics, Value};
use crate::core::time::format_time;

#[derive(Serialize)]
struct Document<'e> {
    schema: &'static str,
    timestamp: String,
    families: Vec<Family<'e>>,
}

#[derive(Serialize)]
struct Family<'e> {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    unit: Option<&'static str>,
    help: &'static str,
    series: Vec<Series<'e>>,
}

#[derive(Serialize)]
struct Series<'e> {
    labels: BTreeMap<&'static str, &'e str>,
    #[serde(flatten)]
    value: Shown,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Number { value: f64 },
    Histogram { buckets: Vec<Bucket>, sum: f64, count: u64 },
}

#[derive(Serialize)]
struct Bucket {
    /// Null for the last, which has no edge.
    le: Option<f64>,
    /// Of all values up to it.
    count: u64,
}

impl Serialize for Exposition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let families = self.families.iter().map(family).collect();
        let timestamp = format_time(self.at);
        Document { schema: "ut.metrics/1", timestamp, families }.serialize(serializer)
    }
}

fn family(metrics: &Metrics) -> Family<'_> {
    let Metrics { family, series } = metrics;
    let names = || family.labels.iter().map(|label| label.name);
    let series = series.iter().map(|(values, value)| Series {
        labels: names().zip(values.iter().map(String::as_str)).collect(),
        value: shown(value, family.kind),
    });
    Family {
        name: family.name,
        kind: family.type_name(),
        unit: family.unit(),
        help: family.help,
        series: series.collect(),
    }
}

fn shown(value: &Value, kind: Kind) -> Shown {
    match (value, kind) {
        (Value::Number(value), _) => Shown::Number { value: *value },
        (Value::Histogram { counts, sum }, kind) => {
            let edges = if let Kind::Histogram(edges) = kind { edges } else { &[] };
            let mut count = 0;
            let edges = edges.iter().copied().map(Some).chain([None]);
            let buckets = edges.zip(counts).map(|(le, more)| {
                count += more;
                Bucket { le, count }
            });
            Shown::Histogram { buckets: buckets.collect(), sum: *sum, count }
        }
    }
}
