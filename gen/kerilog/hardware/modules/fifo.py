# SPDX-License-Identifier: Apache-2.0
"""``krl_fifo``: a queue."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits, mux
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing import fifo
from kerilog.timing.control import Control

LUTS_OF_A_BLOCK = 190
"""Look-up tables for each block RAM of 18 Kbit, in 7-series devices of middle size."""


@dataclasses.dataclass(frozen=True)
class Fifo(Module):
    """An instance of ``krl_fifo``: ``depth`` beats of ``width`` bits, in block RAM where that is the smaller
    part of a device.
    """

    width: int
    depth: int

    library = "krl_fifo"

    @property
    def block(self) -> int:
        """1 if the beats are in block RAM."""
        tables = mapping.distributed_ram(self.width, self.depth) + self.width * mux(self._banks)
        # a beat that passes the memory takes a multiplexer
        blocks = mapping.block_ram(self.width, self.depth)[0]
        return int(tables > LUTS_OF_A_BLOCK * blocks + self.width)

    @property
    def _banks(self) -> int:
        """Memories of 64 words one after the other."""
        return -(-self.depth // 64)

    def parameters(self) -> dict[str, int | str]:
        block = {"BLOCK": 1} if self.block else {}
        return {"WIDTH": self.width, "DEPTH": self.depth, **block}

    def controls(self) -> Sequence[Control]:
        return (fifo.Fifo(depth=self.depth),)

    def counts(self) -> Counts:
        """Two pointers and a level; above 64 words the words of several memories are chosen from. Beside a
        block RAM, a beat that passes it.
        """
        tables = not self.block
        return {
            "one": 1,
            "pointers": counter_bits(self.depth),
            "level": self.depth.bit_length(),
            "not a power": self.depth & (self.depth - 1) != 0,
            "select": self.width * mux(self._banks) * tables,
            "banks": (self._banks - 1) * tables,
            "word": self.width * (self.depth == 1),
            "passing": self.width * self.block,
            "read ahead": counter_bits(self.depth) * self.block,
        }

    def primitives(self) -> Area:
        """A LUT memory, or block RAMs and the choice among their lines."""
        if self.block:
            count, lines = mapping.block_ram(self.width, self.depth)
            choice = Area(lut=self.width * mux(lines), ff=counter_bits(lines))
            return choice + Area(bram18=count, bram_bits=self.width * self.depth)
        return Area(lutram=mapping.distributed_ram(self.width, self.depth))
