use proptest::prelude::*;

use super::*;
use crate::workload::mention::{Ecosystem, What};

/// `line token` of a file that ends so.
fn found(extension: &str, text: &str) -> Vec<String> {
    let read = reader_of(extension).unwrap()(text, Scope::Runtime);
    let shown = read.mentions.into_iter().map(|mention| match mention.what {
        What::Import { module, guarded, .. } => {
            format!("{} {module}{}", mention.line, if guarded { "?" } else { "" })
        }
        What::Code(name) => format!("{} {name}", mention.line),
        What::Package { name, detail, .. } => format!("{} {name}{detail}", mention.line),
        What::Resource { name, amount } => format!("{} {name} {amount:?}", mention.line),
        other => format!("{} {other:?}", mention.line),
    });
    shown.collect()
}

#[test]
fn headers_count_where_they_are_included() {
    let source = "// #include <cudnn.h>\n#include <cuda_runtime.h>\n# include \"third/torch/torch.h\"\nint cudnn.h;\n/* __global__ */\n__global__ void f() {}\n";
    assert_eq!(
        found("cu", source),
        ["6 __global__", "2 #include <cuda_runtime.h>", "3 #include <torch/>"]
    );
}

#[test]
fn javascript_imports_are_packages_or_parts_of_them() {
    let source = "import * as tf from '@tensorflow/tfjs/dist/x';\nconst a = require(\"@tensorflow/tfjs\");\n// require('@tensorflow/tfjs-node')\nimport x from './tfjs';\nawait import('@tensorflow/tfjs')\n";
    assert_eq!(
        found("ts", source),
        ["1 @tensorflow/tfjs/dist/x", "2 @tensorflow/tfjs", "5 @tensorflow/tfjs?"]
    );
}

#[test]
fn rust_and_go_imports_are_found() {
    let source = "//! use tch::x\npub use candle_core::{Device, Tensor};\n    use tch::Kind;\nuse std::io;\nlet d = Device::Cpu;\n";
    assert_eq!(found("rs", source), ["2 candle_core", "3 tch", "5 Device::Cpu"]);
    let source = "package a\nimport (\n\t\"fmt\"\n\tg \"gorgonia.org/gorgonia/x\"\n)\nfunc f() { \"gorgonia.org/gorgonia\" }\n";
    assert_eq!(found("go", source), ["4 gorgonia.org/gorgonia/x"]);
}

#[test]
fn scripts_say_what_they_start_install_and_ask_for() {
    let source = "#!/bin/bash\n#SBATCH --gres=gpu:a100:4\n# torchrun\npip3 install -q 'torch==2.1' \\\n  Scikit_Learn[all] --index-url https://x.org/whl/cpu\nCUDA_VISIBLE_DEVICES=0,1 torchrun a.py\ndocker run --gpus all x\n";
    assert_eq!(
        found("sh", source),
        [
            "6 torchrun",
            "2 #SBATCH --gres=gpu Some(4)",
            "4 torch==2.1 --index-url https://x.org/whl/cpu",
            "4 scikit-learn[all] --index-url https://x.org/whl/cpu",
            "6 CUDA_VISIBLE_DEVICES Some(2)",
            "7 --gpus all None",
        ]
    );
}

#[test]
fn installs_leave_out_what_is_no_package() {
    let names =
        |line: &str| -> Vec<String> { installs(line).into_iter().map(|i| i.name).collect() };
    assert_eq!(
        names("python -m pip install -r requirements.txt -e . ./x torch $Y && uv add jax"),
        ["torch", "jax"]
    );
    assert_eq!(names("pip install git+https://host/openai/CLIP.git@main"), ["clip"]);
    assert_eq!(names("apt-get install torch; echo pip"), [""; 0]);
    assert_eq!(installs("conda install -c x pytorch::pytorch=2")[0].ecosystem, Ecosystem::Conda);
}

#[test]
fn long_nonsense_is_read() {
    for extension in ["c", "js", "rs", "go", "java", "r", "jl", "sh"] {
        for piece in [
            "import ",
            "import (",
            "use ",
            "require('",
            "\"",
            "library(",
            "pip install ",
            "#SBATCH ",
            "cudnn.h",
            "--gpus ",
            "using\n",
            "conda install \\\n",
        ] {
            reader_of(extension).unwrap()(&piece.repeat(100_000 / piece.len()), Scope::Runtime);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>(), words in "(import|use|require\\(|\"|'| |\n|pip install|-r|#SBATCH|gpu:|é|::|@|/){0,40}") {
        for extension in ["c", "js", "rs", "go", "java", "r", "jl", "sh", "py", "ipynb"] {
            for text in [&text, &words] {
                reader_of(extension).unwrap()(text, Scope::Runtime);
            }
        }
    }
}
