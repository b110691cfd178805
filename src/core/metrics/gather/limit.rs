//! How much there may be: a scraper that is given too much refuses all of it.

use super::Gathered;

/// Lines in all.
const ALL: usize = 5_000;
/// Lines of one family, so that there is room for others.
const OF_A_FAMILY: usize = 2_000;

/// Keeps the first of each family; how many lines are left out.
pub(super) fn keep(all: &mut Gathered) -> usize {
    // One is left for the number of those left out.
    let mut room = ALL - 1;
    let mut dropped = 0;
    for metrics in all.0.values_mut() {
        let mut own = room.min(OF_A_FAMILY);
        let mut is_full = false;
        metrics.series.retain(|_, value| {
            let lines = value.lines();
            is_full = is_full || lines > own;
            if is_full {
                dropped += lines;
            } else {
                own -= lines;
                room -= lines;
            }
            !is_full
        });
    }
    dropped
}
