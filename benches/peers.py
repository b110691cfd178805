#!/usr/bin/env python3
"""PyTorch's forward pass of the same network, for the table in docs/BENCHMARKS.md.

    peers.py CHECKPOINT.ckpt

Ready-made tensors in, eager mode, one thread: the fastest and the median time per batch size, as
`cargo bench --bench forward` prints them. The network runs alone, without Lightning's trainer and
without building a data set.
"""
import os
import sys
import time
import warnings

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")
import torch
from pytorch_forecasting import TemporalFusionTransformer

torch.set_num_threads(1)


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


def times(model, batch, least=7, seconds=6.0):
    model(batch)
    end, taken = time.perf_counter() + seconds, []
    while len(taken) < least or time.perf_counter() < end:
        start = time.perf_counter()
        model(batch)
        taken.append((time.perf_counter() - start) * 1e3)
    return sorted(taken)


def main(checkpoint):
    model = TemporalFusionTransformer.load_from_checkpoint(checkpoint, map_location="cpu").eval()
    print(f"PyTorch {torch.__version__} eager, one thread, ms")
    print(f"{'servers':>8} {'fastest':>10} {'median':>10}")
    with torch.no_grad():
        for servers in (1, 20, 256, 2048):
            taken = times(model, random_batch(model, servers))
            print(f"{servers:>8} {taken[0]:>10.2f} {taken[len(taken) // 2]:>10.2f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
