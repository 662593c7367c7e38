# SPDX-License-Identifier: Apache-2.0
"""The end of a layer that changes its scale: ``clamp(zero_out + rescale(accumulator))``.

``kerilog.integer.rescale`` defines what that is, in integers. ``Finish`` gives the same codes with a handful
of passes of floating-point arithmetic that is exact wherever the clamp lets a difference through.

Proof. Each rescale but one is a linear step, ``floor(x * scale + middle + tilt)``, the tilt with x's sign:

- ``Shift`` by n >= 1, ties away from zero. x >= 0: floor(x / 2**n + 1/2). x < 0: ceil(x / 2**n - 1/2), which
  for integers is floor(x / 2**n + 1/2 - 2**-n). So the middle is 1/2 - 2**-(n+1) and the tilt 2**-(n+1). With
  n = 1 instead the same numbers serve every n <= 0, where x / 2**n is an integer.
- ``Multiplier``, single: floor(x * scale + 1/2), no tilt.
- ``Multiplier``, double, without a right shift: the same. With one of n >= 1, let u = x * multiplier / 2**31
  and t = floor(u + 1/2). t >= 0 gives floor((t + 2**(n-1)) / 2**n) = floor((u + 1/2 + 2**(n-1)) / 2**n): the
  middle is 1/2 and the tilt 2**-(n+1). t < 0 gives ceil((t - 2**(n-1)) / 2**n) = floor((t + 2**(n-1) - 1) /
  2**n) = floor((u - 1/2 + 2**(n-1)) / 2**n): the tilt's other sign. Where x < 0 but t = 0 both give 0.

All numbers are multiples of 2**-units. Let reach be a bound on |code - zero| of the clamp's codes, on |zero|
and on the halves together. If reach * 2**units fits the significand, x * scale and both sums are exact for
every |x * scale| <= reach. Beyond, rounding is monotone, so that the float sum stays where the real one is:
past the clamp.

``DoubleMultiplier`` is defined in binary64 (``rescale.binary64``) and done so here, before the zero point.

Codes of int8 are first made larger by 128, where they fit int32 before the clamp. None is negative then, and
what is below zero ends at the clamp whether it is rounded down or towards zero: the conversion to int32,
which cuts off, is floor.

If no code under the zero point comes through the clamp, every x < 0 ends at the clamp with either sign of the
tilt, and the tilt is a constant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.formats import Format
from kerilog.integer.rescale import BELOW_HALF, Integers, rescale
from kerilog.integer.scratch import scratch
from kerilog.qgraph import Clamp, DoubleMultiplier, Multiplier, Rescale, Shift, Threshold

Codes = Integers
Unary = Callable[[Codes], Codes]
Numbers = npt.NDArray[Any]
Real = npt.NDArray[np.floating[Any]]

_LIFT = 128  # the least that makes a code of int8 positive
_ROW = 1024  # elements that a pass works on in one inner loop of NumPy, if it can


def storage(target: Format) -> npt.DTypeLike:
    """The narrowest NumPy type that holds the codes of ``target``."""
    return np.min_scalar_type(target.minimum or target.maximum)


def finish(accumulator: Integers, factor: Rescale, target: Format, clamp: Clamp) -> Codes:
    """``clamp(zero_out + rescale(accumulator))`` in integers."""
    codes = rescale(factor, accumulator)
    codes += target.zero_point
    return np.clip(codes, *clamp, out=codes).astype(storage(target))


@dataclasses.dataclass(frozen=True, eq=False)
class Linear:
    """``step(x * scale + (middle + copysign(tilt, x))) + after``, in the type of ``scale``.

    ``step`` is floor, or truncation towards zero; the arrays have shape (channels,) or (1,); no tilt is None.
    """

    scale: Real
    middle: Real
    tilt: Real | None
    truncates: bool
    after: int

    def spread(self, repeat: int) -> Linear:
        """The same for ``repeat`` positions side by side; one value for all channels needs no repeating."""
        return self._each(lambda values: values if values.size == 1 else np.tile(values, repeat))

    def cast(self, kind: type[np.floating[Any]]) -> Linear:
        """The same in the type ``kind``."""
        return self._each(lambda values: values.astype(kind))

    def without_tilt(self) -> Linear:
        """The same for x >= 0."""
        middle = self.middle if self.tilt is None else self.middle + self.tilt
        return dataclasses.replace(self, middle=middle, tilt=None)

    def _each(self, change: Callable[[Real], Real]) -> Linear:
        tilt = None if self.tilt is None else change(self.tilt)
        return dataclasses.replace(self, scale=change(self.scale), middle=change(self.middle), tilt=tilt)

    def scaled(self, x: Numbers) -> Real:
        """``x``, which may be overwritten, before ``step``."""
        y: Real = x
        if x.dtype != self.scale.dtype:
            y = scratch("real", x.shape, self.scale.dtype)
            np.copyto(y, x)
        y *= self.scale
        y += self.middle if self.tilt is None else np.copysign(self.tilt, y) + self.middle
        return y

    def __call__(self, x: Numbers) -> Real:
        """The codes of ``x``, which may be overwritten, before the clamp, as integers in floating point."""
        y = self.scaled(x)
        (np.trunc if self.truncates else np.floor)(y, out=y)
        if self.after:
            y += self.after
        return y


def linear(factor: Rescale, target: Format, clamp: Clamp, number: type[Any]) -> Linear | None:
    """The form of ``factor`` proved above, for accumulators of type ``number``; None if it is not exact."""
    return _linear(factor, target.zero_point, clamp, number)


def _linear(factor: Rescale, zero: int, clamp: Clamp, number: type[Any]) -> Linear | None:
    """As ``linear``, for the zero point ``zero``."""
    if isinstance(factor, Threshold):
        return None
    reach = max(abs(clamp[0] - zero), abs(clamp[1] - zero)) + abs(zero) + 2
    if isinstance(factor, DoubleMultiplier):
        scale = np.ldexp(factor.significand.astype(np.float64), factor.exponent)
        form, units = Linear(scale, np.zeros(1), np.full(1, BELOW_HALF), True, zero), 0
    elif isinstance(factor, Multiplier):
        form, units = _multiplier(factor, zero)
    else:
        form, units = _shift(factor, zero)
        if number is np.float32 and reach << units <= 1 << 24:
            form = form.cast(np.float32)
    if reach << units > 1 << 53:
        return None
    return form.without_tilt() if clamp[0] >= zero or not np.any(form.tilt) else form


def _multiplier(factor: Multiplier, zero: int) -> tuple[Linear, int]:
    """The linear form of ``factor``, and its units."""
    scale = np.ldexp(factor.multiplier.astype(np.float64), factor.shift - 31)
    twice = (factor.rounding == "double") & (factor.shift < 0)
    tilt = np.where(twice, np.ldexp(0.5, np.minimum(factor.shift, 0)), 0.0)
    units = max(int((31 - factor.shift).max()), 1)
    return Linear(scale, np.full(1, 0.5 + zero), tilt, False, 0), units


def _shift(factor: Shift, zero: int) -> tuple[Linear, int]:
    """The linear form of ``factor``, and its units."""
    distance = np.maximum(factor.shift, 1)
    tilt = np.ldexp(0.5, -distance)
    return Linear(np.ldexp(1.0, -factor.shift), 0.5 - tilt + zero, tilt, False, 0), int(distance.max()) + 1


class Finish:
    """``clamp(zero_out + rescale(accumulator + bias))`` for accumulators of one layer.

    ``number`` is the type they come in, int64 or one of float32 and float64 that holds them exactly, with the
    bias and without; ``positions`` counts the places of a frame that share the channels' factors: NumPy's
    inner loops are made longer by as many as divide it.
    """

    def __init__(
        self,
        factor: Rescale,
        target: Format,
        clamp: Clamp,
        bias: Numbers,
        number: type[Any],
        positions: int = 1,
    ) -> None:
        self.factor, self.target, self.clamp = factor, target, clamp
        most = max(_ROW // len(bias), 1)
        repeat = max(n for n in range(1, min(positions, most) + 1) if positions % n == 0)
        self.bias = np.tile(bias, repeat).astype(number)
        form = None if number is np.int64 else linear(factor, target, clamp, number)
        self.linear = form and form.spread(repeat)
        self.storage = storage(target)
        lifted = self._lifted_form(number)
        self._lifted = lifted and lifted.spread(repeat)

    def _lifted_form(self, number: type[Any]) -> Linear | None:
        """What gives codes of int8 made larger by 128; None if they might not fit int32 before the clamp."""
        if self.storage != np.int8 or number not in (np.float32, np.int32):
            return None
        clamp = self.clamp[0] + _LIFT, self.clamp[1] + _LIFT
        form = _linear(self.factor, self.target.zero_point + _LIFT, clamp, number)
        fits = form is not None and not form.truncates and form.scale.max() < 0.5  # of less than 2**31
        return form if fits else None

    def __call__(self, total: Numbers) -> Codes:
        """Codes of ``total`` (..., channels), which is contiguous and is overwritten."""
        rows = total.reshape(-1, len(self.bias))
        rows += self.bias
        if self._lifted is not None:
            return self._lift(self._lifted.scaled(rows)).reshape(total.shape)
        if self.linear is None:
            whole = total.astype(np.int64, copy=False)
            return finish(whole, self.factor, self.target, self.clamp)
        y = self.linear(rows)
        np.clip(y, *self.clamp, out=y)
        codes: Codes = y.astype(self.storage).reshape(total.shape)
        return codes

    def _lift(self, y: Real) -> Codes:
        """The codes of int8 that ``y`` is 128 above."""
        whole = scratch("whole", y.shape, np.int32)
        np.copyto(whole, y, casting="unsafe")
        np.clip(whole, self.clamp[0] + _LIFT, self.clamp[1] + _LIFT, out=whole)
        unsigned = whole.astype(np.uint8)
        unsigned ^= np.uint8(_LIFT)
        return unsigned.view(np.int8)
