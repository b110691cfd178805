//! How file systems filled so far.

use rusqlite::params;

use super::run::PATIENCE;
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::state::{self, State};

const SECOND: i64 = 1_000_000;
/// Microseconds between what is kept, and for which it is.
const STEP: i64 = 10 * 60 * SECOND;
const KEPT: i64 = 24 * 3600 * SECOND;
/// From a shorter time nothing is foreseen, in seconds.
const SHORTEST: f64 = 1800.0;

/// When the file system will be full if it fills on as it did: seconds from now. None if it does not fill, or if too
/// little is known. Remembers `used` bytes for the next time, where state can be written.
pub(super) fn seconds_to_full(mount: &str, used: u64, left: u64, ctx: &Context) -> Option<f64> {
    let now = clock::now();
    let mut points = points(mount, used, now, ctx).ok()?;
    points.push((now, used as f64));
    let growth = growth(&points)?;
    (growth > 0.0).then(|| left as f64 / growth)
}

fn points(mount: &str, used: u64, now: i64, ctx: &Context) -> Result<Vec<(i64, f64)>, Fault> {
    let state = State::open(&state::folder(&ctx.config, &ctx.env)?)?;
    state.wait_at_most(PATIENCE)?;
    let error = |e| state.error(e);
    let read = || {
        let sql =
            "SELECT at, used FROM disk_history WHERE mount = ? AND at BETWEEN ? AND ? ORDER BY at";
        let mut select = state.connection().prepare(sql)?;
        let rows = select.query_map(params![mount, now - KEPT, now], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as f64))
        })?;
        rows.collect::<rusqlite::Result<Vec<(i64, f64)>>>()
    };
    let points = read().map_err(error)?;
    if points.last().is_none_or(|(at, _)| now - at >= STEP) {
        let used = i64::try_from(used).unwrap_or(i64::MAX);
        state.write(|transaction| {
            // Also what a clock that went wrong has left in the future.
            transaction
                .execute(
                    "DELETE FROM disk_history WHERE at NOT BETWEEN ? AND ?",
                    params![now - KEPT, now],
                )
                .and_then(|_| {
                    transaction.execute(
                        "INSERT OR REPLACE INTO disk_history VALUES (?, ?, ?)",
                        params![mount, now, used],
                    )
                })
                .map_err(error)
        })?;
    }
    Ok(points)
}

/// Slope of the line through points of microseconds and bytes that is nearest to them (least squares), in bytes a second.
fn growth(points: &[(i64, f64)]) -> Option<f64> {
    let (first, last) = (points.first()?.0, points.last()?.0);
    let seconds = |at: i64| (at - first) as f64 / SECOND as f64;
    if seconds(last) < SHORTEST {
        return None;
    }
    let count = points.len() as f64;
    let mean_time = points.iter().map(|(at, _)| seconds(*at)).sum::<f64>() / count;
    let mean_used = points.iter().map(|(_, used)| used).sum::<f64>() / count;
    let (mut together, mut alone) = (0.0, 0.0);
    for (at, used) in points {
        let time = seconds(*at) - mean_time;
        together += time * (used - mean_used);
        alone += time * time;
    }
    Some(together / alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_needs_half_an_hour_and_is_the_slope() {
        let minute = 60 * SECOND;
        assert_eq!(growth(&[]), None);
        assert_eq!(growth(&[(0, 0.0), (29 * minute, 1e9)]), None);
        let hour = [(0, 0.0), (20 * minute, 1200.0), (40 * minute, 2400.0), (60 * minute, 3600.0)];
        assert!((growth(&hour).unwrap() - 1.0).abs() < 1e-9);
        let falling: Vec<(i64, f64)> = hour.iter().map(|(at, used)| (*at, -used)).collect();
        assert!(growth(&falling).unwrap() < 0.0);
    }
}
