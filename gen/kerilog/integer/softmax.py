# SPDX-License-Identifier: Apache-2.0
"""Softmax over the last axis: TFLite's reference kernel (integers) and its optimised one (binary32).

Fixed-point arithmetic after gemmlowp's ``fixedpoint.h``: a Qm.n number is an int32 with m integer bits.
"""

from __future__ import annotations

import numpy as np

from kerilog.formats import Format, IntArray
from kerilog.integer.ops import Codes, Unary, storage
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


def exponential_table(multiplier: int, shift: int, codes: int) -> IntArray:
    """Table of ``QSoftmax``: exp(-d * multiplier * 2**(shift - 31) * 2**-26) in Q0.31 for d in 0..codes - 1.

    The product is TFLite's distance in Q5.26. Distances that would not fit, |d| above 31 * 2**26 / 2**shift,
    are left out of the sum and get 0 (TFLite's ``CalculateInputRadius``).
    """
    distance = np.arange(codes, dtype=np.int64)
    radius = (31 << 26) >> shift if shift >= 0 else _LARGEST
    scaled = -high_product(np.minimum(distance, radius) << max(shift, 0), np.array(multiplier))
    return np.where(distance > radius, 0, exponential(scaled))


def exponential(x: IntArray) -> IntArray:
    """exp(x) in Q0.31 for x <= 0 in Q5.26 (gemmlowp's ``exp_on_negative_values``)."""
    quarter = 1 << 24
    rest = (x & (quarter - 1)) - quarter
    result = _exponential_of_quarter(rest << 5)
    remainder = rest - x
    for power, factor in zip(range(24, 31), _exponentials_of_powers(), strict=True):
        result = np.where(remainder & (1 << power), high_product(result, np.array(factor)), result)
    return np.where(x == 0, _LARGEST, result)


def _exponentials_of_powers() -> tuple[int, ...]:
    """exp(-2**k) in Q0.31 for k = -2..4."""
    return tuple(round(float(np.exp(-np.exp2(k))) * (1 << 31)) for k in range(-2, 5))


def _exponential_of_quarter(a: IntArray) -> IntArray:
    """exp(a) in Q0.31 for a in [-1/4, 0), Q0.31: the Taylor series of degree 4 around -1/8."""
    centre = np.array(round(float(np.exp(-0.125)) * (1 << 31)))
    x = a + (1 << 28)
    x2 = high_product(x, x)
    x3, x4 = high_product(x2, x), high_product(x2, x2)
    third = np.array(round((1 << 31) / 3))
    tail = shift_right(high_product(shift_right(x4, np.array(2)) + x3, third) + x2, np.array(1))
    return np.minimum(centre + high_product(centre, x + tail), _LARGEST)


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
