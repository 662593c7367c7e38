# SPDX-License-Identifier: Apache-2.0
"""How fast the C++ model of ``kerilog cpp`` is: images a second, against the integer model in NumPy.

    python benchmarks/cpp_model.py [MODEL] [--data mnist.npz] [--scheme fixed] [--images 2000]

The header is compiled with ``g++ -std=c++14 -O3 -march=native``. Both run on one processor, start from codes,
and take turns; rates are of the fastest of the rounds. Every output is compared first.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt

from kerilog import build, frames, storage
from kerilog.emit import cpp
from kerilog.integer.finish import storage as storage_of
from kerilog.integer.model import run
from kerilog.qgraph import QGraph
from kerilog.quantize import strip_softmax

MODEL = Path(__file__).parents[1] / "models" / "mnist_cnn.keras"
ROUNDS = 7
_SHIM = """\
#include "model.h"
extern "C" void run_all(const krl_net::input0_t *x, krl_net::output0_t *y, long frames) {
  static krl_net::Model model;
  for (long n = 0; n < frames; ++n) model.run(x + n * krl_net::INPUT0_SIZE, y + n * krl_net::OUTPUT0_SIZE);
}
"""


def compiled(graph: QGraph, folder: Path) -> ctypes.CDLL:
    """The C++ model of ``graph``, as a library."""
    (folder / "model.h").write_text(cpp.header(graph, "net"), encoding="ascii")
    (folder / "shim.cpp").write_text(_SHIM, encoding="ascii")
    options = ["-std=c++14", "-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run(["g++", *options, "shim.cpp", "-o", "shim.so"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "shim.so"))


def fastest(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least seconds of each call, which take turns."""
    times: dict[str, float] = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name] = min(times[name], time.perf_counter() - start)
    return times


def main() -> None:
    """Print both rates."""
    parser = argparse.ArgumentParser(description="images a second of the C++ model and of the integer model")
    parser.add_argument("model", nargs="?", type=Path, default=MODEL)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--scheme", default="fixed")
    parser.add_argument("--images", type=int, default=2000)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        asked = build.Options(scheme=options.scheme, data=options.data, integer_only=True)
        build.build(options.model, folder / "net", asked)
        graph = strip_softmax(storage.load(folder / "net" / storage.FILE_NAME))
        print(rates(graph, folder, options.images))


def rates(graph: QGraph, folder: Path, images: int) -> str:
    """The line of both rates for random codes. RuntimeError where an output differs."""
    source = graph.inputs[0]
    low, high = source.format.minimum, source.format.maximum
    codes = np.random.default_rng(1).integers(low, high + 1, (images, *source.shape))
    x = np.ascontiguousarray(codes, storage_of(source.format))
    output = graph[graph.outputs[0]]
    y: npt.NDArray[np.signedinteger] = np.empty((images, *output.shape), storage_of(output.format))
    library = compiled(graph, folder)
    pointers = ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), ctypes.c_long(images)
    library.run_all(*pointers)
    if not np.array_equal(run(graph, x), y):
        raise RuntimeError("the two models differ")
    times = fastest({"C++": lambda: library.run_all(*pointers), "NumPy": lambda: run(graph, x)})
    told = ", ".join(f"{name} {images / seconds:,.0f}" for name, seconds in times.items())
    shape = " x ".join(map(str, source.shape))
    return f"{frames.output_names(graph)[0]}, {graph.scheme}, {shape}, images a second: {told}"


if __name__ == "__main__":
    main()
