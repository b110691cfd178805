//! One file a run: a tar of its artifacts, compressed with zstd, whose last entry is a manifest with a BLAKE3 hash
//! of every file and what MLflow knows of the run. `tar --zstd -xf` opens it where `ut` is not at hand.

mod read;
mod write;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::store::Metadata;
use crate::core::error::Fault;
use crate::core::files::tree::TreeError;

pub use read::{each_file, extract, verify};
pub use write::{Part, write};

pub const SCHEMA: &str = "ut.archive/1";
const MANIFEST: &str = "manifest.json";
/// Where the run's artifacts are in it; those of a logged model are in `models/ID/`.
const RUN: &str = "artifacts/";
const MODELS: &str = "models/";
/// Ends of names.
const WHOLE: &str = ".tar.zst";
const UNFINISHED: &str = ".tar.zst.new";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema: String,
    /// The store, without secrets.
    pub store: String,
    pub experiment_id: String,
    pub experiment_name: String,
    /// RFC 3339.
    pub archived_at: String,
    pub run: Metadata,
    /// The logged models in it.
    pub models: Vec<String>,
    pub files: Vec<ArchivedFile>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchivedFile {
    /// As in the tar.
    pub path: String,
    pub bytes: u64,
    /// BLAKE3 of the content; none for links and folders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
    /// Of a symbolic link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Tree(#[from] TreeError),
    #[error("it has no manifest: it is cut off, or no archive of ut")]
    NoManifest,
    #[error("its manifest cannot be read: {0}")]
    Manifest(serde_json::Error),
    #[error("it is of a newer ut ({0})")]
    Newer(String),
    #[error("{0} is not what its manifest says")]
    Differs(String),
    #[error("{0} is missing")]
    Missing(String),
    #[error("{0} is not in its manifest")]
    Unlisted(String),
    #[error("{0:?} is no name of a file in it")]
    Name(String),
    #[error("{0} cannot be archived: {1}")]
    Unfit(String, &'static str),
    #[error("{0}")]
    Server(String),
}

/// Where the files of a run are in it, or those of a logged model.
pub(super) fn prefix(model: Option<&str>) -> String {
    model.map_or_else(|| RUN.to_owned(), |model| format!("{MODELS}{model}/"))
}

/// BLAKE3 of all that can be read, as a manifest has it.
pub(super) fn hash(from: impl Read) -> io::Result<String> {
    let mut content = Hashing::new(from);
    io::copy(&mut content, &mut io::sink())?;
    Ok(content.hex())
}

/// Where a run's archive is, or will be.
pub fn path(folder: &Path, experiment: &str, run: &str) -> PathBuf {
    folder.join(experiment).join(format!("{run}{WHOLE}"))
}

fn unfinished(folder: &Path, experiment: &str, run: &str) -> PathBuf {
    folder.join(experiment).join(format!("{run}{UNFINISHED}"))
}

/// Removes what a killed process left of an archive that it was writing.
pub fn discard_unfinished(folder: &Path, experiment: &str, run: &str) {
    let _ = std::fs::remove_file(unfinished(folder, experiment, run));
}

/// An archive in a folder, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Archived {
    pub experiment: String,
    pub run: String,
    pub path: PathBuf,
}

/// Every archive there is, by experiment and run.
pub fn list(folder: &Path) -> Result<Vec<Archived>, Fault> {
    let cannot = |e| Fault::failed(format!("cannot read {}", folder.display())).because(e);
    let mut all = Vec::new();
    for experiment in std::fs::read_dir(folder).map_err(cannot)? {
        let experiment = experiment.map_err(cannot)?;
        if !experiment.file_type().map_err(cannot)?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(experiment.path()).map_err(cannot)? {
            let file = file.map_err(cannot)?;
            let name = file.file_name().to_string_lossy().into_owned();
            if let Some(run) = name.strip_suffix(WHOLE) {
                all.push(Archived {
                    experiment: experiment.file_name().to_string_lossy().into_owned(),
                    run: run.to_owned(),
                    path: file.path(),
                });
            }
        }
    }
    all.sort();
    Ok(all)
}

/// Reads on, and knows the hash and the length of what it has read.
struct Hashing<R> {
    inner: R,
    hash: blake3::Hasher,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R) -> Self {
        Self { inner, hash: blake3::Hasher::new(), bytes: 0 }
    }

    fn hex(&self) -> String {
        self.hash.finalize().to_hex().to_string()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}
