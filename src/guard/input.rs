//! What a command reads.

use std::fs::File;
use std::io::{self, Seek as _};
use std::process::Stdio;

/// The command's standard input.
#[derive(Debug)]
pub enum Input {
    /// Ours.
    Inherited,
    /// Nothing: a second try would find ours read already.
    Nothing,
    /// Ours, read to its end beforehand, once more for each try.
    Spooled(File),
}

impl Input {
    /// Reads our standard input into a temporary file.
    pub fn spool() -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut io::stdin().lock(), &mut file)?;
        Ok(Self::Spooled(file))
    }

    pub(super) fn stdin(&self) -> io::Result<Stdio> {
        match self {
            Self::Inherited => Ok(Stdio::inherit()),
            Self::Nothing => Ok(Stdio::null()),
            Self::Spooled(file) => {
                let mut again = file.try_clone()?;
                again.rewind()?;
                Ok(again.into())
            }
        }
    }
}
