# SPDX-License-Identifier: Apache-2.0
"""Bounds that a design must meet, and which of two designs within them is the better one."""

from __future__ import annotations

import dataclasses

from kerilog import area
from kerilog.area import Area
from kerilog.area.devices import LUT_SHARE, REFERENCE, Device, occupancy, shortfall
from kerilog.hardware.design import Design

DEFAULT_FILL = 100 * LUT_SHARE
"""Percent of a device's LUTs and flip-flops that a design may take unless another part is asked for."""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The most that a design may take; None where there is no bound.

    ``interval`` and ``latency`` in cycles, ``multipliers`` counts constants as well, ``device`` with ``fill``
    percent of its LUTs and flip-flops.
    """

    interval: int | None = None
    latency: int | None = None
    multipliers: int | None = None
    device: Device | None = None
    fill: float = DEFAULT_FILL

    @property
    def for_area(self) -> bool:
        """Whether it is area that is minimized, not the interval: that is bounded, or latency alone is."""
        others = self.multipliers is not None or self.device is not None
        return self.interval is not None or (self.latency is not None and not others)

    def missing(self, need: Area) -> dict[str, tuple[int, int]]:
        """What the device lacks for ``need``: the need and the supply, by kind of resource."""
        return {} if self.device is None else shortfall(need, self.device, self.fill / 100)

    def are_met_by(self, design: Design) -> bool:
        """Whether ``design`` is within all of them."""
        return (
            (self.interval is None or design.cycles.frame_interval <= self.interval)
            and (self.latency is None or design.cycles.latency <= self.latency)
            and (self.multipliers is None or design.products <= self.multipliers)
            and not self.missing(area.of(design))
        )

    def cost(self, need: Area) -> float:
        """The area ``need`` as one number: the part that it takes of the device, or of one of middle size."""
        return occupancy(need, self.device or REFERENCE)

    def rank(self, design: Design) -> tuple[float, ...]:
        """The less, the better: by area where that is minimized, else by interval first."""
        cost = self.cost(area.of(design))
        interval = design.cycles.frame_interval
        return (cost, interval) if self.for_area else (interval, cost)

    @property
    def text(self) -> str:
        """Those but the interval, in words that go on behind what they bound: `` with 9 multipliers``."""
        found = []
        if self.multipliers is not None:
            found.append(count(self.multipliers, "multiplier"))
        if self.latency is not None:
            found.append(f"a latency of {count(self.latency, 'cycle')}")
        text = f" with {' and '.join(found)}" if found else ""
        return text if self.device is None else f"{text} on {self.device_text}"

    @property
    def device_text(self) -> str:
        """The device, and how much of it may be taken where that is not what it is by default."""
        name = "" if self.device is None else self.device.name
        return name if self.fill == DEFAULT_FILL else f"{name} filled to {self.fill:g} %"


def count(number: int, noun: str) -> str:
    """``1 cycle``, ``2 cycles``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
