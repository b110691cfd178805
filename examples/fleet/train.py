#!/usr/bin/env python3
"""Train the fleet's forecaster with pytorch-forecasting and export it for `ut`.

    train.py                                build/history.csv -> build/model.ckpt -> fleet-tft/
    train.py --minutes 0                    only validate and export build/model.ckpt again

The last quarter of the history is held out for validation. Training stops by the clock, so two runs
give similar models, not equal ones. One CPU thread; see README.md for the Python packages.
"""
import argparse
import logging
import math
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
import lightning.pytorch as pl
import numpy as np
import pandas as pd
import torch
from pytorch_forecasting import (GroupNormalizer, NaNLabelEncoder, QuantileLoss, TemporalFusionTransformer,
                                 TimeSeriesDataSet)

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import export_tft

METRICS = ["cpu_r", "load_1", "mem_u", "disk_u", "disk_wb", "net_in", "net_out", "connections"]
TARGET, QUANTILES = "cpu_r", [0.1, 0.5, 0.9]
ENCODER, SHORTEST, HORIZON = 150, 75, 96
STEP_SECONDS = 5
UNKNOWN_SHARE = 0.1
torch.set_num_threads(1)


def recipe(origin):
    """The columns that `ut` computes from the timestamp; they travel in model.json."""
    return {"timestamp": "timestamp", "step_seconds": STEP_SECONDS,
            "columns": {"time_idx": {"kind": "step_index", "origin": origin},
                        "hour_of_day": {"kind": "hour_of_day"},
                        "hour_sin": {"kind": "hour_sin"}, "hour_cos": {"kind": "hour_cos"}}}


def derive(df, derived):
    """`df` with the columns of `derived`, as `ut` computes them (UTC)."""
    ts = pd.to_datetime(df[derived["timestamp"]], utc=True)
    origin = pd.Timestamp(derived["columns"]["time_idx"]["origin"])
    hour = ts.dt.hour + ts.dt.minute / 60.0 + ts.dt.second / 3600.0
    return df.assign(time_idx=((ts - origin).dt.total_seconds() // derived["step_seconds"]).astype("int64"),
                     hour_of_day=hour, hour_sin=np.sin(2 * math.pi * hour / 24), hour_cos=np.cos(2 * math.pi * hour / 24))


def dataset(df):
    # New servers must be admitted, so unknown names get a code of their own. The library looks the target's
    # scale up by group code and normalises it by category code: unless both encoders count alike, every
    # server is rescaled with its neighbour's numbers.
    encoders = {name: NaNLabelEncoder(add_nan=True) for name in ("server", "__group_id__server")}
    return TimeSeriesDataSet(
        df, time_idx="time_idx", target=TARGET, group_ids=["server"],
        max_encoder_length=ENCODER, min_encoder_length=SHORTEST,
        max_prediction_length=HORIZON, min_prediction_length=HORIZON,
        static_categoricals=["server"], categorical_encoders=encoders,
        time_varying_known_reals=["hour_of_day", "hour_sin", "hour_cos"], time_varying_unknown_reals=METRICS,
        add_relative_time_idx=True, add_encoder_length=True, randomize_length=True,
        target_normalizer=GroupNormalizer(groups=["server"], transformation="softplus"))


class Unknown(pl.Callback):
    """Hides the name of some servers in every batch, or the code for unknown ones would never be trained.

    An unknown server's target is scaled with the medians over all servers, so those samples are too.
    """

    def __init__(self, model, ds):
        missing = ds.target_normalizer.missing_
        self.center, self.scale = float(missing["center"]), float(missing["scale"])
        self.column = model.hparams.x_reals.index(TARGET)

    def on_train_batch_start(self, trainer, module, batch, i):
        x, _ = batch
        hide = torch.rand(len(x["target_scale"])) < UNKNOWN_SHARE
        own_center, own_scale = (v[hide, None] for v in x["target_scale"].T)
        for part in ("encoder", "decoder"):
            x[f"{part}_cat"][hide] = 0
            cont = x[f"{part}_cont"]
            cont[hide, :, self.column] = (cont[hide, :, self.column] * own_scale + own_center - self.center) / self.scale
        x["target_scale"][hide] = torch.tensor([self.center, self.scale])


class Schedule(pl.Callback):
    """A cosine from the full learning rate down, by the clock, and the end of training."""

    def __init__(self, minutes, rate):
        self.start, self.seconds, self.rate = time.time(), minutes * 60, rate

    def on_train_batch_end(self, trainer, module, outputs, batch, i):
        done = min((time.time() - self.start) / self.seconds, 1)
        for g in trainer.optimizers[0].param_groups:
            g["lr"] = self.rate * (0.01 + 0.495 * (1 + math.cos(math.pi * done)))
        trainer.should_stop = done >= 1
        if i % 200 == 0:
            print(f"batch {i}, {done:4.0%}: training loss {float(outputs['loss']):.5f}", flush=True)


def train(ds, minutes, checkpoint, rate=3e-3):
    model = TemporalFusionTransformer.from_dataset(
        ds, hidden_size=32, attention_head_size=4, hidden_continuous_size=16, lstm_layers=1, dropout=0.1,
        loss=QuantileLoss(QUANTILES), learning_rate=rate, log_interval=-1)
    trainer = pl.Trainer(
        max_epochs=1, accelerator="cpu", gradient_clip_val=0.1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[Unknown(model, ds), Schedule(minutes, rate)])
    trainer.fit(model, ds.to_dataloader(train=True, batch_size=64, num_workers=0))
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    trainer.save_checkpoint(checkpoint, weights_only=True)


def held_out(params, df, cut, every=60):
    """Full windows of the held-out time, one per server and five minutes."""
    val = TimeSeriesDataSet.from_parameters(params, df[df.time_idx >= cut - ENCODER], min_prediction_idx=cut,
                                            min_encoder_length=ENCODER, stop_randomization=True)
    return val.filter(lambda index: (index.time_idx_last - HORIZON + 1) % every == 0)


def pinball(forecast, y):
    """The library's QuantileLoss of one batch, per quantile."""
    q = torch.tensor(QUANTILES)
    miss = y[..., None] - forecast
    return (2 * torch.maximum((q - 1) * miss, q * miss)).mean((0, 1))


def evaluate(model, val):
    """Quantile loss against repeating the last value, and how often the outer quantiles enclose the truth."""
    total, inside, n = torch.zeros(2, len(QUANTILES)), 0.0, 0
    with torch.no_grad():
        for x, (y, _) in val.to_dataloader(train=False, batch_size=256):
            p, k = model(x)["prediction"], len(y)
            last = x["encoder_target"][:, -1][:, None, None].expand_as(p)
            total += k * torch.stack([pinball(p, y), pinball(last, y)])
            inside += k * ((y >= p[..., 0]) & (y <= p[..., -1])).float().mean().item()
            n += k
    for name, loss in zip(("model", "last value"), total / n):
        print(f"{name:10}: quantile loss {loss.mean():.5f} (" + ", ".join(f"q{q:g} {v:.5f}" for q, v in zip(QUANTILES, loss)) + ")")
    print(f"{n} validation windows; {inside / n:.1%} of the truth lies between the outer quantiles")


def main(argv=None):
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--data", type=Path, default=HERE / "build/history.csv", help="what generate.py wrote, or your own")
    ap.add_argument("--minutes", type=float, default=10)
    ap.add_argument("--checkpoint", type=Path, default=HERE / "build/model.ckpt")
    ap.add_argument("--out", type=Path, default=HERE / "fleet-tft")
    ap.add_argument("--seed", type=int, default=7)
    a = ap.parse_args(argv)
    pl.seed_everything(a.seed, verbose=False)
    df = pd.read_csv(a.data, dtype={"server": str})
    derived = recipe(df["timestamp"].iloc[0])
    df = derive(df, derived)
    cut = int(df.time_idx.max() + 1) * 3 // 4
    if a.minutes > 0:
        train(dataset(df[df.time_idx < cut]), a.minutes, a.checkpoint)
    model = export_tft.load(a.checkpoint)
    evaluate(model, held_out(model.dataset_parameters, df, cut))
    export_tft.export(model, a.out, derived)


if __name__ == "__main__":
    main()
