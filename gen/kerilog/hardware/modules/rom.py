# SPDX-License-Identifier: Apache-2.0
"""``krl_rom``: a memory that is only read."""

from __future__ import annotations

import dataclasses

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits, mux
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Area, Counts, Module


@dataclasses.dataclass(frozen=True, eq=False)
class Rom(Module):
    """An instance of ``krl_rom`` that holds ``memory``."""

    memory: Memory

    library = "krl_rom"

    def parameters(self) -> dict[str, int | str]:
        return {
            "WIDTH": self.memory.width,
            "DEPTH": self.memory.depth,
            "FILE": self.memory.literal,
            "BLOCK": self.memory.block,
        }

    def counts(self) -> Counts:
        """A LUT for every 64 words of each column of bits that is one of its kind, and a register; two words
        need no LUT. Nothing of a block RAM.
        """
        if self.memory.block:
            return {}
        return self.counts_of(self.memory.columns, self.memory.depth)

    @staticmethod
    def counts_of(columns: int, depth: int) -> Counts:
        """Those of a memory in LUTs with so many different columns of bits."""
        return {
            "one": 1,
            "tables": columns * -(-depth // 64) * (depth > 2),
            "columns": columns,
            "chosen": columns * mux(-(-depth // 256)),
        }

    def primitives(self) -> Area:
        """Block RAMs, and the choice among their lines."""
        memory = self.memory
        if not memory.block:
            return Area()
        count, lines = mapping.block_ram(memory.width, memory.depth)
        choice = Area(lut=memory.width * mux(lines), ff=counter_bits(lines))
        return choice + Area(bram18=count, bram_bits=memory.width * memory.depth)
