# SPDX-License-Identifier: Apache-2.0
"""``krl_channel_lookup``: a function of one code that differs from channel to channel, from tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.memories import Memory
from kerilog.hardware.module import Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe


@dataclasses.dataclass(frozen=True, eq=False)
class ChannelLookup(Module):
    """An instance of ``krl_channel_lookup``: each of ``tables`` belongs to a lane.

    Codes of ``x_bits`` become codes of ``bits``; the tables repeat every ``period`` beats.
    """

    period: int
    x_bits: int
    bits: int
    tables: tuple[Memory, ...]

    library = "krl_channel_lookup"

    @property
    def lanes(self) -> int:
        return len(self.tables)

    @property
    def address_bits(self) -> int:
        return self.x_bits + counter_bits(self.period)

    @property
    def memories(self) -> tuple[Memory, ...]:
        return self.tables

    def parameters(self) -> dict[str, int | str]:
        return {"LANES": self.lanes, "PERIOD": self.period, "X_BITS": self.x_bits, "BITS": self.bits}

    def controls(self) -> Sequence[Control]:
        return (Pipe(depth=1),)

    def counts(self) -> Counts:
        """Its handshake and a counter of beats; the rest are the tables."""
        return {"one": 1, "beats": counter_bits(self.period)}
