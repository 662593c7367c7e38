# SPDX-License-Identifier: Apache-2.0
"""Scales of binary and ternary weights for a network that was trained with others."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from kerilog.formats import Binary, FewLevels, Format, Ternary
from kerilog.quantize.matrix import Weights
from kerilog.quantize.ranges import FINEST, squared_error
from kerilog.quantize.settings import LayerSettings

Floats = npt.NDArray[np.float64]

SCALE_BITS = 8  # of a scale, which has no sign
_COARSEST = -8  # binary point that is tried
_LARGEST_BIAS = 1 << 24  # in steps of the sums


def few_levels(
    kernel: Weights,
    bias: npt.NDArray[np.floating],
    source: Format,
    bits: Literal["ternary"] | int,
    chosen: LayerSettings,
) -> FewLevels:
    """The format of ``kernel`` (..., channels) in 1 bit or "ternary", as ``chosen`` has its scale.

    ``bias`` (channels,) must fit in steps of ``source`` times the scale.
    """
    kind = Binary if bits == 1 else Ternary
    if chosen.weight_scale == "channel":
        flat = np.abs(kernel.reshape(-1, kernel.shape[-1]))
        magnitudes = flat.mean(axis=0) if kind is Binary else _ternary_scales(flat)
        needed = np.abs(bias) / (float(source.scales) * _LARGEST_BIAS)
        return kind(scale=tuple(_rounded(np.maximum(magnitudes, needed)).tolist()))
    if chosen.weight_frac is not None:
        return kind(scale=2.0**-chosen.weight_frac)
    candidates = [kind(scale=2.0**-frac) for frac in range(_COARSEST, FINEST + 1)]
    flat = kernel.reshape(-1)
    return min(candidates, key=lambda format: squared_error(flat, format))


def _ternary_scales(magnitudes: Floats) -> Floats:
    """For each channel of ``magnitudes`` (weights, channels) the scale of least squared error.

    It is the mean of the k largest; with others dropped it takes away their squared sum / k of the error.
    """
    sums = np.cumsum(np.sort(magnitudes, axis=0)[::-1], axis=0)
    count = np.arange(1, len(sums) + 1)[:, np.newaxis]
    best = np.argmax(sums**2 / count, axis=0)
    scales: Floats = (sums / count)[best, np.arange(sums.shape[1])]
    return scales


def scale_frac(scales: Floats) -> int:
    """The binary point with which the largest of ``scales`` just fits into its bits."""
    largest = float(scales.max(initial=0.0)) or 1.0
    return SCALE_BITS - int(np.floor(np.log2(largest * (1 + 2.0 ** -(SCALE_BITS + 1))))) - 1


def _rounded(scales: Floats) -> Floats:
    """Integers of SCALE_BITS bits, at least 1, times one power of two."""
    step = 2.0 ** -scale_frac(scales)
    steps: Floats = np.clip(np.rint(scales / step), 1, (1 << SCALE_BITS) - 1)
    return steps * step
