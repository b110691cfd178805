//! How large the model is that is mounted into a service.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::compose::view::Service;

/// What is read from a disk, roughly, in one second.
pub(super) const BYTES_PER_SECOND: u64 = 1_000_000_000;

/// Entries of folders that are looked at, at most.
const ENTRIES: usize = 256;
const DEEPEST: usize = 4;

/// What files of weights are called.
const ENDINGS: &[&str] = &["safetensors", "gguf", "bin", "pt", "pth", "onnx", "plan", "engine"];

/// The size of the one model in the folders of this machine that are mounted. `None` if there is none, or there are
/// several, of which nobody knows which is served.
pub(super) fn mounted(service: &Service<'_>) -> Option<u64> {
    let mounts = service.mounts().into_iter().filter(|mount| mount.kind == "bind");
    let mut left = ENTRIES;
    let mut models = Vec::new();
    for source in mounts.filter_map(|mount| mount.source) {
        models.extend(models_in(Path::new(source), &mut left));
    }
    match models[..] {
        [size] => Some(size),
        _ => None,
    }
}

/// The size of the model in each folder that has one.
fn models_in(folder: &Path, left: &mut usize) -> Vec<u64> {
    let mut models = Vec::new();
    let mut folders: Vec<(PathBuf, usize)> = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        // A model may lie there in several formats: the largest counts.
        let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
        for entry in entries.flatten() {
            if *left == 0 {
                return models;
            }
            *left -= 1;
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEEPEST {
                folders.push((path, depth + 1));
                continue;
            }
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if ENDINGS.contains(&ending) {
                let size = std::fs::metadata(&path).map_or(0, |file| file.len());
                let sum = sizes.entry(ending.to_owned()).or_default();
                *sum = sum.saturating_add(size);
            }
        }
        models.extend(sizes.into_values().max().filter(|size| *size > 0));
    }
    models
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, size: u64) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::File::create(folder.join(name)).unwrap().set_len(size).unwrap();
    }

    #[test]
    fn files_of_weights_are_summed_in_each_folder() {
        let root = std::env::temp_dir().join(format!("ut-weights-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let found = |left: usize| models_in(&root, &mut { left });
        assert!(found(ENTRIES).is_empty());
        let one = root.join("a/b");
        file(&one, "1.safetensors", 10);
        file(&one, "2.safetensors", 20);
        file(&one, "all.bin", 25);
        file(&one, "README.md", 1000);
        assert_eq!(found(ENTRIES), [30]);
        assert!(found(1).is_empty());
        file(&root.join("c"), "x.gguf", 5);
        assert_eq!(found(ENTRIES).len(), 2);
        std::fs::remove_dir_all(&root).unwrap();
        assert!(models_in(Path::new("/does/not/exist"), &mut { ENTRIES }).is_empty());
    }
}
