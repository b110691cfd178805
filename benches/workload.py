#!/usr/bin/env python3
"""How often `ut detect-workload` is right on labelled repositories and texts, and how fast it is beside ripgrep.

  benches/workload.py score --ut target/release/ut --labels benches/workload/held-out.json --trees DIR [--errors]
  benches/workload.py speed --ut target/release/ut --trees DIR [--reps 5]

LABELS holds repositories with their commits, and texts. DIR holds a folder a repository, `owner+name`, at that commit; what is missing
there is left out and said. `speed` runs a process a folder, in turn with `rg --count --fixed-strings` for 87 words of the field (Debian's
ripgrep), and prints the fastest of the repetitions: wall time of all folders, and the largest peak memory.
"""
import argparse, json, os, subprocess, tempfile, time
from pathlib import Path

TYPES = ["none", "cpu", "gpu_optional", "gpu_required"]
WORDS = """tensorflow pytorch torch keras jax mxnet paddlepaddle onnx neural lstm gan autoencoder backpropagation lightning horovod deepspeed cuda cudnn tensorrt
nccl gpu opencv cv2 segmentation yolo resnet convolutional torchvision detectron diffusion ocr imagenet transformers huggingface bert gpt llama llm nlp spacy nltk
tokenizer embedding sentiment fine-tun lora vllm whisper scikit-learn sklearn xgboost lightgbm catboost regression classification clustering k-means svm classifier
prediction forecast recommend prophet model train training inference dataset""".split() + [
    "neural network", "deep learning", "reinforcement learning", "mixed precision", "distributed training", "computer vision", "object detection",
    "image classification", "stable diffusion", "hugging face", "language model", "natural language processing", "speech recognition",
    "machine learning", "random forest", "gradient boosting", "logistic regression", "anomaly detection", "feature engineering"]


def answers(ut, arguments):
    run = subprocess.run([ut, "detect-workload", "--format", "json", *arguments], capture_output=True, text=True)
    if run.returncode not in (0, 4):
        raise SystemExit(run.stderr)
    return json.loads(run.stdout)["inputs"]


def figures(rows):
    """Of (label's entry, answer)."""
    if not rows:
        return {}
    pairs = [(entry["label"]["ml"], answer["is_ml"]) for entry, answer in rows]
    both = sum(a and b for a, b in pairs)
    wrong, missed = sum(b and not a for a, b in pairs), sum(a and not b for a, b in pairs)
    right = lambda entry, answer, what: answer in [entry["label"][what], *entry["also_" + what]]
    kinds = [right(entry, answer["workload_type"], "type") for entry, answer in rows]
    fields = [right(entry, answer["category"], "category") for entry, answer in rows if entry["label"]["ml"]]
    hard = [answer["is_ml"] for entry, answer in rows if entry["hard"] and not entry["label"]["ml"]]
    deep = [answer["is_ml"] and answer["confidence"] >= 0.95 for entry, answer in rows
            if entry["label"]["ml"] and entry["label"]["category"] != "traditional_ml"]
    return {"entries": len(rows), "ML F1": round(2 * both / max(2 * both + wrong + missed, 1), 3),
            "kind": round(sum(kinds) / len(kinds), 3), "category": round(sum(fields) / max(len(fields), 1), 3),
            "hard negatives called ML": f"{sum(hard)}/{len(hard)}", "deep learning, confidence at least 0.95": f"{sum(deep)}/{len(deep)}"}


def score(options):
    labels = json.loads(Path(options.labels).read_text())
    repositories = []
    for entry in labels["repos"]:
        folder = Path(options.trees, entry["repo"].replace("/", "+"))
        if folder.is_dir():
            repositories.append((entry, answers(options.ut, [str(folder)])[0]))
        else:
            print("not here:", entry["repo"])
    texts = [(entry, answers(options.ut, ["--text", entry["text"]])[0]) for entry in labels["texts"]]
    parts = {"repositories": [row for row in repositories if not row[0]["borderline"]],
             "borderline": [row for row in repositories if row[0]["borderline"]], "texts": texts}
    for name, rows in parts.items():
        print(name, json.dumps(figures(rows)))
        for entry, answer in rows if options.errors else []:
            label = entry["label"]
            if label["ml"] != answer["is_ml"] or answer["workload_type"] not in [label["type"], *entry["also_type"]] or (
                    label["ml"] and answer["category"] not in [label["category"], *entry["also_category"]]):
                print(f"  {entry.get('repo', entry.get('id'))}: {label['type']} {label['category']} wanted, "
                      f"{answer['workload_type']} {answer['category']} told ({answer['confidence']:.2f})")


def timed(command, folders):
    """Wall seconds of all, and the largest peak memory in MiB."""
    wall, peak = 0.0, 0
    for folder in folders:
        start = time.perf_counter()
        process = subprocess.Popen([*command, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        wall += time.perf_counter() - start
        peak = max(peak, usage.ru_maxrss / 1024)
    return wall, peak


def speed(options):
    folders = sorted(str(folder) for folder in Path(options.trees).iterdir() if folder.is_dir())
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as words:
        words.write("\n".join(WORDS) + "\n")
        words.flush()
        commands = {"ut detect-workload": [options.ut, "detect-workload", "--format", "json"],
                    "rg --count --fixed-strings": ["rg", "-c", "-F", "-f", words.name],
                    "the same, --ignore-case": ["rg", "-c", "-i", "-F", "-f", words.name]}
        runs = {name: [] for name in commands}
        for _ in range(options.reps):
            for name, command in commands.items():
                runs[name].append(timed(command, folders))
    print(f"{len(folders)} folders, {len(WORDS)} words")
    for name, results in runs.items():
        print(f"{name:30} {min(results)[0]:8.3f} s {max(peak for _, peak in results):8.1f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["score", "speed"])
    parser.add_argument("--ut", required=True)
    parser.add_argument("--trees", required=True)
    parser.add_argument("--labels")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--reps", type=int, default=5)
    options = parser.parse_args()
    score(options) if options.what == "score" else speed(options)


main()
