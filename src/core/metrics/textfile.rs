//! `ut.prom` in a folder that a node exporter's textfile collector reads.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::gather::Exposition;
use crate::core::config::{Config, Environment};
use crate::core::error::Fault;
use crate::core::files::Lock;

/// The collector reads `*.prom`, and so neither the lock beside it nor a file that is being written.
const FILE: &str = "ut.prom";
/// The collector may be another user.
const MODE: u32 = 0o644;
/// How long others that renew it are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Renews the file; what is in it, and where. It is read and written under one lock, so that no older state replaces a
/// newer one. After an error the old file is as it was.
pub fn renew(
    folder: &Path,
    config: &Config,
    env: &Environment,
) -> Result<(Exposition, PathBuf), Fault> {
    let cannot = || Fault::failed(format!("cannot use the folder {}", folder.display()));
    let hint =
        "it must be the folder that node_exporter is given with --collector.textfile.directory";
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(Fault::failed(format!("{} is no folder", folder.display())).hint(hint)),
        Err(e) => return Err(cannot().because(e).hint(hint)),
    }
    let path = folder.join(FILE);
    let lock = Lock::acquire(&path, PATIENCE)?;
    let exposition = Exposition::gather(config, env)?;
    let text = exposition.text();
    lock.replace(|to| {
        to.get_ref().set_permissions(Permissions::from_mode(MODE))?;
        to.write_all(text.as_bytes())
    })?;
    Ok((exposition, path))
}
