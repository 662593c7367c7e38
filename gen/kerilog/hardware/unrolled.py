# SPDX-License-Identifier: Apache-2.0
"""Unrolled weights: what becomes of the multipliers of a layer that processes a whole vector in each cycle.

With all weights in use in every cycle there is no memory to read them from, and a product with a constant is
a few shifted sums, many of which the outputs can share. The adders of these take about as many look-up tables
as the adder trees alone behind multipliers, and no DSP.

Whether that is better is known from the signed digits alone; the search for shared sums runs only for what is
built.
"""

from __future__ import annotations

import dataclasses

from kerilog.errors import KerilogError
from kerilog.exact.shift_add import digit_count
from kerilog.exact.shift_add_search import STEPS, pattern_count
from kerilog.formats import IntArray
from kerilog.hardware.modules.matvec import Folding, UnrolledMatVec, Widths
from kerilog.hardware.weights import Unrolled
from kerilog.qgraph import Clamp

MOST_PATTERNS = STEPS // 2
"""Pairs of terms up to which weights become constants by themselves: those that are searched whole."""
MOST_DIGITS = 100_000
"""Signed digits that are unrolled at most, on request: with so many adders synthesis takes hours."""
PRODUCT_LUTS = 64
"""Look-up tables that a product may cost more than the adders behind it: those of an 8 x 8-bit multiplier."""


def unrolled(
    kernel: IntArray,
    codes: Clamp,
    folding: Folding,
    widths: Widths,
    layer: str,
    forced: bool,
    steps: int = STEPS,
) -> UnrolledMatVec | None:
    """``folding`` with ``kernel`` (inputs, outputs) as constants, for inputs in the interval ``codes``.

    The search, which is not run here, keeps to ``steps``. None where multipliers are the better choice. If
    ``forced`` it is constants in any case, and KerilogError where they are too many.
    """
    assert folding.steps == 1
    digits = int(digit_count(kernel).sum())
    if forced and digits > MOST_DIGITS:
        raise KerilogError(
            f"layer '{layer}': too large to unroll: {kernel.size:,} weights have {digits:,} signed digits, "
            f"at most {MOST_DIGITS:,} can be unrolled"
        )
    weights = Unrolled(kernel, *codes, steps)
    if not forced and not _worthwhile(weights, folding, widths):
        return None
    return UnrolledMatVec.of(dataclasses.replace(folding, vectors=1), widths, weights)


def _worthwhile(weights: Unrolled, folding: Folding, widths: Widths) -> bool:
    """Whether the adders take no more LUTs than multipliers would."""
    most = folding.products * (PRODUCT_LUTS + widths.acc)
    return pattern_count(weights.kernel) <= MOST_PATTERNS and weights.estimate.luts <= most
