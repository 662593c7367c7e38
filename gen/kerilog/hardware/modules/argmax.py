# SPDX-License-Identifier: Apache-2.0
"""``krl_argmax``: which of several elements is the largest."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.crop import Crop
from kerilog.timing.pipe import Pipe


@dataclasses.dataclass(frozen=True)
class ArgMax(Module):
    """An instance of ``krl_argmax``: vectors of ``beats`` beats of ``lanes`` codes."""

    lanes: int
    beats: int
    bits: int
    signed: bool = True

    library = "krl_argmax"

    @property
    def levels(self) -> int:
        """Registers of the comparator tree."""
        return (self.lanes - 1).bit_length()

    @property
    def number_bits(self) -> int:
        """Bits of the result."""
        return (self.lanes * self.beats - 1).bit_length()

    def parameters(self) -> dict[str, int | str]:
        return {
            "LANES": self.lanes,
            "BEATS": self.beats,
            "BITS": self.bits,
            "SIGNED": int(self.signed),
        }

    def controls(self) -> Sequence[Control]:
        last = self.beats - 1
        running = Crop(
            rows=1, columns=self.beats, beats=1, last_row=0, first_column=last, last_column=last, last_beat=0
        )
        return (Pipe(depth=self.levels), running) if self.levels else (running,)

    def counts(self) -> Counts:
        """A comparison and a choice for each node of the tree, the numbers that it keeps, and where several
        beats come in the largest so far, its number and two counters.
        """
        nodes = self.lanes - 1
        several = self.beats > 1
        return {
            "one": 1,
            "levels": self.levels,
            "compared": nodes * self.bits,
            "numbers": sum((self.lanes >> level) * level for level in range(1, self.levels + 1)),
            "kept": several * self.bits,
            "number": self.number_bits,
            "kept_number": several * self.number_bits,
            "counters": counter_bits(self.beats),
        }
