//! Two series of one server become one.

use super::Taken;
use crate::model::tft::{Row, Series};

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    New,
    Late,
    Known,
    Outdated,
}

/// Takes the rows of `from` into `into`. Both have the same columns and dictionaries.
pub(super) fn merge(into: &mut Series, from: &Series) -> Taken {
    let mut taken = Taken::default();
    let fates: Vec<Fate> = from.moments().map(|(step, _)| fate(into, step)).collect();
    for fate in &fates {
        match fate {
            Fate::New => taken.new += 1,
            Fate::Late => taken.late += 1,
            Fate::Known => taken.known += 1,
            Fate::Outdated => taken.outdated += 1,
        }
    }
    let seen = into.seen() + taken.new + taken.late;
    if taken.late > 0 {
        *into = interleaved(into, from, &fates);
    } else {
        let new = fates.iter().position(|f| *f == Fate::New).unwrap_or(fates.len());
        append(into, from, new..from.len());
    }
    into.set_seen(seen);
    taken
}

fn fate(into: &Series, step: i64) -> Fate {
    match (into.first(), into.last()) {
        (Some((oldest, _)), _) if step < oldest && into.is_full() => Fate::Outdated,
        (_, Some((newest, _))) if step <= newest => {
            if into.has(step) {
                Fate::Known
            } else {
                Fate::Late
            }
        }
        _ => Fate::New,
    }
}

/// The rows of both in order of their steps, as far as they have room.
fn interleaved(own: &Series, from: &Series, fates: &[Fate]) -> Series {
    let mut series = Series::new(own.labels.clone(), own.capacity());
    let wanted = fates.iter().map(|fate| matches!(fate, Fate::New | Fate::Late));
    let mut others = (0..from.len()).zip(wanted).filter(|(_, w)| *w).map(|(row, _)| row).peekable();
    let step = |series: &Series, row| series.moment(row).0;
    for row in 0..own.len() {
        while let Some(other) = others.next_if(|other| step(from, *other) < step(own, row)) {
            append(&mut series, from, other..other + 1);
        }
        append(&mut series, own, row..row + 1);
    }
    others.for_each(|other| append(&mut series, from, other..other + 1));
    series
}

/// Appends these rows, all later than the last.
fn append(to: &mut Series, from: &Series, rows: std::ops::Range<usize>) {
    let (mut reals, mut categoricals) = (Vec::new(), Vec::new());
    for row in rows {
        from.copy_row(row, &mut reals, &mut categoricals);
        let (step, time) = from.moment(row);
        let row = Row { step, time, reals: &reals, categoricals: &categoricals };
        // Rows of one step where another origin puts two into one: the first counts.
        let _ = to.push(row);
    }
}

/// The same rows with other numbers for their steps.
pub(super) fn renumbered(series: &Series, step: impl Fn(i64) -> i64) -> Series {
    let mut new = Series::new(series.labels.clone(), series.capacity());
    let (mut reals, mut categoricals) = (Vec::new(), Vec::new());
    for row in 0..series.len() {
        series.copy_row(row, &mut reals, &mut categoricals);
        let time = series.moment(row).1;
        let row = Row { step: step(time), time, reals: &reals, categoricals: &categoricals };
        let _ = new.push(row);
    }
    new.set_seen(series.seen());
    new
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(steps: &[i64], capacity: usize, value: f32) -> Series {
        let mut series = Series::new(vec!["a".into()], capacity);
        for step in steps {
            let row =
                Row { step: *step, time: 0, reals: &[value + *step as f32], categoricals: &[] };
            series.push(row).unwrap();
        }
        series
    }

    fn steps(series: &Series) -> Vec<i64> {
        series.moments().map(|(step, _)| step).collect()
    }

    #[test]
    fn each_row_has_its_fate() {
        let mut own = series(&[3, 4, 6], 4, 0.0);
        let taken = merge(&mut own, &series(&[1, 4, 5, 7], 9, 100.0));
        assert_eq!(taken, Taken { new: 1, late: 2, known: 1, outdated: 0 });
        assert_eq!(steps(&own), [4, 5, 6, 7]);
        assert_eq!(own.reals()[0], [4.0, 105.0, 6.0, 107.0]);
        assert_eq!(own.seen(), 6);
        let taken = merge(&mut own, &series(&[2, 3], 9, 0.0));
        assert_eq!(taken, Taken { outdated: 2, ..Taken::default() });
    }

    proptest! {
        /// In whichever parts rows come, the same steps are there in the end.
        #[test]
        fn the_order_of_merging_does_not_matter(
            parts in prop::collection::vec(prop::collection::btree_set(0..60_i64, 0..40), 1..5),
            capacity in 1..70_usize,
        ) {
            let all: std::collections::BTreeSet<i64> = parts.iter().flatten().copied().collect();
            let all: Vec<i64> = all.into_iter().collect();
            let expected = &all[all.len().saturating_sub(capacity)..];
            let merged = |order: &mut dyn Iterator<Item = &std::collections::BTreeSet<i64>>| {
                let mut own = Series::new(vec!["a".into()], capacity);
                for part in order {
                    let rows: Vec<i64> = part.iter().copied().collect();
                    merge(&mut own, &series(&rows, 99, 0.0));
                }
                steps(&own)
            };
            prop_assert_eq!(merged(&mut parts.iter()), expected);
            prop_assert_eq!(merged(&mut parts.iter().rev()), expected);
        }

        #[test]
        fn merging_twice_changes_nothing(rows in prop::collection::btree_set(0..60_i64, 1..40)) {
            let rows: Vec<i64> = rows.into_iter().collect();
            let mut own = series(&[10, 20, 30], 50, 0.0);
            merge(&mut own, &series(&rows, 99, 0.0));
            let once = own.clone();
            let again = merge(&mut own, &series(&rows, 99, 0.0));
            prop_assert!(!again.any());
            prop_assert_eq!(own, once);
        }
    }
}
