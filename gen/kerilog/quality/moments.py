# SPDX-License-Identifier: Apache-2.0
"""How far one tensor is from another, gathered batch by batch: RMSE, SNR and correlation."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

_PART = 1 << 16  # numbers that are worked on at once


@dataclasses.dataclass(frozen=True)
class Moments:
    """An approximation y beside its original x, over ``count`` pairs of values so far.

    ``signal`` is the sum of x**2, ``noise`` that of (x - y)**2. ``xx``, ``yy`` and ``xy`` are sums of
    products of what remains when the means are taken off: a large mean costs the correlation no digits.
    """

    count: int = 0
    signal: float = 0.0
    noise: float = 0.0
    mean_x: float = 0.0
    mean_y: float = 0.0
    xx: float = 0.0
    yy: float = 0.0
    xy: float = 0.0

    def __add__(self, other: Moments) -> Moments:
        """Both, over the pairs of both (Chan, Golub and LeVeque's update)."""
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        share = other.count / count
        dx, dy = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        weight = self.count * share
        return Moments(
            count,
            self.signal + other.signal,
            self.noise + other.noise,
            self.mean_x + dx * share,
            self.mean_y + dy * share,
            self.xx + other.xx + dx * dx * weight,
            self.yy + other.yy + dy * dy * weight,
            self.xy + other.xy + dx * dy * weight,
        )

    @property
    def rmse(self) -> float:
        """Root of the mean squared difference, in the unit of the tensors; 0 for no pairs."""
        return math.sqrt(self.noise / self.count) if self.count else 0.0

    @property
    def snr_db(self) -> float | None:
        """Power of the original over that of the difference, in dB; infinite without one, None for x = 0."""
        if self.noise == 0:
            return math.inf
        return 10 * math.log10(self.signal / self.noise) if self.signal > 0 else None

    @property
    def correlation(self) -> float | None:
        """Pearson's correlation, -1..1; None where x or y is the same everywhere."""
        # Sums of what is left over by rounding are no spread.
        least = 1e-24 * self.count
        if self.xx <= least * self.mean_x**2 or self.yy <= least * self.mean_y**2:
            return None
        return min(max(self.xy / math.sqrt(self.xx) / math.sqrt(self.yy), -1.0), 1.0)


def moments(original: npt.ArrayLike, approximation: npt.ArrayLike) -> Moments:
    """Of two arrays of as many elements; they are compared in float64, a part at a time."""
    x, y = np.asarray(original).reshape(-1), np.asarray(approximation).reshape(-1)
    if x.size != y.size:
        raise ValueError(f"expected tensors of as many elements, got {x.size} and {y.size}")
    found = Moments()
    for start in range(0, x.size, _PART):
        part = slice(start, start + _PART)
        found += _moments(x[part].astype(np.float64), y[part].astype(np.float64))
    return found


def _moments(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Moments:
    mean_x, mean_y = float(x.mean()), float(y.mean())
    difference = x - y
    signal, noise = float(x @ x), float(difference @ difference)
    x -= mean_x
    y -= mean_y
    return Moments(x.size, signal, noise, mean_x, mean_y, float(x @ x), float(y @ y), float(x @ y))
