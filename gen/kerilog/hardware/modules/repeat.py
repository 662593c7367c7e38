# SPDX-License-Identifier: Apache-2.0
"""``krl_repeat``: beats again and again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.mapping import counter_bits, distributed_ram
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing import repeat
from kerilog.timing.control import Control


@dataclasses.dataclass(frozen=True)
class Repeat(Module):
    """An instance of ``krl_repeat``: every ``beats`` beats of ``width`` bits ``times`` times, each
    ``side_by_side`` times in one.
    """

    width: int
    side_by_side: int
    beats: int
    times: int

    library = "krl_repeat"

    def parameters(self) -> dict[str, int | str]:
        return {"WIDTH": self.width, "COPIES": self.side_by_side, "BEATS": self.beats, "TIMES": self.times}

    def controls(self) -> Sequence[Control]:
        return (repeat.Repeat(beats=self.beats, times=self.times),)

    def counts(self) -> Counts:
        """A register behind a choice of the arriving and the kept beat, a counter of beats, one of turns."""
        return {
            "one": 1,
            "width": self.width,
            "kept": self.width * (self.beats > 1),
            "beats": counter_bits(self.beats),
            "turns": counter_bits(self.times),
        }

    def primitives(self) -> Area:
        """The memory of the beats."""
        return Area(lutram=distributed_ram(self.width, self.beats)) if self.beats > 1 else Area()
