# SPDX-License-Identifier: Apache-2.0
"""What a design will be, before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from kerilog.area import devices
from kerilog.emit import describe, picture
from kerilog.hardware.design import Design
from kerilog.manifest import Area, Layer, share_used

Row = tuple[str, str]
_SHOWN = 5  # devices that are listed


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """A planned design; print it for a summary.

    ``goal``: what it was planned for, in words. ``interval``: clock cycles per frame. ``latency``: clock
    cycles from the first beat of a frame going in to its last result coming out. ``multipliers``: those that
    multiply two variables. ``constants``: products per cycle by shifts and adds instead. ``macs``:
    multiplications of the network per frame. ``area``: predicted for Xilinx 7-series (``lut``, ``lutram`` on
    top, ``ff``, ``bram18``, ``dsp``). ``layers``: the stages of the pipeline as the manifest has them.
    """

    name: str
    scheme: str
    goal: str
    interval: int
    latency: int
    multipliers: int
    constants: int
    macs: int
    area: Area
    layers: tuple[Layer, ...]
    design: Design = dataclasses.field(repr=False)

    @classmethod
    def of(cls, design: Design) -> Plan:
        """What is told of ``design``."""
        return cls(
            name=design.name,
            scheme=design.scheme,
            goal=design.goal,
            interval=design.cycles.frame_interval,
            latency=design.cycles.latency,
            multipliers=design.multipliers,
            constants=design.products - design.multipliers,
            macs=design.macs,
            area=describe.area_of(design),
            layers=describe.layers_of(design),
            design=design,
        )

    @property
    def utilization(self) -> float | None:
        """Multiplications of the network among all that could be made in an interval, 0..1; None for none."""
        return share_used(self.macs, self.multipliers + self.constants, self.interval)

    @property
    def devices(self) -> tuple[str, ...]:
        """The known Xilinx 7-series devices that should hold the design, smallest first."""
        return tuple(devices.holding(self.area))

    @property
    def svg(self) -> str:
        """A picture of the pipeline."""
        return picture.render(self.design)

    def frames_per_second(self, clock_mhz: float) -> float:
        """The rate of frames at a clock of ``clock_mhz``."""
        return clock_mhz * 1e6 / self.interval

    def rows(self) -> Iterator[Row]:
        """The summary, as pairs of a word and what it is."""
        used = self.utilization
        yield "goal", self.goal
        yield (
            "interval",
            f"{self.interval:,} cycles per frame" + ("" if used is None else f", {used:.1%} used"),
        )
        yield "latency", f"{self.latency:,} cycles"
        yield "multipliers", f"{self.multipliers:,}"
        if self.constants:
            yield "constants", f"{self.constants:,} products per cycle, by shifts and adds"
        area = self.area
        luts = f"{area.lut:,} LUT + {area.lutram:,} as memory"
        yield "area", f"{luts}, {area.ff:,} FF, {area.bram18:,} RAMB18, {area.dsp:,} DSP (predicted)"
        yield "fits", self._fitting()
        for layer in self.layers:
            if layer.products:
                yield f"  {layer.layer}", self._folding(layer)

    def _fitting(self) -> str:
        fitting = self.devices
        more = len(fitting) - _SHOWN
        return (", ".join(fitting[:_SHOWN]) + (f" and {more} larger ones" if more > 0 else "")) or (
            "none of the known 7-series devices"
        )

    def _folding(self, layer: Layer) -> str:
        used = None if layer.macs is None else share_used(layer.macs, layer.products, self.interval)
        tail = "" if used is None else f", {used:.1%} used"
        return f"{layer.kind}, {layer.pe} x {layer.simd} {layer.made_by}{tail}"

    def __repr__(self) -> str:
        return (
            f"<kerilog.Plan {self.name}: {self.interval} cycles per frame, latency {self.latency}, "
            f"{self.multipliers} multipliers>"
        )

    def __str__(self) -> str:
        rows = [(f"{self.name}, {self.scheme}", ""), *self.rows()]
        width = max(len(label) for label, _ in rows[1:])
        return "\n".join(f"{label:<{width}}  {text}".rstrip() for label, text in rows)

    def _repr_html_(self) -> str:
        from kerilog.api import page

        return page.plan(self)
