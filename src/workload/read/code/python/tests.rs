use proptest::prelude::*;

use super::*;

/// `line token`, a guarded import with a question mark.
fn found(source: &str) -> Vec<String> {
    let mentions = read(source, Scope::Runtime).mentions;
    let shown = mentions.into_iter().map(|mention| match mention.what {
        What::Import { module, guarded, .. } => {
            format!("{} {module}{}", mention.line, if guarded { "?" } else { "" })
        }
        What::Code(name) => format!("{} {name}", mention.line),
        other => format!("{} {other:?}", mention.line),
    });
    shown.collect()
}

#[test]
fn imports_are_found_where_they_stand() {
    let source = "'''import keras'''\n# import torch\nimport os, torch.nn as nn, re\nfrom sklearn.svm import (\n  SVC,\n  SVR)\nfrom .torch import x\nimport \\\n  jax\nif x: import torch\n";
    assert_eq!(found(source), ["3 torch.nn", "4 sklearn.svm", "8 jax", "10 torch"]);
}

#[test]
fn what_the_code_goes_on_without_is_guarded() {
    let source = "\
import os
try:
    import torch
except ImportError:
    torch = None
try:
    import sklearn
except ImportError:
    raise ImportError('pip install scikit-learn')
if TYPE_CHECKING:
    import jax
def f():
    import keras
def main():
    import xgboost
if is_flax_available():
    import flax
else:
    import optax
try: import lightgbm
except (KeyError, ModuleNotFoundError): pass
";
    assert_eq!(
        found(source),
        [
            "3 torch?",
            "7 sklearn",
            "13 keras?",
            "15 xgboost",
            "17 flax?",
            "19 optax?",
            "20 lightgbm?"
        ]
    );
}

#[test]
fn a_use_of_a_gpu_is_told_from_a_choice() {
    let needs = [
        ("model = model.cuda()", ".cuda()"),
        ("x.to( \"cuda:0\" )", ".to('cuda')"),
        ("x.to(f'cuda:{rank}')", ".to('cuda')"),
        ("device = 'cuda' # or 'cpu'", "device='cuda'"),
        ("assert torch.cuda.is_available(), 'no'", "assert torch.cuda.is_available()"),
        ("dist.init_process_group(\n  backend='nccl')", "init_process_group('nccl')"),
        ("params = {'tree_method': 'gpu_hist'}", "tree_method='gpu_hist'"),
        ("with tf.device('/gpu:0'): pass", "tf.device('/gpu:0')"),
    ];
    for (code, name) in needs {
        assert!(found(&format!("import torch\n{code}\n")).contains(&format!("2 {name}")), "{code}");
    }
    let chosen = [
        "if args.gpu:\n    model.cuda()",
        "if args.cpu:\n    pass\nelse:\n    model.cuda()",
        "x = x.cuda() if flag else x",
        "def f(device='cuda'): pass",
        "class A:\n  device: str = 'cuda'",
        "p.add_argument('-d', default='cuda', type=str)",
        "d = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "d = 'cuda' if n else 'cpu'",
        "if d == 'cuda': pass",
        "if cfg.n_gpu > 1: net = DDP(net)",
    ];
    for code in chosen {
        let found = found(&format!("import torch\n{code}\n"));
        let needs = found.iter().filter_map(|line| line.split_once(' ')).filter(|(_, name)| {
            crate::workload::catalogue::code::pattern(name)
                .is_some_and(|pattern| pattern.says == Says::NeedsGpu)
        });
        assert_eq!(needs.count(), 0, "{code}: {found:?}");
        assert!(found.len() > 1, "{code}");
    }
}

#[test]
fn giving_up_without_a_gpu_is_a_need() {
    let raises =
        "import torch\nif not torch.cuda.is_available():\n    log()\n    raise SystemExit(1)\n";
    assert!(found(raises).contains(&"4 raise without a GPU".to_owned()));
    let option = "import torch\nif a.cuda and not torch.cuda.is_available():\n    raise X\n";
    assert!(!found(option).iter().any(|line| line.contains("raise")));
}

#[test]
fn patterns_in_comments_and_text_do_not_count() {
    let source = "import torch\n# x.cuda()\ns = 'call x.cuda() now'\n'''\nx.cuda()\n'''\nr\"\"\"x.cuda()\"\"\"\nmy_nn.Modules\n";
    assert_eq!(found(source), ["1 torch"]);
}

#[test]
fn some_patterns_need_their_library() {
    assert_eq!(found("import lmfit\nmodel.fit(data)\nx = 'cuda'"), [""; 0]);
    assert_eq!(found("import sklearn\nmodel.fit(data)"), ["1 sklearn", "2 model.fit("]);
}

#[test]
fn python_2_and_broken_files_are_read() {
    let source = "import torch\nprint 'loss', x.cuda()\nprint `x`\nf((\ndef g():\n  y = 'open\n  z.backward()\n";
    assert_eq!(found(source), ["1 torch", "2 .cuda()", "7 .backward()"]);
}

#[test]
fn a_file_without_known_words_is_not_read() {
    assert_eq!(read("import os\nx.backward()\n", Scope::Runtime), Read::default());
}

#[test]
fn condensed_code_keeps_statements_and_lines() {
    let condensed =
        condense("a = ( 1, # one\n  2 )\n\nif x : y ( 'b c', u'd' ) ; z\nin_ not  in w\n");
    let code = String::from_utf8(condensed.code.clone()).unwrap();
    assert_eq!(code, "a=(1,2)\nif x:\ny(\"\",\"d\")\nz\nin_ not in w\n");
    let lines: Vec<u32> = condensed.statements.iter().map(|s| condensed.line(s.start)).collect();
    assert_eq!(lines, [1, 4, 4, 4, 5]);
    assert_eq!(condensed.line(code.find('2').unwrap()), 2);
    let indents: Vec<usize> = condensed.statements.iter().map(|s| s.indent).collect();
    assert_eq!(indents, [0, 0, 1, 1, 0]);
}

#[test]
fn long_nonsense_is_read() {
    for piece in [
        "\"",
        "'",
        "\\",
        "(",
        ")",
        "[{",
        "\"\"\"",
        "'\\",
        "if lambda:",
        "import ",
        "from import ",
        "x.cuda()",
        "try: ",
        "f\"{",
        "\n ",
        "except:\n",
        ":",
        "a:",
        "if a lambda:;",
        "import a\nexcept:\n",
    ] {
        let source = format!("import torch\n{}", piece.repeat(100_000 / piece.len()));
        read(&source, Scope::Runtime);
    }
}

proptest! {
    #[test]
    fn any_text_is_read(source in any::<String>()) {
        read(&format!("import torch\n{source}"), Scope::Runtime);
    }

    #[test]
    fn lines_lie_in_the_file(source in "(import torch|x\\.cuda\\(\\)|['\"\\\\(){}:;# \t\n]|try|except|if cuda|f|\\\\\n){0,60}") {
        let lines = source.matches('\n').count() + 1;
        let condensed = condense(&source);
        prop_assert!(condensed.code.len() <= 2 * source.len() + 2);
        let starts: Vec<usize> = condensed.statements.iter().map(|s| s.start).collect();
        prop_assert!(starts.is_sorted());
        for offset in 0..condensed.code.len() {
            let line = condensed.line(offset) as usize;
            prop_assert!((1..=lines).contains(&line), "{} of {}", line, lines);
        }
        for mention in read(&source, Scope::Test).mentions {
            prop_assert!((1..=lines).contains(&(mention.line as usize)));
        }
    }
}
