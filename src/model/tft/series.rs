//! The recent rows of one server: as many as a forecast can use, oldest first.

use std::collections::VecDeque;

/// A row as it goes into a series.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The step on the model's grid (its `time_idx`).
    pub step: i64,
    /// Microseconds since 1970; anything where the model has no timestamp.
    pub time: i64,
    /// Values in the order of [`super::Inputs::reals`].
    pub reals: &'a [f64],
    /// Codes in the order of [`super::Inputs::categoricals`].
    pub categoricals: &'a [u32],
}

/// Why a row cannot follow the rows before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushError {
    /// It falls into the step of the row before it, whose time is given.
    Repeated { time: i64 },
    /// It is older than the row before it, whose time is given.
    Backwards { time: i64 },
}

/// Recent rows of one server. Values lie row after row.
#[derive(Debug, Clone)]
pub struct Series {
    /// Of the group columns, in their order.
    pub labels: Vec<String>,
    capacity: usize,
    steps: VecDeque<i64>,
    times: VecDeque<i64>,
    reals: VecDeque<f64>,
    categoricals: VecDeque<u32>,
}

impl Series {
    /// Keeps the last `capacity` rows.
    pub fn new(labels: Vec<String>, capacity: usize) -> Self {
        Self {
            labels,
            capacity,
            steps: VecDeque::new(),
            times: VecDeque::new(),
            reals: VecDeque::new(),
            categoricals: VecDeque::new(),
        }
    }

    /// Appends a row, which must be later than the last; the oldest goes when there are too many.
    pub fn push(&mut self, row: Row<'_>) -> Result<(), PushError> {
        if let Some((step, time)) = self.last() {
            match row.step.cmp(&step) {
                std::cmp::Ordering::Greater => {}
                std::cmp::Ordering::Equal if row.time >= time => {
                    return Err(PushError::Repeated { time });
                }
                _ => return Err(PushError::Backwards { time }),
            }
        }
        if self.steps.len() >= self.capacity {
            self.steps.pop_front();
            self.times.pop_front();
            self.reals.drain(..row.reals.len());
            self.categoricals.drain(..row.categoricals.len());
        }
        self.steps.push_back(row.step);
        self.times.push_back(row.time);
        self.reals.extend(row.reals);
        self.categoricals.extend(row.categoricals);
        Ok(())
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.times.clear();
        self.reals.clear();
        self.categoricals.clear();
    }

    pub fn len(&self) -> usize {
        self.steps.len()
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether a further row would push the oldest out.
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Step and time of the newest row.
    pub fn last(&self) -> Option<(i64, i64)> {
        Some((*self.steps.back()?, *self.times.back()?))
    }

    pub(super) fn step(&self, row: usize) -> i64 {
        self.steps[row]
    }

    pub(super) fn time(&self, row: usize) -> i64 {
        self.times[row]
    }

    pub(super) fn real(&self, row: usize, column: usize) -> f64 {
        self.reals[row * (self.reals.len() / self.len()) + column]
    }

    pub(super) fn categorical(&self, row: usize, column: usize) -> u32 {
        self.categoricals[row * (self.categoricals.len() / self.len()) + column]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: i64, value: &[f64]) -> Row<'_> {
        Row { step, time: step * 10, reals: value, categoricals: &[] }
    }

    #[test]
    fn the_oldest_row_goes_when_there_are_too_many() {
        let mut series = Series::new(vec!["a".into()], 2);
        for step in 0..5 {
            series.push(row(step, &[step as f64, 0.5])).unwrap();
        }
        assert_eq!((series.len(), series.step(0)), (2, 3));
        assert!((series.real(0, 0) - 3.0).abs() < 1e-12);
        assert!((series.real(1, 0) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn time_only_goes_forward() {
        let mut series = Series::new(vec!["a".into()], 5);
        series.push(row(3, &[1.0])).unwrap();
        assert_eq!(series.push(row(3, &[1.0])), Err(PushError::Repeated { time: 30 }));
        assert_eq!(series.push(row(2, &[1.0])), Err(PushError::Backwards { time: 30 }));
        assert_eq!(series.len(), 1);
    }
}
