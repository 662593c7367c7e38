# SPDX-License-Identifier: Apache-2.0
"""Exact bounds on accumulators: the smallest and the largest sum that any input of the format can reach."""

from __future__ import annotations

import dataclasses

import numpy as np

from kerilog.formats import IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class Interval:
    """Closed interval per output channel; ``low`` and ``high`` have shape (channels,)."""

    low: IntArray
    high: IntArray

    def __add__(self, offset: IntArray) -> Interval:
        return Interval(self.low + offset, self.high + offset)

    @property
    def bits(self) -> int:
        """Two's complement bits that hold every channel's interval, and zero."""
        return signed_bits(int(self.low.min()), int(self.high.max()))


def signed_bits(low: int, high: int) -> int:
    """Two's complement bits that hold every integer of [low, high], and zero; at least 2."""
    return max(2, (~low if low < 0 else low).bit_length() + 1, (~high if high < 0 else high).bit_length() + 1)


def dot_interval(weights: IntArray, low: int, high: int) -> Interval:
    """Bounds of ``sum weights[i, u] * x[i]`` over all x in [low, high]; ``weights`` has shape (inputs,
    units).

    Each bound is reached: by x = high where the weight is positive and low where it is negative, or the
    reverse. With low <= 0 <= high no partial sum leaves the interval either, in whatever order it is formed.
    """
    positive = np.maximum(weights, 0).sum(axis=0)
    negative = weights.sum(axis=0) - positive
    return Interval(positive * low + negative * high, positive * high + negative * low)
