"""What a case consists of: a random batch with every module's output, and a window forecast end to end."""
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "examples"))
import export_tft

OUT = TOP / "tests/fixtures/tft"
MODULES = ["static_variable_selection", "static_enrichment", "encoder_variable_selection", "decoder_variable_selection",
           "lstm_encoder", "lstm_decoder", "multihead_attn", "post_attn_gate_norm", "pos_wise_ff", "pre_output_gate_norm"]
QUIET = dict(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)


# ---------------------------------------------------------------- the forward pass


def random_batch(model, batch=3, seed=0):
    """Plausible values with different encoder and decoder lengths, left-aligned, zeros behind."""
    g = torch.Generator().manual_seed(seed)
    hp, dp = model.hparams, model.dataset_parameters
    enc, dec = int(dp["max_encoder_length"]), int(dp["max_prediction_length"])
    enc_len = torch.randint(int(dp["min_encoder_length"]), enc + 1, (batch,), generator=g)
    dec_len = torch.randint(int(dp["min_prediction_length"]), dec + 1, (batch,), generator=g)
    enc_len[0], dec_len[0] = enc, dec
    cont = torch.randn(batch, enc + dec, len(hp.x_reals), generator=g)
    cat = random_codes(model, batch, enc + dec, g)
    for j, name in enumerate(hp.x_reals):
        if name in hp.static_reals:
            cont[..., j] = cont[:, :1, j]
    x = dict(encoder_cat=torch.zeros(batch, enc, cat.shape[2], dtype=torch.long), encoder_cont=torch.zeros(batch, enc, cont.shape[2]),
             decoder_cat=torch.zeros(batch, dec, cat.shape[2], dtype=torch.long), decoder_cont=torch.zeros(batch, dec, cont.shape[2]),
             encoder_lengths=enc_len, decoder_lengths=dec_len,
             target_scale=torch.stack([torch.randn(batch, generator=g), torch.rand(batch, generator=g) + 0.5], -1))
    for b in range(batch):
        e, d = int(enc_len[b]), int(dec_len[b])
        x["encoder_cat"][b, :e], x["encoder_cont"][b, :e] = cat[b, :e], cont[b, :e]
        x["decoder_cat"][b, :d], x["decoder_cont"][b, :d] = cat[b, e:e + d], cont[b, e:e + d]
    return x


def random_codes(model, batch, steps, g):
    hp = model.hparams
    group_of = {m: k for k, ms in (hp.categorical_groups or {}).items() for m in ms}
    codes = torch.zeros(batch, steps, len(hp.x_categoricals), dtype=torch.long)
    for j, name in enumerate(hp.x_categoricals):
        table = group_of.get(name, name)
        classes = model.input_embeddings.embedding_sizes[table][0]
        codes[..., j] = torch.randint(0, classes, (batch, steps), generator=g)
        if table in hp.static_categoricals:
            codes[..., j] = codes[:, :1, j]
    return codes


def run(model, x, double):
    """Forward pass -> named tensors."""
    kind = torch.float64 if double else torch.float32
    model.to(kind)
    seen, hooks = {}, []
    for name in [*MODULES, "output_layer"]:
        hooks.append(getattr(model, name).register_forward_hook(lambda m, i, o, n=name: seen.setdefault(n, o)))
    torch.set_default_dtype(kind)  # the library makes zeros of its own where a selection has no variables
    with torch.no_grad():
        out = model({k: v.to(kind) if v.is_floating_point() else v for k, v in x.items()})
    for hook in hooks:
        hook.remove()
    model.float()
    torch.set_default_dtype(torch.float32)
    t = {"out.raw": seen.pop("output_layer"), "out.prediction": out["prediction"]}
    for name in ("encoder_attention", "decoder_attention", "static_variables", "encoder_variables", "decoder_variables"):
        t["out." + name] = out[name]
    t |= {"mid." + name: v[0] if isinstance(v, tuple) else v for name, v in seen.items()}
    return {k: v.detach().clone().contiguous() for k, v in t.items() if v.numel() > 0}


def write_case(model, out, seed):
    x = random_batch(model, seed=seed)
    t = {"in." + k: v.contiguous() for k, v in x.items() if v.numel() > 0}
    t |= run(model, x, double=False)
    exact = run(model, x, double=True)
    t |= {"f64.raw": exact["out.raw"], "f64.prediction": exact["out.prediction"]}
    save_file(t, out / "case.safetensors")


# ---------------------------------------------------------------- end to end


def derive(df, derived):
    """The columns that follow from the timestamp (UTC)."""
    if derived is None:
        return df
    df = df.copy()
    ts = pd.to_datetime(df[derived["timestamp"]], utc=True)
    hour = ts.dt.hour + ts.dt.minute / 60.0 + ts.dt.second / 3600.0
    values = {"hour_of_day": hour, "hour_sin": np.sin(2 * np.pi * hour / 24), "hour_cos": np.cos(2 * np.pi * hour / 24),
              "hour": ts.dt.hour, "minute": ts.dt.minute, "weekday": ts.dt.dayofweek}
    for name, c in derived["columns"].items():
        if c["kind"] == "step_index":
            v = ((ts - pd.Timestamp(c["origin"])).dt.total_seconds() // derived["step_seconds"]).astype("int64")
        else:
            v = values[c["kind"]]
        df[name] = v.astype(str).astype(object) if c.get("as") == "category" else v
    return df


def extend(df, groups, horizon, derived):
    """Append future rows: the time goes on, every other column repeats its last value."""
    parts = [df]
    for _, rows in df.groupby(groups, sort=False):
        future = pd.concat([rows.iloc[[-1]]] * horizon, ignore_index=True)
        if derived is None:
            future["time_idx"] = rows["time_idx"].iloc[-1] + 1 + np.arange(horizon)
        else:
            start = pd.to_datetime(rows["timestamp"].iloc[-1], utc=True)
            times = [start + pd.Timedelta(seconds=derived["step_seconds"] * (i + 1)) for i in range(horizon)]
            future["timestamp"] = [t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in times]
        parts.append(future)
    return pd.concat(parts, ignore_index=True)


def write_window(model, window, groups, derived, out, text):
    """window.csv, and what the library forecasts from it."""
    order = [derived["timestamp"] if derived else "time_idx", *groups]
    window = window.sort_values(order, kind="stable").reset_index(drop=True)
    window.to_csv(out / "window.csv", index=False, float_format="%.6g")
    window = pd.read_csv(out / "window.csv", dtype={c: object for c in text if c in window})
    horizon = model.dataset_parameters["max_prediction_length"]
    full = derive(extend(window, groups, horizon, derived), derived)
    p = model.predict(full, mode="quantiles", return_x=True, batch_size=64, trainer_kwargs=dict(QUIET))
    quantiles = getattr(model.loss, "quantiles", None) or [0.5]
    key = lambda row: (*(str(row[g]) for g in groups), row["time_idx"])
    times = {key(r): r["timestamp"] for r in full.to_dict("records")} if derived else {}
    rows = []
    for b, labels in enumerate(group_labels(model, p.x["groups"], groups, window)):
        for step in range(horizon):
            row = {**labels, "step": step + 1}
            if derived is not None:
                row["timestamp"] = times[key(labels | {"time_idx": int(p.x["decoder_time_idx"][b, step])})]
            values = p.output[b, step].reshape(-1)
            rows.append(row | {f"q{q:g}": float(values[i]) for i, q in enumerate(quantiles)})
    rows = [r for r in rows if "new" not in r] + [r for r in rows if "new" in r]
    [r.pop("new", None) for r in rows]
    pd.DataFrame(rows).to_csv(out / "expected.csv", index=False, float_format="%.9g")


def group_labels(model, codes, groups, window):
    """The labels of each sample. The library has no way back from an unknown label's code: it must be the only one."""
    encoders = model.dataset_parameters["categorical_encoders"]
    for sample in codes.tolist():
        labels = {}
        for group, code in zip(groups, sample):
            known = {i: label for label, i in encoders[f"__group_id__{group}"].classes_.items()}
            new = [v for v in window[group].unique() if v not in known.values()]
            if new and known.get(code) in (None, "nan"):
                labels |= {group: new[0], "new": True}
            else:
                labels[group] = known[code]
        yield labels


def write(name, model, window, groups, derived, seed, text):
    out = OUT / name
    out.mkdir(parents=True, exist_ok=True)
    export_tft.export(model, out, derived)
    write_case(model, out, seed)
    write_window(model, window, groups, derived, out, text)
    size = sum(f.stat().st_size for f in out.iterdir())
    print(f"{name}: {model.size()} parameters, {size // 1000} kB", flush=True)
