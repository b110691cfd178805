//! The recent rows of one server, oldest first, column by column.

use std::collections::VecDeque;

/// A row as it goes into a series.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The step on the model's grid (its `time_idx`).
    pub step: i64,
    /// Microseconds since 1970; anything where the model has no timestamp.
    pub time: i64,
    /// Values in the order of [`super::Inputs::reals`].
    pub reals: &'a [f32],
    /// Positions in the dictionaries of the columns of [`super::Inputs::categoricals`].
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

/// Recent rows of one server. All columns have the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Of the group columns, in their order.
    pub labels: Vec<String>,
    capacity: usize,
    /// Rows ever appended, those gone since included.
    seen: u64,
    steps: VecDeque<i64>,
    times: VecDeque<i64>,
    reals: Vec<VecDeque<f32>>,
    categoricals: Vec<VecDeque<u32>>,
}

/// A series' columns, all of the same length, steps rising.
#[derive(Debug, Default)]
pub struct Columns {
    pub steps: Vec<i64>,
    pub times: Vec<i64>,
    pub reals: Vec<Vec<f32>>,
    pub categoricals: Vec<Vec<u32>>,
}

impl Series {
    /// Keeps the last `capacity` rows.
    pub fn new(labels: Vec<String>, capacity: usize) -> Self {
        Self::from_columns(labels, capacity, Columns::default())
    }

    /// A series of these rows.
    pub fn from_columns(labels: Vec<String>, capacity: usize, columns: Columns) -> Self {
        let mut series = Self {
            labels,
            capacity,
            seen: columns.steps.len() as u64,
            steps: columns.steps.into(),
            times: columns.times.into(),
            reals: columns.reals.into_iter().map(VecDeque::from).collect(),
            categoricals: columns.categoricals.into_iter().map(VecDeque::from).collect(),
        };
        series.set_capacity(capacity);
        series
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
        if self.is_full() {
            self.drop_oldest(self.len() + 1 - self.capacity);
        }
        self.seen += 1;
        self.steps.push_back(row.step);
        self.times.push_back(row.time);
        self.reals.resize_with(row.reals.len(), VecDeque::new);
        self.categoricals.resize_with(row.categoricals.len(), VecDeque::new);
        for (column, value) in self.reals.iter_mut().zip(row.reals) {
            column.push_back(*value);
        }
        for (column, code) in self.categoricals.iter_mut().zip(row.categoricals) {
            column.push_back(*code);
        }
        Ok(())
    }

    /// Keeps the last `capacity` rows from now on, at least one.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity.max(1);
        self.drop_oldest(self.len().saturating_sub(self.capacity));
    }

    fn drop_oldest(&mut self, count: usize) {
        self.steps.drain(..count);
        self.times.drain(..count);
        self.reals.iter_mut().for_each(|c| drop(c.drain(..count)));
        self.categoricals.iter_mut().for_each(|c| drop(c.drain(..count)));
    }

    /// Puts `codes[code]` for every code of a column of labels.
    pub fn recode(&mut self, column: usize, codes: &[u32]) {
        if let Some(column) = self.categoricals.get_mut(column) {
            column.iter_mut().for_each(|code| *code = codes[*code as usize]);
        }
    }

    /// Brings the columns into another order, given by their present positions.
    pub fn reorder(&mut self, reals: &[usize], categoricals: &[usize]) {
        if !self.is_empty() {
            self.reals = reals.iter().map(|i| self.reals[*i].clone()).collect();
            self.categoricals =
                categoricals.iter().map(|i| self.categoricals[*i].clone()).collect();
        }
    }

    /// Rows ever appended, those gone since included.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    pub fn set_seen(&mut self, seen: u64) {
        self.seen = seen;
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

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Step and time of the oldest row.
    pub fn first(&self) -> Option<(i64, i64)> {
        Some((*self.steps.front()?, *self.times.front()?))
    }

    /// Step and time of the newest row.
    pub fn last(&self) -> Option<(i64, i64)> {
        Some((*self.steps.back()?, *self.times.back()?))
    }

    /// Step and time of every row.
    pub fn moments(&self) -> impl ExactSizeIterator<Item = (i64, i64)> {
        self.steps.iter().copied().zip(self.times.iter().copied())
    }

    /// Step and time of a row.
    pub fn moment(&self, row: usize) -> (i64, i64) {
        (self.steps[row], self.times[row])
    }

    /// Whether there is a row of that step.
    pub fn has(&self, step: i64) -> bool {
        self.steps.binary_search(&step).is_ok()
    }

    /// Puts the values and codes of a row into buffers.
    pub fn copy_row(&self, row: usize, reals: &mut Vec<f32>, categoricals: &mut Vec<u32>) {
        reals.clear();
        reals.extend(self.reals.iter().map(|column| column[row]));
        categoricals.clear();
        categoricals.extend(self.categoricals.iter().map(|column| column[row]));
    }

    /// The columns of numbers.
    pub fn reals(&self) -> &[VecDeque<f32>] {
        &self.reals
    }

    /// The columns of labels, as codes.
    pub fn categoricals(&self) -> &[VecDeque<u32>] {
        &self.categoricals
    }

    /// How many of the newest rows follow each other step by step; no more than `most` are counted.
    pub fn unbroken(&self, most: usize) -> usize {
        let oldest = self.len().saturating_sub(most);
        let follows = |row: &usize| self.steps[*row] == self.steps[*row - 1] + 1;
        let start = (oldest + 1..self.len()).rev().take_while(follows).last();
        self.len() - start.map_or(self.len().saturating_sub(1), |row| row - 1)
    }

    pub(super) fn step(&self, row: usize) -> i64 {
        self.steps[row]
    }

    pub(super) fn time(&self, row: usize) -> i64 {
        self.times[row]
    }

    pub(super) fn real(&self, row: usize, column: usize) -> f32 {
        self.reals[column][row]
    }

    pub(super) fn categorical(&self, row: usize, column: usize) -> u32 {
        self.categoricals[column][row]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: i64, reals: &[f32]) -> Row<'_> {
        Row { step, time: step * 10, reals, categoricals: &[] }
    }

    fn series(steps: &[i64], capacity: usize) -> Series {
        let mut series = Series::new(vec!["a".into()], capacity);
        for step in steps {
            series.push(row(*step, &[*step as f32, 0.5])).unwrap();
        }
        series
    }

    #[test]
    fn the_oldest_row_goes_when_there_are_too_many() {
        let mut series = series(&[0, 1, 2, 3, 4], 2);
        assert_eq!((series.len(), series.step(0), series.step(1)), (2, 3, 4));
        assert_eq!(series.reals(), [vec![3.0, 4.0], vec![0.5, 0.5]]);
        series.set_capacity(1);
        assert_eq!(series.first(), Some((4, 40)));
    }

    #[test]
    fn time_only_goes_forward() {
        let mut series = series(&[3], 5);
        assert_eq!(series.push(row(3, &[1.0, 0.0])), Err(PushError::Repeated { time: 30 }));
        assert_eq!(series.push(row(2, &[1.0, 0.0])), Err(PushError::Backwards { time: 30 }));
        assert_eq!(series.len(), 1);
    }

    #[test]
    fn rows_after_a_gap_are_unbroken() {
        assert_eq!(series(&[], 9).unbroken(5), 0);
        assert_eq!(series(&[1], 9).unbroken(5), 1);
        assert_eq!(series(&[1, 2, 3], 9).unbroken(5), 3);
        assert_eq!(series(&[1, 2, 4, 5, 6], 9).unbroken(5), 3);
        assert_eq!(series(&[1, 2, 4, 5, 6], 9).unbroken(2), 2);
        assert_eq!(series(&[1, 3], 9).unbroken(5), 1);
    }
}
