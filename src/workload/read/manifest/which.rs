//! Which reader takes which file.

use super::{
    Reader, cargo, conda, go, javascript, jvm, lines, lock, names, native, pyproject, requirements,
    setup,
};
use crate::workload::evidence::Scope;

/// The reader of a file, by its name and the name of its folder (`requirements/dev.txt`), and the scope
/// that the file's own name gives; nothing for what is no manifest. What other folders say of scope
/// (`docs/`, `tests/`) is the caller's to know.
///
/// `path` is relative, with `/`.
pub fn reader_of(path: &str) -> Option<(Reader, Scope)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = folder.rsplit('/').next().unwrap_or_default();
    let reader: Reader = match name {
        "pyproject.toml" => pyproject::read,
        "Pipfile" => pyproject::pipfile,
        "setup.py" => setup::py,
        "setup.cfg" => setup::cfg,
        "package.json" => javascript::read,
        "Cargo.toml" => cargo::read,
        "go.mod" => go::read,
        "CMakeLists.txt" => native::cmake,
        "Makefile" | "makefile" | "GNUmakefile" => native::make,
        "meson.build" => native::meson,
        "pom.xml" => jvm::pom,
        "build.gradle" | "build.gradle.kts" => jvm::gradle,
        "DESCRIPTION" => lines::description,
        "Project.toml" | "JuliaProject.toml" => lines::julia,
        "Gemfile" => lines::gems,
        "mix.exs" => lines::mix,
        "pixi.toml" => conda::pixi_file,
        "meta.yaml" => conda::recipe,
        "poetry.lock" | "uv.lock" | "pdm.lock" => lock::toml,
        "Pipfile.lock" => lock::pipfile,
        "conda-lock.yml" => lock::conda,
        "pixi.lock" => lock::pixi,
        _ => return by_ending(folder, name),
    };
    Some((reader, Scope::Runtime))
}

fn by_ending(folder: &str, name: &str) -> Option<(Reader, Scope)> {
    let (stem, ending) = name.rsplit_once('.')?;
    match ending {
        "txt" | "in" | "pip" | "lock" if is_requirements(folder, stem) => {
            Some((requirements::read, file_scope(name)))
        }
        "yml" | "yaml" if is_environment(stem) => Some((conda::environment, file_scope(stem))),
        "cmake" => Some((native::cmake, Scope::Runtime)),
        "mk" => Some((native::make, Scope::Runtime)),
        "csproj" | "fsproj" | "vbproj" => Some((jvm::dotnet, Scope::Runtime)),
        "props" if stem == "Directory.Packages" => Some((jvm::dotnet, Scope::Runtime)),
        "gemspec" => Some((lines::gems, Scope::Runtime)),
        _ => None,
    }
}

fn is_requirements(folder: &str, stem: &str) -> bool {
    let is_word = |name: &str| {
        let lower = name.to_ascii_lowercase();
        lower.contains("requirement")
            || lower.split(['-', '_', '.']).any(|word| matches!(word, "req" | "reqs" | "requires"))
    };
    is_word(stem) || (is_word(folder) && !stem.eq_ignore_ascii_case("readme"))
}

fn is_environment(stem: &str) -> bool {
    let lower = stem.to_ascii_lowercase();
    lower.contains("environment")
        || lower.split(['-', '_', '.']).any(|word| matches!(word, "env" | "conda"))
}

fn file_scope(name: &str) -> Scope {
    names::scope_of(name).unwrap_or_default()
}
