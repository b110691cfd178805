use proptest::prelude::*;

use super::*;

const FILES: &[&str] = &[
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "setup.cfg",
    "setup.py",
    "environment.yml",
    "meta.yaml",
    "pixi.toml",
    "poetry.lock",
    "Pipfile.lock",
    "conda-lock.yml",
    "pixi.lock",
    "package.json",
    "Cargo.toml",
    "go.mod",
    "CMakeLists.txt",
    "Makefile",
    "meson.build",
    "pom.xml",
    "build.gradle",
    "a.csproj",
    "DESCRIPTION",
    "Project.toml",
    "Gemfile",
    "mix.exs",
];

/// Pieces that manifests are made of, so that readers get further than a random byte lets them.
const PIECES: &[&str] = &[
    "[project]\n",
    "[[package]]\n",
    "name = \"a\"\n",
    "dependencies = [",
    "]",
    "}",
    "{",
    "\"",
    "'",
    "\"\"\"",
    "\\",
    "\n",
    "  ",
    "- ",
    ":",
    "=",
    "[tool.poetry.dependencies]\n",
    "torch",
    "é",
    "{\"dependencies\":",
    "install_requires=",
    "extras_require",
    "(",
    ")",
    ",",
    "#",
    "# via -r x\n",
    "egg=",
    "git+https://",
    ".whl",
    "--index-url x/cu118\n",
    "<dependency>",
    "</dependency>",
    "<!--",
    "-->",
    "<",
    ">",
    "/",
    "find_package(",
    "if(",
    "require (\n",
    "module a\n",
    "dependency(",
    "gem 'a'",
    "{:a, ",
    "- conda: a/b-1-2\n",
    "pip:",
    "\r\n",
    "\0",
    "features = [\"cuda\"]",
    "..",
    "@",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        for file in FILES {
            packages(file, &text);
        }
    }

    #[test]
    fn any_order_of_pieces_is_read(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let text = pieces.concat();
        let lines = u32::try_from(text.lines().count()).unwrap().max(1);
        for file in FILES {
            for (_, _, line, _) in packages(file, &text) {
                prop_assert!((1..=lines).contains(&line), "{file}: line {line} of {lines}");
            }
        }
    }
}

#[test]
fn long_and_deep_texts_are_read() {
    for piece in [
        "[",
        "{\"a\":",
        "- ",
        "(",
        "a.",
        "\"",
        "'''",
        "<a>",
        "<",
        "<!--",
        "if(a\n",
        "\\\n",
        "[[package]]\nname = \"a\"\n",
        "a = b\n",
        "b=[b,",
        " #",
        "{:",
        "a: ",
    ] {
        let text = piece.repeat(40_000 / piece.len());
        for file in FILES {
            packages(file, &text);
        }
    }
}
