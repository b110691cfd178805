//! Forecasts as a picture: a panel a server, what was measured, what is to come.

mod axis;
mod draw;

pub use draw::{PlotError, svg};

/// A picture to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub title: String,
    /// What the band holds, in words; nothing where there is none.
    pub band: Option<String>,
    pub clock: Clock,
    pub panels: Vec<Panel>,
}

/// What the horizontal axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    Seconds,
    Steps,
}

/// One server. Moments count from its newest row, which is 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Panel {
    pub name: String,
    /// What there is to say of it besides.
    pub note: String,
    /// Moment and value; one list for each stretch without a gap.
    pub history: Vec<Vec<(f64, f64)>>,
    /// Moment and median.
    pub median: Vec<(f64, f64)>,
    /// Moment, lower and upper end.
    pub band: Vec<(f64, f64, f64)>,
}

impl Panel {
    /// All values that are drawn.
    fn values(&self) -> impl Iterator<Item = f64> {
        let lines = self.history.iter().flatten().chain(&self.median).map(|(_, value)| *value);
        lines.chain(self.band.iter().flat_map(|(_, low, high)| [*low, *high]))
    }

    fn moments(&self) -> impl Iterator<Item = f64> {
        self.history.iter().flatten().chain(&self.median).map(|(moment, _)| *moment)
    }
}
