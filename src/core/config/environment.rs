//! The only place that reads the process's environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variables and the current folder, captured once.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    pub variables: BTreeMap<OsString, OsString>,
    pub current_folder: PathBuf,
}

impl Environment {
    /// What this process was started with.
    pub fn capture() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            current_folder: std::env::current_dir().unwrap_or_default(),
        }
    }

    /// A variable that is set and not empty. Bytes that are no UTF-8 are replaced.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = self.variables.get(OsString::from(name).as_os_str())?;
        (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
    }

    /// The nearest file of that name from the current folder upward, not beyond a repository's root
    /// or the home folder.
    pub(super) fn find_upward(&self, name: &str) -> Option<PathBuf> {
        let home = self.get("HOME").map(PathBuf::from);
        for folder in self.current_folder.ancestors() {
            let file = folder.join(name);
            if file.is_file() {
                return Some(file);
            }
            if folder.join(".git").exists() || Some(folder) == home.as_deref() {
                return None;
            }
        }
        None
    }

    /// `$XDG_CONFIG_HOME/ut/ut.toml`, else `~/.config/ut/ut.toml`, if it exists.
    pub(super) fn user_config_file(&self) -> Option<PathBuf> {
        let folder = match self.get("XDG_CONFIG_HOME") {
            Some(folder) => PathBuf::from(folder),
            None => Path::new(&self.get("HOME")?).join(".config"),
        };
        Some(folder.join("ut/ut.toml")).filter(|file| file.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_for_a_file_stops_at_a_repository() {
        let top = tempfile::tempdir().unwrap();
        let repository = top.path().join("repo");
        let deep = repository.join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir(repository.join(".git")).unwrap();
        std::fs::write(top.path().join("ut.toml"), "").unwrap();
        let env = Environment { current_folder: deep.clone(), ..Environment::default() };
        assert_eq!(env.find_upward("ut.toml"), None);
        std::fs::write(repository.join("ut.toml"), "").unwrap();
        assert_eq!(env.find_upward("ut.toml"), Some(repository.join("ut.toml")));
    }
}
