# SPDX-License-Identifier: Apache-2.0
"""The table of a function of one code: the output code for each input code, smallest first.

Of int8 codes as TFLite's kernels compute them. Most of those fill a table in binary32 themselves; LEAKY_RELU
and HARD_SWISH have integer arithmetic of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog import functions
from kerilog.formats import Affine, Format, IntArray, round_half_away
from kerilog.graph import Shape
from kerilog.qgraph import Multiplier
from kerilog.scales import Rounding, multiplier, sigmoid_table

Step = tuple[str, tuple[float, ...]]
"""A function and its parameters."""

PRESCRIBED = {"sigmoid": Affine(8, 1 / 256, -128), "tanh": Affine(8, 1 / 128, 0)}
"""The output formats that TFLite's specification gives to LOGISTIC and TANH."""

_HALF = 1 << 15  # a 16-bit number q of HARD_SWISH stands for q / 2**15
_XNNPACK_BITS = 8  # fractional bits of the factors of XNNPACK's LEAKY_RELU
_LEAST, _MOST = 1 / 256, 128


def fixed_table(function: str, parameters: Sequence[float], source: Format, target: Format) -> IntArray:
    """The nearest codes of ``target`` for each code of ``source``, in binary64."""
    return target.quantize(functions.apply(function, parameters, source.dequantize(_codes(source))))


def affine_table(
    function: str, parameters: Sequence[float], source: Format, target: Format, rounding: Rounding
) -> IntArray:
    """As TFLite's kernel for ``function``, or as its other tables where it has none: (256,) int8 codes.

    Equal to the reference kernels on every code. Of XNNPACK's, HARD_SWISH may differ by one step.
    """
    if function == "sigmoid" and target == PRESCRIBED["sigmoid"]:
        return sigmoid_table(_scale(source), source.zero_point)
    if function == "leaky_relu":
        return _leaky_relu(source, target, *parameters, rounding=rounding)
    if function == "hard_silu" and rounding == "reference" and has_hard_swish(source, target):
        return _hard_swish(source, target)
    return _float_table(function, parameters, source, target)


def repeating(values: npt.NDArray[Any], shape: Shape) -> npt.NDArray[Any]:
    """``values``, broadcast to ``shape`` and row by row, up to where they begin anew: (period,).

    Raises ValueError if they do not broadcast.
    """
    wide = np.broadcast_to(values, shape)
    found = (wide.reshape(-1, math.prod(shape[axis:])) for axis in range(len(shape), 0, -1))
    return next((rows[0] for rows in found if np.all(rows == rows[0])), wide.reshape(-1))


def slope_tables(slopes: npt.NDArray[np.floating[Any]], source: Format, target: Format) -> IntArray:
    """The nearest codes of a PReLU with each of ``slopes`` (period,), in binary64: (period, codes)."""
    real = source.dequantize(_codes(source))
    wide = np.asarray(slopes, np.float64).reshape(-1, 1)
    return target.quantize(np.where(real < 0, wide * real, real))


def prelu_tables(slopes: IntArray, slope_scale: np.float32, source: Format, target: Format) -> IntArray:
    """As TFLite's PRELU with the codes ``slopes`` (period,), less their zero point: (period, 256)."""
    x = _codes(source) - source.zero_point
    below = _rescaled(np.minimum(x, 0) * slopes.reshape(-1, 1), _scale(source) * slope_scale / _scale(target))
    made = np.where(x < 0, below, _rescaled(x, _scale(source) / _scale(target))) + target.zero_point
    codes: IntArray = np.clip(made, target.minimum, target.maximum)
    return codes


def float_island_table(steps: Sequence[Step], source: Format, target: Format, rounding: Rounding) -> IntArray:
    """The codes behind DEQUANTIZE, float functions and QUANTIZE, (256,)."""
    real = _scale(source) * (_codes(source) - source.zero_point).astype(np.float32)
    for function, parameters in steps:
        real = functions.apply(function, parameters, real.astype(np.float64)).astype(np.float32)
    if rounding == "reference":
        rounded = round_half_away(real / _scale(target))
    else:
        rounded = np.rint(real * (np.float32(1) / _scale(target)))
    codes = rounded.astype(np.float64) + target.zero_point
    return np.clip(codes, target.minimum, target.maximum).astype(np.int64)


def has_hard_swish(source: Format, target: Format) -> bool:
    """Whether the reference kernel of HARD_SWISH supports these formats: its factor must not exceed 1."""
    return int(_hard_swish_factor(source, target).shift[0]) <= 0


def _codes(source: Format) -> IntArray:
    return np.arange(source.minimum, source.maximum + 1)


def _scale(format: Format) -> np.float32:
    return np.float32(format.scales)


def _float_table(function: str, parameters: Sequence[float], source: Format, target: Format) -> IntArray:
    """``LUTPopulate``: every step in binary32."""
    real = _scale(source) * (_codes(source) - source.zero_point).astype(np.float32)
    # The C library's functions are nearly always the nearest binary32 number to the true value.
    values = functions.apply(function, parameters, real.astype(np.float64)).astype(np.float32)
    steps = round_half_away(values * (np.float32(1) / _scale(target))).astype(np.float64)
    return np.clip(steps + target.zero_point, target.minimum, target.maximum).astype(np.int64)


def _leaky_relu(
    source: Format, target: Format, negative_slope: float = 0.2, *, rounding: Rounding
) -> IntArray:
    """A factor for codes below the zero point and one for those above it, all scales in binary32.

    XNNPACK leaves factors that are too small or too large for it to the other kernel.
    """
    x = _codes(source) - source.zero_point
    below, above = (
        _scale(source) * np.float32(negative_slope) / _scale(target),
        _scale(source) / _scale(target),
    )
    if rounding == "single" and all(_LEAST <= factor <= _MOST for factor in (below, above)):
        steps = np.where(x < 0, *(round(float(factor) * (1 << _XNNPACK_BITS)) for factor in (below, above)))
        made = (x * steps + (1 << (_XNNPACK_BITS - 1))) >> _XNNPACK_BITS
    else:
        made = np.where(x < 0, _rescaled(x, below), _rescaled(x, above))
    codes: IntArray = np.clip(made + target.zero_point, target.minimum, target.maximum)
    return codes


def _rescaled(x: IntArray, factor: np.float32) -> IntArray:
    """``MultiplyByQuantizedMultiplier``, in both of its roundings; the products are below 2**30."""
    made = multiplier(factor, "double")
    mantissa, shift = int(made.multiplier[0]), int(made.shift[0])
    high = ((x << max(shift, 0)) * mantissa + (1 << 30)) >> 31
    return _power_of_two_quotient(high, max(-shift, 0))


def _hard_swish_factor(source: Format, target: Format) -> Multiplier:
    return multiplier(np.float32(1 / 128) * _scale(source) / _scale(target), "double")


def _hard_swish(source: Format, target: Format) -> IntArray:
    """The reference kernel: x * relu6(x + 3) / 6 in 16-bit fixed point."""
    wide = (_codes(source) - source.zero_point) * (1 << 7)
    outer = _hard_swish_factor(source, target)
    inner = multiplier(np.float32(1 / 128) * _scale(source) / np.float32(3 / _HALF), "double")
    up = int(inner.shift[0])
    gate = _saturated(wide << max(up - 1, 0))
    gate = _high_product(gate, _short(inner))
    gate = _saturated(gate << 1) if up > 0 else _power_of_two_quotient(gate, -up)
    gate = (gate + _HALF) >> 1
    product = np.trunc(gate * _high_product(wide, _short(outer)) / _HALF).astype(np.int64)
    made = _power_of_two_quotient(product, -int(outer.shift[0])) + target.zero_point
    return np.clip(made, target.minimum, target.maximum)


def _short(factor: Multiplier) -> int:
    """``DownScaleInt32ToInt16Multiplier``."""
    return min((int(factor.multiplier[0]) + _HALF) >> 16, _HALF - 1)


def _saturated(x: IntArray) -> IntArray:
    return np.clip(x, -_HALF, _HALF - 1)


def _high_product(x: IntArray, factor: int) -> IntArray:
    """gemmlowp's ``SaturatingRoundingDoublingHighMul`` of 16 bits."""
    product = x * factor
    nudged = product + np.where(product >= 0, _HALF >> 1, 1 - (_HALF >> 1))
    return np.trunc(nudged / _HALF).astype(np.int64)


def _power_of_two_quotient(x: IntArray, exponent: int) -> IntArray:
    """``x / 2**exponent``, ties away from zero."""
    return round_half_away(np.ldexp(x.astype(np.float64), -exponent)).astype(np.int64)
