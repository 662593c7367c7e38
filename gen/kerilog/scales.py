# SPDX-License-Identifier: Apache-2.0
"""From TFLite's real scales to the integer factors of a ``QGraph``, in the arithmetic of TFLite's kernels.

"reference" is that of the reference kernels; "single" rounds once where those round twice, with the scales of
XNNPACK's kernels. Scales are float32; a product of float32 scales is taken in binary64 or binary32 as the
kernel does.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from kerilog.formats import IntArray
from kerilog.qgraph import DoubleMultiplier, Multiplier, Rescale, Shift

Rounding = Literal["reference", "single"]
ROUNDINGS: tuple[Rounding, ...] = ("reference", "single")
Scales = npt.NDArray[np.float32]

_HEADROOM = 20  # left shift of the operands of ADD and SUB in the reference kernels
_EXACT = 31  # the shift with which a Multiplier is a plain integer factor


def multiplier(factors: npt.ArrayLike, rounding: Literal["double", "single"]) -> Multiplier:
    """TFLite's ``QuantizeMultiplier``: 31 bits of each real factor and a power of two."""
    pairs = [_normalised(float(factor)) for factor in np.atleast_1d(np.asarray(factors, np.float64))]
    return Multiplier(np.array([m for m, _ in pairs]), np.array([s for _, s in pairs]), rounding)


def _normalised(factor: float) -> tuple[int, int]:
    """M and s with ``factor`` near M * 2**(s - 31), 2**30 <= M < 2**31; (0, 0) below 2**-32."""
    fraction, shift = math.frexp(factor)
    mantissa = math.floor(math.ldexp(fraction, 31) + 0.5)
    if mantissa == 1 << 31:
        mantissa, shift = mantissa >> 1, shift + 1
    return (mantissa, shift) if shift >= -31 else (0, 0)


def double_multiplier(factors: npt.NDArray[np.float64]) -> DoubleMultiplier:
    """The binary64 numbers ``factors`` (channels,) as integers."""
    fraction, exponent = np.frexp(factors)
    return DoubleMultiplier(np.ldexp(fraction, 53).astype(np.int64), exponent.astype(np.int64) - 53)


def matrix_factor(
    source: np.float32, weights: Scales, target: np.float32, kind: str, rounding: Rounding
) -> Rescale:
    """Accumulator to output of a convolution or a FULLY_CONNECTED."""
    if rounding == "single":
        return multiplier(source * weights / target, "single")
    exact = np.float64(source) * weights.astype(np.float64) / np.float64(target)
    return double_multiplier(exact) if kind == "FULLY_CONNECTED" else multiplier(exact, "double")


def product_factor(left: np.float32, right: np.float32, target: np.float32, rounding: Rounding) -> Multiplier:
    """Product of two operands to output, for MUL."""
    return multiplier(left * right / target, "double" if rounding == "reference" else "single")


def relu_factor(source: np.float32, target: np.float32) -> Multiplier:
    """A RELU or RELU6 of its own, which has one kernel only."""
    return multiplier(source / target, "double")


def requantize_factor(source: np.float32, target: np.float32, rounding: Rounding) -> Multiplier:
    """QUANTIZE of int8 to int8: XNNPACK keeps 8 fractional bits of the factor."""
    if rounding == "reference":
        return multiplier(np.float64(source) / np.float64(target), "double")
    return Multiplier(np.array([round(float(256 * (source / target)))]), np.array([_EXACT - 8]), "single")


def mean_factor(source: np.float32, target: np.float32, cells: int, rounding: Rounding) -> Multiplier:
    """Sum over ``cells`` cells to output, for MEAN: the reference kernel divides the multiplier."""
    if rounding == "single":
        return multiplier(source / target * (np.float32(1) / np.float32(cells)), "single")
    mantissa, shift = _normalised(float(np.float64(source) / np.float64(target)))
    up = min(cells.bit_length() - 1, 32, 31 + shift)
    return Multiplier(np.array([(mantissa << up) // cells]), np.array([shift - up]), "double")


def sum_factors(
    left: np.float32, right: np.float32, target: np.float32, rounding: Rounding
) -> tuple[Multiplier, Multiplier, Multiplier, int]:
    """The factors of both operands and of their sum, and the headroom, for ADD and SUB."""
    if rounding == "single":
        return _short_sum_factors(left / target, right / target)
    twice = 2 * max(float(left), float(right))
    output = twice / ((1 << _HEADROOM) * float(target))
    return (
        multiplier(float(left) / twice, "double"),
        multiplier(float(right) / twice, "double"),
        multiplier(output, "double"),
        _HEADROOM,
    )


def _short_sum_factors(left: np.float32, right: np.float32) -> tuple[Multiplier, Multiplier, Multiplier, int]:
    """XNNPACK's sum: integer factors of at most 21 bits on the operands, then one rounding shift."""
    shift = 20 - (math.frexp(max(float(left), float(right)))[1] - 1)
    left_factor, right_factor = (_integer(round(math.ldexp(float(s), shift)), 0) for s in (left, right))
    return left_factor, right_factor, _integer(1, shift), 0


def _integer(factor: int, right_shift: int) -> Multiplier:
    """``factor / 2**right_shift``, rounded once."""
    return Multiplier(np.array([factor]), np.array([_EXACT - right_shift]), "single")


def largest_factor(factor: Rescale) -> float:
    """The largest real factor of ``factor``, to see whether its results fit."""
    if isinstance(factor, Multiplier):
        return float(np.max(np.ldexp(factor.multiplier.astype(np.float64), factor.shift - _EXACT)))
    if isinstance(factor, DoubleMultiplier):
        return float(np.max(np.ldexp(factor.significand.astype(np.float64), factor.exponent)))
    assert isinstance(factor, Shift)
    return float(np.max(np.exp2(-factor.shift.astype(np.float64))))


def sigmoid_table(scale: np.float32, zero: int) -> IntArray:
    """LOGISTIC of every int8 code: output codes of scale 1/256 and zero point -128."""
    real = np.float64(scale) * (np.arange(-128, 128) - zero)
    return np.minimum(np.floor(256 / (1 + np.exp(-real)) + 0.5).astype(np.int64) - 128, 127)
