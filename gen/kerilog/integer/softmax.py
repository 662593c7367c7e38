# SPDX-License-Identifier: Apache-2.0
"""Softmax over the last axis: TFLite's reference kernel (integers) and its optimised one (binary32).

Fixed-point arithmetic after gemmlowp's ``fixedpoint.h``: a Qm.n number is an int32 with m integer bits.
"""

from __future__ import annotations

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.integer.finish import Codes, Unary, storage
from kerilog.integer.rescale import shift_right
from kerilog.qgraph import QFloatSoftmax, QSoftmax

_SUM_BITS = 12  # integer bits of the sum of exponentials
_LARGEST = (1 << 31) - 1
_48_OVER_17 = 1515870810  # Q2.29: the best linear start for Newton's division on [1/2, 1] is 48/17 - 32/17 d
_MINUS_32_OVER_17 = -1010580540  # Q2.29


def softmax(op: QSoftmax, target: Format) -> Unary:
    """gemmlowp's fixed-point softmax."""
    exponentials = op.table.astype(np.int64)
    addends = shift_right(exponentials, np.array(_SUM_BITS))

    def apply(x: Codes) -> Codes:
        distance = _distance(x)
        total = addends[distance].sum(axis=-1, keepdims=True)
        inverse, bits_over_unit = reciprocal(total)
        products = high_product(inverse, exponentials[distance])
        codes = shift_right(products, bits_over_unit + 31 - target.bits) + target.minimum
        return np.clip(codes, target.minimum, target.maximum).astype(storage(target))

    return apply


def float_softmax(op: QFloatSoftmax, target: Format) -> Unary:
    """The kernel with a table of binary32 exponentials, which are summed from the first class to the last."""

    def apply(x: Codes) -> Codes:
        exponentials = op.table[_distance(x)]
        total = np.cumsum(exponentials, axis=-1, dtype=np.float32)[..., -1:]
        inverse = np.float32(1) / (total * np.float32(op.scale))
        codes = (exponentials * inverse + np.float32(0.5)).astype(np.int64) + target.zero_point
        return np.clip(codes, target.minimum, target.maximum).astype(storage(target))

    return apply


def reciprocal(x: IntArray) -> tuple[IntArray, IntArray]:
    """1 / x for x > 0 in Q12.19: a mantissa in Q0.31, and the bits by which x exceeds 1.

    x is brought to [1, 2) and three steps of Newton's division follow (gemmlowp's ``GetReciprocal``).
    """
    headroom = 31 - np.floor(np.log2(x)).astype(np.int64)
    fraction = (x << headroom) - (1 << 31)
    half_denominator = (fraction + _LARGEST + 1) >> 1
    estimate = _48_OVER_17 + high_product(half_denominator, np.array(_MINUS_32_OVER_17))
    for _ in range(3):
        error = (1 << 29) - high_product(half_denominator, estimate)
        estimate += _saturate(high_product(estimate, error) << 2)
    return _saturate(estimate << 1), _SUM_BITS - headroom


def high_product(a: IntArray, b: IntArray) -> IntArray:
    """Fixed-point product: round(a * b / 2**31), ties up (gemmlowp's doubling high half)."""
    return (a * b + (1 << 30)) >> 31


def _saturate(x: IntArray) -> IntArray:
    return np.minimum(np.maximum(x, -_LARGEST - 1), _LARGEST)


def _distance(x: Codes) -> IntArray:
    """How far each code lies below the largest of its row."""
    wide = x.astype(np.int64)
    distance: IntArray = wide.max(axis=-1, keepdims=True) - wide
    return distance
