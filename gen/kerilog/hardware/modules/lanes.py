# SPDX-License-Identifier: Apache-2.0
"""``krl_lanes``: the same elements in another number of lanes, where one count divides the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.mapping import counter_bits
from kerilog.hardware.module import Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.lanes import Narrow, Widen


@dataclasses.dataclass(frozen=True)
class Lanes(Module):
    """An instance of ``krl_lanes``, for frames of ``elements``."""

    bits: int
    lanes_in: int
    lanes_out: int
    elements: int

    library = "krl_lanes"

    @property
    def ratio(self) -> int:
        """Beats of the narrower side per beat of the wider one."""
        return max(self.lanes_in, self.lanes_out) // min(self.lanes_in, self.lanes_out)

    def parameters(self) -> dict[str, int | str]:
        return {
            "BITS": self.bits,
            "LANES_IN": self.lanes_in,
            "LANES_OUT": self.lanes_out,
            "ELEMENTS": self.elements,
        }

    def controls(self) -> Sequence[Control]:
        if self.lanes_out >= self.lanes_in:
            return (Widen(ratio=self.ratio, beats=-(-self.elements // self.lanes_in)),)
        return (Narrow(ratio=self.ratio),)

    def counts(self) -> Counts:
        """What gathers, or is handed out slice by slice."""
        wider = self.lanes_out > self.lanes_in
        return {
            "one": 1,
            "gathered": self.bits * self.lanes_out * wider,
            "held": self.bits * self.lanes_in * (not wider),
            "behind": self.bits * (self.lanes_in - self.lanes_out) * (not wider),
            "ratio": counter_bits(self.ratio + 1),
            "wider": wider,
            "arriving": self.bits * self.lanes_in * wider,
            "places": self.ratio * wider,
        }
