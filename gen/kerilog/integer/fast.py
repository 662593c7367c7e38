# SPDX-License-Identifier: Apache-2.0
"""The engine for those who ask for it: products by ONNX Runtime, the passes around them compiled by Numba."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from kerilog.errors import KerilogError
from kerilog.extras import require
from kerilog.formats import Affine
from kerilog.integer import bytewise, compiled
from kerilog.integer.engine import NUMPY, Engine
from kerilog.integer.finish import Numbers
from kerilog.qgraph import Multiplier


def _named(name: str) -> Engine:
    return Engine(name, bytewise.byte_matrix, compiled.make_taps, compiled.CompiledFinish, compiled.looked_up)


@functools.cache
def engine() -> Engine:
    """The engine, once its libraries are loaded and tried on extremes and at random.

    Raises MissingLibraryError where one is not installed, and KerilogError where one is not exact.
    """
    for module in ("onnxruntime", "onnx", "numba"):
        require(module, compiled.PURPOSE)
    import numba
    import onnxruntime

    libraries = {
        f"ONNX Runtime {onnxruntime.__version__}": bytewise.is_exact(np.uint8),
        f"Numba {numba.__version__}": _is_exact(),
    }
    for name, exact in libraries.items():
        if not exact:
            raise KerilogError(f"{name}: expected exact numbers on this processor, found others")
    return _named(", ".join(libraries))


def _is_exact() -> bool:
    """Whether compiled passes give NumPy's numbers: each of them once, on extremes among others."""
    random = np.random.default_rng(0)
    target = Affine(8, 1.0, -3)
    multiplier, shift = random.integers(1 << 30, 1 << 31, 7), random.integers(-12, 1, 7)
    short, long = (Multiplier(multiplier, shift - more, "double") for more in (0, 14))
    total = random.integers(-(1 << 27), 1 << 27, (64, 7)) >> random.integers(0, 27, (64, 1))
    kernel = random.choice([-128, -7, 127], (3, 3, 7, 1))
    x = random.choice([-128, 5, 127], (2, 9, 8, 7)).astype(np.int8)
    table = random.integers(-999, 999, 256)

    def numbers(one: Engine) -> Iterator[Numbers]:
        sums = one.taps(kernel, np.arange(7), target, (1, 2), (2, 1))
        yield sums.sums(sums.prepare(x), slice(1, 4)) + sums.bias
        yield one.look_up(table, x, -128)
        for factor, low in ((short, -128), (short, -3), (long, -128)):  # with a tilt, without, in integers
            end = one.finish(factor, target, (low, 127), np.arange(7), np.int32)
            yield end(total.astype(np.int32))

    return all(map(np.array_equal, numbers(NUMPY), numbers(_named(""))))
