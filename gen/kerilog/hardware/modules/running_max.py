# SPDX-License-Identifier: Apache-2.0
"""``krl_running_max``: the largest element of every channel of an image."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.crop import Crop


@dataclasses.dataclass(frozen=True)
class RunningMax(Module):
    """An instance of ``krl_running_max``: ``pixels`` of ``groups`` beats of ``lanes`` codes each."""

    lanes: int
    bits: int
    groups: int
    pixels: int
    clamp_min: int
    clamp_max: int

    library = "krl_running_max"

    def parameters(self) -> dict[str, int | str]:
        return {
            "LANES": self.lanes,
            "BITS": self.bits,
            "GROUPS": self.groups,
            "PIXELS": self.pixels,
            "CLAMP_MIN": self.clamp_min,
            "CLAMP_MAX": self.clamp_max,
        }

    def controls(self) -> Sequence[Control]:
        last, end = self.pixels - 1, self.groups - 1
        return (
            Crop(
                rows=1,
                columns=self.pixels,
                beats=self.groups,
                last_row=0,
                first_column=last,
                last_column=last,
                last_beat=end,
            ),
        )

    def counts(self) -> Counts:
        """A comparison and a choice per lane, what is kept of one group, the result, two counters."""
        width = self.lanes * self.bits
        low, high = -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        return {
            "one": 1,
            "width": width,
            "kept": width * (self.groups == 1),
            "clamped": width * ((self.clamp_min, self.clamp_max) != (low, high)),
            "counters": counter_bits(self.groups) + counter_bits(self.pixels),
        }

    def primitives(self) -> Area:
        """The largest codes so far, in LUTs where there are several groups."""
        if self.groups == 1:
            return Area()
        return Area(lutram=mapping.distributed_ram(self.lanes * self.bits, self.groups))
