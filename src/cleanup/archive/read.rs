//! Reading an archive: nothing in it is believed before its hash is right, and no name in it leads out of the folder
//! that it is put into.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{ArchiveError, ArchivedFile, Hashing, MANIFEST, Manifest, SCHEMA};
use crate::core::files::tree::Folder;

/// Bytes of a manifest, at most.
const LARGEST: u64 = 1 << 30;

type Tar = tar::Archive<zstd::Decoder<'static, BufReader<File>>>;

fn open(path: &Path) -> Result<Tar, ArchiveError> {
    Ok(tar::Archive::new(zstd::Decoder::new(File::open(path)?)?))
}

/// Reads all of it; the manifest if everything is as that says.
pub fn verify(path: &Path) -> Result<Manifest, ArchiveError> {
    let mut tar = open(path)?;
    let (mut found, mut manifest) = (BTreeMap::new(), None);
    for entry in tar.entries()? {
        let mut entry = entry?;
        let name = name_of(&entry)?;
        if manifest.is_some() {
            return Err(ArchiveError::Unlisted(name));
        }
        if name == MANIFEST {
            let mut bytes = Vec::new();
            entry.take(LARGEST).read_to_end(&mut bytes)?;
            manifest = Some(read_manifest(&bytes)?);
            continue;
        }
        let link = entry.link_name()?.map(|link| link.to_string_lossy().into_owned());
        let mut content = Hashing::new(&mut entry);
        io::copy(&mut content, &mut io::sink())?;
        let (bytes, hex) = (content.bytes, content.hex());
        let is_file = entry.header().entry_type().is_file();
        let file = ArchivedFile { path: name.clone(), bytes, blake3: is_file.then_some(hex), link };
        if found.insert(name.clone(), file).is_some() {
            return Err(ArchiveError::Unlisted(name));
        }
    }
    // What comes after the tar's end: the checksum of the compressed stream is behind it.
    let mut rest = tar.into_inner();
    io::copy(&mut rest, &mut io::sink())?;
    let manifest = manifest.ok_or(ArchiveError::NoManifest)?;
    for file in &manifest.files {
        match found.remove(&file.path) {
            Some(own) if own == *file => {}
            Some(_) => return Err(ArchiveError::Differs(file.path.clone())),
            None => return Err(ArchiveError::Missing(file.path.clone())),
        }
    }
    match found.into_keys().next() {
        Some(unlisted) => Err(ArchiveError::Unlisted(unlisted)),
        None => Ok(manifest),
    }
}

fn read_manifest(bytes: &[u8]) -> Result<Manifest, ArchiveError> {
    #[derive(serde::Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(ArchiveError::Manifest)?;
    if head.schema != SCHEMA {
        return Err(ArchiveError::Newer(head.schema));
    }
    serde_json::from_slice(bytes).map_err(ArchiveError::Manifest)
}

fn name_of<R: Read>(entry: &tar::Entry<'_, R>) -> Result<String, ArchiveError> {
    let bytes = entry.path_bytes();
    String::from_utf8(bytes.to_vec())
        .map_err(|_| ArchiveError::Name(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Takes out what is in the run's part, or in that of a logged model, entry by entry: `put` gets the names of the
/// folders on the way and its own.
fn each(
    path: &Path,
    model: Option<&str>,
    mut put: impl FnMut(&[&str], Content<'_>) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let prefix = super::prefix(model);
    for entry in open(path)?.entries()? {
        let mut entry = entry?;
        let name = name_of(&entry)?;
        let Some(rest) = name.strip_prefix(&prefix) else { continue };
        let names: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        let is_wrong =
            |name: &&str| name.is_empty() || *name == "." || *name == ".." || name.contains('\0');
        if names.iter().any(is_wrong) {
            return Err(ArchiveError::Name(name));
        }
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            put(&names, Content::Folder)?;
        } else if kind.is_symlink() {
            let target = entry.link_name()?.ok_or_else(|| ArchiveError::Name(name.clone()))?;
            put(&names, Content::Link(target.as_os_str()))?;
        } else if kind.is_file() {
            put(&names, Content::File(&mut entry))?;
        } else {
            return Err(ArchiveError::Name(name));
        }
    }
    Ok(())
}

/// An entry that is taken out.
pub(super) enum Content<'c> {
    Folder,
    Link(&'c OsStr),
    File(&'c mut dyn Read),
}

/// Takes a part out into a folder that is empty. The archive has been verified.
pub fn extract(path: &Path, model: Option<&str>, to: &Folder) -> Result<(), ArchiveError> {
    each(path, model, |names, content| {
        let (own, way) = names.split_last().expect("split gives one name at least");
        let mut inner = None;
        for name in way {
            inner = Some(inner.as_ref().unwrap_or(to).make(OsStr::new(name))?);
        }
        let (folder, own) = (inner.as_ref().unwrap_or(to), OsStr::new(own));
        match content {
            Content::Folder => drop(folder.make(own)?),
            Content::Link(target) => folder.new_link(own, target)?,
            Content::File(from) => {
                let mut file = folder.new_file(own)?;
                io::copy(from, &mut file)?;
                file.sync_all()?;
            }
        }
        Ok(())
    })
}

/// Hands every file of a part to `put`, with its path: for a server, which knows neither links nor empty folders.
pub fn each_file(
    path: &Path,
    model: Option<&str>,
    mut put: impl FnMut(&str, &mut dyn Read) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    each(path, model, |names, content| match content {
        Content::File(from) => put(&names.join("/"), from),
        Content::Folder | Content::Link(_) => Ok(()),
    })
}
