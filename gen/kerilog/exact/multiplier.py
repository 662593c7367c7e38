# SPDX-License-Identifier: Apache-2.0
"""The smallest multiplier hardware that equals a reference rescaling on every accumulator that can occur.

The reference (TFLite's multiplier and shift, its binary64 product, ...) is a non-decreasing step function
of the accumulator, so it is known completely by its thresholds: for each output k the least accumulator
that gives k or more. The hardware computes ``(acc * multiplier + offset) >> shift``, which is
non-decreasing too; the two are equal on an interval if and only if they agree on both sides of every
threshold. For a given multiplier each threshold bounds the offset from below and from above, so the offset
is solved for, not searched.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.exact.intervals import Interval
from kerilog.formats import IntArray
from kerilog.integer.ops import mean
from kerilog.integer.rescale import rescale
from kerilog.qgraph import DoubleMultiplier, Multiplier, Rescale

LARGEST_SHIFT = 48  # outputs times 2**shift stay within int64
_EVERYTHING = np.iinfo(np.int64).max


@dataclasses.dataclass(frozen=True, eq=False)
class ExactMultiplier:
    """``t = acc * multiplier + offset``, then ``(t + rounding) >> shift``; arrays of shape (channels,).

    ``rounding`` is 0 or, where ``negative_correction`` is not all zero, ``2**(shift-1)``, plus the correction
    for t >= 0 and minus it for t < 0.
    """

    shift: int
    multiplier: IntArray
    offset: npt.NDArray[np.object_]
    negative_correction: IntArray

    @property
    def corrected(self) -> bool:
        return bool(np.any(self.negative_correction))

    def total(self, acc: IntArray) -> npt.NDArray[np.object_]:
        """``t``, in unbounded integers; ``acc`` has shape (..., channels)."""
        return np.asarray(acc.astype(object) * self.multiplier.astype(object) + self.offset, object)

    def apply(self, acc: IntArray) -> npt.NDArray[np.object_]:
        """What the hardware computes before it clamps, in unbounded integers.

        ``acc`` has shape (..., channels).
        """
        total = self.total(acc)
        if self.corrected:
            correction = self.negative_correction.astype(object)
            total = total + (1 << (self.shift - 1)) + np.where(total >= 0, correction, -correction)
        return np.asarray(total >> self.shift, object)


def exact_multiplier(
    factor: Rescale | Mean, bias: IntArray, reach: Interval, lowest: int, highest: int, layer: str
) -> ExactMultiplier:
    """The form with the smallest shift that equals ``rescale(acc + bias)``, clamped to [lowest, highest].

    Of a ``Mean``, ``mean(acc + bias)``.

    ``reach`` is the interval of the accumulator without its bias, per channel. Raises KerilogError naming
    ``layer`` if no form is exact.
    """
    steps = Steps.of(factor, bias, reach, lowest, highest)
    slope = np.broadcast_to(_slope(factor), bias.shape)
    for shift in range(1, LARGEST_SHIFT + 1):
        form = _solve(steps, slope, shift)
        if form is not None:
            return _proven(form, steps, layer)
    if isinstance(factor, Multiplier) and factor.rounding == "double":
        return _proven(gemmlowp(factor, bias), steps, layer)
    raise KerilogError(f"layer '{layer}': found no integer multiplier that equals its rescaling exactly")


@dataclasses.dataclass(frozen=True, eq=False)
class Mean:
    """Divided by ``cells`` (channels,), to the nearest integer, ties away from zero."""

    cells: IntArray


def _reference(factor: Rescale | Mean, x: IntArray) -> IntArray:
    return mean(x, factor.cells) if isinstance(factor, Mean) else rescale(factor, x)


@dataclasses.dataclass(frozen=True, eq=False)
class Steps:
    """The reference as a step function: output ``k[i]`` or more from accumulator ``at[i, channel]`` on.

    ``at`` is ``reach.low`` for a step at or below the interval and ``reach.high + 1`` for one above it.
    """

    k: IntArray
    at: IntArray
    reach: Interval

    @classmethod
    def of(cls, factor: Rescale | Mean, bias: IntArray, reach: Interval, lowest: int, highest: int) -> Steps:
        """Find every threshold by bisection, all at once."""
        k = np.arange(lowest + 1, highest + 1, dtype=np.int64)
        below = np.broadcast_to(reach.low - 1, (k.size, bias.size)).copy()
        above = np.broadcast_to(reach.high + 1, below.shape).copy()
        while np.any(searching := above - below > 1):
            middle = (below + above) // 2
            reached = _reference(factor, middle + bias) >= k[:, None]
            above = np.where(searching & reached, middle, above)
            below = np.where(searching & ~reached, middle, below)
        return cls(k, above, reach)

    @property
    def can_be_reached(self) -> npt.NDArray[np.bool_]:
        return self.at <= self.reach.high

    @property
    def can_be_missed(self) -> npt.NDArray[np.bool_]:
        return self.at > self.reach.low


def _slope(factor: Rescale | Mean) -> npt.NDArray[np.float64]:
    """The real factor, to start from."""
    if isinstance(factor, Mean):
        return np.asarray(1 / factor.cells, np.float64)
    if isinstance(factor, Multiplier):
        return np.ldexp(factor.multiplier.astype(np.float64), factor.shift - 31)
    if isinstance(factor, DoubleMultiplier):
        return np.ldexp(factor.significand.astype(np.float64), factor.exponent)
    return np.ldexp(1.0, -factor.shift)


def _solve(steps: Steps, slope: npt.NDArray[np.float64], shift: int) -> ExactMultiplier | None:
    """A multiplier next to ``slope * 2**shift`` and an offset that put every step right, or None.

    None also if only one channel has no such pair, for all share the shift.
    """
    nearest = np.rint(slope * (1 << shift)).astype(np.int64)
    multiplier = np.zeros_like(nearest)
    offset = np.zeros_like(nearest)
    solved = np.zeros(nearest.shape, bool)
    for candidate in (nearest, nearest - 1, nearest + 1):
        low, high = _offsets(steps, np.maximum(candidate, 0), shift)
        fits = (low <= high) & ~solved
        multiplier = np.where(fits, np.maximum(candidate, 0), multiplier)
        # a channel that never takes a step has no lower bound
        offset = np.where(fits, np.where(low > -_EVERYTHING, low, np.minimum(high, 0)), offset)
        solved |= fits
    if not np.all(solved):
        return None
    return ExactMultiplier(shift, multiplier, offset.astype(object), np.zeros_like(multiplier))


def _offsets(steps: Steps, multiplier: IntArray, shift: int) -> tuple[IntArray, IntArray]:
    """Smallest and largest offset, per channel, with which ``multiplier`` puts every step right."""
    target = (steps.k << shift)[:, None]
    low = np.where(steps.can_be_reached, target - multiplier * steps.at, -_EVERYTHING)
    high = np.where(steps.can_be_missed, target - multiplier * (steps.at - 1) - 1, _EVERYTHING)
    return low.max(axis=0, initial=-_EVERYTHING), high.min(axis=0, initial=_EVERYTHING)


def gemmlowp(factor: Multiplier, bias: IntArray) -> ExactMultiplier:
    """gemmlowp's two roundings as one shift, exact for every 32-bit accumulator.

    A floor of a floor is one floor, so for a = acc + bias >= 0 the two roundings add 2**30 and 2**(30+n)
    before a
    shift by 31 + n (n = -shift); below zero the same algebra gives 2**(30+n) - 2**30. With one rounding (n
    = 0) there is no second half to correct. Multipliers are moved up to share the longest shift.
    """
    right = np.broadcast_to(-factor.shift, bias.shape)
    longest = max(int(right.max()), 0)
    multiplier = np.broadcast_to(factor.multiplier, bias.shape) << (longest - right)
    correction = np.where(right > 0, 1 << (30 + longest - np.maximum(right, 0)), 0)
    offset = np.asarray(bias.astype(object) * multiplier.astype(object), object)
    if not np.any(correction):  # nothing adds the half of the only rounding but the offset
        offset = offset + (1 << 30)
    return ExactMultiplier(31 + longest, multiplier, offset, correction)


def _proven(form: ExactMultiplier, steps: Steps, layer: str) -> ExactMultiplier:
    """``form``, after it has been held against the reference on both sides of every threshold."""
    k = steps.k[:, None]
    reached = form.apply(np.minimum(steps.at, steps.reach.high)) >= k
    not_yet = form.apply(np.maximum(steps.at - 1, steps.reach.low)) < k
    if not (np.all(reached | ~steps.can_be_reached) and np.all(not_yet | ~steps.can_be_missed)):
        raise KerilogError(f"layer '{layer}': found no integer multiplier that equals its rescaling exactly")
    return form
