//! What keeps the runs: a database, a folder, or a server.

mod files;
mod rest;
mod sqlite;
mod uri;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facts::{Experiment, Millis, Run, Scope, Snapshot, Version};
use super::place::Access;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::tree::Size;
pub use uri::TrackingUri;

/// The experiments of a store.
#[derive(Debug, Default)]
pub struct Listing {
    pub active: Vec<Experiment>,
    /// Locations of those that are deleted.
    pub deleted_locations: Vec<Box<str>>,
}

/// Everything that MLflow knows of a run, as an archive keeps it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Metadata {
    pub run_id: String,
    pub name: Option<String>,
    pub status: String,
    pub start_time: Option<Millis>,
    pub end_time: Option<Millis>,
    pub lifecycle_stage: String,
    pub artifact_uri: String,
    pub tags: BTreeMap<String, String>,
    pub params: BTreeMap<String, String>,
    /// The newest value of each, as text: NaN is no number in JSON.
    pub metrics: BTreeMap<String, String>,
}

/// What is soft-deleted together.
#[derive(Debug, Clone)]
pub struct Deletable<'t> {
    pub experiment: &'t str,
    /// None if it is soft-deleted already.
    pub run: Option<&'t str>,
    pub models: Vec<&'t str>,
}

/// A store of runs. Reading changes nothing; writing happens between `begin` and `commit`.
pub trait Store {
    /// As people know it, without secrets.
    fn name(&self) -> &str;

    /// The same store has the same one, however it is named.
    fn identity(&self) -> &str;

    /// Which artifacts can be reached by default.
    fn access(&self) -> Access;

    /// By how much this machine's clock is ahead of the store's, where that is another.
    fn clock_ahead(&self) -> Option<Millis> {
        None
    }

    fn experiments(&mut self, ctx: &Context) -> Result<Listing, Fault>;

    /// All runs of all experiments, soft-deleted ones only if they are asked for.
    fn read(
        &mut self,
        scopes: Vec<Scope>,
        with_deleted: bool,
        ctx: &Context,
    ) -> Result<Snapshot, Fault>;

    /// Runs as they are now; none for those that are gone.
    fn look(
        &mut self,
        scopes: &[Scope],
        runs: &[&Run],
        ctx: &Context,
    ) -> Result<Vec<Option<Run>>, Fault>;

    /// What the model registry refers to now.
    fn versions(&mut self, ctx: &Context) -> Result<Vec<Version>, Fault>;

    /// Active runs that name one of these as their parent: child and parent.
    fn children(
        &mut self,
        scopes: &[Scope],
        parents: &[&Run],
        ctx: &Context,
    ) -> Result<Vec<(String, String)>, Fault>;

    fn describe(
        &mut self,
        experiment: &str,
        run: &str,
        ctx: &Context,
    ) -> Result<Option<Metadata>, Fault>;

    /// Fails where the store cannot be written; nothing is changed yet.
    fn begin(&mut self) -> Result<(), Fault>;

    fn commit(&mut self) -> Result<(), Fault>;

    /// Ends a change that failed as if it had not begun.
    fn abort(&mut self);

    /// Soft-deletes a run and logged models of it at a time, or brings them back: all, or after an error none.
    fn set_deleted(
        &mut self,
        what: &Deletable<'_>,
        at: Option<Millis>,
        ctx: &Context,
    ) -> Result<(), Fault>;

    /// The server's artifacts, if it hands them on.
    fn proxy(&mut self) -> Option<&mut dyn Proxy> {
        None
    }
}

/// A file or folder on an artifact server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its own name.
    pub name: String,
    /// None for a folder.
    pub bytes: Option<u64>,
}

/// Artifacts behind a server.
pub trait Proxy {
    /// One level.
    fn list(&mut self, path: &str, ctx: &Context) -> Result<Vec<Remote>, Fault>;

    fn size(&mut self, path: &str, ctx: &Context) -> Result<Size, Fault>;

    fn get(&mut self, path: &str, to: &mut dyn std::io::Write, ctx: &Context)
    -> Result<u64, Fault>;

    fn put(&mut self, path: &str, bytes: std::fs::File, ctx: &Context) -> Result<(), Fault>;

    fn delete(&mut self, path: &str, ctx: &Context) -> Result<(), Fault>;
}

/// Opens the store to read. `any_revision` allows writing to databases of MLflow versions that are not known.
pub fn open(uri: &TrackingUri, any_revision: bool, ctx: &Context) -> Result<Box<dyn Store>, Fault> {
    Ok(match uri {
        TrackingUri::Sqlite(path) => Box::new(sqlite::Sqlite::open(path, any_revision)?),
        TrackingUri::Files(path) => Box::new(files::Files::open(path)?),
        TrackingUri::Http(url) => Box::new(rest::Rest::open(url, ctx)?),
    })
}
