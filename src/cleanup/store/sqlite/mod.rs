//! MLflow's SQLite database, without MLflow.

mod read;
mod revisions;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};

use super::{Deletable, Listing, Metadata, Store};
use crate::cleanup::facts::{Millis, Run, Scope, Snapshot, Version};
use crate::cleanup::place::{Access, Root};
use crate::core::clock;
use crate::core::context::Context;
use crate::core::error::Fault;

/// As long as MLflow itself waits.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Sqlite {
    path: PathBuf,
    name: String,
    identity: String,
    connection: Connection,
    /// To write; opened when it is needed.
    writer: Option<Connection>,
    may_write: Result<(), String>,
    columns: Columns,
}

/// What this version of MLflow has.
#[expect(clippy::struct_excessive_bools, reason = "each table came with a version of its own")]
#[derive(Debug, Clone, Copy)]
struct Columns {
    deleted_time: bool,
    storage_location: bool,
    aliases: bool,
    logged_models: bool,
    registry: bool,
    inputs: bool,
}

impl Sqlite {
    pub(super) fn open(path: &Path, any_revision: bool) -> Result<Self, Fault> {
        let name = format!("sqlite:///{}", path.display());
        let cannot = || Fault::failed(format!("cannot read {}", path.display()));
        let real = path.canonicalize().map_err(|e| {
            cannot()
                .because(e)
                .hint("--tracking-uri or MLFLOW_TRACKING_URI says where the runs are")
        })?;
        let connection = to_read(&real).map_err(|e| fault(path, e))?;
        let has = |table: &str, column: &str| {
            let sql = "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?";
            let count = connection.query_row(sql, [table, column], |row| row.get::<_, i64>(0));
            count.map(|count| count > 0).map_err(|e| fault(path, e))
        };
        let needed = [
            ("alembic_version", "version_num"),
            ("experiments", "artifact_location"),
            ("runs", "run_uuid"),
            ("tags", "run_uuid"),
            ("latest_metrics", "is_nan"),
        ];
        for (table, column) in needed {
            if !has(table, column)? {
                return Err(cannot()
                    .hint("update it with `mlflow db upgrade` if it is MLflow's")
                    .because(std::io::Error::other(format!(
                        "it is no database of MLflow: it has no {table}.{column}"
                    ))));
            }
        }
        let columns = Columns {
            deleted_time: has("runs", "deleted_time")?,
            storage_location: has("model_versions", "storage_location")?,
            aliases: has("registered_model_aliases", "alias")?,
            logged_models: has("logged_models", "source_run_id")?,
            registry: has("model_versions", "source")?,
            inputs: has("inputs", "destination_id")?,
        };
        let revision: Option<String> = connection
            .query_row("SELECT version_num FROM alembic_version", [], |row| row.get(0))
            .optional()
            .map_err(|e| fault(path, e))?;
        let revision = revision.unwrap_or_default();
        let may_write = if any_revision || revisions::KNOWN.contains(&revision.as_str()) {
            Ok(())
        } else {
            Err(revision)
        };
        let identity = format!("sqlite:{}", real.display());
        Ok(Self { path: real, name, identity, connection, writer: None, may_write, columns })
    }

    fn fault(&self, error: rusqlite::Error) -> Fault {
        fault(&self.path, error)
    }

    fn writer(&mut self) -> Result<&Connection, Fault> {
        if let Err(revision) = &self.may_write {
            return Err(Fault::failed(format!(
                "{} is of an MLflow that is not known (revision {revision}): it is not written to",
                self.path.display()
            ))
            .hint("--any-revision writes all the same; the tables have what is needed"));
        }
        if self.writer.is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
            let opened = Connection::open_with_flags(&self.path, flags).and_then(|writer| {
                writer.busy_timeout(PATIENCE)?;
                Ok(writer)
            });
            self.writer = Some(opened.map_err(|e| self.fault(e))?);
        }
        Ok(self.writer.as_ref().expect("it was just opened"))
    }

    /// Inside a change, what the change sees; else what all see.
    fn current(&self) -> &Connection {
        self.writer.as_ref().unwrap_or(&self.connection)
    }
}

/// A writer that was killed leaves a journal that only one who may write can roll back, as every client of MLflow does.
fn to_read(path: &Path) -> rusqlite::Result<Connection> {
    let open = |flags| -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    match open(OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            open(OpenFlags::SQLITE_OPEN_READ_ONLY)
        }
        opened => opened,
    }
}

fn fault(path: &Path, error: rusqlite::Error) -> Fault {
    let path = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Fault::try_later(format!("another process has {path} locked")).hint("try again later")
        }
        Some(ErrorCode::NotADatabase) => {
            Fault::failed(format!("cannot read {path}: it is no SQLite database"))
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Fault::failed(format!("cannot open or write {path}")).because(error)
        }
        _ => Fault::failed(format!("cannot use {path}")).because(error),
    }
}

impl Store for Sqlite {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    /// Any folder of this machine that the database names.
    fn access(&self) -> Access {
        let root = Root { given: "/".into(), real: "/".into() };
        Access { root: Some(root), ..Access::default() }
    }

    fn experiments(&mut self, _ctx: &Context) -> Result<Listing, Fault> {
        self.list_experiments().map_err(|e| self.fault(e))
    }

    fn read(
        &mut self,
        scopes: Vec<Scope>,
        with_deleted: bool,
        ctx: &Context,
    ) -> Result<Snapshot, Fault> {
        // One transaction: everything is of one moment.
        let begin = self.connection.execute_batch("BEGIN");
        let snapshot = begin.and_then(|()| self.read_all(scopes, with_deleted, ctx));
        let _ = self.connection.execute_batch("COMMIT");
        snapshot.map_err(|e| self.fault(e))
    }

    fn look(
        &mut self,
        scopes: &[Scope],
        runs: &[&Run],
        _ctx: &Context,
    ) -> Result<Vec<Option<Run>>, Fault> {
        let look = |run: &&Run| self.look_at(scopes, run).map_err(|e| self.fault(e));
        runs.iter().map(look).collect()
    }

    fn versions(&mut self, _ctx: &Context) -> Result<Vec<Version>, Fault> {
        self.list_versions(self.current()).map_err(|e| self.fault(e))
    }

    fn children(
        &mut self,
        _scopes: &[Scope],
        parents: &[&Run],
        _ctx: &Context,
    ) -> Result<Vec<(String, String)>, Fault> {
        self.list_children(parents).map_err(|e| self.fault(e))
    }

    fn describe(
        &mut self,
        _experiment: &str,
        run: &str,
        _ctx: &Context,
    ) -> Result<Option<Metadata>, Fault> {
        self.describe_run(run).map_err(|e| self.fault(e))
    }

    fn begin(&mut self) -> Result<(), Fault> {
        let begun = self.writer()?.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|e| self.fault(e))
    }

    fn commit(&mut self) -> Result<(), Fault> {
        let committed = self.writer()?.execute_batch("COMMIT");
        committed.map_err(|e| self.fault(e))
    }

    fn abort(&mut self) {
        if let Some(writer) = &self.writer {
            let _ = writer.execute_batch("ROLLBACK");
        }
    }

    fn set_deleted(
        &mut self,
        what: &Deletable<'_>,
        at: Option<Millis>,
        _ctx: &Context,
    ) -> Result<(), Fault> {
        let has_time = self.columns.deleted_time;
        let writer = self.writer()?;
        let set = || {
            writer.execute_batch("SAVEPOINT one")?;
            if let Some(run) = what.run {
                set_run(writer, run, at, has_time)?;
            }
            what.models.iter().try_for_each(|model| set_model(writer, model, at))?;
            writer.execute_batch("RELEASE one")
        };
        let done = set();
        if done.is_err() {
            let _ = writer.execute_batch("ROLLBACK TO one; RELEASE one");
        }
        done.map_err(|e| self.fault(e))
    }
}

fn set_run(
    writer: &Connection,
    run: &str,
    at: Option<Millis>,
    has_time: bool,
) -> rusqlite::Result<()> {
    let stage = if at.is_some() { "deleted" } else { "active" };
    let sql = "UPDATE runs SET lifecycle_stage = ? WHERE run_uuid = ?";
    writer.prepare_cached(sql)?.execute(params![stage, run])?;
    if has_time {
        let sql = "UPDATE runs SET deleted_time = ? WHERE run_uuid = ?";
        writer.prepare_cached(sql)?.execute(params![at, run])?;
    }
    Ok(())
}

fn set_model(writer: &Connection, model: &str, at: Option<Millis>) -> rusqlite::Result<()> {
    let stage = if at.is_some() { "deleted" } else { "active" };
    let sql = "UPDATE logged_models SET lifecycle_stage = ?, last_updated_timestamp_ms = ? \
               WHERE model_id = ?";
    let now = at.unwrap_or_else(|| clock::now() / 1000);
    writer.prepare_cached(sql)?.execute(params![stage, now, model]).map(drop)
}
