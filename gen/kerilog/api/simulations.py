# SPDX-License-Identifier: Apache-2.0
"""What a simulation of the Verilog gave, beside what the integer model and the plan say."""

from __future__ import annotations

import dataclasses

from kerilog.formats import IntArray


@dataclasses.dataclass(frozen=True, eq=False)
class Simulation:
    """The outputs of the Verilog and when they came.

    ``codes``: int64 (frames, *output shape), of several outputs by name. ``mismatches``: how many of them
    differ from the integer model. ``interval``: clock cycles between frames once that stands, None where it
    does not stand within ``frames`` frames, those sent again included. ``latency``: clock cycles from the
    first beat in to the last beat out of the first frame. ``planned_interval`` and ``planned_latency``: what
    the plan promised. ``cycles``: length of the simulation. ``differences``: what is not as planned, a line
    each.
    """

    codes: IntArray | dict[str, IntArray]
    mismatches: int
    interval: int | None
    latency: int
    planned_interval: int
    planned_latency: int
    frames: int
    cycles: int
    simulator: str
    differences: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every element, the interval and the latency are what they should be."""
        return not self.mismatches and not self.differences

    def __repr__(self) -> str:
        pace = "no steady interval" if self.interval is None else f"{self.interval} cycles per frame"
        arrays = self.codes.values() if isinstance(self.codes, dict) else [self.codes]
        elements = sum(array.size for array in arrays)
        troubles = f", not as planned: {'; '.join(self.differences)}" if self.differences else ""
        return (
            f"<kerilog.Simulation by {self.simulator}: {self.mismatches} mismatches in "
            f"{elements:,} elements, {pace}, latency {self.latency}{troubles}>"
        )
