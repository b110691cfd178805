//! The record that is kept of an answer, and what has changed since the last one.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::answer::{Answer, Seen};
use super::verdict::Status;
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::Lock;
use crate::core::state::{self, State};

const FILE: &str = "health.jsonl";
const PATIENCE: Duration = Duration::from_secs(5);
/// What every record begins with.
const BEGIN: &[u8] = b"{\"schema\":\"ut.health/1\"";
/// No record is longer.
const LONGEST: u64 = 16 << 20;

/// A check whose status is not what was last told of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub name: String,
    /// None where nothing was told yet.
    pub from: Option<String>,
    pub to: Status,
    pub output: String,
}

/// The file of reports: `health.report`, or in the folder for state.
pub fn path(ctx: &Context) -> Result<PathBuf, Fault> {
    if let Some(path) = ctx.config.path("health.report") {
        return Ok(path);
    }
    let folder = state::folder(&ctx.config, &ctx.env)?;
    std::fs::create_dir_all(&folder).map_err(|e| {
        Fault::failed(format!("cannot create the state folder {}", folder.display())).because(e)
    })?;
    Ok(folder.join(FILE))
}

/// Adds the answer to the file as a line of JSON, whole or not at all.
pub fn append(answer: &Answer, path: &Path) -> Result<(), Fault> {
    let mut line = serde_json::to_vec(answer).expect("an answer is plain data");
    line.push(b'\n');
    let lock = Lock::acquire(path, PATIENCE)?;
    let cannot =
        |e| Fault::failed(format!("cannot add to the report {}", path.display())).because(e);
    let options = File::options().read(true).append(true).create(true).clone();
    let mut file = options.open(lock.path()).map_err(cannot)?;
    let end = whole(&mut file).map_err(cannot)?;
    let Some(end) = end else {
        let fault = Fault::failed(format!("{} is no report of `ut health`", path.display()));
        return Err(fault.hint("it was left alone: set `health.report` to another file"));
    };
    file.set_len(end).and_then(|()| file.write_all(&line)).and_then(|()| file.sync_data()).map_err(
        |e| {
            let _ = file.set_len(end);
            cannot(e)
        },
    )
}

/// Where the last whole record ends: a process that was killed may have left a part of one behind it. None if what is
/// there is something else.
fn whole(file: &mut File) -> io::Result<Option<u64>> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(LONGEST);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(LONGEST).read_to_end(&mut tail)?;
    let rest = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_ours = rest.starts_with(BEGIN) || BEGIN.starts_with(rest);
    Ok(is_ours.then_some(length - rest.len() as u64))
}

/// The checks whose status is another one than was last told.
pub fn changes(answer: &Answer, ctx: &Context) -> Result<Vec<Change>, Fault> {
    let state = State::open(&state::folder(&ctx.config, &ctx.env)?)?;
    let mut all = Vec::new();
    for seen in &answer.checks {
        let from = told(state.connection(), &seen.name).map_err(|e| state.error(e))?;
        // That something is well is no news where nothing was known.
        if from.as_deref().unwrap_or(Status::Pass.name()) != seen.status.name() {
            let Seen { name, status, output, .. } = seen.clone();
            all.push(Change { name, from, to: status, output });
        }
    }
    Ok(all)
}

fn told(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT status FROM health WHERE check_name = ?";
    connection.query_row(sql, [name], |row| row.get(0)).optional()
}

/// These have been told.
pub fn remember(changes: &[Change], ctx: &Context) -> Result<(), Fault> {
    let state = State::open(&state::folder(&ctx.config, &ctx.env)?)?;
    Ok(state.write(|transaction| {
        for change in changes {
            let sql = "INSERT OR REPLACE INTO health VALUES (?, ?, ?)";
            transaction
                .execute(sql, params![change.name, change.to.name(), clock::now()])
                .map_err(|e| state.error(e))?;
        }
        Ok(())
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer {
            schema: "ut.health/1",
            status: Status::Pass,
            timestamp: "2026-11-26T12:00:00Z".to_owned(),
            checks: Vec::new(),
            circuit_breakers: Vec::new(),
        }
    }

    #[test]
    fn a_part_of_a_record_is_cut_off_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("health.jsonl");
        append(&answer(), &path).unwrap();
        let one = std::fs::read(&path).unwrap();
        for cut in [1, 10, BEGIN.len() + 4, one.len() - 1] {
            let broken = [&one[..], &one[..cut]].concat();
            std::fs::write(&path, broken).unwrap();
            append(&answer(), &path).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), [&one[..], &one[..]].concat(), "{cut}");
        }
        std::fs::write(&path, "a diary").unwrap();
        assert!(append(&answer(), &path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"a diary");
    }
}
