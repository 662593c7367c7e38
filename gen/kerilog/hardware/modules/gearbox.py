# SPDX-License-Identifier: Apache-2.0
"""``krl_gearbox``: the same elements in another number of lanes, whatever the two counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.mapping import counter_bits, mux
from kerilog.hardware.module import Counts, Module
from kerilog.timing import gearbox
from kerilog.timing.control import Control


@dataclasses.dataclass(frozen=True)
class Gearbox(Module):
    """An instance of ``krl_gearbox``, for frames of ``elements``."""

    bits: int
    lanes_in: int
    lanes_out: int
    elements: int

    library = "krl_gearbox"

    def parameters(self) -> dict[str, int | str]:
        return {
            "BITS": self.bits,
            "LANES_IN": self.lanes_in,
            "LANES_OUT": self.lanes_out,
            "ELEMENTS": self.elements,
        }

    def controls(self) -> Sequence[Control]:
        control = gearbox.Gearbox(lanes_in=self.lanes_in, lanes_out=self.lanes_out, elements=self.elements)
        return (control,)

    def counts(self) -> Counts:
        """A queue of elements, into which beats are put at any place."""
        queue = self.lanes_out + min(self.lanes_in, self.lanes_out) - 1 + self.lanes_in
        return {
            "one": 1,
            "queue": queue * self.bits,
            "placed": queue * self.bits * mux(1 << counter_bits(self.lanes_in)),
            "level": queue.bit_length(),
        }
