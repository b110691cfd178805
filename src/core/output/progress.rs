//! Progress bars: on standard error, on a terminal, from half a second on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::core::clock::Stopwatch;

const PATIENCE: Duration = Duration::from_millis(500);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    Items,
    /// Files, as many as there are.
    Files,
}

/// A bar that shows itself only when there is time to look at it. Threads may share it.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// There is a terminal to draw on.
    wanted: bool,
    shown: AtomicBool,
    watch: Stopwatch,
}

impl Progress {
    pub(super) fn new(wanted: bool, what: &'static str, unit: Unit, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let style = match (unit, total) {
            (Unit::Bytes, Some(_)) => {
                "{msg} {wide_bar} {percent:>3} %  {binary_bytes_per_sec}  {eta}"
            }
            (Unit::Bytes, None) => "{msg} {spinner} {binary_bytes}  {binary_bytes_per_sec}",
            (Unit::Files, _) => "{msg} {spinner} {pos} files",
            (Unit::Items, _) => "{msg} {wide_bar} {pos}/{len}  {eta}",
        };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, wanted, shown: AtomicBool::new(false), watch: Stopwatch::start() }
    }

    /// A bar that is never drawn.
    pub fn hidden() -> Self {
        Self::new(false, "", Unit::Items, None)
    }

    /// So much is done.
    pub fn at(&self, done: u64) {
        if self.is_visible() {
            self.bar.set_position(done);
        }
    }

    /// So much more is done.
    pub fn advance(&self, more: u64) {
        if self.wanted {
            self.bar.inc(more);
            self.is_visible();
        }
    }

    fn is_visible(&self) -> bool {
        if self.wanted
            && self.watch.elapsed() > PATIENCE
            && !self.shown.swap(true, Ordering::Relaxed)
        {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.wanted
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
