#!/usr/bin/env python3
"""Make the cases that the model is held against (needs requirements.txt).

    make_cases.py [VARIANT...]      all of them by default, into tests/fixtures/tft/

Each variant is a small network with random weights over synthetic metrics; together they cover what a checkpoint can hold.
The same library versions make the same files again.
"""
import logging
import sys
import warnings

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
import lightning.pytorch as pl
import numpy as np
import pandas as pd
import torch
from pytorch_forecasting import (EncoderNormalizer, GroupNormalizer, NaNLabelEncoder, QuantileLoss, TemporalFusionTransformer,
                                 TimeSeriesDataSet)
from pytorch_forecasting.data import TorchNormalizer
from pytorch_forecasting.metrics import MAE, RMSE
from sklearn.preprocessing import RobustScaler

import case

torch.set_num_threads(1)
TEXT = ("server", "rack", "os", "state", "role")
STEPS = {"time_idx": {"kind": "step_index", "origin": "2025-06-01T00:00:00Z"}}
CALENDAR = {n: {"kind": n} for n in ("hour_of_day", "hour_sin", "hour_cos", "hour", "minute", "weekday")}
LABELS = {n: {"kind": n, "as": "category"} for n in ("hour", "minute", "weekday")}
THREE = [0.1, 0.5, 0.9]


def metrics(servers=4, steps=260, seed=1):
    r = np.random.default_rng(seed)
    t = np.arange(steps)
    # Across midnight from Sunday to Monday, so that hours, minutes and weekdays change.
    times = (pd.Timestamp("2025-06-01T23:50:00Z") + pd.to_timedelta(t * 5, unit="s")).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = []
    for i in range(servers):
        load = np.clip(1 + i + np.cumsum(r.normal(0, 0.15, steps)) + np.sin(t / 9 + i), 0, None)
        parts.append(pd.DataFrame({
            "timestamp": times, "server": f"web-{i}", "rack": f"rack-{i % 2}", "os": ["a", "b", "c"][i % 3], "cores": float(2 ** (i % 4)),
            "load": load.round(4), "util": np.clip(20 * load + r.normal(0, 4, steps), 0.1, 100).round(4),
            "ratio": np.clip(load / 8 + r.normal(0, 0.02, steps), 0, 1).round(4), "conns": r.poisson(3 * (i + 1) + 2 * load).astype(float),
            "plan": np.round(np.sin(t / 7) * 3, 3), "state": np.where(r.random(steps) < 0.2, "drain", "serve"),
            "role": np.where(r.random(steps) < 0.3, "main", "spare"), "unit": [2, 10, 1, 30][i]}))
    return pd.concat(parts, ignore_index=True)


def gaps(window):
    """web-0 misses steps in the middle, web-1 where its encoder part would begin, web-2 starts late."""
    i = window.groupby("server").cumcount()
    n = i.max() + 1
    drop = ((window.server == "web-0") & i.isin([n - 4, n - 5, n - 9])) | ((window.server == "web-1") & (i >= n - 17) & (i < n - 11)) \
        | ((window.server == "web-2") & (i < n - 9))
    return window[~drop]


def warm_up(window):
    """Servers with fewer rows than the longest encoder part, web-0 with fewer than the shortest."""
    keep = {"web-0": 3, "web-1": 4, "web-2": 9, "web-3": 40}
    from_end = window.groupby("server").cumcount(ascending=False)
    return window[from_end < window["server"].map(keep)]


def make(name, columns, target, net, derived=STEPS, edit=None, rows=30, groups=("server",), target_normalizer=None, **data):
    """One variant: `columns` are the raw ones that it uses besides the time and the groups."""
    derived = derived and {"timestamp": "timestamp", "step_seconds": 5, "columns": derived}
    raw = metrics()
    if derived is None:
        raw["time_idx"] = raw.groupby("server").cumcount() + 1000
    time = "timestamp" if derived else "time_idx"
    raw = raw[list(dict.fromkeys([time, *groups, *columns]))]
    pl.seed_everything(len(name), verbose=False)
    lengths = dict(max_encoder_length=12, min_encoder_length=4, max_prediction_length=5, min_prediction_length=2)
    if target_normalizer is not None:
        data["target_normalizer"] = target_normalizer
    ds = TimeSeriesDataSet(case.derive(raw, derived), time_idx="time_idx", target=target, group_ids=list(groups), **(lengths | data))
    net = dict(hidden_size=8, attention_head_size=2, hidden_continuous_size=4, lstm_layers=1, loss=QuantileLoss(THREE)) | net
    model = TemporalFusionTransformer.from_dataset(ds, learning_rate=1e-3, log_interval=-1, **net).eval()
    g = torch.Generator().manual_seed(11)
    with torch.no_grad():  # fresh norms are exactly 1 and 0, masks 0: a forgotten term must show
        for p in model.parameters():
            p.add_(0.15 * torch.randn(p.shape, generator=g))
    window = raw.groupby("server", group_keys=False, sort=False)[list(raw.columns)].tail(rows).reset_index(drop=True)
    case.write(name, model, edit(window) if edit else window, list(groups), derived, len(name), TEXT)


VARIANTS = {}


def variant(f):
    VARIANTS[f.__name__] = f
    return f


@variant
def full_static():
    make("full_static", ["rack", "os", "cores", "util", "load"], "load", {}, STEPS | {"hour_sin": CALENDAR["hour_sin"]}, warm_up,
         static_categoricals=["server", "rack", "os"], static_reals=["cores"], time_varying_known_reals=["hour_sin"],
         time_varying_unknown_reals=["util", "load"], add_relative_time_idx=True, add_encoder_length=True,
         target_normalizer=GroupNormalizer(groups=["server"], transformation="softplus"))


@variant
def no_static():
    make("no_static", ["load", "util", "state"], "load", dict(attention_head_size=1, causal_attention=False), edit=gaps,
         time_varying_unknown_reals=["load", "util"], time_varying_unknown_categoricals=["state"], add_relative_time_idx=True,
         allow_missing_timesteps=True, target_normalizer=EncoderNormalizer(method="robust", transformation="softplus"),
         scalers={"util": EncoderNormalizer()})


@variant
def constant_fill():
    make("constant_fill", ["load", "conns", "state"], "load", {}, edit=gaps, static_categoricals=["server"],
         time_varying_unknown_reals=["load", "conns"], time_varying_unknown_categoricals=["state"], add_relative_time_idx=True,
         allow_missing_timesteps=True, constant_fill_strategy={"load": 1.5, "conns": 2.0, "state": "drain"},
         target_normalizer=EncoderNormalizer(), scalers={"conns": None})


@variant
def single_static():
    make("single_static", ["util"], "util", dict(hidden_size=10, attention_head_size=3, mask_bias=-float("inf"), loss=MAE()),
         static_categoricals=["server"], time_varying_unknown_reals=["util"], add_relative_time_idx=True,
         target_normalizer=GroupNormalizer(groups=["server"], center=False))


@variant
def shared_networks():
    make("shared_networks", ["util", "load", "state"], "util", dict(share_single_variable_networks=True, lstm_layers=2, loss=QuantileLoss()),
         STEPS | {"minute": LABELS["minute"], "hour_cos": CALENDAR["hour_cos"]}, static_categoricals=["server"],
         time_varying_known_categoricals=["minute"], time_varying_known_reals=["hour_cos"], time_varying_unknown_categoricals=["state"],
         time_varying_unknown_reals=["util", "load"], add_encoder_length=True, add_relative_time_idx=True,
         target_normalizer=GroupNormalizer(groups=["server"], transformation="log1p"),
         categorical_encoders={"minute": NaNLabelEncoder(add_nan=True)})


@variant
def deep_lstm():
    make("deep_lstm", ["util", "load", "conns"], "util",
         dict(lstm_layers=3, hidden_continuous_sizes={"load": 3, "conns": 6, "util": 8}, loss=QuantileLoss([0.5])),
         time_varying_unknown_reals=["util", "load", "conns"], static_categoricals=["server"], add_relative_time_idx=True,
         scalers={"load": RobustScaler(), "conns": None}, target_normalizer=TorchNormalizer(transformation="log"))


@variant
def bags():
    make("bags", ["util", "state", "role"], "util", {}, static_categoricals=["server"], time_varying_unknown_reals=["util"],
         time_varying_unknown_categoricals=["modes"], variable_groups={"modes": ["state", "role"]}, add_relative_time_idx=True,
         target_normalizer=TorchNormalizer(method="robust"))


@variant
def labels():
    def edit(window):
        window.loc[window.server == "web-3", "os"] = "plan9"
        return window

    make("labels", ["os", "state", "load"], "load", {}, STEPS | LABELS, edit, static_categoricals=["server", "os"],
         time_varying_known_categoricals=["hour", "minute", "weekday"], time_varying_unknown_categoricals=["state"],
         time_varying_unknown_reals=["load"], target_normalizer=GroupNormalizer(groups=["server"]),
         categorical_encoders={"os": NaNLabelEncoder(add_nan=True), "minute": NaNLabelEncoder(add_nan=True)})


@variant
def target_scales():
    make("target_scales", ["ratio", "load"], "ratio", {}, static_categoricals=["server"], time_varying_unknown_reals=["ratio", "load"],
         add_target_scales=True, add_encoder_length=True, add_relative_time_idx=True, target_normalizer=GroupNormalizer(transformation="logit"))


@variant
def window_target_scales():
    make("window_target_scales", ["util"], "util", {}, static_categoricals=["server"], time_varying_unknown_reals=["util"],
         add_target_scales=True, add_relative_time_idx=True, target_normalizer=EncoderNormalizer())


@variant
def by_group():
    make("by_group", ["util", "load"], "util", {}, groups=("server", "rack"), static_categoricals=["server", "rack"],
         time_varying_unknown_reals=["util", "load"], add_relative_time_idx=True,
         target_normalizer=GroupNormalizer(groups=["server", "rack"], scale_by_group=True))


@variant
def two_groups():
    make("two_groups", ["util"], "util", {}, groups=("rack", "server"), static_categoricals=["server"], time_varying_unknown_reals=["util"],
         add_relative_time_idx=True, target_normalizer=GroupNormalizer(groups=["rack", "server"], transformation="sqrt"))


@variant
def integer_groups():
    make("integer_groups", ["server", "util"], "util", {}, groups=("unit",), time_varying_unknown_reals=["util"], add_relative_time_idx=True,
         target_normalizer=GroupNormalizer(groups=["unit"]))


@variant
def lags():
    make("lags", ["util", "load", "plan"], "util", {}, STEPS | {"hour_sin": CALENDAR["hour_sin"]}, static_categoricals=["server"],
         time_varying_known_reals=["plan", "hour_sin"], time_varying_unknown_reals=["util", "load"], add_relative_time_idx=True,
         lags={"util": [2, 6], "load": [1, 7], "plan": [3]}, scalers={"load": GroupNormalizer(groups=["server"]), "plan": None}, target_normalizer=GroupNormalizer(groups=["server"]))


@variant
def lags_gaps():
    make("lags_gaps", ["util", "load", "state"], "util", {}, edit=gaps, static_categoricals=["server"], time_varying_unknown_reals=["util", "load"],
         time_varying_unknown_categoricals=["state"], add_relative_time_idx=True, allow_missing_timesteps=True,
         lags={"util": [2, 6], "load": [1]}, target_normalizer=EncoderNormalizer(), scalers={"load": EncoderNormalizer()})


@variant
def time_index():
    calendar = STEPS | CALENDAR
    make("time_index", ["util"], "util", {}, calendar, gaps, static_categoricals=["server"], time_varying_known_reals=["time_idx", *CALENDAR],
         time_varying_unknown_reals=["util"], allow_missing_timesteps=True, target_normalizer=GroupNormalizer(groups=["server"]))


@variant
def no_timestamp():
    make("no_timestamp", ["util", "load"], "util", {}, None, static_categoricals=["server"], time_varying_known_reals=["time_idx"],
         time_varying_unknown_reals=["util", "load"], add_relative_time_idx=True, target_normalizer=GroupNormalizer(groups=["server"]))


@variant
def mixed_up_scales():
    make("mixed_up_scales", ["util"], "util", {}, static_categoricals=["server"], time_varying_unknown_reals=["util"], add_relative_time_idx=True,
         categorical_encoders={"server": NaNLabelEncoder(add_nan=True)}, target_normalizer=GroupNormalizer(groups=["server"]))


@variant
def new_servers():
    def edit(window):
        return window.assign(server=window.server.replace({"web-2": "web-9"}))

    unknown = lambda: NaNLabelEncoder(add_nan=True)
    make("new_servers", ["util"], "util", {}, edit=edit, static_categoricals=["server"], time_varying_unknown_reals=["util"], add_relative_time_idx=True,
         categorical_encoders={"server": unknown(), "__group_id__server": unknown()}, target_normalizer=GroupNormalizer(groups=["server"]))


@variant
def encoder_max_length():
    make("encoder_max_length", ["util", "load", "conns"], "util", {}, edit=warm_up, static_categoricals=["server"],
         time_varying_unknown_reals=["util", "load", "conns"], add_relative_time_idx=True, target_normalizer=EncoderNormalizer(max_length=5),
         scalers={"load": EncoderNormalizer(method="robust", max_length=[6, 3], method_kwargs={"upper": 0.9}),
                  "conns": EncoderNormalizer(center=False, max_length=[2, 8])})


@variant
def covariate_normalizers():
    make("covariate_normalizers", ["conns", "load", "util", "ratio"], "conns", dict(loss=RMSE()), static_categoricals=["server"],
         time_varying_unknown_reals=["conns", "load", "util", "ratio"], add_relative_time_idx=True,
         scalers={"load": GroupNormalizer(groups=["server"], transformation="softplus"), "util": GroupNormalizer(transformation="sqrt")},
         target_normalizer=GroupNormalizer(groups=["server"], transformation="count"))


@variant
def relu():
    make("relu", ["util", "cores"], "util", {}, static_reals=["cores"], time_varying_unknown_reals=["util"], add_relative_time_idx=True,
         target_normalizer=TorchNormalizer(transformation="relu"))


@variant
def no_known_inputs():
    make("no_known_inputs", ["util", "load"], "util", {}, static_categoricals=["server"], time_varying_unknown_reals=["util", "load"],
         target_normalizer=TorchNormalizer(method="identity"))


if __name__ == "__main__":
    failed = []
    for name in sys.argv[1:] or VARIANTS:
        try:
            VARIANTS[name]()
        except Exception as e:
            failed.append(name)
            print(f"{name}: {type(e).__name__}: {e}", flush=True)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
