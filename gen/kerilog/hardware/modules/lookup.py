# SPDX-License-Identifier: Apache-2.0
"""``krl_lookup``: a function of one code, from a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe


@dataclasses.dataclass(frozen=True, eq=False)
class Lookup(Module):
    """An instance of ``krl_lookup``: ``lanes`` codes of ``x_bits`` become codes of ``bits``."""

    lanes: int
    x_bits: int
    bits: int
    table: Memory

    library = "krl_lookup"

    @property
    def memories(self) -> tuple[Memory, ...]:
        return (self.table,)

    @property
    def copies(self) -> int:
        return self.lanes

    def parameters(self) -> dict[str, int | str]:
        return {
            "LANES": self.lanes,
            "X_BITS": self.x_bits,
            "BITS": self.bits,
            "FILE": self.table.literal,
            "BLOCK": self.table.block,
        }

    def controls(self) -> Sequence[Control]:
        return (Pipe(depth=1),)

    def counts(self) -> Counts:
        """Its handshake; the rest are the tables."""
        return {"one": 1}
