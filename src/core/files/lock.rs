//! One process at a time changes a file.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::folder;
use crate::core::clock::Stopwatch;
use crate::core::error::Fault;
use crate::core::shutdown;

/// How often a waiting process looks again.
const PAUSE: Duration = Duration::from_millis(10);

/// The right to change a file, which ends with the process at the latest.
///
/// What is locked is `FILE.lock` beside it, because the file itself is replaced. That file stays.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    #[expect(dead_code, reason = "held, not read")]
    file: File,
}

impl Lock {
    /// Waits for the lock, no longer than `patience`: then the exit code is that of "later".
    pub fn acquire(path: &Path, patience: Duration) -> Result<Self, Fault> {
        let name = path.display().to_string();
        let real = real(path)
            .map_err(|e| Fault::failed(format!("cannot use the file {name}")).because(e))?;
        let lock = with_suffix(&real, ".lock");
        let cannot =
            |e| Fault::failed(format!("cannot lock {name}: {}", lock.display())).because(e);
        let file = open(&lock).map_err(cannot)?;
        let watch = Stopwatch::start();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { path: real, file }),
                Err(TryLockError::WouldBlock) if watch.elapsed() < patience => {
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    let fault = Fault::try_later(format!("another process has {name} locked"));
                    return Err(fault.hint("wait for it to end, and try again"));
                }
                Err(TryLockError::Error(e)) => return Err(cannot(e)),
            }
        }
    }

    /// The locked file, symbolic links followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the file by what `write` writes, whole or not at all: into `FILE.new`, synced, renamed,
    /// the folder synced. What an earlier process that was killed left there is removed.
    pub fn replace(
        &self,
        write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    ) -> Result<(), Fault> {
        let new = with_suffix(&self.path, ".new");
        let _signals_wait = shutdown::hold();
        self.try_replace(&new, write).map_err(|e| {
            let _ = fs::remove_file(&new);
            Fault::failed(format!("cannot write {}", self.path.display())).because(e)
        })
    }

    fn try_replace(
        &self,
        new: &Path,
        write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let old = fs::metadata(&self.path).ok();
        if old.as_ref().is_some_and(|old| old.permissions().readonly()) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
        }
        match fs::remove_file(new) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let file = File::options().write(true).create_new(true).open(new)?;
        if let Some(old) = old {
            file.set_permissions(old.permissions())?;
        }
        let mut to = BufWriter::with_capacity(1 << 16, &file);
        write(&mut to)?;
        to.flush()?;
        drop(to);
        file.sync_all()?;
        fs::rename(new, &self.path)?;
        File::open(folder(&self.path))?.sync_all()
    }

    /// Renames the file to `FILE.SUFFIX`, with a number behind it where that exists; the new name.
    pub fn set_aside(&self, suffix: &str) -> Result<PathBuf, Fault> {
        let names = std::iter::once(format!(".{suffix}"))
            .chain((1_u32..).map(|n| format!(".{suffix}-{n}")))
            .map(|end| with_suffix(&self.path, &end));
        let free = names.into_iter().find(|to| fs::symlink_metadata(to).is_err());
        let to = free.expect("one of four thousand million names is free");
        match fs::rename(&self.path, &to) {
            Ok(()) => Ok(to),
            Err(e) => {
                Err(Fault::failed(format!("cannot rename {}", self.path.display())).because(e))
            }
        }
    }
}

/// The file behind symbolic links. It need not exist, but its folder must.
fn real(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => path.canonicalize(),
        Ok(found) if found.is_dir() => Err(io::Error::other("it is a folder")),
        Ok(_) => Err(io::Error::other("it is no regular file")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(e)?;
            Ok(folder(path).canonicalize()?.join(name))
        }
        Err(e) => Err(e),
    }
}

/// Whoever may read the lock file may lock it: another user may have made it.
fn open(lock: &Path) -> io::Result<File> {
    match File::options().create(true).truncate(false).write(true).open(lock) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => File::open(lock).map_err(|_| e),
        opened => opened,
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(name: &str) -> (tempfile::TempDir, PathBuf, Lock) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let lock = Lock::acquire(&path, Duration::ZERO).unwrap();
        (folder, path, lock)
    }

    #[test]
    fn the_second_is_told_to_come_later() {
        let (_folder, path, lock) = locked("window");
        let second = anyhow::Error::from(Lock::acquire(&path, PAUSE).unwrap_err());
        assert_eq!(crate::core::error::exit_of(&second), crate::core::exit::Exit::TryLater);
        drop(lock);
        assert!(Lock::acquire(&path, Duration::ZERO).is_ok());
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_file_alone() {
        let (folder, path, lock) = locked("window");
        lock.replace(|to| to.write_all(b"old")).unwrap();
        fs::write(folder.path().join("window.new"), "left behind").unwrap();
        let full = lock.replace(|to| {
            to.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(full.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        lock.replace(|to| to.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 2, "the file and its lock");
    }

    #[test]
    fn a_file_set_aside_replaces_none() {
        let (_folder, path, lock) = locked("window");
        for expected in ["window.bad", "window.bad-1", "window.bad-2"] {
            fs::write(&path, expected).unwrap();
            let to = lock.set_aside("bad").unwrap();
            assert_eq!(to.file_name().unwrap(), expected);
            assert_eq!(fs::read_to_string(to).unwrap(), expected);
        }
    }
}
