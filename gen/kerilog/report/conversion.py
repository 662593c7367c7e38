# SPDX-License-Identifier: Apache-2.0
"""What a number format does to values: what saturates, what vanishes, what is rounded."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from kerilog.formats import Fixed, Format, round_half_away


@dataclasses.dataclass(frozen=True)
class Error:
    """An approximation against its original.

    ``count`` values, the sum of the squares of the originals (``signal``) and of the differences (``noise``).
    """

    count: int = 0
    signal: float = 0.0
    noise: float = 0.0

    def __add__(self, other: Error) -> Error:
        return Error(self.count + other.count, self.signal + other.signal, self.noise + other.noise)

    @property
    def mse(self) -> float:
        """Mean squared error."""
        return self.noise / self.count if self.count else 0.0

    @property
    def snr(self) -> float | None:
        """Signal to noise in dB; infinite without noise, None without a signal."""
        if self.noise == 0:
            return float("inf")
        return float(10 * np.log10(self.signal / self.noise)) if self.signal > 0 else None


@dataclasses.dataclass(frozen=True)
class Conversion:
    """Counts of the values that one format changes; a value is in one count at most.

    ``overflow``: outside the range, saturated. ``underflow``: not zero, becomes zero. ``inexact``: rounded.
    """

    overflow: int = 0
    underflow: int = 0
    inexact: int = 0
    error: Error = Error()

    def __add__(self, other: Conversion) -> Conversion:
        return Conversion(
            self.overflow + other.overflow,
            self.underflow + other.underflow,
            self.inexact + other.inexact,
            self.error + other.error,
        )


def compare(original: npt.ArrayLike, approximation: npt.ArrayLike) -> Error:
    """The error of ``approximation`` against ``original``, arrays of one shape."""
    exact = np.asarray(original, np.float64)
    difference = np.asarray(approximation, np.float64) - exact
    return Error(exact.size, float(np.sum(exact * exact)), float(np.sum(difference * difference)))


def convert(values: npt.ArrayLike, format: Format) -> Conversion:
    """What ``format`` does to ``values``, whose last axis is the channels of a per-channel format."""
    real = np.asarray(values, np.float64)
    steps = round_half_away(real / format.scales) + format.zero_point
    overflow = (steps < format.minimum) | (steps > format.maximum)
    converted = format.dequantize(format.quantize(real))
    underflow = (converted == 0) & (real != 0) & ~overflow
    inexact = (converted != real) & ~overflow & ~underflow
    counts = [int(np.count_nonzero(part)) for part in (overflow, underflow, inexact)]
    return Conversion(counts[0], counts[1], counts[2], compare(real, converted))


def covered_powers(format: Format) -> tuple[int, int]:
    """(lowest, highest) k of the bits 2**k that ``format`` has beside its sign; of all channels together.

    For an affine format the powers of two of its step and of its largest magnitude.
    """
    if isinstance(format, Fixed):
        points = np.atleast_1d(np.asarray(format.frac))
        return -int(points.max()), format.bits - 2 - int(points.min())
    scales = np.atleast_1d(format.scales)
    steps = max(format.maximum - format.zero_point, format.zero_point - format.minimum)
    return int(np.floor(np.log2(scales.min()))), int(np.floor(np.log2(scales.max() * steps)))
