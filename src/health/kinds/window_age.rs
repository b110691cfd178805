//! How long ago `ut infer` saved its window: a forecast from an old one is of the past.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::file_age::Limits;
use super::{Kind, Shared};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::health::{Asked, Datum, Options, Probe, Verdict};
use crate::infer::window::{LoadError, MAX_AGE, load};

pub(super) const KIND: Kind = Kind {
    name: "window-age",
    fields: &["path", "warn-age", "max-age"],
    is_critical: true,
    is_guarded: false,
    read,
    found,
};

#[derive(Debug)]
struct WindowAge {
    path: PathBuf,
    limits: Limits,
}

fn read(asked: &Asked<'_>, ctx: &Context) -> Result<Shared, Fault> {
    let path = asked.path("path").or_else(|| ctx.config.path("infer.window"));
    let path = path.ok_or_else(|| {
        asked.wrong("path", "it is not said").hint("give it, or set `infer.window`")
    })?;
    let mut limits = Limits::read(asked)?;
    if limits.warn.is_none() {
        let warn = usual(ctx);
        limits.warn = Some(limits.fail.map_or(warn, |fail| fail.min(warn)));
    }
    Ok(Arc::new(WindowAge { path, limits }))
}

fn found(_: Options, ctx: &Context) -> Option<Shared> {
    let path = ctx.config.path("infer.window")?;
    let limits = Limits { warn: Some(usual(ctx)), fail: None };
    Some(Arc::new(WindowAge { path, limits }))
}

fn usual(ctx: &Context) -> Duration {
    ctx.config.duration("infer.window-max-age").unwrap_or(MAX_AGE)
}

impl Probe for WindowAge {
    fn look(&self, _: Duration, _: &Context) -> Verdict {
        let shown = self.path.display();
        let window = match load(&self.path) {
            Ok(window) => window,
            Err(LoadError::Io(e)) if e.kind() == io::ErrorKind::NotFound => {
                return Verdict::warn(format!("{shown} is not there yet"));
            }
            Err(error) => return Verdict::fail(format!("{shown}: {error}")),
        };
        let rows = Datum::new("rows", window.records.len() as f64, "");
        match window.saved {
            Some(saved) => self.limits.judge("saved", saved).with(rows),
            None => Verdict::warn(format!("{shown} was never saved")).with(rows),
        }
    }
}
