# SPDX-License-Identifier: Apache-2.0
"""``krl_join``: the larger, the smaller or the product of two codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from kerilog.hardware.mapping import multiplier_dsps
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe

MAXIMUM: Final = 0
MINIMUM: Final = 1
PRODUCT: Final = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Join(Module):
    """An instance of ``krl_join``: ``lanes`` results of ``bits`` each of ``function``, one of those above.

    The zero points belong to a product, the clamp to the others.
    """

    function: int
    lanes: int
    left_bits: int
    right_bits: int
    bits: int
    left_zero: int = 0
    right_zero: int = 0
    clamp_min: int = 0
    clamp_max: int = 0

    library = "krl_join"
    latency = 3

    @property
    def width(self) -> int:
        """Bits of a beat of results."""
        return self.lanes * self.bits

    def parameters(self) -> dict[str, int | str]:
        own = (
            {"LEFT_ZERO": self.left_zero, "RIGHT_ZERO": self.right_zero}
            if self.function == PRODUCT
            else {"CLAMP_MIN": self.clamp_min, "CLAMP_MAX": self.clamp_max}
        )
        return {
            "LANES": self.lanes,
            "FUNCTION": self.function,
            "LEFT_BITS": self.left_bits,
            "RIGHT_BITS": self.right_bits,
            "BITS": self.bits,
            **own,
        }

    def controls(self) -> Sequence[Control]:
        return (Pipe(depth=self.latency),)

    def counts(self) -> Counts:
        """Of a product the operands less their zero points; else a comparison and a choice, and the clamp."""
        product = self.function == PRODUCT
        below, above = self.clamp_min > -(1 << (self.bits - 1)), self.clamp_max < (1 << (self.bits - 1)) - 1
        differences = self.left_bits * (self.left_zero != 0) + self.right_bits * (self.right_zero != 0)
        codes = 0 if product else self.lanes * self.bits
        return {
            "one": 1,
            "differences": product * self.lanes * differences,
            "operands": product * self.lanes * (self.left_bits + self.right_bits),
            "codes": codes,
            "clamped": codes * (below or above),
            "clamped twice": codes * (below and above),
        }

    def primitives(self) -> Area:
        """The multiplier of each lane of a product."""
        if self.function != PRODUCT:
            return Area()
        return Area(dsp=self.lanes * multiplier_dsps(self.left_bits + 1, self.right_bits + 1))
