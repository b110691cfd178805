//! Where the rows of a forecast come from: an input, a window, or one put into the other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::counted;
use super::forecast::ForecastArgs;
use super::input::refuse_unknown;
use super::kept::{KeepArgs, Kept, Told, look, window_file};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::infer::window::Window;
use crate::infer::{Ingested, Keep, Records};
use crate::model::tft::Model;

/// The files that rows are in.
pub(super) enum Files {
    Input(PathBuf),
    /// With the input that it is extended by.
    Window(PathBuf, Option<PathBuf>),
}

impl Files {
    /// Without a window there must be an input.
    pub(super) fn of(args: &ForecastArgs, ctx: &Context) -> Result<Self, Fault> {
        match window_file(args.window.as_deref(), ctx) {
            Some(window) => Ok(Self::Window(window, args.input.file(ctx))),
            None if args.keep != KeepArgs::default() => {
                Err(Fault::usage("there is no window to keep rows in")
                    .hint("give --window FILE, or set infer.window in ut.toml"))
            }
            None => Ok(Self::Input(args.input.required_file(ctx)?)),
        }
    }
}

/// The rows to forecast from.
pub(super) enum Source {
    Input(Records),
    /// A window that stays as it is.
    Window(Box<(Window, Told)>),
    Kept(Box<Kept>),
}

impl Source {
    pub(super) fn records(&mut self) -> &mut Records {
        match self {
            Self::Input(records) => records,
            Self::Window(window) => &mut window.0.records,
            Self::Kept(kept) => &mut kept.window.records,
        }
    }

    pub(super) fn save(&mut self) -> Result<(), Fault> {
        match self {
            Self::Kept(kept) => kept.save(),
            Self::Input(_) | Self::Window(_) => Ok(()),
        }
    }

    pub(super) fn told(&self) -> Option<Told> {
        match self {
            Self::Input(_) => None,
            Self::Window(window) => Some(window.1.clone()),
            Self::Kept(kept) => Some(kept.told()),
        }
    }
}

/// Reads the input, and puts it into the window if there is one.
pub(super) fn gather(
    args: &ForecastArgs,
    files: &Files,
    model: &Model,
    ctx: &Context,
) -> Result<(Source, Ingested), Fault> {
    let read = |input: &Path, servers: &[String], keep| {
        let mut ingested = args.input.read(input, servers, keep, &model.inputs, ctx)?;
        Ok::<_, Fault>((std::mem::take(&mut ingested.records), ingested))
    };
    let (path, input) = match files {
        Files::Input(input) => {
            let (records, ingested) = read(input, &args.server, Keep::Forecast)?;
            return Ok((Source::Input(records), ingested));
        }
        Files::Window(path, input) => (path, input),
    };
    let settings = args.keep.resolve(model, ctx)?;
    let (mut source, ingested) = match input {
        None => {
            let window = Box::new(look(path, model, &settings, ctx)?);
            counted::newest(counted::WINDOW, &window.0.records, &model.inputs, ctx);
            (Source::Window(window), Ingested::default())
        }
        Some(input) => {
            // The window is not locked while a slow input is read.
            let (records, ingested) = read(input, &[], Keep::Window(settings.steps))?;
            let mut kept = Box::new(Kept::open(path, model, settings, ctx)?);
            kept.extend(records, model)?;
            counted::taken(args.input.source(input, ctx), &kept.told(), ctx);
            (Source::Kept(kept), ingested)
        }
    };
    let unknown = source.records().admit(&args.server, &model.inputs, &BTreeSet::new());
    refuse_unknown(&unknown, &path.display().to_string())?;
    source.records().sort(&model.inputs);
    Ok((source, ingested))
}
