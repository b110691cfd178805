//! The window of a run: locked, loaded, given the new rows, saved.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::Lock;
use crate::core::output::units::{grouped, long_duration};
use crate::infer::Records;
use crate::infer::window::{LoadError, MAX_AGE, STEPS, Taken, Window, load, save, set_aside};
use crate::model::tft::{MICROS, Model};

const WAIT: Duration = Duration::from_secs(10);
/// So far may clocks of machines that share a window be apart.
const SKEW: f64 = 60.0;

/// How much a window keeps
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct KeepArgs {
    /// Steps of each server that the window keeps [default: 300, or what the model can use]
    #[arg(long, value_name = "N")]
    window_steps: Option<NonZeroUsize>,
    /// Rows of all servers that the window keeps at most
    #[arg(long, value_name = "N")]
    max_records: Option<NonZeroUsize>,
    /// How long to wait while another process has the window [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    window_wait: Option<Duration>,
    /// Age from which a window is warned of [default: 30min]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    window_max_age: Option<Duration>,
}

/// The same, flags before configuration.
#[derive(Debug)]
pub(super) struct KeepSettings {
    pub(super) steps: usize,
    max_records: Option<usize>,
    wait: Duration,
    max_age: Duration,
}

impl KeepArgs {
    /// Age from which rows are old.
    pub(super) fn max_age(&self, ctx: &Context) -> Duration {
        let configured = || ctx.config.duration("infer.window-max-age");
        self.window_max_age.or_else(configured).unwrap_or(MAX_AGE)
    }

    pub(super) fn resolve(&self, model: &Model, ctx: &Context) -> Result<KeepSettings, Fault> {
        let config = &ctx.config;
        let count = |flag: Option<NonZeroUsize>, key| {
            flag.map(NonZeroUsize::get).or_else(|| config.count(key))
        };
        let length = |flag: Option<Duration>, key, default| {
            flag.or_else(|| config.duration(key)).unwrap_or(default)
        };
        let required = model.inputs.required_steps();
        let steps = count(self.window_steps, "infer.window-steps");
        let steps = steps.unwrap_or_else(|| STEPS.max(model.inputs.capacity()));
        if steps < required {
            return Err(Fault::usage(format!(
                "a window of {steps} steps a server is too short: a forecast needs {required}"
            )));
        }
        Ok(KeepSettings {
            steps,
            max_records: count(self.max_records, "infer.max-records"),
            wait: length(self.window_wait, "infer.window-wait", WAIT),
            max_age: self.max_age(ctx),
        })
    }
}

/// A window that this process alone may change.
pub(super) struct Kept {
    pub(super) window: Window,
    lock: Lock,
    rows_on_disk: usize,
    settings: KeepSettings,
    told: Told,
}

/// What a run says of its window.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Told {
    file: String,
    records: usize,
    tick: u64,
    /// Since it was saved before this run.
    age_seconds: Option<f64>,
    new: u64,
    late: u64,
    pub(super) known: u64,
    pub(super) outdated: u64,
    saved: bool,
}

impl Kept {
    /// Waits for the window and loads it. A damaged one is set aside, and another begins.
    pub(super) fn open(
        path: &Path,
        model: &Model,
        settings: KeepSettings,
        ctx: &Context,
    ) -> Result<Self, Fault> {
        let lock = Lock::acquire(path, settings.wait)?;
        let window = match load(lock.path()) {
            Ok(window) => fitted(window, path, model)?,
            Err(LoadError::Io(e)) if e.kind() == std::io::ErrorKind::NotFound => {
                Window::new(model, settings.steps)
            }
            Err(damaged @ LoadError::Damaged(_)) => {
                let to = set_aside(&lock, clock::now())?;
                let (path, to) = (path.display(), to.display());
                ctx.out.warn(format!("the window {path} is cold: {damaged}, set aside as {to}"));
                Window::new(model, settings.steps)
            }
            Err(error) => return Err(error.into_fault(path)),
        };
        let age = look_at_age(&window, path, settings.max_age, ctx);
        let told = Told::of(path, &window, age);
        let rows_on_disk = if window.saved.is_some() { window.records.len() } else { 0 };
        Ok(Self { window, lock, rows_on_disk, settings, told })
    }

    /// Takes rows in, within the limits. Nothing is on disk yet.
    pub(super) fn extend(&mut self, rows: Records, model: &Model) -> Result<(), Fault> {
        let KeepSettings { steps, max_records, .. } = self.settings;
        self.window.set_steps(steps);
        let taken = self.window.extend(rows);
        self.window.limit(max_records).map_err(|narrow| {
            let servers = self.window.records.servers.len();
            Fault::usage(format!("cannot keep {servers} servers in the window {}", self.told.file))
                .because(narrow)
                .hint(format!("--max-records {} would do", narrow.required * servers))
        })?;
        self.window.records.sort(&model.inputs);
        self.told.take(taken, &self.window);
        Ok(())
    }

    /// Saves the window, unless that would not change it.
    pub(super) fn save(&mut self) -> Result<(), Fault> {
        let told = &mut self.told;
        if told.new + told.late > 0 || told.records != self.rows_on_disk {
            save(&self.lock, &mut self.window, clock::now())?;
            told.saved = true;
        }
        Ok(())
    }

    pub(super) fn told(&self) -> Told {
        self.told.clone()
    }
}

/// The window to forecast from without changing it.
pub(super) fn look(
    path: &Path,
    model: &Model,
    settings: &KeepSettings,
    ctx: &Context,
) -> Result<(Window, Told), Fault> {
    let mut window = fitted(load(path).map_err(|e| e.into_fault(path))?, path, model)?;
    let age = look_at_age(&window, path, settings.max_age, ctx);
    window.records.sort(&model.inputs);
    let told = Told::of(path, &window, age);
    Ok((window, told))
}

fn fitted(mut window: Window, path: &Path, model: &Model) -> Result<Window, Fault> {
    window.fit(model).map_err(|misfit| {
        let (path, name) = (path.display(), &model.name);
        Fault::usage(format!("the window {path} does not fit the model {name}"))
            .because(misfit)
            .hint("give each model a --window of its own")
    })?;
    Ok(window)
}

/// Seconds since the window was saved.
pub(super) fn age(window: &Window) -> Option<f64> {
    window.saved.map(|saved| clock::now().saturating_sub(saved) as f64 / MICROS as f64)
}

fn look_at_age(window: &Window, path: &Path, limit: Duration, ctx: &Context) -> Option<f64> {
    let (age, path) = (age(window)?, path.display());
    if age > limit.as_secs_f64() {
        let (age, limit) = (long_duration(age), long_duration(limit.as_secs_f64()));
        ctx.out.warn(format!("the window {path} was saved {age} ago (limit {limit})"));
    } else if age < -SKEW {
        let ahead = long_duration(-age);
        ctx.out
            .warn(format!("the window {path} was saved {ahead} from now: the clock has gone back"));
    }
    Some(age)
}

impl Told {
    fn of(path: &Path, window: &Window, age_seconds: Option<f64>) -> Self {
        let file = path.display().to_string();
        let (records, tick) = (window.records.len(), window.tick);
        let (new, late, known, outdated, saved) = (0, 0, 0, 0, false);
        Self { file, records, tick, age_seconds, new, late, known, outdated, saved }
    }

    fn take(&mut self, taken: Taken, window: &Window) {
        let Taken { new, late, known, outdated } = taken;
        (self.new, self.late, self.known, self.outdated) = (new, late, known, outdated);
        (self.records, self.tick) = (window.records.len(), window.tick);
    }

    /// The same as a document of its own.
    pub(super) fn document(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Document {
            schema: &'static str,
            #[serde(flatten)]
            window: Told,
        }
        Document { schema: "ut.infer-window-save/1", window: self.clone() }
    }

    /// `window fleet.window: 6 000 records, tick 4 211, saved 12 s ago → saved`
    pub(super) fn line(&self) -> String {
        let since = match self.age_seconds {
            Some(age) if age >= 1.0 => format!("saved {} ago", long_duration(age)),
            Some(_) => "saved just now".to_owned(),
            None => "new".to_owned(),
        };
        let now = match (self.saved, self.new + self.late) {
            (true, rows) => format!("saved with {} new rows", grouped(rows)),
            (false, 0) => "nothing new".to_owned(),
            (false, _) => "not saved".to_owned(),
        };
        let (records, tick) = (grouped(self.records as u64), grouped(self.tick));
        format!("window {}: {records} records, tick {tick}, {since} → {now}", self.file)
    }
}

/// The window's file.
pub(super) fn window_file(flag: Option<&Path>, ctx: &Context) -> Option<PathBuf> {
    flag.map(Path::to_path_buf).or_else(|| ctx.config.path("infer.window"))
}
