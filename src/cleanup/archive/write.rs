//! Writing an archive: whole and verified, or not at all.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{ArchiveError, ArchivedFile, Hashing, MANIFEST, Manifest, path, unfinished};
use crate::cleanup::place::Place;
use crate::cleanup::store::{Proxy, Store};
use crate::core::context::Context;
use crate::core::files::tree::{EntryKind, Folder};

type Tar<'f> = tar::Builder<zstd::Encoder<'static, BufWriter<&'f File>>>;

/// A folder that goes into it: the run's own, or that of a logged model.
#[derive(Debug)]
pub struct Part<'p> {
    pub model: Option<&'p str>,
    pub place: &'p Place,
}

/// Writes the archive of a run, reads it again, compares, and only then gives it its name. Its path.
pub fn write(
    folder: &Path,
    mut manifest: Manifest,
    parts: &[Part<'_>],
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<PathBuf, ArchiveError> {
    let (experiment, run) = (manifest.experiment_id.clone(), manifest.run.run_id.clone());
    let (new, whole) = (unfinished(folder, &experiment, &run), path(folder, &experiment, &run));
    let own = folder.join(&experiment);
    fs::create_dir_all(&own)?;
    let result = write_new(&new, &mut manifest, parts, store, ctx).and_then(|()| {
        if super::verify(&new)? != manifest {
            return Err(ArchiveError::Differs(MANIFEST.to_owned()));
        }
        fs::rename(&new, &whole)?;
        Ok(File::open(&own)?.sync_all()?)
    });
    if result.is_err() {
        let _ = fs::remove_file(&new);
    }
    result.map(|()| whole)
}

fn write_new(
    new: &Path,
    manifest: &mut Manifest,
    parts: &[Part<'_>],
    store: &mut dyn Store,
    ctx: &Context,
) -> Result<(), ArchiveError> {
    let file = File::create(new)?;
    let mut encoder = zstd::Encoder::new(BufWriter::new(&file), 0)?;
    encoder.include_checksum(true)?;
    let mut tar = tar::Builder::new(encoder);
    for part in parts {
        let prefix = super::prefix(part.model);
        match part.place {
            Place::Local { root, names } => {
                if let Some(folder) = Folder::descend(root, names)? {
                    add_local(&mut tar, &folder, &prefix, &mut manifest.files)?;
                }
            }
            Place::Proxy { path } => {
                let proxy = store.proxy();
                let proxy =
                    proxy.ok_or_else(|| ArchiveError::Server("there is no server".into()))?;
                add_remote(&mut tar, path, &prefix, proxy, &mut manifest.files, ctx)?;
            }
        }
    }
    let bytes = serde_json::to_vec_pretty(manifest).map_err(ArchiveError::Manifest)?;
    let mut header = header(tar::EntryType::Regular, bytes.len() as u64);
    tar.append_data(&mut header, MANIFEST, bytes.as_slice())?;
    tar.into_inner()?.finish()?.flush()?;
    Ok(file.sync_all()?)
}

fn header(kind: tar::EntryType, bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(if kind == tar::EntryType::Directory { 0o755 } else { 0o644 });
    header
}

fn text(name: &OsStr) -> Result<&str, ArchiveError> {
    let unfit = || ArchiveError::Unfit(name.to_string_lossy().into_owned(), "its name is no UTF-8");
    name.to_str().ok_or_else(unfit)
}

fn add_local(
    tar: &mut Tar<'_>,
    folder: &Folder,
    prefix: &str,
    files: &mut Vec<ArchivedFile>,
) -> Result<(), ArchiveError> {
    for entry in folder.entries()? {
        let path = format!("{prefix}{}", text(&entry.name)?);
        match entry.kind {
            EntryKind::Folder => {
                let path = format!("{path}/");
                tar.append_data(&mut header(tar::EntryType::Directory, 0), &path, io::empty())?;
                files.push(ArchivedFile { path: path.clone(), bytes: 0, blake3: None, link: None });
                let gone = || ArchiveError::Unfit(path.clone(), "it is gone");
                let inner = folder.enter(&entry.name)?.ok_or_else(gone)?;
                add_local(tar, &inner, &path, files)?;
            }
            EntryKind::File => {
                let file = folder.file(&entry.name)?;
                let bytes = file.metadata()?.len();
                add_file(tar, &path, &file, bytes, files)?;
            }
            EntryKind::Link => {
                let target = folder.link_target(&entry.name)?;
                let link = text(&target)?.to_owned();
                tar.append_link(&mut header(tar::EntryType::Symlink, 0), &path, &link)?;
                files.push(ArchivedFile { path, bytes: 0, blake3: None, link: Some(link) });
            }
            EntryKind::Special => {
                return Err(ArchiveError::Unfit(path, "it is no file, folder or link"));
            }
        }
    }
    Ok(())
}

fn add_file(
    tar: &mut Tar<'_>,
    path: &str,
    file: &File,
    bytes: u64,
    files: &mut Vec<ArchivedFile>,
) -> Result<(), ArchiveError> {
    let mut content = Hashing::new(file.take(bytes));
    tar.append_data(&mut header(tar::EntryType::Regular, bytes), path, &mut content)?;
    // A tar says beforehand how long a file is.
    if content.bytes != bytes || file.metadata()?.len() != bytes {
        return Err(ArchiveError::Unfit(path.to_owned(), "it changes"));
    }
    let blake3 = Some(content.hex());
    files.push(ArchivedFile { path: path.to_owned(), bytes, blake3, link: None });
    Ok(())
}

fn add_remote(
    tar: &mut Tar<'_>,
    from: &str,
    prefix: &str,
    proxy: &mut dyn Proxy,
    files: &mut Vec<ArchivedFile>,
    ctx: &Context,
) -> Result<(), ArchiveError> {
    let said = |fault| ArchiveError::Server(format!("{:#}", anyhow::Error::from(fault)));
    for entry in proxy.list(from, ctx).map_err(said)? {
        let (from, path) = (format!("{from}/{}", entry.name), format!("{prefix}{}", entry.name));
        let Some(bytes) = entry.bytes else {
            let path = format!("{path}/");
            tar.append_data(&mut header(tar::EntryType::Directory, 0), &path, io::empty())?;
            files.push(ArchivedFile { path: path.clone(), bytes: 0, blake3: None, link: None });
            add_remote(tar, &from, &path, proxy, files, ctx)?;
            continue;
        };
        let mut file = tempfile::tempfile()?;
        let came = proxy.get(&from, &mut file, ctx).map_err(said)?;
        if came != bytes {
            return Err(ArchiveError::Unfit(path, "it has another length than the server lists"));
        }
        io::Seek::rewind(&mut file)?;
        add_file(tar, &path, &file, bytes, files)?;
    }
    Ok(())
}
