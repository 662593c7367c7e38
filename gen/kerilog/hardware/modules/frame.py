# SPDX-License-Identifier: Apache-2.0
"""``krl_frame_guard`` and ``krl_frame_mark``: frames of the right length, and the marks of their end."""

from __future__ import annotations

import dataclasses

from kerilog.hardware.mapping import counter_bits, distributed_ram
from kerilog.hardware.module import Area, Counts, Module


@dataclasses.dataclass(frozen=True)
class FrameGuard(Module):
    """An instance of ``krl_frame_guard``; beats of good frames pass it in the cycle in which they come."""

    width: int
    beats: int

    library = "krl_frame_guard"

    def parameters(self) -> dict[str, int | str]:
        return {"WIDTH": self.width, "BEATS": self.beats, "USE_TLAST": 1}

    def counts(self) -> Counts:
        """A counter of beats, and zeros in the place of data."""
        return {"one": 1, "width": self.width, "beat": counter_bits(self.beats)}


@dataclasses.dataclass(frozen=True)
class FrameMark(Module):
    """An instance of ``krl_frame_mark``; its timing is that of ``kerilog.timing.frame_mark``."""

    width: int
    beats: int
    inputs: int
    depth: int

    library = "krl_frame_mark"

    def parameters(self) -> dict[str, int | str]:
        return {"WIDTH": self.width, "BEATS": self.beats, "INPUTS": self.inputs, "DEPTH": self.depth}

    def counts(self) -> Counts:
        """A counter of beats, a beat put aside, and of every input a queue of verdicts."""
        return {
            "one": 1,
            "width": self.width,
            "beat": counter_bits(self.beats),
            "inputs": self.inputs,
            "pointers": self.inputs * counter_bits(self.depth),
            "levels": self.inputs * self.depth.bit_length(),
        }

    def primitives(self) -> Area:
        """The memories of the queues."""
        return Area(lutram=distributed_ram(1, self.depth)) * self.inputs
