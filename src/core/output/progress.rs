//! Progress bars: on standard error, on a terminal, from half a second on.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::core::clock::Stopwatch;

const PATIENCE: Duration = Duration::from_millis(500);

/// A bar that shows itself only when there is time to look at it.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// There is a terminal to draw on.
    wanted: bool,
    shown: bool,
    watch: Stopwatch,
}

impl Progress {
    pub(super) fn new(wanted: bool, what: &'static str, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let style = match total {
            Some(_) => "{msg} {wide_bar} {percent:>3} % {binary_bytes_per_sec} {eta}",
            None => "{msg} {spinner} {binary_bytes} {binary_bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, wanted, shown: false, watch: Stopwatch::start() }
    }

    /// `done` bytes so far.
    pub fn at(&mut self, done: u64) {
        if !self.wanted {
            return;
        }
        if !self.shown && self.watch.elapsed() > PATIENCE {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
