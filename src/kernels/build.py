#!/usr/bin/env python3
"""Compiles the kernels: tft.ptx for any GPU from compute capability 8.0 on, tft.sm_90.cubin for Hopper; and those of
tft_tf32, with products on tensor cores.

    build.py [--check]

Needs no GPU and no toolkit, but requirements.txt. resources.txt says how many registers kernels take and how many
bytes they spill. With --check nothing is written, and files that differ from what would be are an error.
"""
import ctypes
import glob
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = sysconfig.get_paths()["purelib"] + "/nvidia"


def compiler():
    found = glob.glob(f"{PACKAGES}/cuda_nvrtc/lib/libnvrtc.so.12")
    if not found:
        sys.exit("no NVRTC: pip install -r src/kernels/requirements.txt")
    library = ctypes.CDLL(found[0])
    library.nvrtcGetErrorString.restype = ctypes.c_char_p
    return library


def text_of(library, program, what):
    size = ctypes.c_size_t()
    getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(library, f"nvrtcGet{what}")(program, text)
    return text.raw


def compiled(library, architecture, options):
    program = ctypes.c_void_p()
    source = (HERE / "tft.cu").read_bytes()
    library.nvrtcCreateProgram(ctypes.byref(program), source, b"tft.cu", 0, None, None)
    options = [f"--gpu-architecture={architecture}", "--std=c++17", f"--include-path={HERE}", *options]
    array = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
    error = library.nvrtcCompileProgram(program, len(options), array)
    log = text_of(library, program, "ProgramLog").rstrip(b"\0").decode()
    if log.strip():
        print(log, file=sys.stderr)
    if error:
        sys.exit(f"{architecture}: {library.nvrtcGetErrorString(error).decode()}")
    is_ptx = architecture.startswith("compute")
    return text_of(library, program, "PTX").rstrip(b"\0") if is_ptx else text_of(library, program, "CUBIN")


def resources(ptx, title):
    """A line for each kernel and architecture: registers, bytes spilled, static shared memory."""
    found = glob.glob(f"{PACKAGES}/cuda_nvcc/bin/ptxas")
    if not found:
        return None
    lines = [title, f"{'':8} {'kernel':18} {'registers':>9} {'spilled':>8} {'shared':>8}"]
    with tempfile.NamedTemporaryFile(suffix=".ptx") as file:
        file.write(ptx)
        file.flush()
        for architecture in ("sm_80", "sm_90"):
            command = [found[0], "-v", f"-arch={architecture}", file.name, "-o", "/dev/null"]
            log = subprocess.run(command, check=True, capture_output=True, text=True).stderr
            for part in re.split(r"Compiling entry function ", log)[1:]:
                name = part[1:part.index("'", 1)]
                registers = re.search(r"Used (\d+) registers", part)[1]
                spilled = sum(int(n) for n in re.findall(r"(\d+) bytes spill", part))
                shared = re.search(r"(\d+) bytes smem", part)
                lines.append(f"{architecture:8} {name:18} {registers:>9} {spilled:>8} {shared[1] if shared else 0:>8}")
    return ("\n".join(lines) + "\n").encode()


def main(check):
    library = compiler()
    files, report = {}, b""
    for name, options in (("tft", []), ("tft_tf32", ["-DUT_TF32"])):
        ptx = files[f"{name}.ptx"] = compiled(library, "compute_80", options)
        files[f"{name}.sm_90.cubin"] = compiled(library, "sm_90", options)
        report += resources(ptx, name) or b""
    if report:
        files["resources.txt"] = report
    for name, new in files.items():
        path = HERE / name
        if not check:
            path.write_bytes(new)
        elif not path.exists() or path.read_bytes() != new:
            sys.exit(f"{name} is not what its sources make: run `just kernels`")


if __name__ == "__main__":
    main(sys.argv[1:] == ["--check"])
