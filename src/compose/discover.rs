//! Which files are stacks, where nobody says so.

use std::io;
use std::path::{Path, PathBuf};

/// In the order in which Compose prefers them.
const NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];
/// Folders of others' files.
const SKIPPED: [&str; 3] = ["node_modules", "vendor", "target"];
/// Folders in folders, at most.
const DEEPEST: usize = 64;

/// The stack of a folder: its file, and what overrides it.
pub fn in_folder(folder: &Path) -> Option<Vec<PathBuf>> {
    let first = |names: [&str; 4]| {
        names.into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
    };
    Some(std::iter::once(first(NAMES)?).chain(first(OVERRIDES)).collect())
}

/// The stack of the nearest folder upward.
pub fn upward(folder: &Path) -> Option<Vec<PathBuf>> {
    folder.ancestors().find_map(in_folder)
}

/// The stacks of a folder and all below it, by path. Hidden folders and links are passed over.
pub fn below(folder: &Path) -> io::Result<Vec<Vec<PathBuf>>> {
    let mut stacks = Vec::new();
    let mut open = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        stacks.extend(in_folder(&folder));
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if depth == 0 => return Err(e),
            Err(_) => continue,
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_passed = name.starts_with('.') || SKIPPED.contains(&&*name);
            if !is_passed && depth < DEEPEST && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push((entry.path(), depth + 1));
            }
        }
    }
    stacks.sort();
    Ok(stacks)
}
