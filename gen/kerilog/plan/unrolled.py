# SPDX-License-Identifier: Apache-2.0
"""Unrolled products: what becomes of the multipliers of a layer that takes a whole vector in each cycle.

With all weights in use in every cycle there is no memory to read them from, and a product with a constant is
a few shifted sums, many of which the units share. The adders of these take about as many look-up tables as
the adder trees alone behind multipliers, and no DSP.

Whether that is better is known from the signed digits alone. The search for shared sums runs when something
first asks for the graph, and once for a kernel, whatever the goals it is planned for.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.plan.design import MatVec
from kerilog.plan.shift_add import AdderGraph, digit_count
from kerilog.plan.shift_add_estimate import Estimate, estimate
from kerilog.plan.shift_add_search import STEPS, pattern_count, shift_add

MOST_PATTERNS = STEPS // 2
"""Pairs of terms up to which weights become constants by themselves: those that are searched whole."""
MOST_DIGITS = 100_000
"""Signed digits that are unrolled at most, on request: with so many adders synthesis takes hours."""
PRODUCT_LUTS = 64
"""Look-up tables that a product may cost more than the adders behind it: those of an 8 x 8-bit multiplier."""


@dataclasses.dataclass(frozen=True, eq=False)
class ConstantMatrix:
    """``kernel`` (inputs, units) times inputs in [low, high], as sums that are searched for in ``steps``."""

    kernel: IntArray
    low: int
    high: int
    steps: int = STEPS

    @functools.cached_property
    def estimate(self) -> Estimate:
        """What the graph will take, without a search."""
        return estimate(self.kernel, self.low, self.high)

    @functools.cached_property
    def graph(self) -> AdderGraph:
        """The sums themselves."""
        text = self.kernel.astype(np.int64).tobytes()
        return _graph(text, self.kernel.shape[1], self.low, self.high, self.steps)


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnrolledMatVec(MatVec):
    """``krl_issue`` and a module of constant products in the place of ``krl_matvec``."""

    matrix: ConstantMatrix

    @property
    def graph(self) -> AdderGraph:
        return self.matrix.graph

    @property
    def latency(self) -> int:
        """Cycles from a vector being taken to ``result_tvalid``."""
        return self.graph.depth

    @property
    def input_lanes(self) -> int:
        """Elements of a beat: those of windows side by side are one vector."""
        return len(self.matrix.kernel)

    @property
    def pairs(self) -> int:
        return 0


def unrolled_matvec(
    kernel: IntArray, codes: tuple[int, int], matvec: MatVec, layer: str, forced: bool, steps: int = STEPS
) -> UnrolledMatVec | None:
    """The constants in the place of ``matvec``, which has a multiplier for every weight.

    ``kernel`` has shape (inputs, units); ``codes`` are the inputs' smallest and largest. The search, which is
    not run here, keeps to ``steps``.

    None where multipliers are the better choice. If ``forced`` it is constants in any case, and KerilogError
    where they are too many.
    """
    assert matvec.steps == 1
    digits = int(digit_count(kernel).sum())
    if forced and digits > MOST_DIGITS:
        raise KerilogError(
            f"layer '{layer}': too large to unroll: {kernel.size:,} weights have {digits:,} signed digits, "
            f"at most {MOST_DIGITS:,} can be unrolled"
        )
    matrix = ConstantMatrix(kernel, *codes, steps)
    if not forced and not _worthwhile(matrix, matvec):
        return None
    fields = {field.name: getattr(matvec, field.name) for field in dataclasses.fields(matvec)}
    return UnrolledMatVec(**fields | {"vectors": 1}, matrix=matrix)


def _worthwhile(matrix: ConstantMatrix, matvec: MatVec) -> bool:
    """Whether the adders take no more LUTs than the multipliers of ``matvec`` would."""
    most = matvec.multipliers * (PRODUCT_LUTS + matvec.acc_bits)
    return pattern_count(matrix.kernel) <= MOST_PATTERNS and matrix.estimate.luts <= most


@functools.lru_cache(maxsize=256)
def _graph(kernel: bytes, units: int, low: int, high: int, steps: int) -> AdderGraph:
    """The graph of a kernel, which plans for several goals share."""
    return shift_add(np.frombuffer(kernel, np.int64).reshape(-1, units), low, high, steps)
