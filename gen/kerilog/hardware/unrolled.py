# SPDX-License-Identifier: Apache-2.0
"""Unrolled weights: what becomes of the multipliers of a layer that processes a whole vector in each cycle.

With all weights in use in every cycle there is no memory to read them from, and a product with a constant is
a few shifted sums, many of which the outputs can share. The adders of these take about as many look-up tables
as the adder trees alone behind multipliers, and no DSP.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from kerilog.errors import KerilogError
from kerilog.exact.shift_add import AdderGraph
from kerilog.exact.shift_add_search import pattern_count, shift_add
from kerilog.formats import IntArray
from kerilog.hardware.modules.matvec import Folding, UnrolledMatVec, Widths
from kerilog.hardware.weights import Unrolled
from kerilog.qgraph import Clamp

MOST_PATTERNS = 2_000_000
"""Pairs of terms above which the search for shared sums takes too long: some ten seconds."""
PRODUCT_LUTS = 64
"""Look-up tables that a product may cost more than the adders behind it: those of an 8 x 8-bit multiplier."""


def unrolled(
    kernel: IntArray, codes: Clamp, folding: Folding, widths: Widths, layer: str, forced: bool
) -> UnrolledMatVec | None:
    """``folding`` with ``kernel`` (inputs, outputs) as constants, for inputs in the interval ``codes``.

    None where multipliers are the better choice. If ``forced`` it
    is constants in any case, and KerilogError where they take too long to find.
    """
    assert folding.steps == 1
    patterns = pattern_count(kernel)
    if patterns > MOST_PATTERNS:
        if forced:
            raise KerilogError(
                f"layer '{layer}': too large to unroll: {kernel.size:,} weights make {patterns:,} pairs of "
                f"terms, at most {MOST_PATTERNS:,} are searched"
            )
        return None
    graph = _graph(kernel.astype(np.int64).tobytes(), kernel.shape[1], *codes)
    if not forced and graph.luts > folding.products * (PRODUCT_LUTS + widths.acc):
        return None
    return UnrolledMatVec.of(dataclasses.replace(folding, vectors=1), widths, Unrolled(graph))


@functools.lru_cache(maxsize=256)
def _graph(kernel: bytes, outputs: int, low: int, high: int) -> AdderGraph:
    """The graph of a kernel, which plans for several goals share."""
    return shift_add(np.frombuffer(kernel, np.int64).reshape(-1, outputs), low, high)
