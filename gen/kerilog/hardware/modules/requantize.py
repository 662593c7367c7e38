# SPDX-License-Identifier: Apache-2.0
"""``krl_requantize_affine`` and ``krl_requantize_fixed``: from sums back to codes."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits, multiplier_dsps
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe


@dataclasses.dataclass(frozen=True, kw_only=True)
class Requantizer(Module):
    """What both requantizers share. ``rom`` holds the constants; its words repeat every ``period`` beats."""

    rom: Memory
    lanes: int
    period: int
    acc_bits: int
    bits: int
    clamp_min: int
    clamp_max: int
    shift: int

    latency: ClassVar[int]

    @property
    def address_bits(self) -> int:
        return mapping.address_bits(self.period)

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.rom,)

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

    def controls(self) -> Sequence[Control]:
        return (Pipe(depth=self.latency),)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AffineRequantizer(Requantizer):
    """An instance of ``krl_requantize_affine``."""

    multiplier_bits: int
    offset_bits: int
    negative_correction_bits: int
    total_bits: int
    zero_point: int

    library = "krl_requantize_affine"
    latency = 8

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
            "offset": lanes * self.offset_bits,
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
    latency = 5

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
