#!/usr/bin/env python3
"""Turn a TemporalFusionTransformer checkpoint of pytorch-forecasting into a model folder for `ut infer`.

    python export_tft.py CHECKPOINT.ckpt OUT_DIR [--derived FEATURES.json]

OUT_DIR gets two files, each written beside its target and renamed over it:

    model.safetensors  every tensor of the state dict under its own name, float32
    model.json         sizes, switches, label tables and scalers (format "ut-tft/1")

CHECKPOINT is a file that Lightning saved (`Trainer.save_checkpoint`). Loading it unpickles Python
objects and so can run code: export only checkpoints that you trust.

FEATURES.json names the columns that follow from the timestamp, so that `ut` computes them itself
and the metrics need not carry them. The checkpoint does not hold such recipes. Without it the
metrics must have the model's `time_idx` as a column. An example:

    {"timestamp": "timestamp", "step_seconds": 5,
     "columns": {"time_idx": {"kind": "step_index", "origin": "2025-01-01T00:00:00Z"},
                 "hour_sin": {"kind": "hour_sin"},
                 "weekday":  {"kind": "weekday", "as": "category"}}}

Kinds: step_index, hour_of_day, hour_sin, hour_cos, hour, minute, weekday (Monday is 0), all in UTC.

Needs torch, lightning, pytorch-forecasting and safetensors (versions that are known to work stand in
tests/reference/requirements.txt).
"""
import argparse
import json
import math
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

FORMAT = "ut-tft/1"


class ExportError(Exception):
    pass


# --------------------------------------------------------------------------- small helpers


def write_atomic(path: Path, write):
    tmp = path.with_name(path.name + ".tmp")
    write(tmp)
    os.chmod(tmp, 0o644)
    os.replace(tmp, path)


def num(v):
    """A JSON number; refuses NaN and infinities, which JSON cannot hold."""
    v = float(v)
    if not math.isfinite(v):
        raise ExportError(f"non-finite parameter {v}")
    return v


def label(v):
    """A category label as JSON: string, integer, boolean, float, or null for NaN."""
    if isinstance(v, (bool, np.bool_)):
        return bool(v)
    if isinstance(v, (int, np.integer)):
        return int(v)
    if isinstance(v, (float, np.floating)):
        return None if math.isnan(v) else float(v)
    return str(v)


def plain(v):
    """Hyperparameters as JSON (tuples become lists; anything exotic becomes its repr)."""
    if v is None or isinstance(v, (bool, str)):
        return v
    if isinstance(v, (int, np.integer)):
        return int(v)
    if isinstance(v, (float, np.floating)):
        return float(v) if math.isfinite(v) else repr(float(v))
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    if isinstance(v, np.ndarray):
        return [plain(x) for x in v.tolist()]
    return repr(v)


# --------------------------------------------------------------------------- encoders, scalers


def encoder_json(enc):
    if enc is None:
        return {"kind": "none"}
    if type(enc).__name__ != "NaNLabelEncoder":
        raise ExportError(f"categorical encoder {type(enc).__name__} is not supported")
    return {
        "kind": "nan_label",
        "add_nan": bool(enc.add_nan),  # unknown labels map to 0 when true, are an error when false
        "classes": [[label(k), int(i)] for k, i in enc.classes_.items()],
    }


def transformation_name(t):
    if t is None or isinstance(t, str):
        return t
    raise ExportError("custom (dict) transformations are not supported")


def torch_normalizer_json(n, kind):
    out = {"kind": kind, "method": n.method, "center": bool(n.center),
           "transformation": transformation_name(n.transformation),
           "method_kwargs": plain(n.method_kwargs or {})}
    return out


def group_tables(n, dataset_parameters):
    """Centre/scale of every known group, as the library itself looks them up.

    `input` is what normalises the target column inside encoder_cont (GroupNormalizer.get_norm,
    keyed by the *category* encoder); `output` is what becomes target_scale (get_parameters, keyed
    by the *group id* encoder). They differ when only one of the two encoders has add_nan=True.
    """
    encoders = dataset_parameters["categorical_encoders"]
    group_ids = dataset_parameters["group_ids"]
    names = list(n._groups)
    if not names:
        pair = [num(n.norm_["center"]), num(n.norm_["scale"])]
        return {"groups": [], "global": pair}, False
    rows, mismatch = [], False
    if any(g not in group_ids for g in names):
        # a normaliser grouped by a column that is not a group id: only the input side is defined
        raise ExportError(f"GroupNormalizer groups {names} are not a subset of group_ids {group_ids}")
    # cartesian product of known labels would explode: take the combinations the normaliser has seen
    if n.scale_by_group:
        per = {}
        for g in names:
            per[g] = [[label(k), *pair_of(n, g, enc_id)] for k, enc_id in encoders[g].classes_.items()]
        miss = {g: [num(n.missing_[g]["center"]), num(n.missing_[g]["scale"])] for g in names}
        by_id = {}
        for g in names:
            gid = encoders[f"__group_id__{g}"]
            by_id[g] = [[label(k), *pair_of(n, g, i)] for k, i in gid.classes_.items()]
            mismatch |= [r for r in by_id[g] if r[0] is not None] != [r for r in per[g] if r[0] in [x[0] for x in by_id[g]]]
        return {"groups": names, "scale_by_group": True, "input": per, "output": by_id, "missing": miss}, mismatch
    inverse = {g: {i: k for k, i in encoders[g].classes_.items()} if g in encoders else None for g in names}
    index = n.norm_.index
    combos = [tuple(c) if isinstance(c, tuple) else (c,) for c in index]
    missing = [num(n.missing_["center"]), num(n.missing_["scale"])]
    for combo in combos:
        # a group column that is not encoded keeps its raw labels in norm_
        labels = [inverse[g][int(i)] if inverse[g] else i for g, i in zip(names, combo)]
        x = pd.DataFrame({g: [i] for g, i in zip(names, combo)})
        inp = [num(v) for v in np.asarray(n.get_norm(x), dtype=np.float64)[0]]
        ids = []
        for g, lab in zip(names, labels):
            ids.append(encoders[f"__group_id__{g}"].classes_.get(lab, 0))
        full = [0] * len(group_ids)
        for g, i in zip(names, ids):
            full[group_ids.index(g)] = i
        sel = [full[group_ids.index(g)] for g in group_ids if g in names]
        outp = [num(v) for v in np.asarray(n.get_parameters(sel, group_ids), dtype=np.float64)]
        mismatch |= inp != outp
        rows.append({"labels": [label(v) for v in labels], "input": inp, "output": outp})
    return {"groups": names, "scale_by_group": False, "rows": rows, "missing": missing}, mismatch


def pair_of(n, g, enc_id):
    try:
        r = n.norm_[g].loc[enc_id]
        return [num(r["center"]), num(r["scale"])]
    except KeyError:
        return [num(n.missing_[g]["center"]), num(n.missing_[g]["scale"])]


def scaler_json(s, dataset_parameters):
    if s is None:
        return {"kind": "none"}
    name = type(s).__name__
    if name == "StandardScaler":
        centre = num(s.mean_[0]) if s.with_mean else 0.0
        scale = num(s.scale_[0]) if s.with_std else 1.0
        return {"kind": "affine", "center": centre, "scale": scale, "from": name}
    if name == "RobustScaler":
        centre = num(s.center_[0]) if s.with_centering else 0.0
        scale = num(s.scale_[0]) if s.with_scaling else 1.0
        return {"kind": "affine", "center": centre, "scale": scale, "from": name}
    if name in ("TorchNormalizer", "EncoderNormalizer", "GroupNormalizer"):
        out = normalizer_json(s, dataset_parameters)[0]
        out.pop("target_scale_mismatch", None)  # covariates are never scaled back: only `input` matters
        if isinstance(out.get("output"), dict):
            out.pop("output")
        for row in out.get("rows", []):
            row.pop("output")
        return out
    if name == "NaNLabelEncoder":
        return encoder_json(s)
    raise ExportError(f"scaler {name} is not supported")


def normalizer_json(n, dataset_parameters):
    """(json, mismatch) of one target normaliser or normalising scaler."""
    name = type(n).__name__
    if name == "MultiNormalizer":
        parts = [normalizer_json(x, dataset_parameters) for x in n.normalizers]
        return {"kind": "multi", "normalizers": [p[0] for p in parts]}, any(p[1] for p in parts)
    if name == "GroupNormalizer":
        out = torch_normalizer_json(n, "group")
        table, mismatch = group_tables(n, dataset_parameters)
        out.update(table)
        out["target_scale_mismatch"] = bool(mismatch)
        return out, mismatch
    if name == "EncoderNormalizer":
        out = torch_normalizer_json(n, "encoder")
        out["max_length"] = plain(n.max_length)
        out["eps"] = float(np.finfo(np.float32).eps)
        return out, False
    if name == "TorchNormalizer":
        out = torch_normalizer_json(n, "torch")
        if n.method == "identity":
            out.update(center_value=0.0, scale_value=1.0)
        else:
            p = n.get_parameters()
            out.update(center_value=num(p[..., 0]), scale_value=num(p[..., 1]))
        return out, False
    raise ExportError(f"target normalizer {name} is not supported (classification targets are not)")


def loss_json(loss):
    name = type(loss).__name__
    if name == "QuantileLoss":
        return {"kind": "quantile", "quantiles": [num(q) for q in loss.quantiles]}
    if name == "MultiLoss":
        return {"kind": "multi", "losses": [loss_json(x) for x in loss.metrics]}
    if name in ("MAE", "RMSE", "SMAPE", "MAPE", "MASE"):
        return {"kind": "point", "name": name}
    raise ExportError(f"loss {name} is not supported: its outputs are distribution parameters")


# --------------------------------------------------------------------------- model.json


DERIVED_KINDS = {"step_index", "hour_of_day", "hour_sin", "hour_cos", "hour", "minute", "weekday"}


def check_supported(model, derived):
    """Refuse what `ut` cannot serve, before anything is written."""
    dp = model.dataset_parameters
    if dp is None:
        raise ExportError("checkpoint has no dataset_parameters: build the model with from_dataset()")
    if isinstance(dp["target"], (list, tuple)) and len(dp["target"]) > 1:
        raise ExportError(f"the model forecasts several targets ({', '.join(dp['target'])}): one is supported")
    if int(dp["min_encoder_length"]) < 1:
        raise ExportError("min_encoder_length is 0: the library computes zero-length encoders wrongly; train with 1 or more")
    if derived is None:
        return
    for key in ("timestamp", "step_seconds", "columns"):
        if key not in derived:
            raise ExportError(f"the derived features lack {key!r}")
    for name, column in derived["columns"].items():
        if column.get("kind") not in DERIVED_KINDS:
            raise ExportError(f"derived column {name} is of kind {column.get('kind')!r}, known are {', '.join(sorted(DERIVED_KINDS))}")


def model_json(model, derived=None):
    import lightning
    import pytorch_forecasting

    hp, dp = model.hparams, model.dataset_parameters
    targets = dp["target"] if isinstance(dp["target"], (list, tuple)) else [dp["target"]]
    lags = dp.get("lags") or {}
    lagged = {f"{n}_lagged_by_{k}": (n, int(k)) for n, ks in lags.items() for k in ks}
    scalers, encoders = dp["scalers"], dp["categorical_encoders"]
    norm, mismatch = normalizer_json(dp["target_normalizer"], dp)
    if mismatch:
        print("warning: target_scale of some groups differs from the scale their target was normalised "
              "with (category and group-id encoders disagree; see docs/infer.md)", file=sys.stderr)

    scale_features = {}
    if dp["add_target_scales"]:
        for t in targets:
            scale_features[f"{t}_center"] = {"source": "target_center", "target": t}
            scale_features[f"{t}_scale"] = {"source": "target_scale", "target": t}

    def role(name):
        if name in hp.static_reals or name in hp.static_categoricals:
            return "static"
        if name in hp.time_varying_reals_decoder or name in hp.time_varying_categoricals_decoder:
            return "known"
        return "unknown"

    reals = []
    for name in hp.x_reals:
        item = {"name": name, "role": role(name), "source": "column"}
        if name == "relative_time_idx" and dp["add_relative_time_idx"]:
            item["source"] = "relative_time_idx"
        elif name == "encoder_length" and dp["add_encoder_length"]:
            item["source"] = "encoder_length"
        elif name in scale_features:
            item.update(scale_features[name], scaler=scaler_json(scalers.get(name), dp))
        elif name in lagged:
            base, k = lagged[name]
            item.update(source="lag", of=base, lag=k)
            item["scaler"] = {"kind": "target"} if base in targets else scaler_json(scalers.get(base), dp)
        elif name in targets:
            item["scaler"] = {"kind": "target", "index": targets.index(name)}
        else:
            item["scaler"] = scaler_json(scalers.get(name), dp)
        if name in model.prescalers:
            item["size"] = model.prescalers[name].out_features
        reals.append(item)

    group_of = {m: g for g, ms in (hp.categorical_groups or {}).items() for m in ms}
    categoricals = []
    for name in hp.x_categoricals:
        enc = group_of.get(name, name)
        item = {"name": name, "role": role(enc), "encoder": enc}
        if name in lagged:
            item.update(source="lag", of=lagged[name][0], lag=lagged[name][1], encoder=lagged[name][0])
        categoricals.append(item)

    out = {
        "format": FORMAT,
        "exported_from": {"pytorch_forecasting": pytorch_forecasting.__version__,
                          "torch": torch.__version__, "lightning": lightning.__version__},
        "architecture": {
            "kind": "temporal_fusion_transformer",
            "hidden_size": int(hp.hidden_size),
            "lstm_layers": int(hp.lstm_layers),
            "attention_head_size": int(hp.attention_head_size),
            "hidden_continuous_size": int(hp.hidden_continuous_size),
            "hidden_continuous_sizes": plain(hp.hidden_continuous_sizes),
            "output_size": plain(hp.output_size),
            "share_single_variable_networks": bool(hp.share_single_variable_networks),
            "causal_attention": bool(hp.causal_attention),
            "mask_bias": plain(hp.mask_bias),
            "layer_norm_eps": 1e-5,
            "parameters": int(model.size()),
        },
        "variables": {
            "static_categoricals": list(hp.static_categoricals),
            "static_reals": list(hp.static_reals),
            "encoder_categoricals": list(hp.time_varying_categoricals_encoder),
            "encoder_reals": list(hp.time_varying_reals_encoder),
            "decoder_categoricals": list(hp.time_varying_categoricals_decoder),
            "decoder_reals": list(hp.time_varying_reals_decoder),
            "categorical_groups": plain(hp.categorical_groups),
        },
        "inputs": {
            "reals": reals,                # column order of encoder_cont / decoder_cont
            "categoricals": categoricals,  # column order of encoder_cat / decoder_cat
        },
        "embeddings": {
            name: {"classes": int(size[0]), "size": int(size[1]),
                   "padding_zero": name in hp.embedding_paddings,
                   "bag": list(hp.categorical_groups[name]) if name in (hp.categorical_groups or {}) else None}
            for name, size in model.input_embeddings.embedding_sizes.items()
        },
        "encoders": {name: encoder_json(e) for name, e in encoders.items()},
        "targets": targets,
        "target_normalizer": norm,
        "loss": loss_json(model.loss),
        "dataset": {
            "time_idx": dp["time_idx"],
            "group_ids": list(dp["group_ids"]),
            "max_encoder_length": int(dp["max_encoder_length"]),
            "min_encoder_length": int(dp["min_encoder_length"]),
            "max_prediction_length": int(dp["max_prediction_length"]),
            "min_prediction_length": int(dp["min_prediction_length"]),
            "min_prediction_idx": plain(dp["min_prediction_idx"]),
            "allow_missing_timesteps": bool(dp["allow_missing_timesteps"]),
            "constant_fill_strategy": plain(dp["constant_fill_strategy"] or {}),
            "add_relative_time_idx": bool(dp["add_relative_time_idx"]),
            "add_encoder_length": bool(dp["add_encoder_length"]),
            "add_target_scales": bool(dp["add_target_scales"]),
            "lags": plain(lags),
            "max_lag": max([max(v) for v in lags.values()], default=0),
        },
        "aliases": aliases(model),
    }
    if derived is not None:
        out["derived"] = derived
    return out


def aliases(model):
    """Second and further names of one parameter -> its first name."""
    first, out = {}, {}
    for name, p in model.named_parameters(remove_duplicate=False):
        if id(p) in first:
            out[name] = first[id(p)]
        else:
            first[id(p)] = name
    return out


# --------------------------------------------------------------------------- entry points


def export(model, out_dir, derived=None):
    check_supported(model, derived)
    meta = model_json(model, derived)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    weights = {k: v.detach().clone().to(torch.float32).contiguous() for k, v in model.state_dict().items()}
    write_atomic(out / "model.safetensors", lambda p: save_file(weights, p, metadata={"format": FORMAT}))
    write_atomic(out / "model.json", lambda p: p.write_text(json.dumps(meta, indent=1, allow_nan=False) + "\n"))


def load(checkpoint):
    warnings.filterwarnings("ignore")
    from pytorch_forecasting import TemporalFusionTransformer

    if not Path(checkpoint).is_file():
        raise ExportError(f"there is no checkpoint {checkpoint}")
    try:
        return TemporalFusionTransformer.load_from_checkpoint(checkpoint, map_location="cpu").eval()
    except Exception as e:  # whatever unpickling a foreign file may raise
        raise ExportError(f"{checkpoint} is not a checkpoint of a TemporalFusionTransformer: {type(e).__name__}: {e}") from e


def main(argv=None):
    parser = argparse.ArgumentParser(description="Export a pytorch-forecasting TFT checkpoint for `ut infer`.")
    parser.add_argument("checkpoint")
    parser.add_argument("out_dir")
    parser.add_argument("--derived", metavar="FEATURES.json", help="columns that follow from the timestamp")
    args = parser.parse_args(argv)
    try:
        derived = json.loads(Path(args.derived).read_text()) if args.derived else None
        export(load(args.checkpoint), args.out_dir, derived)
    except (ExportError, OSError, json.JSONDecodeError) as e:
        print(f"export: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
