# SPDX-License-Identifier: Apache-2.0
"""What NumPy does in many passes over memory, done in one and compiled by Numba for the processor at hand.

Numbers are those of ``kerilog.integer.finish``, ``taps`` and ``engine``. No arithmetic is made faster at the
cost of exactness: Numba keeps to IEEE 754 unless it is told otherwise, and where floating point is exact, as
it is here by the proof in ``finish``, the order of operations does not matter.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from kerilog.extras import require
from kerilog.formats import Format, IntArray
from kerilog.graph import Pair
from kerilog.integer.finish import Codes, Finish, Numbers
from kerilog.integer.rescale import LONGEST, half
from kerilog.integer.scratch import scratch
from kerilog.integer.taps import ExactTaps, Taps
from kerilog.qgraph import Multiplier

PURPOSE = "the engine 'fast'"
_MOST_TAPS = 32  # that a compiler unrolls


@functools.cache
def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """``function``, compiled when it is first called with arrays of new types, and kept on the disk where
    there is a place for it.
    """
    require("numba", PURPOSE)
    import numba

    made: Callable[..., None]
    try:
        made = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # neither beside the source nor in the user's cache
        made = numba.njit(nogil=True, error_model="numpy")(function)
    return made


def finish_rows(
    total: Numbers,
    bias: Numbers,
    scale: Numbers,
    middle: Numbers,
    tilt: Numbers,
    low: float,
    high: float,
    codes: Codes,
) -> None:
    """``codes = clamp(floor((total + bias) * scale + (middle + copysign(tilt, total + bias))))``.

    ``total`` and ``codes`` (rows, columns), the others (columns,).
    """
    for row in range(total.shape[0]):
        for column in range(total.shape[1]):
            y = (total[row, column] + bias[column]) * scale[column]
            y = np.floor(y + (middle[column] + np.copysign(tilt[column], y)))
            codes[row, column] = np.int32(min(max(y, low), high))


def finish_rows_upright(
    total: Numbers, bias: Numbers, scale: Numbers, middle: Numbers, low: float, high: float, codes: Codes
) -> None:
    """As ``finish_rows`` without a tilt."""
    for row in range(total.shape[0]):
        for column in range(total.shape[1]):
            y = np.floor((total[row, column] + bias[column]) * scale[column] + middle[column])
            codes[row, column] = np.int32(min(max(y, low), high))


def finish_rows_in_integers(
    total: Numbers, bias: Numbers, steps: IntArray, zero: int, low: int, high: int, codes: Codes
) -> None:
    """As ``kerilog.integer.rescale.double_rounding`` and ``single_rounding``, then zero point and clamp.

    ``steps``: the rows of ``integer_steps``, (7, columns).
    """
    for row in range(total.shape[0]):
        for column in range(total.shape[1]):
            x = np.int64(total[row, column] + bias[column]) << steps[0, column]
            y = (x * steps[1, column] + steps[2, column]) >> steps[3, column]
            y = ((y + ((y >> 63) & steps[4, column]) + steps[5, column]) >> steps[6, column]) + zero
            codes[row, column] = min(max(y, low), high)


def integer_steps(factor: Multiplier) -> IntArray:
    """Of each channel: left shift, multiplier, what is added and right shift; then, for the second rounding,
    -1 where ties go away from zero, what is added and right shift.
    """
    shift, none = factor.shift, np.zeros_like(factor.shift)
    if factor.rounding == "single":
        first = np.minimum(31 - shift, LONGEST)
        return np.stack([none, factor.multiplier, half(first), first, none, none, none])
    second = np.minimum(np.maximum(-shift, 0), LONGEST)
    nudge, first = np.full_like(shift, 1 << 30), np.full_like(shift, 31)
    away = np.where(second > 0, -1, 0)
    return np.stack([np.maximum(shift, 0), factor.multiplier, nudge, first, away, half(second), second])


def look_up(table: Numbers, x: Codes, lowest: int, found: Numbers) -> None:
    """``found = table[x - lowest]``, all of one dimension."""
    for place in range(x.size):
        found[place] = table[int(x[place]) - lowest]


@functools.cache
def tap_adder(height: int, width: int) -> Callable[..., None]:
    """A loop for kernels of one size: the compiler unrolls the taps, and works on many channels at once."""

    def add_taps(x: Codes, taps: Numbers, strides: Pair, dilation: Pair, first: int, total: Numbers) -> None:
        """``total[f, y, x, c]``: the sum over i and j of ``taps[i, j, c]`` times
        ``x[f, top + i * dilation[0], left + j * dilation[1], c]``;
        ``top`` is ``(first + y) * strides[0]``, ``left`` is ``x * strides[1]``.
        """
        frames, rows, columns, channels = total.shape
        for frame in range(frames):
            for row in range(rows):
                for column in range(columns):
                    top, left = (first + row) * strides[0], column * strides[1]
                    for channel in range(channels):
                        found = 0
                        for i in range(height):
                            for j in range(width):
                                code = x[frame, top + i * dilation[0], left + j * dilation[1], channel]
                                found += code * taps[i, j, channel]
                        total[frame, row, column, channel] = found

    return add_taps


class CompiledFinish(Finish):
    """As ``Finish``, in one pass, for codes of at most 16 bits and factors that have a loop here."""

    def __call__(self, total: Numbers) -> Codes:
        """Codes of ``total`` (..., channels), which is contiguous."""
        if self._loop is None:
            return super().__call__(total)
        loop, numbers = self._loop
        codes = np.empty(total.shape, self.storage)
        columns = len(self.bias)
        compiled(loop)(total.reshape(-1, columns), self.bias, *numbers, codes.reshape(-1, columns))
        return codes

    @functools.cached_property
    def _loop(self) -> tuple[Callable[..., None], tuple[Any, ...]] | None:
        """What is compiled, and its arguments between the bias and the codes."""
        form = self.linear
        if np.dtype(self.storage).itemsize > 2:
            return None
        if form is not None and not form.truncates:
            within = float(self.clamp[0]), float(self.clamp[1])
            columns = self._each(form.scale), self._each(form.middle)
            if form.tilt is None:
                return finish_rows_upright, (*columns, *within)
            return finish_rows, (*columns, self._each(form.tilt), *within)
        if form is None and isinstance(self.factor, Multiplier):
            steps = np.stack([self._each(step) for step in integer_steps(self.factor)])
            return finish_rows_in_integers, (steps, self.target.zero_point, *self.clamp)
        return None

    def _each(self, values: Numbers) -> Numbers:
        """``values`` of one, of each channel or of each column, for each column."""
        return np.ascontiguousarray(np.tile(values, len(self.bias) // len(values)))


class CompiledTaps:
    """As ``ExactTaps``, for codes and sums of at most 32 bits and one filter for each channel."""

    number: type[Any] = np.int32

    def __init__(self, exact: ExactTaps) -> None:
        self.bias: Numbers = exact.bias.astype(np.int32)
        self._taps = np.ascontiguousarray(exact.taps[..., 0]).astype(np.int32)
        self._strides, self._dilation = exact.strides, exact.dilation

    def prepare(self, x: Numbers) -> Numbers:
        """The codes as they are."""
        return np.ascontiguousarray(x)

    def sums(self, x: Numbers, rows: slice) -> Numbers:
        """Window by window, in scratch memory."""
        high, wide = (
            (size - (taps - 1) * apart - 1) // stride + 1
            for size, taps, apart, stride in zip(
                x.shape[1:3], self._taps.shape, self._dilation, self._strides, strict=False
            )
        )
        first, last, _ = rows.indices(high)
        total = scratch("total", (len(x), last - first, wide, x.shape[3]), np.int32)
        add_taps = compiled(tap_adder(*self._taps.shape[:2]))
        add_taps(x, self._taps, self._strides, self._dilation, first, total)
        return total


def taps(exact: ExactTaps) -> Taps:
    """The sums of ``exact`` by a compiled loop, where it has one."""
    height, width, _, each = exact.taps.shape
    fits = each == 1 and height * width <= _MOST_TAPS and exact.bound < 1 << 31
    return CompiledTaps(exact) if fits else exact


def make_taps(kernel: IntArray, bias: IntArray, source: Format, strides: Pair, dilation: Pair) -> Taps:
    """As ``ExactTaps``, compiled where that has a loop here."""
    return taps(ExactTaps(kernel, bias, source, strides, dilation))


def looked_up(table: Numbers, x: Codes, lowest: int) -> Numbers:
    """The entries of ``table`` for codes ``x``, of which ``lowest`` has the first."""
    flat = np.ascontiguousarray(x).reshape(-1)
    found = np.empty(flat.shape, table.dtype)
    compiled(look_up)(table, flat, lowest, found)
    return found.reshape(x.shape)
