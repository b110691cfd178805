use super::*;
use Scope::{Dev, Extra, Lock, Runtime, Test};

#[test]
fn package_json_is_read() {
    let text = "{\n  \"name\": \"ml5\",\n  \"description\": \"Friendly \\\"ML\\\"\",\n  \"keywords\": [\"neural\"],\n  \"dependencies\": {\n    \"@tensorflow/tfjs\": \"^4.0\",\n    \"brain.js\": \"1\"\n  },\n\
        \"peerDependencies\": {\"ort\": \"1\"},\n  \"peerDependenciesMeta\": {\"ort\": {\"optional\": true}},\n  \"devDependencies\": {\"jest\": \"1\"},\n  \"optionalDependencies\": {\"natural\": \"2\"}\n}";
    assert_packages(
        "package.json",
        text,
        &[
            ("@tensorflow/tfjs", "^4.0", 6, Runtime),
            ("brain.js", "1", 7, Runtime),
            ("ort", "1", 9, Extra),
            ("jest", "1", 11, Dev),
            ("natural", "2", 12, Extra),
        ],
    );
    let said = rest("package.json", text);
    assert_eq!(
        said,
        [
            ("name ml5".to_owned(), 2),
            ("about Friendly \"ML\"".to_owned(), 3),
            ("about neural".to_owned(), 4)
        ]
    );
    assert_packages(
        "package.json",
        "{\"dependencies\": {\"a\": \"1\", \"b",
        &[("a", "1", 1, Runtime)],
    );
}

#[test]
fn cargo_is_read() {
    let text = "[package]\nname = \"thing\"\nkeywords = [\"llm\"]\n[dependencies]\ncandle-core = { version = \"0.8\", features = [\"cuda\", \"nccl\"] }\ntch = { version = \"1\", optional = true }\n\
        nn = { package = \"burn\", version = \"1\" }\n[dev-dependencies]\nproptest = \"1\"\n[target.'cfg(unix)'.dependencies]\nort = \"2\"\n[workspace.dependencies]\nlinfa.workspace = true\n";
    assert_packages(
        "Cargo.toml",
        text,
        &[
            ("candle-core", "0.8[cuda][nccl]", 5, Runtime),
            ("tch", "1", 6, Extra),
            ("burn", "", 7, Runtime),
            ("nn", "1", 7, Runtime),
            ("proptest", "1", 9, Dev),
            ("ort", "2", 11, Runtime),
            ("linfa", "", 13, Lock),
        ],
    );
    assert_eq!(
        rest("Cargo.toml", text),
        [("name thing".to_owned(), 2), ("about llm".to_owned(), 3)]
    );
}

#[test]
fn go_is_read() {
    let text = "module github.com/a/b\n\nrequire gorgonia.org/gorgonia v0.9 // x\nrequire (\n\tgithub.com/c/d/v2 v2.1\n\tgithub.com/e/f v1 // indirect\n)\n";
    assert_packages(
        "go.mod",
        text,
        &[
            ("gorgonia.org/gorgonia", "v0.9", 3, Runtime),
            ("github.com/c/d", "v2.1", 5, Runtime),
            ("github.com/e/f", "v1", 6, Lock),
        ],
    );
    assert_eq!(rest("go.mod", text), [("name github.com/a/b".to_owned(), 1)]);
}

#[test]
fn builds_are_read_with_their_conditions() {
    let text = "project(thing LANGUAGES CXX CUDA)\nfind_package(Torch REQUIRED)\nif(USE_TRT)\n  find_package(\n    TensorRT\n    REQUIRED)\nendif()\n# find_package(OpenCV)\nfind_package(OpenCV)\n";
    let (reader, scope) = reader_of("CMakeLists.txt").expect("a manifest");
    let found: Vec<_> =
        reader(text, scope).mentions.into_iter().map(|m| (m.what, m.line, m.scope)).collect();
    let expected = [
        (What::Build("enable_language(CUDA)"), 1, Runtime),
        (What::Build("find_package(Torch"), 2, Runtime),
        (What::Build("find_package(TensorRT"), 4, Extra),
        (What::Build("find_package(OpenCV"), 9, Extra),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        rest("Makefile", "CC = gcc\nall:\n\tnvcc -o a a.cu\n"),
        [("build nvcc".to_owned(), 3)]
    );
    assert_eq!(
        rest("meson.build", "project('a', 'cpp')\nd = dependency('onnxruntime')\n"),
        [("build find_package(onnxruntime".to_owned(), 2)]
    );
}

#[test]
fn java_and_dotnet_are_read() {
    let text = "<project>\n<artifactId>app</artifactId>\n<!-- <dependency> -->\n<dependencies>\n<dependency>\n <groupId>ai.djl</groupId>\n <artifactId>api</artifactId>\n <version>1</version>\n</dependency>\n\
        <dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>\n</dependencies>\n</project>\n";
    assert_packages(
        "pom.xml",
        text,
        &[("ai.djl:api", "1", 9, Runtime), ("junit:junit", "", 10, Test)],
    );
    assert_eq!(rest("pom.xml", text), [("name app".to_owned(), 2)]);
    let text = "dependencies {\n  implementation 'org.pytorch:pytorch_android:1.1'\n  api(group: \"a\", name: \"b\", version: \"2\")\n  testImplementation(\"junit:junit:4\")\n}\n";
    assert_packages(
        "build.gradle.kts",
        text,
        &[
            ("org.pytorch:pytorch_android", "1.1", 2, Runtime),
            ("a:b", "2", 3, Runtime),
            ("junit:junit", "4", 4, Test),
        ],
    );
    let text = "<Project>\n<ItemGroup>\n<PackageReference Include=\"Microsoft.ML\" Version=\"3.0\" />\n</ItemGroup></Project>";
    assert_packages("App.fsproj", text, &[("Microsoft.ML", "3.0", 3, Runtime)]);
}

#[test]
fn r_julia_ruby_and_elixir_are_read() {
    let text = "Package: thing\nTitle: Trees\nImports:\n    ranger (>= 0.1),\n    xgboost\nSuggests: keras\n";
    assert_packages(
        "DESCRIPTION",
        text,
        &[("ranger", ">= 0.1", 4, Runtime), ("xgboost", "", 5, Runtime), ("keras", "", 6, Extra)],
    );
    let text = "name = \"Thing\"\n[deps]\nFlux = \"587475ba\"\n[weakdeps]\nCUDA = \"052768ef\"\n";
    assert_packages("Project.toml", text, &[("Flux", "", 3, Runtime), ("CUDA", "", 5, Extra)]);
    let text = "source 'x'\ngem 'torch-rb', '~> 0.1'\ngroup :test do\n  gem \"rspec\"\nend\n";
    assert_packages("Gemfile", text, &[("torch-rb", "~> 0.1", 2, Runtime), ("rspec", "", 4, Dev)]);
    let text = "app: :thing,\n{:axon, \"~> 0.6\"},\n{:ex_doc, \"~> 0.3\", only: :dev}\n";
    assert_packages(
        "mix.exs",
        text,
        &[("axon", "~> 0.6", 2, Runtime), ("ex_doc", "~> 0.3", 3, Dev)],
    );
}
