# SPDX-License-Identifier: Apache-2.0
"""``krl_permute``: the beats of a block in another order."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from kerilog.hardware import mapping, memories
from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing import permute
from kerilog.timing.control import Control

Axes = tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Permute(Module):
    """An instance of ``krl_permute``: ``sizes`` of the axes that go out, each with the stride that it has in
    what comes in, in beats of ``width`` bits.
    """

    width: int
    sizes: Axes
    strides: Axes

    library = "krl_permute"

    @property
    def beats(self) -> int:
        """Beats of a block."""
        return math.prod(self.sizes)

    @property
    def block(self) -> int:
        return int(2 * self.beats * self.width >= memories.BLOCK_BITS)

    def parameters(self) -> dict[str, int | str]:
        sizes = {f"SIZE_{axis}": size for axis, size in zip("ABC", self.sizes, strict=True)}
        strides = {f"STRIDE_{axis}": stride for axis, stride in zip("ABC", self.strides, strict=True)}
        return {"WIDTH": self.width, **sizes, **strides, "BLOCK": self.block}

    def controls(self) -> Sequence[Control]:
        return (permute.Permute(beats=self.beats),)

    def counts(self) -> Counts:
        """Two addresses, a stride for each axis, what is held, the counters of the axes, the output."""
        return {
            "one": 1,
            "width": self.width * (not self.block),
            "address": mapping.address_bits(2 * self.beats),
            "strides": mapping.address_bits(2 * self.beats) * sum(size > 1 for size in self.sizes),
            "counters": sum(counter_bits(size) for size in self.sizes if size > 1),
        }

    def primitives(self) -> Area:
        """The memory."""
        depth = 2 * self.beats
        if not self.block:
            return Area(lutram=mapping.distributed_ram(self.width, depth))
        ram, _ = mapping.block_ram(self.width, depth)
        return Area(bram18=ram, bram_bits=self.width * depth)
