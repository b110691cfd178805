//! Center and scale by a group's labels.

use std::collections::HashMap;

use super::labels::{Label, Labels};
use crate::model::normalise::{GroupFactors, GroupNormalizer, Missing, Pair};

/// A [`GroupNormalizer`] made ready for lookups by a series' labels.
#[derive(Debug)]
pub(super) struct GroupPairs {
    /// Which of the series' labels count.
    columns: Vec<usize>,
    table: Table,
}

#[derive(Debug)]
enum Table {
    Global(Pair),
    /// A pair per combination of labels: what scales the input, and what brings the output back.
    Rows {
        labels: Vec<Labels<usize>>,
        rows: HashMap<Vec<usize>, (Pair, Pair)>,
        missing: Pair,
    },
    /// Factors per column, of which the geometric mean counts.
    Factors {
        input: Vec<Labels<Pair>>,
        output: Vec<Labels<Pair>>,
        missing: Vec<Pair>,
    },
}

impl GroupPairs {
    /// `group_ids` are the series' label columns in order. An error says what is missing.
    pub(super) fn new(spec: &GroupNormalizer, group_ids: &[String]) -> Result<Self, String> {
        let columns = spec
            .groups
            .iter()
            .map(|g| {
                group_ids.iter().position(|id| id == g).ok_or(format!("{g} is no group column"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let table = if columns.is_empty() {
            Table::Global(spec.global.ok_or("a normaliser without groups needs `global`")?)
        } else if spec.scale_by_group {
            factors(spec)?
        } else {
            rows(spec)?
        };
        Ok(Self { columns, table })
    }

    /// The pairs of a series: (what scales its input, what brings its output back).
    pub(super) fn get(&self, series: &[String]) -> (Pair, Pair) {
        let of = |i: usize| series[self.columns[i]].as_str();
        match &self.table {
            Table::Global(pair) => (*pair, *pair),
            Table::Rows { labels, rows, missing } => {
                let key: Option<Vec<usize>> =
                    labels.iter().enumerate().map(|(i, l)| l.get(of(i)).copied()).collect();
                key.and_then(|k| rows.get(&k).copied()).unwrap_or((*missing, *missing))
            }
            Table::Factors { input, output, missing } => {
                let pair = |tables: &[Labels<Pair>]| {
                    let factors = tables
                        .iter()
                        .zip(missing)
                        .enumerate()
                        .map(|(i, (table, missing))| *table.get(of(i)).unwrap_or(missing));
                    geometric_mean(factors, tables.len())
                };
                (pair(input), pair(output))
            }
        }
    }
}

fn geometric_mean(factors: impl Iterator<Item = Pair>, count: usize) -> Pair {
    let [c, s] = factors.fold([1.0, 1.0], |p, f| [p[0] * f[0], p[1] * f[1]]);
    let root = 1.0 / count as f64;
    [c.powf(root), s.powf(root)]
}

fn rows(spec: &GroupNormalizer) -> Result<Table, String> {
    let Some(Missing::Pair(missing)) = spec.missing else {
        return Err("a normaliser by group needs a pair `missing`".to_owned());
    };
    if let Some(row) = spec.rows.iter().find(|r| r.labels.len() != spec.groups.len()) {
        return Err(format!(
            "a row has {} labels for {} groups",
            row.labels.len(),
            spec.groups.len()
        ));
    }
    let mut distinct: Vec<Vec<Label>> = vec![Vec::new(); spec.groups.len()];
    let mut table = HashMap::new();
    for row in &spec.rows {
        let key = row.labels.iter().zip(&mut distinct).map(|(label, seen)| {
            seen.iter().position(|s| s == label).unwrap_or_else(|| {
                seen.push(label.clone());
                seen.len() - 1
            })
        });
        table.insert(key.collect::<Vec<_>>(), (row.input, row.output.unwrap_or(row.input)));
    }
    let numbered =
        |seen: Vec<Label>| Labels::new(seen.into_iter().enumerate().map(|(i, l)| (l, i)));
    Ok(Table::Rows { labels: distinct.into_iter().map(numbered).collect(), rows: table, missing })
}

fn factors(spec: &GroupNormalizer) -> Result<Table, String> {
    let input = spec.input.as_ref().ok_or("`scale_by_group` needs `input`")?;
    let output = spec.output.as_ref().unwrap_or(input);
    let Some(Missing::PerGroup(missing)) = &spec.missing else {
        return Err("`scale_by_group` needs `missing` per group".to_owned());
    };
    let tables = |factors: &GroupFactors| {
        spec.groups
            .iter()
            .map(|g| {
                let entries = factors.get(g).ok_or(format!("{g} has no factors"))?;
                Ok(Labels::new(entries.iter().map(|(l, c, s)| (l.clone(), [*c, *s]))))
            })
            .collect::<Result<Vec<_>, String>>()
    };
    let missing = spec
        .groups
        .iter()
        .map(|g| missing.get(g).copied().ok_or(format!("{g} has no factors for unknown labels")))
        .collect::<Result<_, _>>()?;
    Ok(Table::Factors { input: tables(input)?, output: tables(output)?, missing })
}
