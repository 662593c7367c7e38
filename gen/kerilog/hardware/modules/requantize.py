# SPDX-License-Identifier: Apache-2.0
"""From sums back to codes: ``krl_requantize_affine``, ``_fixed`` and ``_serial``, and ``krl_threshold``."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Sequence

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits, multiplier_dsps
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe
from kerilog.timing.serial import Serial


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ending(Module):
    """What brings sums of ``acc_bits`` back to codes of ``bits``, ``lanes`` per beat. ``rom`` holds the
    constants, which repeat every ``period`` beats.
    """

    rom: Memory
    lanes: int
    period: int
    acc_bits: int
    bits: int

    @property
    @abc.abstractmethod
    def latency(self) -> int:
        """Cycles from a beat on offer to its codes."""

    @property
    def interval(self) -> int:
        """Cycles between beats."""
        return 1

    @property
    def address_bits(self) -> int:
        return mapping.address_bits(self.rom.depth)

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.rom,)

    def controls(self) -> Sequence[Control]:
        return (Pipe(depth=self.latency),)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Thresholds(Ending):
    """An instance of ``krl_threshold``: a sign for each sum."""

    threshold_bits: int
    bits: int = 1

    library = "krl_threshold"

    @property
    def latency(self) -> int:
        return 2

    def parameters(self) -> dict[str, int | str]:
        return {
            "LANES": self.lanes,
            "PERIOD": self.period,
            "ACC_BITS": self.acc_bits,
            "THRESHOLD_BITS": self.threshold_bits,
        }

    def counts(self) -> Counts:
        """Per lane: a register for the sum and a comparison."""
        return {
            "one": 1,
            "beats": counter_bits(self.period),
            "lanes": self.lanes,
            "accumulator": self.lanes * self.acc_bits,
            "compared": self.lanes * max(self.acc_bits, self.threshold_bits),
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Requantizer(Ending):
    """What all requantizers share."""

    clamp_min: int
    clamp_max: int
    shift: int

    def parameters(self) -> dict[str, int | str]:
        return {
            "LANES": self.lanes,
            "PERIOD": self.period,
            "ACC_BITS": self.acc_bits,
            "BITS": self.bits,
            **self._own_parameters(),
            "SHIFT": self.shift,
            "CLAMP_MIN": self.clamp_min,
            "CLAMP_MAX": self.clamp_max,
        }

    @abc.abstractmethod
    def _own_parameters(self) -> dict[str, int | str]:
        """Those that the other kind does not have."""


Forms = Callable[["AffineRequantizer", int], Sequence["SerialRequantizer"]]
"""Gives what computes the same as a requantizer, with so many cycles per beat at most."""


def _no_forms(pipelined: AffineRequantizer, cycles: int) -> Sequence[SerialRequantizer]:
    return ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class AffineRequantizer(Requantizer):
    """An instance of ``krl_requantize_affine``. ``forms``: what does the same in several cycles."""

    multiplier_bits: int
    offset_bits: int
    negative_correction_bits: int
    total_bits: int
    zero_point: int
    forms: Forms = dataclasses.field(default=_no_forms, compare=False, repr=False)

    library = "krl_requantize_affine"

    @property
    def _added(self) -> int:
        """Registers for the sum of the products of several blocks of 18 x 18 bits."""
        return (self.acc_bits > 18) + (self.multiplier_bits + 1 > 18)

    @property
    def latency(self) -> int:
        return 8 + self._added

    def _own_parameters(self) -> dict[str, int | str]:
        return {
            "MULTIPLIER_BITS": self.multiplier_bits,
            "OFFSET_BITS": self.offset_bits,
            "NEGATIVE_CORRECTION_BITS": self.negative_correction_bits,
            "TOTAL_BITS": self.total_bits,
            "ZERO_POINT": self.zero_point,
        }

    def counts(self) -> Counts:
        """Per lane: a sum, a sum with the correction if there is one, two comparisons, and registers of the
        total.
        """
        lanes, total = self.lanes, self.total_bits
        dsps = self._dsps
        return {
            "one": 1,
            "beats": counter_bits(self.period),
            "lanes": lanes,
            "total": lanes * total,
            "rounded": lanes * max(0, total - self.shift),
            "offset": lanes * self.offset_bits * (self._added == 0),
            "offset behind more": lanes * self.offset_bits * (self._added > 0),
            "products added": lanes * (self.acc_bits + self.multiplier_bits) * self._added,
            "corrected": lanes * total * (self.negative_correction_bits > 0),
            "negative correction": lanes * self.negative_correction_bits,
            "split product": lanes * total * (dsps > 1),
            "split twice": lanes * total * (dsps > 2),
            "codes": lanes * self.bits,
        }

    @property
    def _dsps(self) -> int:
        return multiplier_dsps(self.acc_bits, self.multiplier_bits + 1)

    def primitives(self) -> Area:
        """The multiplier of each lane."""
        return Area(dsp=self.lanes * self._dsps)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FixedRequantizer(Requantizer):
    """An instance of ``krl_requantize_fixed``."""

    bias_bits: int
    biased_bits: int
    bias_shift: int

    library = "krl_requantize_fixed"

    @property
    def latency(self) -> int:
        return 5

    def _own_parameters(self) -> dict[str, int | str]:
        return {
            "BIAS_BITS": self.bias_bits,
            "BIASED_BITS": self.biased_bits,
            "BIAS_SHIFT": self.bias_shift,
        }

    def counts(self) -> Counts:
        """Per lane: the bias is added, then half a place, then two comparisons."""
        lanes = self.lanes
        moved = max(1, self.biased_bits + 1 - self.shift)
        return {
            "one": 1,
            "beats": counter_bits(self.period),
            "lanes": lanes,
            "accumulator": lanes * self.acc_bits,
            "biased": lanes * self.biased_bits,
            "moved": lanes * moved,
            "codes": lanes * self.bits,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class SerialRequantizer(Requantizer):
    """An instance of ``krl_requantize_serial``, which computes what ``pipelined`` does."""

    pipelined: AffineRequantizer
    steps: int
    digit_bits: int
    dsp: int
    sides: int
    high_bits: int
    sum_bits: int
    zero_point: int

    library = "krl_requantize_serial"

    @property
    def delay(self) -> int:
        """Registers in the multiplier, or before the last of several adders."""
        return 2 if self.dsp else int(self.digit_bits > 2)

    @property
    def latency(self) -> int:
        return self.steps + 2 + self.delay

    @property
    def interval(self) -> int:
        return self.steps

    def _own_parameters(self) -> dict[str, int | str]:
        return {
            "STEPS": self.steps,
            "DIGIT_BITS": self.digit_bits,
            "DSP": self.dsp,
            "SIDES": self.sides,
            "HIGH_BITS": self.high_bits,
            "SUM_BITS": self.sum_bits,
            "ZERO_POINT": self.zero_point,
        }

    def controls(self) -> Sequence[Control]:
        return (Serial(steps=self.steps, delay=self.delay),)

    def counts(self) -> Counts:
        """Per lane: an adder for each two bits of a digit, or one behind the multiplier; for each offset a
        digit's carry and the sum above; two comparisons.
        """
        lanes, offsets = self.lanes, self.lanes * self.sides
        return {
            "one": 1,
            "address": counter_bits(self.rom.depth),
            "step": counter_bits(self.steps),
            "lanes": lanes,
            "accumulator": lanes * self.acc_bits,
            "rows": 0 if self.dsp else lanes * self.digit_bits // 2 * (self.acc_bits + 1),
            "several rows": lanes * (self.acc_bits + self.digit_bits) * (self.delay == 1),
            "digits": offsets * self.digit_bits,
            "one digit": offsets * (self.digit_bits == 2),
            "high": offsets * self.steps * self.high_bits,
            "sums": offsets * self.sum_bits,
            "results": offsets * (self.sum_bits - self.shift),
            "chosen": lanes * (self.sum_bits - self.shift) * (self.sides - 1),
            "delays": offsets * (self.digit_bits + self.high_bits) * self.delay,
            "products": lanes * (self.acc_bits + self.digit_bits) * self.dsp,
            "zero point": lanes * self.bits * (self.zero_point != 0),
            "codes": lanes * self.bits,
        }

    def primitives(self) -> Area:
        """The multiplier of each lane."""
        dsps = multiplier_dsps(self.acc_bits, self.digit_bits + 1) if self.dsp else 0
        return Area(dsp=self.lanes * dsps)
