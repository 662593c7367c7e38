# SPDX-License-Identifier: Apache-2.0
"""``krl_store``: a memory whose words are written at run time."""

from __future__ import annotations

import dataclasses

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits, mux
from kerilog.hardware.memories import COLUMN_BITS, Memory
from kerilog.hardware.module import Area, Counts, Module
from kerilog.hardware.modules.rom import Rom

BYTE = 8  # bits of a block RAM that are written by themselves, of 9 that there are


@dataclasses.dataclass(frozen=True, eq=False)
class Store(Module):
    """An instance of ``krl_store`` that begins with ``memory``."""

    memory: Memory

    library = "krl_store"

    @property
    def columns(self) -> int:
        """Parts of a word that are written one by one."""
        return -(-self.memory.width // COLUMN_BITS)

    @property
    def column_bits(self) -> int:
        """Of the number of a column."""
        return mapping.address_bits(self.columns)

    @property
    def address_bits(self) -> int:
        """Of the number of a word."""
        return mapping.address_bits(self.memory.depth)

    @property
    def places(self) -> int:
        """Words of all banks; the second one begins at a power of 2."""
        depth = self.memory.depth
        return depth if self.memory.banks == 1 else 2 << self.address_bits

    def parameters(self) -> dict[str, int | str]:
        return {
            "WIDTH": self.memory.width,
            "DEPTH": self.memory.depth,
            "FILE": self.memory.literal,
            "BLOCK": self.memory.block,
            "BANKS": self.memory.banks,
        }

    def counts(self) -> Counts:
        """A register for each bit that look-up tables hold, the choice of a line of them, and which column is
        written.
        """
        held = 0 if self.memory.block else self.memory.width
        return {"bits": held, "chosen": held * mux(-(-self.places // 64)), "columns": self.columns}

    def primitives(self) -> Area:
        """Look-up tables that hold the words, or block RAMs, and the choice among their lines."""
        width, places = self.memory.width, self.places
        if not self.memory.block:
            return Area(lutram=mapping.distributed_ram(width, places))
        # of 9 bits with one enable, 8 are used
        count, lines = mapping.block_ram(-(-width // BYTE) * (BYTE + 1), places)
        choice = Area(lut=width * mux(lines), ff=counter_bits(lines))
        return choice + Area(bram18=count, bram_bits=width * places)


def holder(memory: Memory) -> Module:
    """What holds ``memory`` in a design: a store if it is written at run time, else a ROM."""
    return Store(memory) if memory.banks else Rom(memory)
