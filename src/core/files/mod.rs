//! Files are replaced whole or not at all.

mod lock;
pub mod tree;

pub use lock::Lock;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::core::error::Fault;
use crate::core::shutdown;

/// How many files are synced at once: a journalling file system brings them to the disk together.
const SYNCS: usize = 16;

/// Writes `bytes` to `path`: into a temporary file beside it, synced, renamed over it, the folder
/// synced. A reader sees the old content or the new. What is no regular file (a pipe, a device) is
/// written to directly; a symbolic link keeps pointing where it did.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let result = match fs::metadata(path) {
        Ok(old) if !old.is_file() && !old.is_dir() => {
            File::options().write(true).open(path).and_then(|mut f| f.write_all(bytes))
        }
        Ok(_) => path.canonicalize().and_then(|real| replace(&real, bytes)),
        Err(_) => replace(path, bytes),
    };
    result.map_err(|e| Fault::failed(format!("cannot write {}", path.display())).because(e))
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _signals_wait = shutdown::hold();
    let new = Replacement::new(path, bytes)?;
    new.file.as_file().sync_all()?;
    new.take_place()?;
    File::open(folder(path))?.sync_all()
}

/// A file's new content, beside it until it takes its place.
#[derive(Debug)]
pub struct Replacement {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Replacement {
    pub fn new(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut file = new_beside(path, folder(path))?;
        file.write_all(bytes)?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    fn take_place(self) -> io::Result<()> {
        self.file.persist(&self.path).map(drop).map_err(|e| e.error)
    }
}

/// Many at once, which a disk does faster than one after the other: each is whole or not there, and all of them are on
/// the disk in the end. After an error some have taken their place.
pub fn replace_all(all: Vec<Replacement>) -> Result<(), Fault> {
    let cannot = |path: &Path| {
        let text = format!("cannot write {}", path.display());
        move |e: io::Error| Fault::failed(text).because(e)
    };
    sync_all(&all, |new| new.file.as_file().sync_all().map_err(cannot(&new.path)))?;
    let folders: BTreeSet<PathBuf> =
        all.iter().map(|new| folder(&new.path).to_path_buf()).collect();
    for new in all {
        let path = new.path.clone();
        new.take_place().map_err(cannot(&path))?;
    }
    let folders: Vec<PathBuf> = folders.into_iter().collect();
    sync_all(&folders, |path| File::open(path).and_then(|f| f.sync_all()).map_err(cannot(path)))
}

fn sync_all<T: Sync>(
    all: &[T],
    sync: impl Fn(&T) -> Result<(), Fault> + Sync,
) -> Result<(), Fault> {
    let share = all.len().div_ceil(SYNCS).max(1);
    std::thread::scope(|scope| {
        let own = |share: &'_ [T]| share.iter().try_for_each(&sync);
        let threads: Vec<_> =
            all.chunks(share).map(|share| scope.spawn(move || own(share))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })
}

/// A temporary file with the mode of the file it will replace, or else what the umask leaves.
fn new_beside(path: &Path, folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ut-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder)?;
    if let Ok(old) = fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_keeps_pointing_where_it_did() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }

    #[test]
    fn a_folder_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), b"x").unwrap_err();
        assert!(error.to_string().contains(&folder.path().display().to_string()));
    }
}
