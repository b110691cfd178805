#!/usr/bin/env python3
"""The peers' forward pass of the same network, for the table in docs/BENCHMARKS.md.

    peers.py CHECKPOINT.ckpt [THREADS|cuda [SERVERS...]]

Ready-made tensors in, the network's output out: PyTorch eager, torch.compile and ONNX Runtime, the
fastest and the median time per number of servers, as `cargo bench --bench forward` prints them. The
network runs alone, without Lightning's trainer and without building a data set. With `cuda`, PyTorch
eager, torch.compile, and torch.compile with CUDA graphs, the tensors on the GPU already. Needs
tests/reference/requirements.txt, onnx and onnxruntime.
"""
import logging
import os
import sys
import tempfile
import time
import warnings

if len(sys.argv) < 2:
    sys.exit(__doc__)
CUDA = sys.argv[2:3] == ["cuda"]
THREADS = int(sys.argv[2]) if len(sys.argv) > 2 and not CUDA else 1
SERVERS = [int(n) for n in sys.argv[3:]] or [1, 20, 256, 2048]
os.environ["TORCH_CPP_LOG_LEVEL"] = "ERROR"
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
import onnxruntime
import torch
from pytorch_forecasting import TemporalFusionTransformer

torch.set_num_threads(THREADS)


def random_batch(model, servers):
    """Plausible values at the longest lengths; the time does not depend on them."""
    data, hparams = model.dataset_parameters, model.hparams
    encoder, decoder = data["max_encoder_length"], data["max_prediction_length"]
    reals, categoricals = len(hparams.x_reals), len(hparams.x_categoricals)
    generator = torch.Generator().manual_seed(7)
    return {
        "encoder_cat": torch.zeros(servers, encoder, categoricals, dtype=torch.long),
        "encoder_cont": torch.rand(servers, encoder, reals, generator=generator) * 2 - 1,
        "encoder_lengths": torch.full((servers,), encoder),
        "decoder_cat": torch.zeros(servers, decoder, categoricals, dtype=torch.long),
        "decoder_cont": torch.rand(servers, decoder, reals, generator=generator) * 2 - 1,
        "decoder_lengths": torch.full((servers,), decoder),
        "target_scale": torch.ones(servers, 2),
    }


class Flat(torch.nn.Module):
    """The network with tensors for arguments, as an ONNX graph wants them."""

    def __init__(self, model, keys):
        super().__init__()
        self.model, self.keys = model, keys

    def forward(self, *tensors):
        return self.model(dict(zip(self.keys, tensors)))["prediction"]


def onnx_session(model):
    batch = random_batch(model, 2)
    keys = list(batch)
    path = os.path.join(tempfile.mkdtemp(), "network.onnx")
    torch.onnx.export(
        Flat(model, keys).eval(), tuple(batch.values()), path, dynamo=False, opset_version=17,
        input_names=keys, output_names=["prediction"], dynamic_axes={k: {0: "servers"} for k in keys},
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def table(name, model, forward, prepare=lambda batch: batch):
    where = torch.cuda.get_device_name() if CUDA else f"{THREADS} thread{'s' * (THREADS > 1)}"
    wait = torch.cuda.synchronize if CUDA else lambda: None
    print(f"{name}, {where}, ms")
    print(f"{'servers':>8} {'fastest':>10} {'median':>10}")
    for servers in SERVERS:
        batch = prepare(random_batch(model, servers))
        forward(batch)
        wait()
        taken, end = [], time.perf_counter() + 8
        while len(taken) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            forward(batch)
            wait()
            taken.append((time.perf_counter() - start) * 1e3)
        taken.sort()
        print(f"{servers:>8} {taken[0]:>10.2f} {taken[len(taken) // 2]:>10.2f}", flush=True)


def on_gpu(model):
    to_gpu = lambda batch: {k: v.cuda() for k, v in batch.items()}
    with torch.no_grad():
        table(f"torch.compile {torch.__version__}", model, torch.compile(model), to_gpu)
        graphs = torch.compile(model, mode="reduce-overhead")
        table("the same with CUDA graphs", model, graphs, to_gpu)
        table(f"PyTorch {torch.__version__} eager", model, model, to_gpu)


def main(checkpoint):
    model = TemporalFusionTransformer.load_from_checkpoint(checkpoint, map_location="cpu").eval()
    if CUDA:
        return on_gpu(model.cuda())
    session = onnx_session(model)
    given = {i.name for i in session.get_inputs()}
    arrays = lambda batch: {k: v.numpy() for k, v in batch.items() if k in given}
    table(f"ONNX Runtime {onnxruntime.__version__}", model, lambda x: session.run(None, x), arrays)
    with torch.no_grad():
        compiled = torch.compile(model)
        table(f"torch.compile {torch.__version__}", model, compiled)
        table(f"PyTorch {torch.__version__} eager", model, model)


if __name__ == "__main__":
    main(sys.argv[1])
