# SPDX-License-Identifier: Apache-2.0
"""``krl_serializer``: holds finished sums and hands them on in the order of the outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware import mapping
from kerilog.hardware.mapping import counter_bits, mux
from kerilog.hardware.module import Area, Counts, Module
from kerilog.hardware.modules.matvec import MatVec
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe


@dataclasses.dataclass(frozen=True)
class Serializer(Module):
    """An instance of ``krl_serializer``, with ``depth`` words of ``pe`` sums."""

    pe: int
    lanes: int
    outputs: int
    depth: int
    bits: int

    library = "krl_serializer"

    @classmethod
    def behind(cls, matvec: MatVec) -> Serializer:
        """The one that the results of ``matvec`` need."""
        return cls(matvec.pe, matvec.result_lanes, matvec.outputs, matvec.credits, matvec.acc_bits)

    @property
    def groups(self) -> int:
        return -(-self.outputs // self.pe)

    @property
    def beat_bits(self) -> int:
        """Bits of a beat that leaves."""
        return self.lanes * self.bits

    def parameters(self) -> dict[str, int | str]:
        return {
            "PE": self.pe,
            "LANES": self.lanes,
            "OUTPUTS": self.outputs,
            "DEPTH": self.depth,
            "BITS": self.bits,
        }

    def controls(self) -> Sequence[Control]:
        """The output register; the rest goes with ``krl_matvec``."""
        return (Pipe(depth=1),)

    def counts(self) -> Counts:
        """A multiplexer of ``pe / lanes`` slices, pointers, and two counters."""
        slices = self.pe // self.lanes
        out = self.lanes * self.bits
        return {
            "one": 1,
            "select": out * mux(slices),
            "out": out,
            "word": self.pe * self.bits * (self.depth == 1),
            "pointers": counter_bits(self.depth),
            "level": self.depth.bit_length(),
            "counters": counter_bits(slices) + counter_bits(self.groups),
        }

    def primitives(self) -> Area:
        """A LUT memory of ``depth`` words."""
        return Area(lutram=mapping.distributed_ram(self.pe * self.bits, self.depth))
