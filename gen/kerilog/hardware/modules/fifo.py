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


@dataclasses.dataclass(frozen=True)
class Fifo(Module):
    """An instance of ``krl_fifo``: ``depth`` beats of ``width`` bits."""

    width: int
    depth: int

    library = "krl_fifo"

    def parameters(self) -> dict[str, int | str]:
        return {"WIDTH": self.width, "DEPTH": self.depth}

    def controls(self) -> Sequence[Control]:
        return (fifo.Fifo(depth=self.depth),)

    def counts(self) -> Counts:
        """Two pointers and a level; above 64 words the words of several memories are chosen from."""
        return {
            "one": 1,
            "pointers": counter_bits(self.depth),
            "level": self.depth.bit_length(),
            "not a power": self.depth & (self.depth - 1) != 0,
            "select": self.width * mux(-(-self.depth // 64)),
            "banks": -(-self.depth // 64) - 1,
            "word": self.width * (self.depth == 1),
        }

    def primitives(self) -> Area:
        """A LUT memory."""
        return Area(lutram=mapping.distributed_ram(self.width, self.depth))
