#!/usr/bin/env python3
"""What pytorch-forecasting itself forecasts for metrics.csv, as expected.csv: the yardstick for `ut infer`.

    expected.py                             build/model.ckpt + fleet-tft/model.json + metrics.csv -> expected.csv
"""
import argparse
import json
from pathlib import Path

import pandas as pd

from train import HERE, HORIZON, QUANTILES, STEP_SECONDS, derive, export_tft


def extend(df):
    """`df` and HORIZON future rows per server. Only what follows from the timestamp is read there; the
    other columns repeat their last value because the library wants a number."""
    out = [df]
    for _, rows in df.groupby("server", sort=False):
        future = pd.DataFrame([rows.iloc[-1]] * HORIZON)
        times = pd.to_datetime(rows["timestamp"].iloc[-1], utc=True) + pd.to_timedelta(
            [STEP_SECONDS * (i + 1) for i in range(HORIZON)], unit="s")
        out.append(future.assign(timestamp=times.strftime("%Y-%m-%dT%H:%M:%SZ")))
    return pd.concat(out, ignore_index=True)


def forecast(model, df, derived):
    """One row per server and step, with a column per quantile."""
    full = derive(extend(df), derived)
    p = model.predict(full, mode="quantiles", return_index=True, batch_size=64, trainer_kwargs=dict(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False))
    time_of = {(s, i): t for s, i, t in zip(full["server"], full["time_idx"], full["timestamp"])}
    return pd.DataFrame(
        {"server": server, "step": s + 1, "timestamp": time_of[(server, first + s)],
         **{f"q{q:g}": float(p.output[b, s, i]) for i, q in enumerate(QUANTILES)}}
        for b, (server, first) in enumerate(zip(p.index["server"], p.index["time_idx"])) for s in range(HORIZON))


def main(argv=None):
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--checkpoint", type=Path, default=HERE / "build/model.ckpt")
    ap.add_argument("--model", type=Path, default=HERE / "fleet-tft", help="the exported folder, for its derived columns")
    ap.add_argument("--data", type=Path, default=HERE / "metrics.csv")
    ap.add_argument("--out", type=Path, default=HERE / "expected.csv")
    a = ap.parse_args(argv)
    derived = json.loads((a.model / "model.json").read_text())["derived"]
    df = pd.read_csv(a.data, dtype={"server": str})
    forecast(export_tft.load(a.checkpoint), df, derived).to_csv(a.out, index=False, float_format="%.9g")


if __name__ == "__main__":
    main()
