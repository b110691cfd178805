//! How full file systems are, in bytes and in inodes, and when they will be full.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::statvfs::{FsFlags, statvfs};

use super::{Kind, Shared};
use crate::core::config::Value;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::metrics::catalogue::DISK_USED;
use crate::core::output::units::long_duration;
use crate::core::state;
use crate::health::history;
use crate::health::{Asked, Datum, Options, Probe, Status, Verdict};

pub(super) const KIND: Kind = Kind {
    name: "disk",
    fields: &["path", "warn", "error"],
    is_critical: true,
    is_guarded: false,
    read,
    found,
};

/// Per cent in use from which on a disk fails, and how much below that it is warned of.
const ERROR: f64 = 90.0;
const WARN_BELOW: f64 = 10.0;
/// What is further away is not told.
const FORESEEN: f64 = 30.0 * 86_400.0;

#[derive(Debug)]
struct Disk {
    /// Any place on each of them.
    paths: Vec<PathBuf>,
    warn: f64,
    error: f64,
}

fn read(asked: &Asked<'_>, ctx: &Context) -> Result<Shared, Fault> {
    let said = |field| asked.get(field).and_then(Value::number);
    let error = asked.options.disk_error.or(said("error")).unwrap_or(ERROR);
    // What is asked for on the command line goes before both.
    let is_in_order = |warn: &f64| asked.options.disk_error.is_none_or(|error| *warn <= error);
    let warn = said("warn").filter(is_in_order);
    if warn.is_some_and(|warn| warn > error) {
        return Err(asked
            .wrong("warn", &format!("it is above `error`, {error}: nothing would be warned of")));
    }
    let paths = asked.path("path").map_or_else(|| usual(ctx), |path| vec![path]);
    Ok(Arc::new(Disk { paths, warn: warn.unwrap_or(below(error)), error }))
}

#[expect(clippy::unnecessary_wraps, reason = "as all kinds have it")]
fn found(options: Options, ctx: &Context) -> Option<Shared> {
    let error = options.disk_error.unwrap_or(ERROR);
    Some(Arc::new(Disk { paths: usual(ctx), warn: below(error), error }))
}

/// Where a warning comes before an error; nowhere if nothing is left below it.
fn below(error: f64) -> f64 {
    if error > WARN_BELOW { error - WARN_BELOW } else { error }
}

/// Where the system is, and where `ut` writes.
fn usual(ctx: &Context) -> Vec<PathBuf> {
    let state = state::folder(&ctx.config, &ctx.env).ok();
    let window = ctx.config.path("infer.window");
    let mut mounts: Vec<PathBuf> = Vec::new();
    for path in [Some(PathBuf::from("/")), state, window].into_iter().flatten() {
        if let Some(mount) = path.ancestors().find_map(|path| mount_of(path).ok())
            && !mounts.contains(&mount)
        {
            mounts.push(mount);
        }
    }
    mounts
}

/// The highest folder that is on the same file system.
fn mount_of(path: &Path) -> std::io::Result<PathBuf> {
    let path = path.canonicalize()?;
    let device = fs::metadata(&path)?.dev();
    let same = |path: &&Path| fs::metadata(path).is_ok_and(|found| found.dev() == device);
    Ok(path.ancestors().take_while(same).last().unwrap_or(&path).to_path_buf())
}

/// A file system as it is now.
#[derive(Debug, Clone, PartialEq)]
struct Usage {
    /// Bytes in use, and those that are left for who is not root.
    used: u64,
    left: u64,
    /// Per cent of inodes in use; 0 where there is no fixed number of them.
    inodes: f64,
    is_read_only: bool,
}

impl Usage {
    fn of(path: &Path) -> nix::Result<Self> {
        let found = statvfs(path)?;
        let (unit, files) = (found.fragment_size(), found.files());
        let taken = files.saturating_sub(found.files_free());
        Ok(Self {
            used: found.blocks().saturating_sub(found.blocks_free()).saturating_mul(unit),
            left: found.blocks_available().saturating_mul(unit),
            inodes: if files == 0 { 0.0 } else { 100.0 * taken as f64 / files as f64 },
            is_read_only: found.flags().contains(FsFlags::ST_RDONLY),
        })
    }

    /// Per cent in use, as `df` has it.
    fn percent(&self) -> f64 {
        let all = self.used.saturating_add(self.left);
        if all == 0 { 0.0 } else { 100.0 * self.used as f64 / all as f64 }
    }
}

impl Probe for Disk {
    fn look(&self, _: Duration, ctx: &Context) -> Verdict {
        let seen = self.paths.iter().map(|path| self.look_at(path, ctx));
        let seen: Vec<Verdict> = seen.collect();
        let worst = seen.iter().map(|one| one.status).max().unwrap_or(Status::Pass);
        // What is well is told only if all is.
        let told = seen.iter().filter(|one| one.status > Status::Pass || worst == Status::Pass);
        let told: Vec<&str> = told.map(|one| one.output.as_str()).collect();
        let output = told.join("; ");
        seen.into_iter().flat_map(|one| one.data).fold(Verdict::new(worst, output), Verdict::with)
    }
}

impl Disk {
    fn look_at(&self, path: &Path, ctx: &Context) -> Verdict {
        let shown = path.display().to_string();
        let usage = match mount_of(path).map_err(|e| e.to_string()).and_then(|mount| {
            Usage::of(path).map(|usage| (mount, usage)).map_err(|e| e.desc().to_owned())
        }) {
            Ok((mount, usage)) => {
                let (mount, used) = (mount.display().to_string(), usage.percent() / 100.0);
                ctx.pending.change(|count| count.set(&DISK_USED, &[&mount], used));
                let to_full = history::seconds_to_full(&mount, usage.used, usage.left, ctx);
                (usage, to_full)
            }
            Err(why) => return Verdict::fail(format!("cannot look at {shown}: {why}")),
        };
        self.judge(&shown, &usage.0, usage.1)
    }

    /// `/var/lib/docker 93 % (limit 90 %), full in about 9 h`
    fn judge(&self, shown: &str, usage: &Usage, to_full: Option<f64>) -> Verdict {
        let judge = |percent: f64| match percent {
            _ if usage.is_read_only => (Status::Pass, None),
            p if p >= self.error => (Status::Fail, Some(self.error)),
            p if p >= self.warn => (Status::Warn, Some(self.warn)),
            _ => (Status::Pass, None),
        };
        let limit =
            |limit: Option<f64>| limit.map_or_else(String::new, |l| format!(" (limit {l} %)"));
        let ((bytes, bytes_limit), (inodes, inodes_limit)) =
            (judge(usage.percent()), judge(usage.inodes));
        // 89.96 is not 90 yet.
        let floor = |percent: f64| percent.floor();
        let mut output = format!("{shown} {} %{}", floor(usage.percent()), limit(bytes_limit));
        if inodes > Status::Pass {
            output =
                format!("{output}, {} % of inodes{}", floor(usage.inodes), limit(inodes_limit));
        }
        if let Some(seconds) = to_full.filter(|s| *s < FORESEEN && !usage.is_read_only) {
            output = format!("{output}, full in about {}", roughly(seconds));
        }
        if usage.is_read_only {
            output += ", read-only";
        }
        let datum = |what: &str, value: f64| {
            Datum::new(format!("{shown} {what}"), value, "%")
                .limits(Some(self.warn), Some(self.error))
        };
        Verdict::new(bytes.max(inodes), output)
            .with(datum("used", usage.percent()))
            .with(datum("inodes", usage.inodes))
    }
}

/// One unit is enough for what is a guess.
fn roughly(seconds: f64) -> String {
    let unit = [86_400.0, 3600.0, 60.0].into_iter().find(|unit| seconds >= *unit).unwrap_or(1.0);
    long_duration((seconds / unit).round().max(1.0) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_inodes_have_the_same_limits() {
        let disk = Disk { paths: Vec::new(), warn: 80.0, error: 90.0 };
        let usage = |percent: u64, inodes: f64| Usage {
            used: percent,
            left: 100 - percent,
            inodes,
            is_read_only: false,
        };
        let told = |usage: &Usage, to_full| {
            let verdict = disk.judge("/data", usage, to_full);
            (verdict.status, verdict.output)
        };
        for (usage, to_full, status, output) in [
            (usage(41, 3.0), None, Status::Pass, "/data 41 %"),
            (usage(41, 3.0), Some(1e9), Status::Pass, "/data 41 %"),
            (usage(80, 3.0), None, Status::Warn, "/data 80 % (limit 80 %)"),
            (
                usage(93, 3.0),
                Some(32_500.0),
                Status::Fail,
                "/data 93 % (limit 90 %), full in about 9 h",
            ),
            (usage(41, 97.3), None, Status::Fail, "/data 41 %, 97 % of inodes (limit 90 %)"),
            (
                Usage { is_read_only: true, ..usage(100, 100.0) },
                None,
                Status::Pass,
                "/data 100 %, read-only",
            ),
        ] {
            assert_eq!(told(&usage, to_full), (status, output.to_owned()));
        }
    }

    #[test]
    fn a_guess_has_one_unit() {
        for (seconds, text) in [(29.0, "29 s"), (95.0, "2 min"), (32_500.0, "9 h"), (2e5, "2 d")] {
            assert_eq!(roughly(seconds), text);
        }
    }
}
