# SPDX-License-Identifier: Apache-2.0
"""What the steps of a model are made with."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.graph import Pair
from kerilog.integer.finish import Codes, Finish, Numbers
from kerilog.integer.matmul import ExactMatrix, Matrix
from kerilog.integer.taps import ExactTaps, Taps
from kerilog.qgraph import Clamp, Rescale

_CHUNK = 1 << 15  # codes that are looked up at a time


class Engine:
    """NumPy: the definition. Another engine is a subclass that gives the same numbers in less time."""

    name = f"NumPy {np.__version__}"

    def matrix(self, kernel: IntArray, bias: IntArray, source: Format) -> Matrix:
        """Products with ``kernel`` (inputs, units) of codes of ``source``."""
        return ExactMatrix(kernel, bias, source)

    def taps(self, kernel: IntArray, bias: IntArray, source: Format, strides: Pair, dilation: Pair) -> Taps:
        """Sums over windows for a ``kernel`` (height, width, channels, filters of each)."""
        return ExactTaps(kernel, bias, source, strides, dilation)

    def finish(
        self,
        factor: Rescale,
        target: Format,
        clamp: Clamp,
        bias: Numbers,
        number: type[Any],
        positions: int = 1,
    ) -> Finish:
        """From accumulators of the type ``number`` to codes of ``target``."""
        return Finish(factor, target, clamp, bias, number, positions)

    def look_up(self, table: Numbers, x: Codes, lowest: int) -> Numbers:
        """The entries of ``table`` for codes ``x``, of which ``lowest`` has the first, in x's shape."""
        flat = x.reshape(-1)
        found = np.empty(flat.shape, table.dtype)
        for start in range(0, flat.size, _CHUNK):  # a cache's worth
            places = flat[start : start + _CHUNK].astype(np.intp)
            places -= lowest
            # of the three modes only "clip" writes into ``out`` without a buffer; all codes are in the table
            np.take(table, places, out=found[start : start + _CHUNK], mode="clip")
        return found.reshape(x.shape)


NUMPY = Engine()
