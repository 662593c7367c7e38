# SPDX-License-Identifier: Apache-2.0
"""``krl_bilinear``: what lies between four pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kerilog.hardware.mapping import multiplier_dsps
from kerilog.hardware.module import Area, Counts, Module
from kerilog.timing.control import Control
from kerilog.timing.pipe import Pipe

ADDED = 3  # bits of a weight up to which krl_interpolate adds


@dataclasses.dataclass(frozen=True)
class Bilinear(Module):
    """An instance of ``krl_bilinear``: ``lanes`` codes of ``bits``, weights of ``row_bits`` and of
    ``column_bits``; halves are rounded ``away`` from zero, else up.
    """

    lanes: int
    bits: int
    row_bits: int
    column_bits: int
    away: bool

    library = "krl_bilinear"
    latency = 7

    def parameters(self) -> dict[str, int | str]:
        return {
            "LANES": self.lanes,
            "BITS": self.bits,
            "ROW_BITS": self.row_bits,
            "COLUMN_BITS": self.column_bits,
            "AWAY": int(self.away),
        }

    def controls(self) -> Sequence[Control]:
        return (Pipe(depth=self.latency),)

    @property
    def _interpolations(self) -> tuple[tuple[int, int], ...]:
        """Bits of the numbers and of the weight of each ``krl_interpolate`` of a lane."""
        row = (self.bits, self.row_bits)
        return row, row, (self.bits + self.row_bits, self.column_bits)

    def counts(self) -> Counts:
        """A difference and a sum for each interpolation, a sum for each bit of a weight that is added, and
        the rounding.
        """
        added = [(x, weight) for x, weight in self._interpolations if weight <= ADDED]
        multiplied = [(x, weight) for x, weight in self._interpolations if weight > ADDED]
        total = self.bits + self.row_bits + self.column_bits
        return {
            "one": 1,
            "weights": self.column_bits,
            "added": self.lanes * sum(x + weight for x, weight in added),
            "digits": self.lanes * sum((x + 1) * (weight - 1) for x, weight in added),
            "added numbers": self.lanes * sum(x for x, _ in added),
            "multiplied": self.lanes * sum(x + weight for x, weight in multiplied),
            "numbers": self.lanes * sum(x for x, _ in multiplied),
            "total": self.lanes * total,
            "away": self.lanes * total * self.away,
            "codes": self.lanes * self.bits,
        }

    def primitives(self) -> Area:
        """The multipliers of weights that are not added."""
        products = (
            multiplier_dsps(x + 1, weight + 1) for x, weight in self._interpolations if weight > ADDED
        )
        return Area(dsp=self.lanes * sum(products))
