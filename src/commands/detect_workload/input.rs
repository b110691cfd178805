//! What is asked about: folders, files, texts.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::core::error::Fault;

/// Bytes of a text that are judged: a brief is a page.
const LONGEST: u64 = 1 << 20;

/// One thing that is asked about.
pub(super) enum Input {
    Folder(PathBuf),
    File(PathBuf),
    Text { name: String, text: String, is_cut: bool },
}

impl Input {
    /// What an argument names: a folder, a file, or `-` for standard input.
    pub(super) fn named(path: &Path) -> Result<Self, Fault> {
        if path == Path::new("-") {
            return Self::stdin();
        }
        let found = path.metadata().map_err(|error| {
            Fault::failed(format!("cannot read {}", path.display()))
                .because(error)
                .hint("name a folder, a file, or `-` for standard input; --text takes words")
        })?;
        if found.is_dir() {
            Ok(Self::Folder(path.to_owned()))
        } else {
            Ok(Self::File(path.to_owned()))
        }
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text { name: "text".to_owned(), text: text.to_owned(), is_cut: false }
    }

    fn stdin() -> Result<Self, Fault> {
        let cannot = |error| Fault::failed("cannot read standard input").because(error);
        let mut stdin = io::stdin().lock();
        let mut bytes = Vec::new();
        (&mut stdin).take(LONGEST).read_to_end(&mut bytes).map_err(cannot)?;
        // Whoever writes more is not cut off.
        let rest = io::copy(&mut stdin, &mut io::sink()).map_err(cannot)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Self::Text { name: "standard input".to_owned(), text, is_cut: rest > 0 })
    }
}
