//! The one database of what outlives a process, in the state folder.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::clock::{self, Stopwatch};
use super::config::{Config, Environment};
use super::error::Fault;
use super::files::Lock;
use super::metrics::{Changes, catalogue};

const FILE: &str = "ut.db";
/// How long a process waits for others that write.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of the log from which on it is brought into the database, and begun anew.
const LOG: u64 = 128 * 1024;
/// What makes the tables of a version from those of the one before.
const VERSIONS: [&str; 3] = [
    "
CREATE TABLE breakers (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
-- Records that could not be read.
CREATE TABLE damaged_breakers (name TEXT NOT NULL, at INTEGER NOT NULL, record BLOB NOT NULL);
PRAGMA user_version = 1;",
    "
-- Runs whose removal has begun and not ended.
CREATE TABLE cleanup_journal (
    store TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL, task TEXT NOT NULL,
    PRIMARY KEY (store, run)
) WITHOUT ROWID;
PRAGMA user_version = 2;",
    "
-- Counts; see core::metrics. A histogram has a row for its sum (-1) and for each bucket.
CREATE TABLE metrics (
    family TEXT NOT NULL, labels TEXT NOT NULL, bucket INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (family, labels, bucket)
) WITHOUT ROWID;
INSERT INTO metrics
    VALUES ('ut_state_created_timestamp_seconds', '[]', -1, (julianday('now') - 2440587.5) * 86400);
-- What was last told of each check; see health.
CREATE TABLE health (check_name TEXT PRIMARY KEY, status TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
-- Bytes used of each file system, to tell when it is full.
CREATE TABLE disk_history (
    mount TEXT NOT NULL, at INTEGER NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (mount, at)
) WITHOUT ROWID;
PRAGMA user_version = 3;",
];
const VERSION: u32 = VERSIONS.len() as u32;

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot create the state folder {path}")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("{path} is of a newer ut")]
    Newer { path: PathBuf },
    #[error("cannot use {path}: {source}")]
    Database { path: PathBuf, source: rusqlite::Error },
    #[error("cannot set the damaged {path} aside")]
    SetAside { path: PathBuf, source: Fault },
    #[error("breaker {name} was written by a newer ut")]
    NewerRecord { name: String },
}

impl StateError {
    /// The same in a word, for counting.
    pub fn kind(&self) -> &'static str {
        let of_io = |error: &std::io::Error| match error.kind() {
            std::io::ErrorKind::PermissionDenied => "permission",
            std::io::ErrorKind::ReadOnlyFilesystem => "readonly",
            std::io::ErrorKind::StorageFull => "full",
            _ => "io",
        };
        match self {
            Self::Folder { source, .. } => of_io(source),
            Self::Database { source, .. } => match source.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "busy",
                Some(ErrorCode::DiskFull) => "full",
                Some(ErrorCode::ReadOnly) => "readonly",
                Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => "permission",
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "corrupt",
                _ => "io",
            },
            Self::Newer { .. } | Self::NewerRecord { .. } | Self::SetAside { .. } => "corrupt",
        }
    }
}

/// The database, open.
pub struct State {
    path: PathBuf,
    connection: Connection,
    /// Where a damaged database was put, if this was one.
    pub set_aside: Option<PathBuf>,
    /// Whether changes of other processes may be missing.
    pub may_be_stale: bool,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("path", &self.path).finish_non_exhaustive()
    }
}

/// `state.dir`, else `/var/lib/ut` where it exists and can be written (so that root's cron and people share it),
/// else the user's own folder.
pub fn folder(config: &Config, env: &Environment) -> Result<PathBuf, Fault> {
    let own = || match env.get("XDG_STATE_HOME") {
        Some(folder) => Some(Path::new(&folder).join("ut")),
        None => Some(Path::new(&env.get("HOME")?).join(".local/state/ut")),
    };
    let shared = || {
        let shared = PathBuf::from("/var/lib/ut");
        nix::unistd::access(&shared, nix::unistd::AccessFlags::W_OK).ok().map(|()| shared)
    };
    config.path("state.dir").or_else(shared).or_else(own).ok_or_else(|| {
        Fault::usage("there is no folder for state: HOME is not set")
            .hint("set state.dir in ut.toml, or UT_STATE_DIR")
    })
}

impl State {
    /// To read and to write. The folder and the tables are made where there are none, a damaged database is
    /// set aside.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        if !folder.is_dir() {
            std::fs::create_dir_all(folder)
                .map_err(|source| StateError::Folder { path: folder.to_path_buf(), source })?;
        }
        let (result, set_aside) = match connect(&path) {
            Err(error) if is_damage(&error) => replace_damaged(&path)?,
            result => (result, None),
        };
        let connection = result.map_err(|source| database(&path, source))?;
        let state = Self { path, connection, set_aside, may_be_stale: false };
        state.version()?;
        Ok(state)
    }

    /// To read what is there; nothing is there where there is no database.
    pub fn open_to_read(folder: &Path) -> Result<Option<Self>, StateError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let read = |suffix: &str| {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            let uri = format!("file:{}?{suffix}", escaped(&path));
            let connection = Connection::open_with_flags(uri, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        };
        let (connection, may_be_stale) = match read("mode=ro") {
            Ok(connection) => (connection, false),
            // Without the log's files, which a reader may not make.
            Err(error) if is_read_only(&error) => match read("immutable=1") {
                Ok(connection) => (connection, true),
                Err(source) => return Err(database(&path, source)),
            },
            Err(source) => return Err(database(&path, source)),
        };
        let state = Self { path, connection, set_aside: None, may_be_stale };
        // What has no tables yet is being made, or its log cannot be read.
        Ok((state.version()? > 0).then_some(state))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the database and of its log.
    pub(crate) fn sizes(&self) -> [u64; 2] {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
        [size(&self.path), size(&beside(&self.path, "-wal"))]
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Waits no longer than this for others that write.
    pub(crate) fn wait_at_most(&self, patience: Duration) -> Result<(), StateError> {
        self.connection.busy_timeout(patience).map_err(|source| self.error(source))
    }

    /// Does `f` while nobody else writes, whole or not at all.
    pub(crate) fn write<T>(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let error = |source| self.error(source);
        let watch = Stopwatch::start();
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .map_err(error)?;
        let mut waited = Changes::default();
        waited.observe(&catalogue::STATE_LOCK_WAIT, &[], watch.elapsed().as_secs_f64());
        let made = f(&transaction)?;
        waited.store(&transaction).and_then(|()| transaction.commit()).map_err(error)?;
        Ok(made)
    }

    /// Names the database in an error.
    pub(crate) fn error(&self, source: rusqlite::Error) -> StateError {
        database(&self.path, source)
    }

    /// Version of its tables; 0 where there are none yet.
    pub(crate) fn version(&self) -> Result<u32, StateError> {
        let version = self.connection.query_row("PRAGMA user_version", [], |row| row.get(0));
        match version.map_err(|source| self.error(source))? {
            version @ 0..=VERSION => Ok(version),
            _ => Err(StateError::Newer { path: self.path.clone() }),
        }
    }
}

fn database(path: &Path, source: rusqlite::Error) -> StateError {
    StateError::Database { path: path.to_path_buf(), source }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    // To bring the log into the database at the end of each short process would cost a hundred times as much as
    // its writes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 {
        let mode = if is_on_a_network(path) { "DELETE" } else { "WAL" };
        connection.pragma_update(None, "journal_mode", mode)?;
    }
    if version < VERSION {
        update_tables(&connection)?;
    }
    if std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > LOG) {
        shorten_log(&connection)?;
    }
    // What a power cut takes is a few milliseconds of state; a killed process loses nothing.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// A process that opens the database alone reads the whole log. SQLite shortens it only for one that stays. Where
/// others have the database open, one of them will do it later.
fn shorten_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.busy_timeout(PATIENCE)
}

fn update_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for update in VERSIONS.iter().skip(version as usize) {
        connection.execute_batch(update)?;
    }
    connection.execute_batch("COMMIT")
}

/// Another process may have done so already: it is looked at again under a lock.
fn replace_damaged(
    path: &Path,
) -> Result<(rusqlite::Result<Connection>, Option<PathBuf>), StateError> {
    let cannot = |source| StateError::SetAside { path: path.to_path_buf(), source };
    let lock = Lock::acquire(path, PATIENCE).map_err(cannot)?;
    match connect(path) {
        Err(error) if is_damage(&error) => {
            let to = lock.set_aside(&format!("corrupt-{}", clock::now())).map_err(cannot)?;
            for log in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(beside(path, log));
            }
            Ok((connect(path), Some(to)))
        }
        result => Ok((result, None)),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

fn is_read_only(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
}

/// Shared memory, which the write-ahead log needs, ends at the machine.
#[cfg(target_os = "linux")]
fn is_on_a_network(path: &Path) -> bool {
    // nfs, smb, smb2, cifs, ceph, 9p, fuse
    const NETWORKS: [u32; 7] =
        [0x6969, 0x517b, 0xfe53_4d42, 0xff53_4d42, 0x00c3_6400, 0x0102_1997, 0x6573_5546];
    let found = nix::sys::statfs::statfs(path.parent().unwrap_or(path));
    found.is_ok_and(|found| NETWORKS.contains(&(found.filesystem_type().0 as u32)))
}

#[cfg(not(target_os = "linux"))]
fn is_on_a_network(_path: &Path) -> bool {
    false
}

/// A path in a URI.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
