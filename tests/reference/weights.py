"""Small files of weights by the libraries themselves, with what the libraries count in them.

    python -m venv venv && venv/bin/pip install -r tests/reference/weights_requirements.txt
    venv/bin/python tests/reference/weights.py
"""
import json
import os
import sys
from collections import Counter
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import gguf
import h5py
import keras
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

OUT = Path(__file__).resolve().parent.parent / "fixtures/weights"
TORCH = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float8_e4m3fn: "F8_E4M3",
         torch.float8_e5m2: "F8_E5M2", torch.int64: "I64", torch.int32: "I32", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
         torch.qint8: "QI8", torch.complex64: "C64"}
NUMPY = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int8": "I8",
         "uint32": "U32", "uint8": "U8", "bool": "BOOL"}
INTEGERS = {"I64", "I32", "U32", "U8", "BOOL"}

expected = {}


def expect(name, file_format, tensors, optimizer_bytes=0, learned=(), **more):
    """`tensors`: type, elements and bytes of each, as the library tells them."""
    dtypes = Counter()
    for dtype, elements, _ in tensors:
        dtypes[dtype] += elements
    buffers = sum(n for dtype, n in dtypes.items() if dtype in INTEGERS and dtype not in learned)
    expected[name] = dict(format=file_format, parameters=sum(dtypes.values()) - buffers, buffers=buffers, bytes=sum(t[2] for t in tensors),
                          dtypes=dict(dtypes), optimizer_bytes=optimizer_bytes, **more)


def of_torch(tensors):
    return [(TORCH[t.dtype], t.numel(), t.numel() * t.element_size()) for t in tensors]


def of_numpy(arrays):
    return [(NUMPY[a.dtype.name], a.size, a.nbytes) for a in arrays]


# ---------------------------------------------------------------- PyTorch and safetensors


class Net(torch.nn.Module):
    """An embedding tied to the output, a batch norm with its buffers, a half-precision layer."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(13, 6)
        self.body = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 6))
        self.half = torch.nn.Linear(6, 5, dtype=torch.bfloat16)
        self.head = torch.nn.Linear(6, 13, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("mask", torch.ones(4, 4, dtype=torch.bool))

    def forward(self, x):
        return self.head(self.body(self.embed(x)))


def distinct(state):
    """Tensors with those counted once that are the same memory."""
    return list({(t.data_ptr(), t.numel()): t for t in state.values()}.values())


def numel_bytes(value):
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    return sum(map(numel_bytes, value.values() if isinstance(value, dict) else value)) if isinstance(value, (dict, list, tuple)) else 0


def pytorch():
    torch.manual_seed(0)
    net = Net()
    state, tensors = net.state_dict(), of_torch(distinct(net.state_dict()))
    torch.save(state, OUT / "tied.pt")
    expect("tied.pt", "torch", tensors)
    torch.save(state, OUT / "legacy.pt", _use_new_zipfile_serialization=False)
    expect("legacy.pt", "torch", tensors)
    torch.save(net, OUT / "module.pt")
    expect("module.pt", "torch", tensors)
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.arange(5)).sum().backward()
    optimizer.step()
    torch.save({"epoch": 3, "model": net.state_dict(), "opt": optimizer.state_dict(), "loss": [0.5] * 100}, OUT / "checkpoint.pt")
    expect("checkpoint.pt", "torch", tensors, numel_bytes(optimizer.state_dict()))

    small = {"e4m3": torch.zeros(3, 5).to(torch.float8_e4m3fn), "e5m2": torch.zeros(7).to(torch.float8_e5m2), "bf16": torch.zeros(2, 3, 4, dtype=torch.bfloat16),
             "scalar": torch.tensor(1.5), "empty": torch.zeros(0, 4), "int8": torch.zeros(6, dtype=torch.int8), "packed": torch.zeros(9, dtype=torch.int32)}
    torch.save(small, OUT / "small.pt")
    expect("small.pt", "torch", of_torch(small.values()))
    save_file(small, OUT / "small.safetensors", metadata={"format": "pt"})
    expect("small.safetensors", "safetensors", of_torch(small.values()))
    whole = torch.zeros(10, 10)
    views = {"first": whole[:3], "rest": whole[3:], "transposed": whole[3:].t(), "quantised": torch.quantize_per_tensor(torch.ones(4, 4), 0.1, 0, torch.qint8),
             "parameter": torch.nn.Parameter(torch.ones(11, dtype=torch.float64))}
    torch.save(views, OUT / "views.pt")
    expect("views.pt", "torch", of_torch(views[k] for k in ["first", "rest", "quantised", "parameter"]))

    plain = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).eval()
    script = torch.jit.trace(plain, torch.zeros(2, 3))
    script.save(str(OUT / "script.pt"))
    expect("script.pt", "torch", of_torch(plain.state_dict().values()))
    frozen = torch.jit.freeze(torch.jit.script(torch.nn.Sequential(torch.nn.Linear(3, 4)).eval()))
    frozen.save(str(OUT / "frozen.pt"))
    expect("frozen.pt", "torch", of_torch([torch.zeros(4, 3), torch.zeros(4)]))


# ---------------------------------------------------------------- GGUF


def gguf_files():
    writer = gguf.GGUFWriter(OUT / "llama.gguf", "llama")
    writer.add_block_count(2)
    writer.add_embedding_length(256)
    writer.add_head_count(8)
    writer.add_head_count_kv([2, 4])
    writer.add_context_length(2048)
    writer.add_token_list(["<s>", "a", "b", "c", "d"])
    writer.add_token_scores([0.0, 1.0, 2.0, 3.0, 4.0])
    writer.add_string("general.name", "tiny")
    rows, tensors = np.linspace(-1, 1, 512, dtype=np.float32).reshape(2, 256), []
    kinds = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "F16", "BF16", "TQ1_0", "TQ2_0", "MXFP4", "Q4_K", "Q6_K", "Q2_K", "Q3_K", "Q5_K", "IQ4_NL", "NVFP4"]
    for name in kinds:
        kind = getattr(gguf.GGMLQuantizationType, name)
        try:
            data = gguf.quants.quantize(rows, kind)
        except NotImplementedError:
            block, size = gguf.GGML_QUANT_SIZES[kind]
            data = np.zeros((2, 256 // block * size), dtype=np.uint8)
        writer.add_tensor(f"blk.0.{name}.weight", data, raw_dtype=kind)
        tensors.append((name, rows.size, data.nbytes))
    norm = np.ones(256, dtype=np.float32)
    writer.add_tensor("output_norm.weight", norm)
    tensors.append(("F32", norm.size, norm.nbytes))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    reader = gguf.GGUFReader(OUT / "llama.gguf")
    assert sum(int(t.n_elements) for t in reader.tensors) == sum(t[1] for t in tensors)
    expect("llama.gguf", "gguf", tensors, architecture=dict(name="llama", layers=2, hidden=256, heads=8, kv_heads=4, head_dim=32, context=2048, vocab=5))


# ---------------------------------------------------------------- ONNX


def onnx_files():
    initializers = [numpy_helper.from_array(np.ones((3, 4), np.float32), "w"), helper.make_tensor("typed", TensorProto.FLOAT, [5], [1.0] * 5),
                    helper.make_tensor("half", TensorProto.BFLOAT16, [6], [1.0] * 6), numpy_helper.from_array(np.array([2, 2], np.int64), "shape"),
                    numpy_helper.from_array(np.ones((4, 4), np.uint8), "quantised"), numpy_helper.from_array(np.ones(7, np.int8), "signed"),
                    helper.make_tensor("int4", TensorProto.INT4, [10], [1] * 10), helper.make_tensor("mask", TensorProto.BOOL, [3], [True] * 3),
                    helper.make_tensor("float6", TensorProto.FLOAT6E2M3, [5], bytes(4), raw=True),
                    helper.make_tensor("text", TensorProto.STRING, [1], ["never counted"])]
    sparse = helper.make_sparse_tensor(helper.make_tensor("sparse", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]), helper.make_tensor("at", TensorProto.INT64, [3], [0, 4, 9]), [20])
    inner = helper.make_graph([helper.make_node("Identity", ["inner"], ["out"])], "then", [], [helper.make_tensor_value_info("out", TensorProto.FLOAT, [8])],
                              [numpy_helper.from_array(np.ones(8, np.float32), "inner")])
    other = helper.make_graph([helper.make_node("Identity", ["inner2"], ["out"])], "else", [], [helper.make_tensor_value_info("out", TensorProto.FLOAT, [8])],
                              [numpy_helper.from_array(np.ones(8, np.float32), "inner2")])
    nodes = [helper.make_node("If", ["go"], ["y"], then_branch=inner, else_branch=other),
             helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.ones(100, np.float32)))]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("go", TensorProto.BOOL, [])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [8])], initializers,
                              sparse_initializer=[sparse])
    onnx.save(helper.make_model(graph), OUT / "graph.onnx")
    expect("graph.onnx", "onnx", [("F32", 12 + 5 + 3 + 16, 36 * 4), ("BF16", 6, 12), ("I64", 2, 16), ("U8", 16, 16), ("I8", 7, 7), ("I4", 10, 5), ("BOOL", 3, 3), ("F6_E2M3", 5, 4)], learned=("U8",))
    model = helper.make_model(helper.make_graph([helper.make_node("Identity", ["big"], ["y"])], "g", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [64, 64])],
                                                [numpy_helper.from_array(np.ones((64, 64), np.float32), "big")]))
    onnx.save(model, OUT / "external.onnx", save_as_external_data=True, location="external.bin", size_threshold=0)
    (OUT / "external.bin").unlink()
    expect("external.onnx", "onnx", [("F32", 4096, 4096 * 4)])


# ---------------------------------------------------------------- Keras and HDF5


def fitted(*layers):
    model = keras.Sequential([keras.Input((8,)), *layers])
    model.compile(keras.optimizers.SGD(momentum=0.9), "mse")
    model.fit(np.ones((4, 8)), np.ones((4, 4)), verbose=0)
    return model, [np.asarray(v) for v in model.variables], sum(np.asarray(v).nbytes for v in model.optimizer.variables)


def keras_files():
    model, variables, optimizer = fitted(keras.layers.Dense(4), keras.layers.BatchNormalization())
    assert sum(v.size for v in variables) == model.count_params()
    model.save_weights(OUT / "model.weights.h5")
    expect("model.weights.h5", "hdf5", of_numpy(variables), optimizer)
    model, variables, optimizer = fitted(keras.layers.Dense(4), keras.layers.Dropout(0.5))
    model.save(OUT / "model.keras")
    # Neither file holds the state of the dropout's seed.
    weights = of_numpy([np.asarray(w) for w in model.weights])
    expect("model.keras", "keras", weights, optimizer)
    model.save(OUT / "model.h5")
    expect("model.h5", "hdf5", weights, optimizer)


def hdf5_files():
    arrays = {"a/b/c/w": np.ones((3, 4), np.float64), "a/b/half": np.ones(5, np.float16), "a/count": np.int64(3), "mask": np.ones(6, bool),
              "none": np.ones((0, 7), np.float32)}
    for name, options in {"old.h5": {}, "new.h5": dict(libver="latest")}.items():
        with h5py.File(OUT / name, "w", **options) as file:
            for path, value in arrays.items():
                file[path] = value
            file["text"] = "never counted"
            file["same"] = file["a/b/c/w"]
            file["soft"] = h5py.SoftLink("/mask")
            file["loop"] = file["a"]
            file["a/up"] = file["/"]
            file["a"].attrs["note"] = "x" * 300
            if name == "old.h5":
                file.create_dataset("chunked", data=np.ones((20, 20), np.float32), chunks=(5, 5), compression="gzip")
        extra = [np.ones(400, np.float32)] if name == "old.h5" else []
        expect(name, "hdf5", of_numpy([np.asarray(a) for a in arrays.values()] + extra))
    with h5py.File(OUT / "userblock.h5", "w", userblock_size=1024) as file:
        file["w"] = np.ones(9, np.float32)
    expect("userblock.h5", "hdf5", [("F32", 9, 36)])
    for name, options in {"many_old.h5": {}, "many_new.h5": dict(libver="latest", track_order=True)}.items():
        with h5py.File(OUT / name, "w", **options) as file:
            for k in range(20):
                file.create_dataset(f"dataset_{k}", shape=(2, k + 1), dtype="f4") if options else file.create_dataset(f"d{k}", data=np.float32(k))
        expect(name, "hdf5", [("F32", sum(2 * (k + 1) if options else 1 for k in range(20)), 4 * sum(2 * (k + 1) if options else 1 for k in range(20)))])


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for make in [pytorch, gguf_files, onnx_files, keras_files, hdf5_files]:
        make()
    (OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    for path in sorted(OUT.iterdir()):
        print(path.stat().st_size, path.name)


if __name__ == "__main__":
    sys.exit(main())
