# SPDX-License-Identifier: Apache-2.0
"""What a number format does to values: what saturates, what vanishes, what is rounded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kerilog.formats import Binary, Fixed, Format, Sign, round_half_away

Floats = npt.NDArray[np.floating]

_PART = 1 << 15  # numbers that are worked on at once


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
    exact, found = np.asarray(original).reshape(-1), np.asarray(approximation).reshape(-1)
    squares = _Squares(exact.size)
    for part in _parts(exact.size):
        real = exact[part].astype(np.float64)
        squares.put(part, real, found[part] - real)
    return squares.error()


def convert(values: npt.ArrayLike, format: Format) -> Conversion:
    """What ``format`` does to ``values``, whose last axis is the channels of a per-channel format."""
    real = np.asarray(values)
    rows = real.reshape(-1, *format.scales.shape)
    squares = _Squares(real.size)
    overflow = underflow = inexact = 0
    for part in _parts(len(rows), max(format.scales.size, 1)):
        exact = rows[part].astype(np.float64)
        steps = round_half_away(exact / format.scales)
        if isinstance(format, Binary | Sign):  # they have no 0
            steps[steps == 0] = format.steps(format.quantize(exact))[steps == 0]
        codes = np.clip(steps, *format.steps([format.minimum, format.maximum]))
        fits = codes == steps
        codes *= format.scales
        lost = fits & (codes == 0) & (exact != 0)
        overflow += fits.size - int(np.count_nonzero(fits))
        underflow += int(np.count_nonzero(lost))
        inexact += int(np.count_nonzero(fits & (codes != exact) & ~lost))
        codes -= exact
        squares.put(slice(part.start * format.scales.size, part.stop * format.scales.size), exact, codes)
    return Conversion(overflow, underflow, inexact, squares.error())


def _parts(count: int, each: int = 1) -> Iterator[slice]:
    """Which of ``count`` rows of ``each`` numbers to work on at once, so that they stay in the cache."""
    step = max(1, _PART // each)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


class _Squares:
    """The squares of ``count`` values and of their errors; summed when all are there, for less rounding."""

    def __init__(self, count: int) -> None:
        self.values, self.errors = np.empty(count), np.empty(count)

    def put(self, part: slice, values: Floats, errors: Floats) -> None:
        """Those of some values, flat and in their order."""
        np.multiply(values, values, out=self.values[part].reshape(values.shape))
        np.multiply(errors, errors, out=self.errors[part].reshape(errors.shape))

    def error(self) -> Error:
        return Error(self.values.size, float(np.sum(self.values)), float(np.sum(self.errors)))


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
