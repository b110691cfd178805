//! Queries.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params_from_iter};

use super::Sqlite;
use crate::cleanup::facts::{
    Experiment, Link, LoggedModel, Millis, Run, Scope, Snapshot, Status, Uri, Version,
};
use crate::cleanup::plan::ranks;
use crate::cleanup::store::{Listing, Metadata};
use crate::core::context::Context;
use crate::core::output::Unit;

const PARENT: &str = "mlflow.parentRunId";
/// Rows that are looked at for the names of an experiment's metrics.
const NAMES_SOUGHT: u32 = 10_000;

impl Sqlite {
    pub(super) fn list_experiments(&self) -> Result<Listing> {
        let sql = "SELECT experiment_id, name, artifact_location, lifecycle_stage \
                   FROM experiments ORDER BY experiment_id";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut listing = Listing::default();
        while let Some(row) = rows.next()? {
            let location = text(row, 2)?;
            if is_active(row, 3)? {
                let (id, name) = (text(row, 0)?, text(row, 1)?);
                listing.active.push(Experiment { id, name, location });
            } else {
                listing.deleted_locations.push(location);
            }
        }
        Ok(listing)
    }

    pub(super) fn read_all(
        &self,
        scopes: Vec<Scope>,
        with_deleted: bool,
        ctx: &Context,
    ) -> Result<Snapshot> {
        let mut snapshot = Snapshot { scopes, ..Snapshot::default() };
        self.read_runs(&mut snapshot, with_deleted, ctx)?;
        // Looked up by id below.
        snapshot.runs.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        self.read_tags(&mut snapshot)?;
        let (models, links) = self.list_models(&snapshot.scopes)?;
        snapshot.models = models;
        snapshot.links = links;
        snapshot.versions = self.list_versions(&self.connection)?;
        snapshot.metric_names = self.metric_names(&snapshot)?;
        Ok(snapshot)
    }

    fn select_runs(&self) -> String {
        let deleted_time = if self.columns.deleted_time { "r.deleted_time" } else { "NULL" };
        format!(
            "SELECT r.run_uuid, r.experiment_id, r.lifecycle_stage, r.status, r.start_time, \
             r.end_time, {deleted_time}, r.artifact_uri, m.value, m.is_nan FROM runs r \
             LEFT JOIN latest_metrics m ON m.key = ? AND m.run_uuid = r.run_uuid"
        )
    }

    fn read_runs(&self, snapshot: &mut Snapshot, with_deleted: bool, ctx: &Context) -> Result<()> {
        let count: i64 =
            self.connection.query_row("SELECT count(*) FROM runs", [], |r| r.get(0))?;
        let progress = ctx.out.progress("reading runs", Unit::Items, Some(count as u64));
        let metrics: BTreeSet<String> =
            snapshot.scopes.iter().map(|scope| scope.policy.metric.clone()).collect();
        let experiments: HashMap<Box<str>, u32> = (0..)
            .zip(&snapshot.scopes)
            .map(|(index, s)| (s.experiment.id.clone(), index))
            .collect();
        let mut statement = self.connection.prepare(&self.select_runs())?;
        for metric in metrics {
            let mut rows = statement.query([&metric])?;
            while let Some(row) = rows.next()? {
                let id = text(row, 1)?;
                let Some(experiment) = experiments.get(&id).copied() else { continue };
                let scope = &snapshot.scopes[experiment as usize];
                if scope.policy.metric != metric {
                    continue;
                }
                let run = run(row, experiment, scope)?;
                progress.advance(1);
                match run {
                    run if run.is_active || with_deleted => snapshot.runs.push(run),
                    // Its files may lie where others' do.
                    Run { uri: Uri::Other(uri), .. } => snapshot.other_locations.push(uri),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn read_tags(&self, snapshot: &mut Snapshot) -> Result<()> {
        let keys: BTreeSet<&str> = snapshot
            .scopes
            .iter()
            .flat_map(|scope| scope.policy.protect_tags.iter().map(|tag| tag.key.as_str()))
            .chain([PARENT])
            .collect();
        let places = vec!["?"; keys.len()].join(", ");
        let sql = format!("SELECT run_uuid, key, value FROM tags WHERE key IN ({places})");
        let mut statement = self.connection.prepare(&sql)?;
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let mut rows = statement.query(params_from_iter(keys))?;
        while let Some(row) = rows.next()? {
            let run = str_of(row.get_ref(0)?);
            if let Ok(found) = snapshot.runs.binary_search_by(|own| (*own.id).cmp(&*run)) {
                let run = &mut snapshot.runs[found];
                let scope = &snapshot.scopes[run.experiment as usize];
                tag(run, scope, &str_of(row.get_ref(1)?), &str_of(row.get_ref(2)?));
            }
        }
        Ok(())
    }

    pub(super) fn look_at(&self, scopes: &[Scope], old: &Run) -> Result<Option<Run>> {
        let (connection, scope) = (self.current(), &scopes[old.experiment as usize]);
        let sql = format!("{} WHERE r.run_uuid = ?", self.select_runs());
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([scope.policy.metric.as_str(), &old.id])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        if text(row, 1)? != scope.experiment.id {
            return Ok(None);
        }
        let mut run = run(row, old.experiment, scope)?;
        let sql = "SELECT key, value FROM tags WHERE run_uuid = ?";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([&*old.id])?;
        while let Some(row) = rows.next()? {
            tag(&mut run, scope, &str_of(row.get_ref(0)?), &str_of(row.get_ref(1)?));
        }
        Ok(Some(run))
    }

    pub(super) fn list_children(&self, parents: &[&Run]) -> Result<Vec<(String, String)>> {
        let places = vec!["?"; parents.len()].join(", ");
        let sql = format!(
            "SELECT t.run_uuid, t.value FROM tags t JOIN runs r ON r.run_uuid = t.run_uuid \
             WHERE t.key = '{PARENT}' AND t.value IN ({places}) AND r.lifecycle_stage = 'active'"
        );
        let mut statement = self.current().prepare_cached(&sql)?;
        let rows = statement
            .query_map(params_from_iter(parents.iter().map(|run| &*run.id)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        rows.collect()
    }

    fn list_models(&self, scopes: &[Scope]) -> Result<(Vec<LoggedModel>, Vec<Link>)> {
        let (mut models, mut links) = (Vec::new(), Vec::new());
        if !self.columns.logged_models {
            return Ok((models, links));
        }
        let experiments: HashMap<&str, u32> =
            (0..).zip(scopes).map(|(index, scope)| (&*scope.experiment.id, index)).collect();
        let sql = "SELECT model_id, experiment_id, artifact_location, lifecycle_stage, \
                   source_run_id FROM logged_models";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(experiment) = experiments.get(&*text(row, 1)?).copied() else { continue };
            let id = text(row, 0)?;
            let location = &scopes[experiment as usize].experiment.location;
            let uri = Uri::new(&str_of(row.get_ref(2)?), location, "models/", &id);
            let source_run = Some(text(row, 4)?).filter(|run| !run.is_empty());
            models.push(LoggedModel {
                id,
                experiment,
                is_active: is_active(row, 3)?,
                source_run,
                uri,
            });
        }
        if self.columns.inputs {
            let sql = "SELECT source_id, destination_id FROM inputs \
                       WHERE destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT')";
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                links.push(Link { run: text(row, 0)?, model: text(row, 1)? });
            }
        }
        Ok((models, links))
    }

    pub(super) fn list_versions(&self, connection: &Connection) -> Result<Vec<Version>> {
        if !self.columns.registry {
            return Ok(Vec::new());
        }
        let mut aliases: HashMap<(String, String), Vec<String>> = HashMap::new();
        if self.columns.aliases {
            let sql = "SELECT name, version, alias FROM registered_model_aliases ORDER BY alias";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let version = (text(row, 0)?.into_string(), text(row, 1)?.into_string());
                aliases.entry(version).or_default().push(text(row, 2)?.into_string());
            }
        }
        let storage = if self.columns.storage_location { "storage_location" } else { "NULL" };
        let sql = format!(
            "SELECT name, version, current_stage, run_id, source, {storage} FROM model_versions \
             WHERE current_stage IS NULL OR current_stage <> 'Deleted_Internal' \
             ORDER BY name, version"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut versions = Vec::new();
        while let Some(row) = rows.next()? {
            let some = |column| -> Result<Option<String>> {
                Ok(Some(text(row, column)?.into_string()).filter(|text| !text.is_empty()))
            };
            let (model, version) = (text(row, 0)?.into_string(), text(row, 1)?.into_string());
            let key = (model, version);
            versions.push(Version {
                aliases: aliases.remove(&key).unwrap_or_default(),
                stage: some(2)?,
                run: some(3)?,
                sources: [some(4)?, some(5)?].into_iter().flatten().collect(),
                model: key.0,
                version: key.1,
            });
        }
        Ok(versions)
    }

    /// What experiments have where none of their runs ranks: for a hint.
    fn metric_names(&self, snapshot: &Snapshot) -> Result<Vec<(u32, BTreeSet<String>)>> {
        let mut ranking = vec![(false, false); snapshot.scopes.len()];
        for run in snapshot.runs.iter().filter(|run| run.is_active) {
            let (has_runs, is_ranked) = &mut ranking[run.experiment as usize];
            *has_runs = true;
            *is_ranked |= ranks(run.metric);
        }
        let sql = format!(
            "SELECT DISTINCT key FROM (SELECT m.key FROM runs r JOIN latest_metrics m \
             ON m.run_uuid = r.run_uuid WHERE r.experiment_id = ? LIMIT {NAMES_SOUGHT})"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut all = Vec::new();
        for ((index, scope), (has_runs, is_ranked)) in (0..).zip(&snapshot.scopes).zip(ranking) {
            if has_runs && !is_ranked && scope.is_selected && scope.policy.top_n > 0 {
                let names = statement.query_map([&*scope.experiment.id], |row| row.get(0))?;
                all.push((index, names.collect::<Result<_>>()?));
            }
        }
        Ok(all)
    }

    pub(super) fn describe_run(&self, run: &str) -> Result<Option<Metadata>> {
        let connection = self.current();
        let sql = "SELECT run_uuid, name, status, start_time, end_time, lifecycle_stage, \
                   artifact_uri FROM runs WHERE run_uuid = ?";
        let found = connection.prepare_cached(sql)?.query_row([run], |row| {
            Ok(Metadata {
                run_id: text(row, 0)?.into_string(),
                name: Some(text(row, 1)?.into_string()).filter(|name| !name.is_empty()),
                status: text(row, 2)?.into_string(),
                start_time: time(row, 3)?,
                end_time: time(row, 4)?,
                lifecycle_stage: text(row, 5)?.into_string(),
                artifact_uri: text(row, 6)?.into_string(),
                ..Metadata::default()
            })
        });
        let Some(mut found) = found.optional()? else { return Ok(None) };
        let pairs = |sql: &str| -> Result<BTreeMap<String, String>> {
            let mut statement = connection.prepare_cached(sql)?;
            let pair =
                |row: &Row<'_>| Ok((text(row, 0)?.into_string(), text(row, 1)?.into_string()));
            statement.query_map([run], pair)?.collect()
        };
        found.tags = pairs("SELECT key, value FROM tags WHERE run_uuid = ?")?;
        found.params = pairs("SELECT key, value FROM params WHERE run_uuid = ?")?;
        found.metrics = pairs(
            "SELECT key, CASE WHEN is_nan THEN 'NaN' ELSE value END FROM latest_metrics \
             WHERE run_uuid = ?",
        )?;
        Ok(Some(found))
    }
}

fn run(row: &Row<'_>, experiment: u32, scope: &Scope) -> Result<Run> {
    let id = text(row, 0)?;
    let is_nan = matches!(row.get_ref(9)?, ValueRef::Integer(flag) if flag != 0);
    let metric = match row.get_ref(8)? {
        ValueRef::Real(value) if !is_nan => value,
        ValueRef::Integer(value) if !is_nan => value as f64,
        _ => f64::NAN,
    };
    Ok(Run {
        experiment,
        is_active: is_active(row, 2)?,
        status: Status::parse(&str_of(row.get_ref(3)?)),
        start: time(row, 4)?.unwrap_or(0),
        end: time(row, 5)?.unwrap_or(0),
        deleted_at: time(row, 6)?.unwrap_or(0),
        uri: Uri::new(&str_of(row.get_ref(7)?), &scope.experiment.location, "", &id),
        metric,
        tags: 0,
        parent: None,
        id,
    })
}

fn tag(run: &mut Run, scope: &Scope, key: &str, value: &str) {
    if key == PARENT {
        run.parent = Some(value.into());
    }
    run.tags |= scope.policy.protects(key, value);
}

/// Whatever type a column has: a value that is no text is written out.
fn str_of(value: ValueRef<'_>) -> std::borrow::Cow<'_, str> {
    match value {
        ValueRef::Null => "".into(),
        ValueRef::Integer(number) => number.to_string().into(),
        ValueRef::Real(number) => number.to_string().into(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes),
    }
}

fn text(row: &Row<'_>, column: usize) -> Result<Box<str>> {
    Ok(str_of(row.get_ref(column)?).into())
}

fn time(row: &Row<'_>, column: usize) -> Result<Option<Millis>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(time) => Some(time),
        _ => None,
    })
}

fn is_active(row: &Row<'_>, column: usize) -> Result<bool> {
    Ok(str_of(row.get_ref(column)?) == "active")
}
