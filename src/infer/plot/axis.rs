//! How far the axes go, and where they are marked.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use super::{Clock, Panel};
use crate::core::output::units::short_duration;

/// A panel whose values take less of a common scale than this is a flat line.
const FLAT: f64 = 0.1;

/// The horizontal axis, marked at round moments.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    range: Range<f64>,
    marks: Vec<f64>,
}

impl Moments {
    pub(super) fn of(panels: &[Panel], clock: Clock) -> Self {
        let range = moments(panels);
        Self { marks: marks(&range, clock), range }
    }
}

impl Ranged for Moments {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, moment: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (moment - self.range.start) / (self.range.end - self.range.start);
        from + (f64::from(to - from) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// From the oldest row to the end of the horizon.
fn moments(panels: &[Panel]) -> Range<f64> {
    let all = || panels.iter().flat_map(Panel::moments);
    let (first, last) = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
    if first < last { first..last } else { -1.0..1.0 }
}

/// The vertical axis of each panel: the same for all, unless most panels would be flat on it.
pub(super) fn values(panels: &[Panel]) -> Vec<Range<f64>> {
    let own: Vec<Range<f64>> = panels.iter().map(|p| range(p.values())).collect();
    let common = range(panels.iter().flat_map(Panel::values));
    let flat = own.iter().filter(|r| r.end - r.start < FLAT * (common.end - common.start)).count();
    if flat * 2 > own.len() { own } else { vec![common; own.len()] }
}

/// The values' range with some room around it.
fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let bounds = values.fold(None, |bounds: Option<(f64, f64)>, v| {
        Some(bounds.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
    });
    let (low, high) = bounds.unwrap_or((0.0, 1.0));
    let room = match (high - low) * 0.06 {
        room if room > 0.0 => room,
        _ => (low.abs() * 0.1).max(1e-6),
    };
    low - room..high + room
}

/// At most five round moments, 0 among them.
fn marks(range: &Range<f64>, clock: Clock) -> Vec<f64> {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    let round: &[f64] = match clock {
        Clock::Seconds => &[
            1.0,
            2.0,
            5.0,
            10.0,
            15.0,
            30.0,
            MINUTE,
            2.0 * MINUTE,
            5.0 * MINUTE,
            10.0 * MINUTE,
            15.0 * MINUTE,
            30.0 * MINUTE,
            HOUR,
            2.0 * HOUR,
            3.0 * HOUR,
            6.0 * HOUR,
            12.0 * HOUR,
            DAY,
        ],
        Clock::Steps => &[1.0],
    };
    let wide = |distance: &f64| (range.end - range.start) / distance <= 5.0;
    let last = round[round.len() - 1];
    let larger = (0..).flat_map(|power| [1.0, 2.0, 5.0].map(|n| n * last * 10_f64.powi(power)));
    let distance = round.iter().copied().chain(larger).find(wide).unwrap_or(last);
    let (from, to) =
        ((range.start / distance).ceil() as i64, (range.end / distance).floor() as i64);
    (from..=to).map(|n| n as f64 * distance).collect()
}

/// `−10m`, `now`, `+5m`; steps as numbers.
pub(super) fn mark(moment: f64, clock: Clock) -> String {
    let sign = if moment < 0.0 { "−" } else { "+" };
    match clock {
        _ if moment.abs() < 0.5 => "now".to_owned(),
        Clock::Seconds => format!("{sign}{}", short_duration(moment.abs())),
        Clock::Steps => format!("{sign}{}", moment.abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(values: &[f64]) -> Panel {
        let history = values.iter().enumerate().map(|(i, v)| (-(i as f64), *v)).collect();
        Panel { history: vec![history], ..Panel::default() }
    }

    #[test]
    fn marks_are_round_and_few() {
        let labels = |range: Range<f64>, clock| {
            marks(&range, clock).into_iter().map(|m| mark(m, clock)).collect::<Vec<_>>()
        };
        assert_eq!(labels(-745.0..480.0, Clock::Seconds), ["−10m", "−5m", "now", "+5m"]);
        assert_eq!(labels(-149.0..96.0, Clock::Steps), ["−100", "−50", "now", "+50"]);
        let days = labels(-3e8..0.0, Clock::Seconds);
        assert!((2..=6).contains(&days.len()), "{days:?}");
    }

    #[test]
    fn panels_share_a_scale_unless_most_would_be_flat() {
        let alike = values(&[panel(&[0.0, 0.4]), panel(&[0.3, 1.0]), panel(&[0.5, 0.52])]);
        assert!(alike.iter().all(|r| *r == alike[0]));
        let apart = values(&[panel(&[0.0, 1.0]), panel(&[5.0, 6.0]), panel(&[1e9, 1e9 + 1e5])]);
        assert!(apart[0].end < 2.0 && apart[2].start > 1e8, "{apart:?}");
    }

    #[test]
    fn a_constant_or_an_empty_panel_has_a_range() {
        for range in values(&[panel(&[]), panel(&[3.0, 3.0]), panel(&[0.0])]) {
            assert!(range.start < range.end);
        }
        let moments = moments(&[panel(&[])]);
        assert!(moments.start < moments.end);
    }
}
