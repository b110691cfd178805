"""How far `ut detect-workload` is from the memory that models really take on a CPU.

Each case is a process of its own: a model is built from its configuration with random weights (nothing
is downloaded), then runs inference or two training steps with Adam in fp32, and the highest resident
memory of the process is what counts. The estimate comes from `ut detect-workload --format json` on a
folder with the model's `config.json` and `model.safetensors`.

    python benches/workload_memory.py --ut target/release/ut [--only gpt2] [--json results.json]
    python benches/workload_memory.py --measure-only --json results.json

Needs torch, transformers and safetensors.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

# model, task, batch, sequence (None: images of 224 x 224)
CASES = [
    ("gpt2", "batch", 1, 512), ("gpt2", "batch", 8, 256), ("gpt2", "train", 1, 512), ("gpt2", "train", 4, 256),
    ("gpt2-medium", "batch", 1, 512), ("gpt2-medium", "train", 1, 512),
    ("bert-base", "batch", 8, 128), ("bert-base", "train", 8, 128), ("bert-base", "train", 4, 512),
    ("llama-134m", "batch", 1, 1024), ("llama-134m", "batch", 4, 1024), ("llama-134m", "train", 2, 512),
    ("llama-300m", "batch", 1, 512), ("llama-300m", "train", 1, 512),
    ("minilm", "batch", 32, 128), ("minilm", "train", 16, 128),
    ("vit-b16", "batch", 8, None), ("vit-b16", "train", 8, None),
    ("resnet18", "batch", 16, None), ("resnet18", "train", 16, None),
    ("resnet50", "batch", 8, None), ("resnet50", "train", 8, None), ("resnet50", "train", 32, None),
    ("lstm", "batch", 20, 35), ("lstm", "train", 20, 35),
    # Not looked at when the constants were chosen.
    ("qwen2-0.5b", "batch", 1, 512), ("opt-125m", "batch", 4, 512), ("opt-125m", "train", 2, 256),
    ("roberta-base", "train", 8, 64), ("deit-small", "train", 8, None), ("resnet50", "batch", 32, None),
    ("convnext-tiny", "train", 8, None),
]


def build(name):
    import torch
    import transformers as t

    if name == "lstm":
        class Lstm(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = torch.nn.Embedding(10_000, 1500)
                self.rnn = torch.nn.LSTM(1500, 1500, 2, batch_first=True)
                self.head = torch.nn.Linear(1500, 10_000)

            def forward(self, input_ids):
                return self.head(self.rnn(self.embed(input_ids))[0])
        return Lstm(), None
    llama = dict(num_key_value_heads=4, vocab_size=32_000, max_position_embeddings=2048)
    config, model = {
        "gpt2": lambda: (t.GPT2Config(), t.GPT2LMHeadModel),
        "gpt2-medium": lambda: (t.GPT2Config(n_embd=1024, n_layer=24, n_head=16), t.GPT2LMHeadModel),
        "bert-base": lambda: (t.BertConfig(), t.BertForSequenceClassification),
        "minilm": lambda: (t.BertConfig(hidden_size=384, num_hidden_layers=6, intermediate_size=1536),
                           t.BertForSequenceClassification),
        "llama-134m": lambda: (t.LlamaConfig(hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
                                             intermediate_size=2048, **llama), t.LlamaForCausalLM),
        "llama-300m": lambda: (t.LlamaConfig(hidden_size=1024, num_hidden_layers=22, num_attention_heads=16,
                                             intermediate_size=2816, **llama), t.LlamaForCausalLM),
        "vit-b16": lambda: (t.ViTConfig(num_labels=1000), t.ViTForImageClassification),
        "qwen2-0.5b": lambda: (t.Qwen2Config(hidden_size=896, num_hidden_layers=24, num_attention_heads=14,
                                             num_key_value_heads=2, intermediate_size=4864,
                                             tie_word_embeddings=True), t.Qwen2ForCausalLM),
        "opt-125m": lambda: (t.OPTConfig(), t.OPTForCausalLM),
        "roberta-base": lambda: (t.RobertaConfig(vocab_size=50_265, max_position_embeddings=514),
                                 t.RobertaForSequenceClassification),
        "deit-small": lambda: (t.DeiTConfig(hidden_size=384, num_attention_heads=6, intermediate_size=1536,
                                            num_labels=1000), t.DeiTForImageClassification),
        "convnext-tiny": lambda: (t.ConvNextConfig(num_labels=1000), t.ConvNextForImageClassification),
        "resnet18": lambda: (t.ResNetConfig(depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512],
                                            layer_type="basic", num_labels=1000), t.ResNetForImageClassification),
        "resnet50": lambda: (t.ResNetConfig(num_labels=1000), t.ResNetForImageClassification),
    }[name]()
    made = model(config)
    config.architectures = [model.__name__]
    return made, config


def resident(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))


def measure(name, task, batch, seq):
    """Runs in a process of its own; prints bytes at the start, bytes at the highest, parameters."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(2)
    model, config = build(name)
    ids = lambda: torch.randint(0, 9_000, (batch, seq))
    inputs = {"input_ids": ids()} if seq else {"pixel_values": torch.randn(batch, 3, 224, 224)}
    language = seq and (config is None or "SequenceClassification" not in config.architectures[0])
    parameters = sum(p.numel() for p in model.parameters())
    if task == "batch":
        model.eval()
        with torch.inference_mode():
            model(**inputs)
    else:
        model.train()
        labels = inputs["input_ids"] if language else torch.randint(0, 2, (batch,))
        optimiser = torch.optim.Adam(model.parameters())
        for _ in range(2):
            optimiser.zero_grad()
            if config is None:
                out = model(**inputs)
                loss = torch.nn.functional.cross_entropy(out.flatten(0, 1), labels.flatten())
            else:
                loss = model(**inputs, labels=labels).loss
            loss.backward()
            optimiser.step()
    print(json.dumps({"peak": resident("VmHWM"), "parameters": parameters}))


def baseline():
    """Memory of an interpreter that has only loaded torch and a model class."""
    import torch
    import transformers

    transformers.GPT2LMHeadModel, torch.ones(1)
    print(json.dumps({"peak": resident("VmHWM")}))


def child(*words):
    out = subprocess.run([sys.executable, __file__, *map(str, words)], capture_output=True, text=True,
                         env={**os.environ, "HF_HUB_OFFLINE": "1"})
    if out.returncode:
        sys.exit(out.stderr)
    return json.loads(out.stdout.splitlines()[-1])


def write(name, folder):
    from safetensors.torch import save_model

    model, config = build(name)
    if config:
        config.save_pretrained(folder)
    save_model(model, os.path.join(folder, "model.safetensors"))
    print("{}")


def estimate(ut, folder, task, batch, seq):
    words = [ut, "detect-workload", folder, "--format", "json", "--task", task, "--batch", str(batch),
             "--precision", "fp32"] + (["--seq", str(seq)] if seq else [])
    document = json.loads(subprocess.run(words, capture_output=True, text=True).stdout)
    return document["inputs"][0]["resources"]["memory_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ut", default="target/release/ut")
    parser.add_argument("--only", default="", help="only models whose name begins so")
    parser.add_argument("--skip", type=int, default=0, help="pass over so many cases")
    parser.add_argument("--measure-only", action="store_true")
    parser.add_argument("--json", help="write the rows there")
    asked = parser.parse_args()

    print(f"baseline {child('--baseline')['peak'] / 1e6:.0f} MB", flush=True)
    rows, worst = [], 0.0
    print("| model | task | batch | seq | measured, MB | estimated, MB | off |\n|---|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as root:
        for name, task, batch, seq in CASES[asked.skip:]:
            if not name.startswith(asked.only):
                continue
            got = child("--case", name, task, batch, seq or 0)
            row = dict(model=name, task=task, batch=batch, seq=seq, measured=got["peak"], parameters=got["parameters"])
            estimated = off = "-"
            if not asked.measure_only:
                folder = os.path.join(root, name)
                if not os.path.isdir(folder):
                    os.mkdir(folder)
                    child("--write", name, folder)
                row["estimated"] = estimate(asked.ut, folder, task, batch, seq)
                ratio = row["estimated"] / got["peak"] - 1
                worst = max(worst, abs(ratio))
                estimated, off = f"{row['estimated'] / 1e6:.0f}", f"{100 * ratio:+.0f} %"
            rows.append(row)
            print(f"| {name} | {task} | {batch} | {seq or '-'} | {got['peak'] / 1e6:.0f} | {estimated} | {off} |", flush=True)
    if not asked.measure_only:
        print(f"worst {100 * worst:.0f} %")
    if asked.json:
        with open(asked.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--baseline"]:
        baseline()
    elif sys.argv[1:2] == ["--case"]:
        name, task, batch, seq = sys.argv[2:6]
        measure(name, task, int(batch), int(seq) or None)
    elif sys.argv[1:2] == ["--write"]:
        write(*sys.argv[2:4])
    else:
        main()
