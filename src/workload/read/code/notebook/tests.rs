use proptest::prelude::*;

use super::*;
use crate::workload::mention::Ecosystem;

const NOTEBOOK: &str = r#"{
 "cells": [
  {
   "cell_type": "markdown",
   "source": ["import keras"]
  },
  {
   "cell_type": "code",
   "metadata": {},
   "outputs": [{"data": {"image/png": "iVBO\"Rw0 import jax", "text": ["import jax\n"]}}],
   "source": [
    "!pip install -q \"xgboost>=2\"\n",
    "import torch\n",
    "x = \"a\\n\"; y.cuda()"
   ]
  },
  {"cell_type": "code", "source": "%%bash\nconda install lightgbm"},
  {"cell_type": "code", "source": "%%html\nimport keras"},
  {"cell_type": "code", "source": "%%time\n%matplotlib inline\nimport sklearn"}
 ],
 "metadata": {"accelerator": "GPU", "language_info": {"file_extension": ".py", "name": "python"}}
}"#;

fn lines(read: &Read) -> Vec<(u32, &What)> {
    read.mentions.iter().map(|mention| (mention.line, &mention.what)).collect()
}

fn import(module: &str) -> What {
    let language = crate::workload::mention::Language::Python;
    What::Import { language, module: module.to_owned(), guarded: false }
}

fn package(ecosystem: Ecosystem, name: &str, detail: &str) -> What {
    What::Package { ecosystem, name: name.to_owned(), detail: detail.to_owned() }
}

#[test]
fn cells_are_read_and_outputs_are_not() {
    let read = read(NOTEBOOK, Scope::Runtime);
    let (torch, sklearn) = (import("torch"), import("sklearn"));
    let xgboost = package(Ecosystem::Pypi, "xgboost", ">=2");
    let lightgbm = package(Ecosystem::Conda, "lightgbm", "");
    assert_eq!(
        lines(&read),
        [
            (13, &torch),
            (19, &sklearn),
            (14, &What::Code(".cuda()")),
            (12, &xgboost),
            (17, &lightgbm),
            (21, &What::Code(ACCELERATOR)),
        ]
    );
    assert_eq!(read.note, None);
}

#[test]
fn a_broken_notebook_gives_what_it_has() {
    let end = NOTEBOOK.find("y.cuda").unwrap();
    let read = read(&NOTEBOOK[..end], Scope::Runtime);
    assert_eq!(lines(&read)[0], (13, &import("torch")));
    assert!(read.note.is_some());
}

#[test]
fn version_3_and_other_languages_are_read() {
    let old = r#"{"worksheets":[{"cells":[{"cell_type":"code","input":["import theano\n","import torch"]}]}]}"#;
    assert!(lines(&read(old, Scope::Runtime)).contains(&(1, &import("torch"))));
    let r = r#"{"cells":[{"cell_type":"code","source":"import torch"}],"metadata":{"language_info":{"file_extension":".r"}}}"#;
    assert_eq!(read(r, Scope::Runtime).mentions, []);
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>(), cut in 0..NOTEBOOK.len()) {
        read(&text, Scope::Runtime);
        let broken: String = NOTEBOOK.chars().skip(cut).collect();
        read(&broken, Scope::Runtime);
        let broken: String = NOTEBOOK.chars().take(cut).collect();
        read(&broken, Scope::Runtime);
    }
}

#[test]
fn long_nonsense_takes_linear_time() {
    for piece in
        ["\"", "[", "{\"source\":", "\"cell_type\":\"code\",", "\\", "{\"source\":\"x\"}", "}"]
    {
        read(&piece.repeat(100_000 / piece.len()), Scope::Runtime);
    }
}
