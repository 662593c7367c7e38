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
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.errors import KerilogError
from kerilog.exact.caching import by_content
from kerilog.exact.intervals import Interval
from kerilog.formats import IntArray
from kerilog.integer.ops import mean
from kerilog.integer.rescale import rescale
from kerilog.qgraph import DoubleMultiplier, Multiplier, Rescale, Shift

LARGEST_SHIFT = 48  # outputs times 2**shift stay within int64
_EVERYTHING = np.iinfo(np.int64).max
_WHOLE = 1 << 62  # what int64 surely holds
_FEW = 2  # channels that are tried before all
_AROUND = np.array([0, -1, 1])  # the real factor, as an integer
_NEAR = 4  # accumulators around the real threshold within which a step is expected


@dataclasses.dataclass(frozen=True, eq=False)
class ExactMultiplier:
    """``t = acc * multiplier + offset``, then ``t >> shift``; arrays of shape (channels,).

    Where ``negative_correction`` c is not all zero, ``2**(shift-1) + c`` is added to t >= 0 before the shift,
    and ``2**(shift-1) - c`` to t < 0.
    """

    shift: int
    multiplier: IntArray
    offset: npt.NDArray[np.object_]
    negative_correction: IntArray

    @property
    def corrects_negatives(self) -> bool:
        return bool(np.any(self.negative_correction))

    def _integers(self, acc: IntArray) -> npt.DTypeLike:
        """Machine integers where they hold everything, else unbounded ones."""
        if not acc.size:
            return object
        largest = max(int(acc.max()), -int(acc.min())) * int(np.abs(self.multiplier).max())
        largest += (
            int(np.abs(self.offset).max()) + (1 << self.shift) + int(np.abs(self.negative_correction).max())
        )
        return np.int64 if largest < _WHOLE else object

    def total(self, acc: IntArray) -> npt.NDArray[Any]:
        """``t``, exactly; ``acc`` has shape (..., channels)."""
        kind = self._integers(acc)
        return np.asarray(acc.astype(kind) * self.multiplier.astype(kind) + self.offset.astype(kind))

    def apply(self, acc: IntArray) -> npt.NDArray[Any]:
        """What the hardware computes before it clamps, exactly; ``acc`` has shape (..., channels)."""
        total = self.total(acc)
        if self.corrects_negatives:
            correction = self.negative_correction.astype(total.dtype)
            total = total + (1 << (self.shift - 1)) + np.where(total >= 0, correction, -correction)
        return np.asarray(total >> self.shift)


@by_content
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
    hard = np.arange(0, bias.size, -(-bias.size // _FEW))
    for shift in _shifts(steps.of_channels(hard), slope[hard]):
        # a channel for which one shift is too short seldom does with the next, so it is tried before all
        if isinstance(_solve(steps.of_channels(hard), slope[hard], shift), ExactMultiplier):
            form = _solve(steps, slope, shift)
            if isinstance(form, ExactMultiplier):
                return _proven(form, steps, layer)
            hard = form[:_FEW]
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
        """Find every threshold by bisection, all at once, from where the real factor puts it."""
        k = np.arange(lowest + 1, highest + 1, dtype=np.int64)

        def reached(acc: IntArray) -> npt.NDArray[np.bool_]:
            return _reference(factor, acc + bias) >= k[:, None]

        below, above = _around(k, _slope(factor), bias, reach)
        low, high = np.broadcast_to(reach.low - 1, below.shape), np.broadcast_to(reach.high + 1, below.shape)
        # where the step is not between them, somewhere in the whole interval
        below = np.where((below > low) & reached(np.maximum(below, reach.low)), low, below)
        above = np.where((above < high) & ~reached(np.minimum(above, reach.high)), high, above)
        while np.any(searching := above - below > 1):
            middle = (below + above) // 2
            there = reached(middle)
            above = np.where(searching & there, middle, above)
            below = np.where(searching & ~there, middle, below)
        return cls(k, above, reach)

    def of_channels(self, channels: IntArray) -> Steps:
        """The steps of some channels, by number."""
        reach = Interval(self.reach.low[channels], self.reach.high[channels])
        return Steps(self.k, self.at[:, channels], reach)

    @functools.cached_property
    def can_be_reached(self) -> npt.NDArray[np.bool_]:
        return self.at <= self.reach.high

    @functools.cached_property
    def can_be_missed(self) -> npt.NDArray[np.bool_]:
        return self.at > self.reach.low


def _around(
    k: IntArray, slope: npt.NDArray[np.float64], bias: IntArray, reach: Interval
) -> tuple[IntArray, IntArray]:
    """Accumulators (k, channels) close below and above the real thresholds, no further than just outside
    ``reach``.
    """
    with np.errstate(divide="ignore", over="ignore"):
        real = (k[:, None] - 0.5) / slope - bias
    low, high = reach.low - 1, reach.high + 1
    # where the factor is 0 the quotient is infinite, and so clipped
    nearest = np.clip(real, low, high).astype(np.int64)
    return np.maximum(nearest - _NEAR, low), np.minimum(nearest + _NEAR, high)


def _slope(factor: Rescale | Mean) -> npt.NDArray[np.float64]:
    """The real factor, to start from."""
    if isinstance(factor, Mean):
        return np.asarray(1 / factor.cells, np.float64)
    if isinstance(factor, Multiplier):
        return np.ldexp(factor.multiplier.astype(np.float64), factor.shift - 31)
    if isinstance(factor, DoubleMultiplier):
        return np.ldexp(factor.significand.astype(np.float64), factor.exponent)
    assert isinstance(factor, Shift)
    return np.ldexp(1.0, -factor.shift)


def _shifts(steps: Steps, slope: npt.NDArray[np.float64]) -> list[int]:
    """The shifts with which every channel has a multiplier and an offset, rising."""
    shift = np.arange(1, LARGEST_SHIFT + 1)[:, None, None]
    nearest = np.rint(slope * 2.0**shift).astype(np.int64)
    low, high = _offsets(steps, np.maximum(nearest + _AROUND[:, None], 0), shift)
    found: list[int] = (1 + np.flatnonzero(np.all(np.any(low <= high, axis=1), axis=1))).tolist()
    return found


def _solve(steps: Steps, slope: npt.NDArray[np.float64], shift: int) -> ExactMultiplier | IntArray:
    """A multiplier next to ``slope * 2**shift`` and an offset that put every step right.

    The numbers of the channels that have no such pair if there are any, for all share the shift.
    """
    nearest = np.rint(slope * 2.0**shift).astype(np.int64)
    multiplier = np.zeros_like(nearest)
    offset = np.zeros_like(nearest)
    solved = np.zeros(nearest.shape, bool)
    for more in _AROUND:
        if np.all(solved):
            break
        candidate = np.maximum(nearest + more, 0)
        low, high = _offsets(steps, candidate, shift)
        fits = (low <= high) & ~solved
        multiplier = np.where(fits, candidate, multiplier)
        # a channel that never takes a step has no lower bound
        offset = np.where(fits, np.where(low > -_EVERYTHING, low, np.minimum(high, 0)), offset)
        solved |= fits
    if not np.all(solved):
        return np.flatnonzero(~solved)
    return ExactMultiplier(shift, multiplier, offset.astype(object), np.zeros_like(multiplier))


def _offsets(steps: Steps, multiplier: IntArray, shift: int | IntArray) -> tuple[IntArray, IntArray]:
    """Smallest and largest offset with which ``multiplier`` (..., channels) puts every step right."""

    def spread(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values.reshape(len(values), *[1] * (multiplier.ndim - 1), values.shape[1])

    distance = (spread(steps.k[:, None]) << shift) - multiplier * spread(steps.at)
    low = np.where(spread(steps.can_be_reached), distance, -_EVERYTHING)
    high = np.where(spread(steps.can_be_missed), distance + (multiplier - 1), _EVERYTHING)
    return low.max(axis=0, initial=-_EVERYTHING), high.min(axis=0, initial=_EVERYTHING)


def two_roundings(
    factor: Multiplier, bias: IntArray, reach: Interval, lowest: int, highest: int, layer: str
) -> ExactMultiplier:
    """As ``exact_multiplier``, always in gemmlowp's own form, which there is for every ``factor``."""
    return _proven(gemmlowp(factor, bias), Steps.of(factor, bias, reach, lowest, highest), layer)


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
