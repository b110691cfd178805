//! Which part of a project a file belongs to, by its path.

use super::evidence::Scope;

/// The scope of a file, by its path below the project's folder, with `/` between the parts. `None`: it is
/// not the project's own (vendored).
pub fn scope_of(path: &str) -> Option<Scope> {
    let mut parts = path.split('/').peekable();
    let mut scope = Scope::Runtime;
    while let Some(part) = parts.next() {
        let of_part = if parts.peek().is_some() { folder(part)? } else { file(part) };
        scope = scope.max(of_part);
    }
    Some(scope)
}

/// `None`: what is below is of others.
fn folder(name: &str) -> Option<Scope> {
    let name = name.to_ascii_lowercase();
    Some(match name.as_str() {
        "third_party" | "third-party" | "thirdparty" | "3rdparty" | "vendor" | "vendored"
        | "_vendor" | "extern" | "external" | "externals" | "node_modules" | "site-packages"
        | "bower_components" | "submodules" | "dependencies" | "deps" => return None,
        "qa" | "test" | "tests" | "testing" | "testdata" | "test_data" | "__tests__" | "spec"
        | "specs" | "fixtures" | "e2e" | "unittest" | "unittests" | "integration_tests" => {
            Scope::Test
        }
        "doc" | "docs" | "documentation" | "website" | "site" | "www" | "book" | "doxygen"
        | "sphinx" | "man" => Scope::Docs,
        "example" | "examples" | "sample" | "samples" | "demo" | "demos" | "tutorial"
        | "tutorials" | "cookbook" | "cookbooks" | "gallery" | "benchmark" | "benchmarks"
        | "bench" | "benches" | "perf" | "playground" | "contrib" => Scope::Example,
        // Julia's extensions, loaded where another package is.
        "ext" => Scope::Extra,
        "ci" | "tools" | "dev" | "scripts" | "hack" | "build_tools" | "packaging" | "lint" => {
            Scope::Dev
        }
        _ => Scope::Runtime,
    })
}

fn file(name: &str) -> Scope {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let is_test = name == "conftest.py"
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || name.contains(".test.")
        || name.contains(".spec.");
    if is_test {
        Scope::Test
    } else if stem.starts_with("bench") {
        Scope::Example
    } else {
        Scope::Runtime
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_tells_the_scope() {
        for (path, scope) in [
            ("train.py", Some(Scope::Runtime)),
            ("src/model/net.py", Some(Scope::Runtime)),
            ("tests/net.py", Some(Scope::Test)),
            ("src/net_test.cc", Some(Scope::Test)),
            ("examples/test_net.py", Some(Scope::Test)),
            ("docs/conf.py", Some(Scope::Docs)),
            ("Examples/mnist/main.py", Some(Scope::Example)),
            ("third_party/torch/a.py", None),
            ("vendor", Some(Scope::Runtime)),
            ("attest.py", Some(Scope::Runtime)),
        ] {
            assert_eq!(scope_of(path), scope, "{path}");
        }
    }
}
