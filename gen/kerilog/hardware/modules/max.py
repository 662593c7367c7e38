# SPDX-License-Identifier: Apache-2.0
"""``krl_max``: the largest of several cells, channel by channel."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.module import Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe


@dataclasses.dataclass(frozen=True)
class Max(Module):
    """An instance of ``krl_max``: ``channels`` maxima of ``cells`` codes each."""

    cells: int
    channels: int
    bits: int
    clamp_min: int
    clamp_max: int

    library = "krl_max"

    @property
    def latency(self) -> int:
        return max(1, (self.cells - 1).bit_length())

    def parameters(self) -> dict[str, int | str]:
        return {
            "CELLS": self.cells,
            "CHANNELS": self.channels,
            "BITS": self.bits,
            "CLAMP_MIN": self.clamp_min,
            "CLAMP_MAX": self.clamp_max,
        }

    def controls(self) -> Sequence[Control]:
        return (Pipe(depth=self.latency),)

    def counts(self) -> Counts:
        """A comparison and a choice for each node of the tree, and the clamp."""
        leaves = 1 << max(1, (self.cells - 1).bit_length())
        levels = leaves.bit_length() - 1
        return {
            "one": 1,
            "levels": levels,
            "comparisons": self.channels * max(1, self.cells - 1) * self.bits,
            "padded": self.channels * (leaves - max(2, self.cells)) * self.bits,
            "out": self.channels * self.bits,
            "channels": self.channels,
        }
