# SPDX-License-Identifier: Apache-2.0
"""From accumulator to output scale: the three ways to multiply an integer by a real factor and round, and its
sign alone.

Every function takes integers of shape (..., channels) and gives int64 of the same shape; factors have shape
(channels,) or (1,). All right shifts are arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.formats import IntArray
from kerilog.qgraph import DoubleMultiplier, Multiplier, Rescale, Threshold

Integers = npt.NDArray[np.signedinteger[Any]]

LONGEST = 62  # largest shift that int64 takes together with its rounding constant
_LIMB = 26  # a binary64 significand of 53 bits is a limb of 27 bits over one of 26
BELOW_HALF = float(np.nextafter(0.5, 0))


def rescale(factor: Rescale, x: Integers) -> IntArray:
    """``x`` times ``factor``, rounded as ``factor`` says; |x| < 2**31, or < 2**61 for a ``Shift``."""
    if isinstance(factor, Multiplier):
        function = double_rounding if factor.rounding == "double" else single_rounding
        return function(x, factor.multiplier, factor.shift)
    if isinstance(factor, DoubleMultiplier):
        return binary64(x, factor.significand, factor.exponent)
    if isinstance(factor, Threshold):
        return (x.astype(np.int64) * factor.direction) >> 63
    return shift_right(x, factor.shift)


def double_rounding(x: Integers, multiplier: IntArray, shift: IntArray) -> IntArray:
    """gemmlowp's fixed-point multiply: a rounding doubling high half, then a rounding right shift.

    The first step is round(a * multiplier / 2**31) with ties up, because gemmlowp nudges by 2**30 above zero
    and by 1 - 2**30 below and then truncates; the second divides by a power of two with ties away from zero.
    """
    product = (
        x * multiplier if np.all(shift <= 0) else (x.astype(np.int64) << np.maximum(shift, 0)) * multiplier
    )
    product += 1 << 30
    product >>= 31
    return product if np.all(shift >= 0) else shift_right(product, np.maximum(-shift, 0))


def single_rounding(x: Integers, multiplier: IntArray, shift: IntArray) -> IntArray:
    """``(x * multiplier + 2**(30 - shift)) >> (31 - shift)``: one rounding, ties up."""
    distance = np.minimum(31 - shift, LONGEST)
    product = x * multiplier
    product += half(distance)
    product >>= distance
    return product


def shift_right(x: Integers, shift: IntArray) -> IntArray:
    """``x / 2**shift`` to the nearest integer, ties away from zero; exact where ``shift`` is negative."""
    value = x.astype(np.int64)
    if np.any(shift < 0):
        value <<= np.maximum(-shift, 0)
    distance = np.clip(shift, 0, LONGEST)
    # floor((x + half) / 2**n) sends ties up; one less below zero sends them away from zero, but only if n >
    # 0.
    value += np.where(distance > 0, value >> 63, 0)
    value += half(distance)
    value >>= distance
    return value


def binary64(x: Integers, significand: IntArray, exponent: IntArray) -> IntArray:
    """round_half_away(x * m) with m = significand * 2**exponent and the product rounded to IEEE binary64.

    Runs on the machine's own binary64 multiplier; ``binary64_exact`` is the same in integers, and the
    definition. Adding the number just below 0.5 and truncating rounds half away: 0.5 itself would lift the
    number just below 0.5 to 1, while every k + 0.5 still reaches k + 1 because that sum rounds to even.
    """
    product = x * np.ldexp(significand.astype(np.float64), exponent)
    product += np.copysign(BELOW_HALF, product)
    return product.astype(np.int64)


def binary64_exact(x: Integers, significand: IntArray, exponent: IntArray) -> IntArray:
    """``binary64`` in integers alone, for |x| <= 2**31 and results below 2**31.

    |x| * significand has up to 85 bits: it is kept as ``high * 2**26 + low``, cut to 53 bits with ties to
    even as IEEE 754-2019 4.3.1 does, and rounded once more, to an integer, ties away from zero.
    """
    magnitude = np.abs(x.astype(np.int64))
    mask = (1 << _LIMB) - 1
    lower = magnitude * (significand & mask)
    high = magnitude * (significand >> _LIMB) + (lower >> _LIMB)
    low = lower & mask
    dropped = np.maximum(_bit_length(high) + _LIMB - 53, 0)
    kept, rest = _split(high, low, dropped)
    middle = half(dropped)
    kept += (rest > middle) | ((rest == middle) & (dropped > 0) & (kept & 1 == 1))
    result = shift_right(kept, -(dropped + exponent))
    return np.where(x < 0, -result, result)


def _split(high: IntArray, low: IntArray, dropped: IntArray) -> tuple[IntArray, IntArray]:
    """Quotient and remainder of ``high * 2**26 + low`` by ``2**dropped``."""
    over = np.maximum(dropped - _LIMB, 0)
    under = np.minimum(dropped, _LIMB)
    quotient = np.where(dropped > _LIMB, high >> over, (high << (_LIMB - under)) + (low >> under))
    wide = ((high & ((1 << over) - 1)) << _LIMB) + low
    return quotient, np.where(dropped > _LIMB, wide, low & ((1 << under) - 1))


def half(distance: IntArray) -> IntArray:
    """``2**(distance - 1)``, and 0 for a distance of 0."""
    return np.left_shift(1, distance) >> 1


def _bit_length(x: IntArray) -> IntArray:
    """Bits that each x >= 0 needs; 0 for 0."""
    rest, length = x.copy(), np.zeros_like(x)
    for step in (32, 16, 8, 4, 2, 1):
        wide = rest >> step > 0
        length += np.where(wide, step, 0)
        rest = np.where(wide, rest >> step, rest)
    return length + (rest > 0)
