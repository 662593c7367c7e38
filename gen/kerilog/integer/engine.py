# SPDX-License-Identifier: Apache-2.0
"""What the steps of a model are made with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.graph import Pair
from kerilog.integer.finish import Codes, Finish, Numbers
from kerilog.integer.matmul import ExactMatrix, MakeMatrix
from kerilog.integer.taps import ExactTaps, Taps

MakeTaps = Callable[[IntArray, IntArray, Format, Pair, Pair], Taps]
"""What makes ``Taps`` of kernel, bias, the format of the codes, strides and dilation."""

_CHUNK = 1 << 15  # codes that are looked up at a time


def look_up(table: Numbers, x: Codes, lowest: int) -> Numbers:
    """The entries of ``table`` for codes ``x``, of which ``lowest`` has the first, in x's shape."""
    flat = x.reshape(-1)
    found = np.empty(flat.shape, table.dtype)
    for start in range(0, flat.size, _CHUNK):  # a cache's worth
        places = flat[start : start + _CHUNK].astype(np.intp)
        places -= lowest
        # of the three modes only "clip" writes into ``out`` without a buffer; all codes are in the table
        np.take(table, places, out=found[start : start + _CHUNK], mode="clip")
    return found.reshape(x.shape)


@dataclasses.dataclass(frozen=True)
class Engine:
    """What makes products, sums over taps and rescalings, and what looks up: by default NumPy, which is the
    definition. Another engine gives the same numbers in less time.
    """

    name: str
    matrix: MakeMatrix = ExactMatrix
    taps: MakeTaps = ExactTaps
    finish: type[Finish] = Finish
    look_up: Callable[[Numbers, Codes, int], Numbers] = look_up


NUMPY = Engine(f"NumPy {np.__version__}")
