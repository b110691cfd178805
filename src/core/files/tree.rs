//! Folders that are walked, emptied and filled without following a symbolic link: each step is taken from the
//! folder before it, so that nobody can put a link in the way in between.

use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};

/// Folders in folders, at most. Each that is open takes a descriptor.
const DEEPEST: usize = 200;

/// Why a way was not gone.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("{0} is a symbolic link")]
    Link(PathBuf),
    #[error("{0} is no folder")]
    NotFolder(PathBuf),
    #[error("{0} is on another file system")]
    Mount(PathBuf),
    #[error("{0}: more than {DEEPEST} folders in folders")]
    Deep(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// What lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: OsString,
    pub kind: EntryKind,
    /// Of a file.
    pub bytes: u64,
    device: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Folder,
    Link,
    /// A pipe, a socket, a device.
    Special,
}

/// A folder that is open.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// What a tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    pub bytes: u64,
    pub files: u64,
}

impl Folder {
    /// A folder that the caller vouches for: links on the way to it are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
        let fd = nix::fcntl::open(path, flags, Mode::empty())?;
        Ok(Self { fd, path: path.to_path_buf() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of this name; none where there is nothing.
    pub fn enter(&self, name: &OsStr) -> Result<Option<Self>, TreeError> {
        let path = self.path.join(name);
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
        match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { fd, path })),
            Err(Errno::ENOENT) => Ok(None),
            // Both are said of a link.
            Err(Errno::ELOOP | Errno::ENOTDIR) => match self.stat(name) {
                Ok(found) if kind_of(&found) == EntryKind::Link => Err(TreeError::Link(path)),
                _ => Err(TreeError::NotFolder(path)),
            },
            Err(e) => Err(TreeError::Io { path, source: e.into() }),
        }
    }

    /// The folder at the end of these names, each entered from the one before.
    pub fn descend<S: AsRef<OsStr>>(
        root: &Path,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Option<Self>, TreeError> {
        let mut folder = match Self::open(root) {
            Ok(folder) => folder,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(TreeError::Io { path: root.to_path_buf(), source }),
        };
        for name in names {
            match folder.enter(name.as_ref())? {
                Some(inner) => folder = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(folder))
    }

    fn stat(&self, name: &OsStr) -> io::Result<FileStat> {
        Ok(fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW)?)
    }

    fn failed(&self, name: &OsStr, source: impl Into<io::Error>) -> TreeError {
        TreeError::Io { path: self.path.join(name), source: source.into() }
    }

    /// What lies in it, by name.
    pub fn entries(&self) -> Result<Vec<Entry>, TreeError> {
        let here = |e: Errno| self.failed(OsStr::new(""), e);
        let mut dir = openat(&self.fd, ".", OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
            .and_then(Dir::from_fd)
            .map_err(here)?;
        let mut entries = Vec::new();
        for entry in dir.iter() {
            let entry = entry.map_err(here)?;
            let name = os(entry.file_name());
            if name == "." || name == ".." {
                continue;
            }
            let found = match self.stat(name) {
                // Somebody else removed it.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                found => found.map_err(|e| self.failed(name, e))?,
            };
            let kind = kind_of(&found);
            let bytes = if kind == EntryKind::File { found.st_size as u64 } else { 0 };
            entries.push(Entry { name: name.to_owned(), kind, bytes, device: found.st_dev });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// A file to read; a link is an error.
    pub fn file(&self, name: &OsStr) -> Result<File, TreeError> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_RDONLY | OFlag::O_NONBLOCK;
        let fd = openat(&self.fd, name, flags, Mode::empty()).map_err(|e| self.failed(name, e))?;
        Ok(fd.into())
    }

    /// A file that is not there yet, to write.
    pub fn new_file(&self, name: &OsStr) -> Result<File, TreeError> {
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_WRONLY;
        let mode = Mode::from_bits_truncate(0o666);
        let fd = openat(&self.fd, name, flags, mode).map_err(|e| self.failed(name, e))?;
        Ok(fd.into())
    }

    /// The folder of this name, made where there is none.
    pub fn make(&self, name: &OsStr) -> Result<Self, TreeError> {
        match mkdirat(&self.fd, name, Mode::from_bits_truncate(0o777)) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(e) => return Err(self.failed(name, e)),
        }
        let gone = || self.failed(name, io::ErrorKind::NotFound);
        self.enter(name)?.ok_or_else(gone)
    }

    pub fn link_target(&self, name: &OsStr) -> Result<OsString, TreeError> {
        readlinkat(&self.fd, name).map_err(|e| self.failed(name, e))
    }

    pub fn new_link(&self, name: &OsStr, target: &OsStr) -> Result<(), TreeError> {
        symlinkat(target, &self.fd, name).map_err(|e| self.failed(name, e))
    }

    /// Gives an entry another name; an empty folder of that name is replaced.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), TreeError> {
        renameat(&self.fd, from, &self.fd, to).map_err(|e| self.failed(to, e))
    }

    /// Removes an empty folder.
    pub fn remove_folder(&self, name: &OsStr) -> Result<(), TreeError> {
        unlinkat(&self.fd, name, UnlinkatFlags::RemoveDir).map_err(|e| self.failed(name, e))
    }

    /// Calls `look` for every entry below, folders before what they hold. Other file systems are not entered.
    pub fn walk(
        &self,
        look: &mut impl FnMut(&Self, &[Entry]) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        let device = self.device()?;
        self.walk_below(device, 0, look)
    }

    fn walk_below(
        &self,
        device: u64,
        depth: usize,
        look: &mut impl FnMut(&Self, &[Entry]) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        if depth > DEEPEST {
            return Err(TreeError::Deep(self.path.clone()));
        }
        let entries = self.entries()?;
        look(self, &entries)?;
        for folder in entries.iter().filter(|e| e.kind == EntryKind::Folder) {
            if folder.device != device {
                return Err(TreeError::Mount(self.path.join(&folder.name)));
            }
            if let Some(inner) = self.enter(&folder.name)? {
                inner.walk_below(device, depth + 1, look)?;
            }
        }
        Ok(())
    }

    /// Removes what lies in it. Links are removed, not followed.
    pub fn empty(&self) -> Result<(), TreeError> {
        let device = self.device()?;
        self.empty_below(device, 0)
    }

    fn empty_below(&self, device: u64, depth: usize) -> Result<(), TreeError> {
        if depth > DEEPEST {
            return Err(TreeError::Deep(self.path.clone()));
        }
        for entry in self.entries()? {
            let name = entry.name.as_os_str();
            if entry.device != device {
                return Err(TreeError::Mount(self.path.join(name)));
            }
            let flag = if entry.kind == EntryKind::Folder {
                if let Some(inner) = self.enter(name)? {
                    inner.empty_below(device, depth + 1)?;
                }
                UnlinkatFlags::RemoveDir
            } else {
                UnlinkatFlags::NoRemoveDir
            };
            match unlinkat(&self.fd, name, flag) {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(e) => return Err(self.failed(name, e)),
            }
        }
        Ok(())
    }

    fn device(&self) -> Result<u64, TreeError> {
        let found = fstat(&self.fd).map_err(|e| self.failed(OsStr::new(""), e))?;
        Ok(found.st_dev)
    }

    /// Bytes and number of its files, those in folders below included.
    pub fn size(&self) -> Result<Size, TreeError> {
        let mut size = Size::default();
        self.walk(&mut |_, entries| {
            size.add_entries(entries);
            Ok(())
        })?;
        Ok(size)
    }
}

impl Size {
    pub fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.files += other.files;
    }

    /// Adds what lies in a folder, folders in it left out.
    pub fn add_entries(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|e| e.kind != EntryKind::Folder) {
            self.bytes += entry.bytes;
            self.files += 1;
        }
    }
}

fn os(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}

fn kind_of(found: &FileStat) -> EntryKind {
    match SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFREG => EntryKind::File,
        SFlag::S_IFDIR => EntryKind::Folder,
        SFlag::S_IFLNK => EntryKind::Link,
        _ => EntryKind::Special,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_unlinked_and_never_followed() {
        let top = tempfile::tempdir().unwrap();
        let (outside, inside) = (top.path().join("outside"), top.path().join("inside"));
        fs::create_dir_all(inside.join("a/b")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("precious"), "x").unwrap();
        fs::write(inside.join("a/b/file"), "four").unwrap();
        symlink(&outside, inside.join("a/link")).unwrap();
        let folder = Folder::descend(top.path(), ["inside"]).unwrap().unwrap();
        assert_eq!(folder.size().unwrap(), Size { bytes: 4, files: 2 });
        folder.empty().unwrap();
        assert_eq!(fs::read_dir(&inside).unwrap().count(), 0);
        assert!(outside.join("precious").exists());
    }

    #[test]
    fn a_link_or_a_file_on_the_way_is_an_error_and_nothing_is_none() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("real")).unwrap();
        fs::write(top.path().join("file"), "").unwrap();
        symlink(top.path().join("real"), top.path().join("link")).unwrap();
        let descend = |name: &str| Folder::descend(top.path(), [name]);
        assert!(matches!(descend("link"), Err(TreeError::Link(_))));
        assert!(matches!(descend("file"), Err(TreeError::NotFolder(_))));
        assert!(matches!(descend("nothing"), Ok(None)));
        assert!(matches!(descend("real"), Ok(Some(_))));
    }

    #[test]
    fn a_tree_of_any_depth_ends_the_walk_and_not_the_program() {
        let top = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(top.path()).unwrap();
        for _ in 0..DEEPEST + 5 {
            folder = folder.make(OsStr::new("d")).unwrap();
        }
        let folder = Folder::open(top.path()).unwrap();
        assert!(matches!(folder.size(), Err(TreeError::Deep(_))));
    }
}
