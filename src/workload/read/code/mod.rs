//! Readers of source files: the modules that code imports, and the patterns of the catalogue in it.
//!
//! Only modules that the catalogue knows are mentioned. Whether a module of that name lies in the tree
//! itself, and is then not the one the catalogue means, only the caller can tell.

mod c;
mod finder;
mod install;
mod known;
mod lines;
mod notebook;
mod python;
mod shell;
mod simple;

#[cfg(test)]
mod tests;

use super::Read;
use crate::workload::evidence::Scope;

pub use install::{Install, installs};

/// A reader of one file's text.
pub type Reader = fn(&str, Scope) -> Read;

/// The reader of the files that end so, without the dot and in lower case: `py`, `ipynb`, `cu`.
pub fn reader_of(extension: &str) -> Option<Reader> {
    Some(match extension {
        "py" | "pyw" => python::read,
        "ipynb" => notebook::read,
        "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" | "hh" | "hxx" | "cu" | "cuh" | "hip" | "m"
        | "mm" => c::read,
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "tsx" | "vue" | "svelte" => {
            simple::javascript
        }
        "rs" => simple::rust,
        "go" => simple::go,
        "java" | "kt" | "kts" | "scala" | "cs" => simple::java,
        "r" | "rmd" => simple::r,
        "jl" => simple::julia,
        "sh" | "bash" | "zsh" | "slurm" | "sbatch" => shell::read,
        _ => return None,
    })
}
