//! How long ago a file was written: a backup, a heartbeat, what a job leaves behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Kind, Shared, nothing};
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::output::units::long_duration;
use crate::health::{Asked, Datum, Probe, Status, Verdict};

pub(super) const KIND: Kind = Kind {
    name: "file-age",
    fields: &["path", "warn-age", "max-age"],
    is_critical: true,
    is_guarded: false,
    read,
    found: nothing,
};

#[derive(Debug)]
struct FileAge {
    path: PathBuf,
    limits: Limits,
}

fn read(asked: &Asked<'_>, _: &Context) -> Result<Shared, Fault> {
    asked.needs("path")?;
    let path = asked.path("path").unwrap_or_default();
    let limits = Limits::read(asked)?;
    if limits.is_none() {
        return Err(asked.wrong("path", "it needs a `max-age` or a `warn-age`"));
    }
    Ok(Arc::new(FileAge { path, limits }))
}

impl Probe for FileAge {
    fn look(&self, _: Duration, _: &Context) -> Verdict {
        let shown = self.path.display();
        match written(&self.path) {
            Ok(Some(at)) => self.limits.judge(&format!("{shown} written"), at),
            Ok(None) => Verdict::fail(format!("{shown} holds no file")),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Verdict::fail(format!("{shown} is not there"))
            }
            Err(e) => Verdict::fail(format!("cannot look at {shown}: {e}")),
        }
    }
}

/// When the file was written, or the newest one of a folder: microseconds since 1970.
fn written(path: &Path) -> io::Result<Option<i64>> {
    let found = fs::metadata(path)?;
    if !found.is_dir() {
        return found.modified().map(|time| Some(clock::micros(time)));
    }
    let mut newest = None;
    for entry in fs::read_dir(path)? {
        // What goes away meanwhile is not the newest.
        let found = entry.and_then(|entry| fs::metadata(entry.path()));
        if let Ok(time) = found.and_then(|f| {
            if f.is_file() { f.modified() } else { Err(io::ErrorKind::IsADirectory.into()) }
        }) {
            newest = newest.max(Some(clock::micros(time)));
        }
    }
    Ok(newest)
}

/// From which age on something is too old.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) warn: Option<Duration>,
    pub(super) fail: Option<Duration>,
}

impl Limits {
    pub(super) fn read(asked: &Asked<'_>) -> Result<Self, Fault> {
        let limits = Self { warn: asked.duration("warn-age"), fail: asked.duration("max-age") };
        match (limits.warn, limits.fail) {
            (Some(warn), Some(fail)) if warn > fail => {
                Err(asked
                    .wrong("warn-age", "it is longer than `max-age`: nothing would be warned of"))
            }
            _ => Ok(limits),
        }
    }

    fn is_none(&self) -> bool {
        self.warn.is_none() && self.fail.is_none()
    }

    /// `what` says what happened at that moment: `/backup written`.
    pub(super) fn judge(&self, what: &str, at: i64) -> Verdict {
        let age = (clock::now().saturating_sub(at) as f64 / 1e6).max(0.0);
        let seconds = |limit: Option<Duration>| limit.map(|limit| limit.as_secs_f64());
        let (warn, fail) = (seconds(self.warn), seconds(self.fail));
        let is_over = |limit: &f64| age >= *limit;
        let (status, limit) = match (fail.filter(is_over), warn.filter(is_over)) {
            (Some(limit), _) => (Status::Fail, Some(limit)),
            (None, Some(limit)) => (Status::Warn, Some(limit)),
            (None, None) => (Status::Pass, None),
        };
        let limit = limit.map(|limit| format!(" (limit {})", long_duration(limit)));
        let output = format!("{what} {} ago{}", long_duration(age), limit.unwrap_or_default());
        Verdict::new(status, output).with(Datum::new("age", age, "s").limits(warn, fail))
    }
}
