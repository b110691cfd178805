//! Watches a stream: how far it has come, and that its lines end.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Longer than any line of metrics, and short enough that a stream without line ends cannot fill
/// the memory.
const LINE_MAX: u64 = 1 << 20;

/// Shared between the stream and whoever takes lines from it.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    total: Rc<Cell<u64>>,
    since_line: Rc<Cell<u64>>,
    endless: Rc<Cell<bool>>,
}

impl Meter {
    /// A line has ended.
    pub(super) fn line_ended(&self) {
        self.since_line.set(0);
    }

    /// Bytes read so far.
    pub(super) fn total(&self) -> u64 {
        self.total.get()
    }

    /// Whether reading stopped because a line does not end.
    pub(super) fn is_endless(&self) -> bool {
        self.endless.get()
    }
}

/// A stream under watch.
#[derive(Debug)]
pub(super) struct Metered<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(inner: R) -> (Self, Meter) {
        let meter = Meter::default();
        (Self { inner, meter: meter.clone() }, meter)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.meter.since_line.get() > LINE_MAX {
            self.meter.endless.set(true);
            return Err(io::Error::other("endless line"));
        }
        let n = self.inner.read(buffer)?;
        self.meter.total.set(self.meter.total.get() + n as u64);
        self.meter.since_line.set(self.meter.since_line.get() + n as u64);
        Ok(n)
    }
}
