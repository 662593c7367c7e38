# SPDX-License-Identifier: Apache-2.0
"""Requantizers whose multiplier is used several times for each result: digits, steps, and their ROM."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kerilog.exact.intervals import Interval, signed_bits
from kerilog.exact.multiplier import ExactMultiplier
from kerilog.hardware.memories import Field, serial_rom
from kerilog.hardware.modules.requantize import AffineRequantizer, SerialRequantizer

Integers = npt.NDArray[np.object_]

MOST_ROWS = 3  # adders one behind the other in a cycle
DSP_DIGIT = 17  # bits of an unsigned digit that a DSP48E1 multiplies
DSP_ACC = 25  # by so many at most, in one DSP


@dataclasses.dataclass(frozen=True, order=True)
class Digits:
    """``steps`` digits of ``bits`` each, multiplied by a DSP or by adders."""

    steps: int
    bits: int
    dsp: bool

    @property
    def all_bits(self) -> int:
        return self.steps * self.bits


def forms(
    exact: ExactMultiplier, reach: Interval, file: str, pipelined: AffineRequantizer, cycles: int
) -> list[SerialRequantizer]:
    """What computes ``exact`` on ``reach``, as ``pipelined`` does, with 2 to ``cycles`` cycles per beat.

    The constants go into ``file``.
    """
    if int(exact.negative_correction.max(initial=0)) > 1 << (exact.shift - 1):
        return []
    kernel = _Kernel.of(exact, reach, pipelined.zero_point)
    choices = {
        digits
        for digits in _choices(kernel, pipelined.acc_bits)
        if 2 <= digits.steps <= cycles and kernel.fits(digits)
    }
    return [_form(kernel, digits, file, pipelined) for digits in sorted(choices)]


@dataclasses.dataclass(frozen=True, eq=False)
class _Kernel:
    """``(acc * multiplier + offset) >> shift`` for the last of the ``offsets`` unless the first one gives
    less than zero; arrays (channels,). ``low``, ``high``: the ends of ``acc``.
    """

    shift: int
    multiplier: Integers
    offsets: tuple[Integers, ...]
    low: Integers
    high: Integers
    zero_point: int

    @classmethod
    def of(cls, exact: ExactMultiplier, reach: Interval, zero_point: int) -> _Kernel:
        """With the zero point in the offset where there is but one."""
        multiplier, offset = exact.multiplier.astype(object), exact.offset.astype(object)
        low, high = (np.broadcast_to(end, multiplier.shape).astype(object) for end in (reach.low, reach.high))
        if exact.corrects_negatives:
            correction, half = exact.negative_correction.astype(object), 1 << (exact.shift - 1)
            offsets = offset + (half - correction), offset + (half + correction)
            return cls(exact.shift, multiplier, offsets, low, high, zero_point)
        return cls(exact.shift, multiplier, (offset + (zero_point << exact.shift),), low, high, 0)

    @property
    def multiplier_bits(self) -> int:
        return max(1, int(self.multiplier.max()).bit_length())

    def fits(self, digits: Digits) -> bool:
        """Whether the multiplier, moved up so that the shift is no shorter than all digits, has room."""
        up = max(0, digits.all_bits - self.shift)
        return self.multiplier_bits + up <= digits.all_bits - (not digits.dsp)

    def moved(self, up: int) -> _Kernel:
        """The same with everything ``up`` binary places higher."""
        return dataclasses.replace(
            self,
            shift=self.shift + up,
            multiplier=self.multiplier << up,
            offsets=tuple(offset << up for offset in self.offsets),
        )

    def ends(self, places: int) -> tuple[int, int]:
        """The least and the greatest total, without its lowest ``places``."""
        totals: list[Any] = [
            (end * self.multiplier + offset) >> places
            for end in (self.low, self.high)
            for offset in self.offsets
        ]
        return min(int(total.min()) for total in totals), max(int(total.max()) for total in totals)


def _choices(kernel: _Kernel, acc_bits: int) -> Iterator[Digits]:
    """Those whose digits just hold the multiplier, or reach up to the shift."""
    for bits in range(2, 2 * MOST_ROWS + 1, 2):
        for needed in (kernel.multiplier_bits + 1, kernel.shift):
            yield Digits(-(-needed // bits), bits, dsp=False)
    if acc_bits <= DSP_ACC:
        for needed in (kernel.multiplier_bits, kernel.shift):
            steps = -(-needed // DSP_DIGIT)
            yield Digits(steps, -(-needed // steps), dsp=True)
            yield Digits(steps, DSP_DIGIT, dsp=True)


def _form(kernel: _Kernel, digits: Digits, file: str, pipelined: AffineRequantizer) -> SerialRequantizer:
    kernel = kernel.moved(max(0, digits.all_bits - kernel.shift))
    shift = kernel.shift - digits.all_bits
    sum_bits = max(signed_bits(*kernel.ends(digits.all_bits)), shift + pipelined.bits + 1)
    highs = [offset >> digits.all_bits for offset in kernel.offsets]
    # of bits above those of the sum nothing is left in it
    above = min(sum_bits, max(signed_bits(int(high.min()), int(high.max())) for high in highs))
    high_bits = -(-above // digits.steps)
    fields: list[Field] = [("digit", kernel.multiplier, digits.bits)]
    for offset, high in zip(kernel.offsets, highs, strict=True):
        fields += [("offset's digit", offset, digits.bits), ("offset's high part", high, high_bits)]
    return SerialRequantizer(
        rom=serial_rom(file, pipelined.lanes, digits.steps, fields),
        lanes=pipelined.lanes,
        period=pipelined.period,
        acc_bits=pipelined.acc_bits,
        bits=pipelined.bits,
        clamp_min=pipelined.clamp_min,
        clamp_max=pipelined.clamp_max,
        shift=shift,
        pipelined=pipelined,
        steps=digits.steps,
        digit_bits=digits.bits,
        dsp=int(digits.dsp),
        sides=len(kernel.offsets),
        high_bits=high_bits,
        sum_bits=sum_bits,
        zero_point=kernel.zero_point,
    )
