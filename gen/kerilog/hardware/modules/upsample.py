# SPDX-License-Identifier: Apache-2.0
"""``krl_upsample``: pixels and rows several times."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.graph import Pair
from kerilog.hardware import mapping, memories
from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing import upsample
from kerilog.timing.control import Control


@dataclasses.dataclass(frozen=True)
class Upsample(Module):
    """An instance of ``krl_upsample``: rows of ``columns`` pixels of ``beats`` beats of ``width`` bits.

    ``repeats`` (rows, pixels).
    """

    width: int
    columns: int
    beats: int
    repeats: Pair

    library = "krl_upsample"

    @property
    def depth(self) -> int:
        """Beats that the memory holds."""
        return self.columns * self.beats * (1 if self.columns > 1 else 2)

    @property
    def block(self) -> int:
        return int(self.depth * self.width >= memories.BLOCK_BITS)

    def parameters(self) -> dict[str, int | str]:
        return {
            "WIDTH": self.width,
            "COLUMNS": self.columns,
            "BEATS": self.beats,
            "REPEAT_ROWS": self.repeats[0],
            "REPEAT_COLUMNS": self.repeats[1],
            "BLOCK": self.block,
        }

    def controls(self) -> Sequence[Control]:
        return (
            upsample.Upsample(
                columns=self.columns,
                beats=self.beats,
                repeat_rows=self.repeats[0],
                repeat_columns=self.repeats[1],
            ),
        )

    def counts(self) -> Counts:
        """Places of writer and reader, the addresses that the reader comes back to, the output register."""
        address = mapping.address_bits(self.depth)
        return {
            "one": 1,
            "width": self.width * (not self.block),
            "places": 2 * (counter_bits(self.columns) + counter_bits(self.beats)),
            "addresses": 2 * address,
            "back": address * ((self.repeats[0] > 1) + (self.repeats[1] > 1 and self.beats > 1)),
            "repeats": counter_bits(self.repeats[0]) + counter_bits(self.repeats[1]),
        }

    def primitives(self) -> Area:
        """The memory."""
        if not self.block:
            return Area(lutram=mapping.distributed_ram(self.width, self.depth))
        ram, _ = mapping.block_ram(self.width, self.depth)
        return Area(bram18=ram, bram_bits=self.width * self.depth)
