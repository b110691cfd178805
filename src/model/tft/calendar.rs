//! Columns that follow from the timestamp. Times are microseconds since 1970, UTC.

use std::f64::consts::TAU;

use super::spec::DerivedKind;

/// Microseconds in a second.
pub const MICROS: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

/// The evenly spaced steps that a model counts time in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Where step 0 begins.
    pub origin: i64,
    /// Length of a step, at least one microsecond.
    pub step: i64,
}

impl Grid {
    /// The step that a time falls into.
    pub fn index(&self, time: i64) -> i64 {
        time.saturating_sub(self.origin).div_euclid(self.step)
    }
}

/// The value of a derived column at a time. `step_index` is the grid's business: 0 here.
pub(super) fn value(kind: DerivedKind, time: i64) -> f64 {
    let seconds = time.div_euclid(MICROS);
    let of_day = seconds.rem_euclid(DAY_SECONDS);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let hour_of_day = || hour as f64 + minute as f64 / 60.0 + second as f64 / 3600.0;
    match kind {
        DerivedKind::StepIndex => 0.0,
        DerivedKind::HourOfDay => hour_of_day(),
        DerivedKind::HourSin => (TAU * hour_of_day() / 24.0).sin(),
        DerivedKind::HourCos => (TAU * hour_of_day() / 24.0).cos(),
        DerivedKind::Hour => hour as f64,
        DerivedKind::Minute => minute as f64,
        // 1970 began on a Thursday, which is day 3 counted from Monday.
        DerivedKind::Weekday => (seconds.div_euclid(DAY_SECONDS) + 3).rem_euclid(7) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-06-01 22:57:30, a Sunday.
    const SUNDAY: i64 = 1_748_818_650 * MICROS;

    #[test]
    fn a_time_has_its_calendar_columns() {
        assert!((value(DerivedKind::HourOfDay, SUNDAY) - (22.0 + 57.5 / 60.0)).abs() < 1e-12);
        assert!((value(DerivedKind::Minute, SUNDAY) - 57.0).abs() < 1e-12);
        assert!((value(DerivedKind::Weekday, SUNDAY) - 6.0).abs() < 1e-12);
        assert!((value(DerivedKind::Weekday, -1) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_time_between_steps_belongs_to_the_earlier_one() {
        let grid = Grid { origin: 10 * MICROS, step: 5 * MICROS };
        assert_eq!(grid.index(14 * MICROS), 0);
        assert_eq!(grid.index(15 * MICROS), 1);
        assert_eq!(grid.index(9 * MICROS), -1);
    }
}
