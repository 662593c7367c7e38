# SPDX-License-Identifier: Apache-2.0
"""The tables of exponentials of TFLite's two softmax kernels.

Fixed-point arithmetic after gemmlowp's ``fixedpoint.h``: Qm.n is an integer with m integer and n fractional
bits.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from kerilog.formats import IntArray

_ONE = (1 << 31) - 1  # Q0.31
_FRACTION = 26  # fractional bits of the distances, Q5.26
_CODES = 256


def fixed_exponentials(scale: np.float32, beta: float) -> IntArray:
    """exp(-d * scale * beta) in Q0.31 for d in 0..255, for a ``QSoftmax``.

    Distances of 31 and more do not fit Q5.26 and count as minus infinity (TFLite's ``CalculateInputRadius``).
    """
    factor = min(beta * float(scale) * (1 << _FRACTION), float(_ONE))
    fraction, shift = math.frexp(factor)
    mantissa = math.floor(math.ldexp(fraction, 31) + 0.5)
    if mantissa == 1 << 31:
        mantissa, shift = mantissa >> 1, shift + 1
    radius = math.floor(math.ldexp(31 << _FRACTION, -shift))
    entries = [_exponential(-_product(d << shift, mantissa)) if d <= radius else 0 for d in range(_CODES)]
    return np.array(entries, np.int64)


def float_exponentials(scale: np.float32, beta: float) -> npt.NDArray[np.float32]:
    """exp(-d * scale * beta) in binary32 for d in 0..255, for a ``QFloatSoftmax``."""
    step = -scale * np.float32(beta)
    distances = step * np.arange(_CODES, dtype=np.float32)
    return np.exp(distances.astype(np.float64)).astype(np.float32)


def _exponential(x: int) -> int:
    """exp(x) in Q0.31 for x <= 0 in Q5.26: a series for the rest of 1/4, times exp(-2**k) a bit above."""
    if x == 0:
        return _ONE
    quarter = 1 << (_FRACTION - 2)
    rest = (x & (quarter - 1)) - quarter
    result = _exponential_of_quarter(rest << 5)
    for power in range(-2, 5):
        if (rest - x) >> (_FRACTION + power) & 1:
            result = _product(result, _q31(math.exp(-(2.0**power))))
    return result


def _exponential_of_quarter(a: int) -> int:
    """exp(a) in Q0.31 for a in [-1/4, 0), Q0.31: Taylor's series of degree 4 around -1/8."""
    centre = _q31(math.exp(-0.125))
    x = a + (1 << 28)
    x2 = _product(x, x)
    x3, x4 = _product(x2, x), _product(x2, x2)
    tail = _shift_right(_product(_shift_right(x4, 2) + x3, _q31(1 / 3)) + x2, 1)
    return min(centre + _product(centre, x + tail), _ONE)


def _q31(real: float) -> int:
    return round(math.ldexp(real, 31))


def _product(a: int, b: int) -> int:
    """round(a * b / 2**31), ties up: gemmlowp's doubling high half."""
    return (a * b + (1 << 30)) >> 31


def _shift_right(x: int, distance: int) -> int:
    """x / 2**distance, ties away from zero."""
    return (x + (1 << (distance - 1)) - (x < 0)) >> distance
