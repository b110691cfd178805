//! A window's file: read at once, replaced whole, set aside if damaged.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::Window;
use super::format::{DecodeError, MARK, decode, encode};
use crate::core::error::Fault;
use crate::core::files::Lock;

/// Why a file cannot be used as a window.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("it is not a window")]
    NotAWindow,
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    #[error("a newer ut wrote it: {0}")]
    Newer(DecodeError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl LoadError {
    /// As the failure to use `path`.
    pub fn into_fault(self, path: &Path) -> Fault {
        let name = path.display();
        let fault = Fault::failed(format!("cannot use the window {name}"));
        match self {
            Self::Io(error) => fault.because(error),
            Self::NotAWindow => {
                fault.because(self).hint("it was left alone: give another --window")
            }
            Self::Damaged(_) => fault
                .because(self)
                .hint("`ut infer --window` and `ut infer window save` set it aside and begin anew"),
            Self::Newer(_) => fault.because(self).hint("use the newer ut, or another --window"),
        }
    }
}

/// Reads the window of a file.
pub fn load(path: &Path) -> Result<Window, LoadError> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory).into());
    }
    match decode(BufReader::with_capacity(1 << 16, &file), metadata.len()) {
        Ok(window) => Ok(window),
        Err(DecodeError::Io(error)) => Err(error.into()),
        Err(newer @ DecodeError::Newer(_)) => Err(LoadError::Newer(newer)),
        Err(DecodeError::Damaged(why)) if was_a_window(&mut file)? => Err(LoadError::Damaged(why)),
        Err(DecodeError::Damaged(_)) => Err(LoadError::NotAWindow),
    }
}

/// Whether a damaged file began or ended as windows do: another one must not be moved away.
fn was_a_window(file: &mut File) -> std::io::Result<bool> {
    let mut mark = Vec::new();
    file.rewind()?;
    file.by_ref().take(MARK.len() as u64).read_to_end(&mut mark)?;
    if MARK.starts_with(&mark) {
        return Ok(true);
    }
    mark.clear();
    let end = file.metadata()?.len().saturating_sub(MARK.len() as u64);
    file.seek(SeekFrom::Start(end))?;
    file.by_ref().take(MARK.len() as u64).read_to_end(&mut mark)?;
    Ok(mark == MARK)
}

/// Replaces the locked file by this window.
pub fn save(lock: &Lock, window: &mut Window, now: i64) -> Result<(), Fault> {
    for column in 0..window.columns.categoricals.len() {
        window.records.forget_unused(column);
    }
    window.saved = Some(now);
    lock.replace(|to| encode(window, to))
}

/// Renames the locked file to `FILE.corrupt-<time>`; the new name.
pub fn set_aside(lock: &Lock, now: i64) -> Result<PathBuf, Fault> {
    let time = DateTime::<Utc>::from_timestamp_micros(now).unwrap_or_default();
    lock.set_aside(&format!("corrupt-{}", time.format("%Y%m%dT%H%M%SZ")))
}
