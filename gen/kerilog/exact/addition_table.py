# SPDX-License-Identifier: Apache-2.0
"""A sum in which a table stands for one operand: ``(a * x + table[y] + c) >> shift``.

Every word is solved for by itself, between the bounds that its code's pairs set, so the table can follow
whatever rounding the reference does to that operand. It is the one of smaller scale, which the reference
rounds; the other is only shifted there. The constant c is one, or half a step above zero and less below
where ties leave zero on both sides; the sign of the sum is then the reference's, by bounds of its own.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from kerilog.formats import Format, IntArray
from kerilog.integer.rescale import rescale
from kerilog.qgraph import Clamp, Multiplier, QAdd, QSubtract, Rescale
from kerilog.scales import largest_factor

LARGEST_SHIFT = 30
_NO_BOUND = 1 << 60


@dataclasses.dataclass(frozen=True, eq=False)
class Tabled:
    """``factor`` times the other operand's code, ``words`` by code in rising order, zero points within them.

    ``left`` says that the table is that of the left operand.
    """

    left: bool
    shift: int
    factor: int
    words: IntArray
    positive: int
    negative: int


def tabled(
    op: QAdd, formats: tuple[Format, Format], x: IntArray, y: IntArray, k: IntArray, zero: int
) -> Tabled | None:
    """The form of the smallest shift that equals the reference ``k`` for codes ``x`` and ``y``, or None."""
    left = largest_factor(op.left) < largest_factor(op.right)
    scaled = _scaled(op, formats, x, y)
    if left:
        code, minus, exact, k = y, isinstance(op, QSubtract), scaled.T, k.T
        slope = largest_factor(op.right)
    else:
        code, minus, exact = x, False, scaled
        slope = largest_factor(op.left)
    slope *= largest_factor(op.rescale) * 2.0**op.headroom * (-1 if minus else 1)
    for shift in range(LARGEST_SHIFT + 1):
        for correction in _corrections(op.rescale, shift):
            nearest = round(slope * 2.0**shift)
            for factor in (nearest, nearest - 1, nearest + 1):
                found = _words(factor, shift, correction, code, exact < 0, k, op.clamp, zero)
                if found:
                    return dataclasses.replace(found, left=left)
    return None


def _scaled(op: QAdd, formats: tuple[Format, Format], x: IntArray, y: IntArray) -> IntArray:
    """The reference's sum before its last rescaling, for all pairs."""
    left, right = (
        rescale(factor, (codes - format.zero_point) << op.headroom)
        for factor, codes, format in zip((op.left, op.right), (x, y), formats, strict=True)
    )
    return left[:, None] + (-right if isinstance(op, QSubtract) else right)[None, :]


def _corrections(factor: Rescale, shift: int) -> list[int]:
    """How much less may be added below zero: nothing, what moves ties alone, and what gemmlowp's first
    rounding leaves for a second shift of n places to tell from a tie, one part in 2**n of a step."""
    corrections = [0, 1]
    if isinstance(factor, Multiplier) and factor.rounding == "double":
        second = shift - max(-int(factor.shift[0]), 0)
        corrections += [(1 << second) + more for more in (0, -1, 1) if second > 0]
    return corrections


def _words(
    factor: int,
    shift: int,
    correction: int,
    code: IntArray,
    below: npt.NDArray[np.bool_],
    k: IntArray,
    clamp: Clamp,
    zero: int,
) -> Tabled | None:
    """The table that puts every pair right; arrays are (codes of the factor, of the table)."""
    positive = (zero << shift) + ((1 << shift) >> 1) if correction else 0
    negative = positive - correction
    share = factor * code[:, None]
    constant = np.where(below, negative, positive)
    low = np.where(k > clamp[0], (k << shift) - share - constant, -_NO_BOUND)
    high = np.where(k < clamp[1], ((k + 1) << shift) - 1 - share - constant, _NO_BOUND)
    if correction:
        low = np.maximum(low, np.where(below, -_NO_BOUND, -share))
        high = np.minimum(high, np.where(below, -share - 1, _NO_BOUND))
    least, most = low.max(axis=0), high.min(axis=0)
    if np.any(least > most):
        return None
    words = np.where(least > -_NO_BOUND, least, np.minimum(most, 0))
    return Tabled(False, shift, factor, words, positive, negative)
