# SPDX-License-Identifier: Apache-2.0
"""The Pareto front of a network: each design that no other one beats in both pace and multipliers."""

from __future__ import annotations

import dataclasses

from kerilog.errors import KerilogError
from kerilog.plan import area
from kerilog.plan.area import Area
from kerilog.plan.goals import reached
from kerilog.plan.planner import front
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph


@dataclasses.dataclass(frozen=True)
class Point:
    """One design. ``interval`` and ``latency`` in cycles, as the plan promises them; ``area`` predicted;
    ``utilization``: the share of all possible multiplications that is useful, 0..1; None without multipliers.
    """

    interval: int
    latency: int
    multipliers: int
    area: Area
    utilization: float | None

    def frames_per_second(self, clock_mhz: float) -> float:
        return clock_mhz * 1e6 / self.interval


def explore(graph: QGraph, progress: Progress = silent) -> list[Point]:
    """The front of ``graph``, fastest first; ``kerilog build --interval`` reaches each of its intervals.

    Raises Unsupported for what hardware does not take, KerilogError where no interval is reached.
    """
    candidates = front(graph)
    found = []
    for number, candidate in enumerate(candidates):
        progress(f"{candidate.interval} cycles a frame", number / len(candidates))
        design = reached(graph, candidate.interval)
        if design is not None:
            interval = design.cycles.frame_interval
            possible = design.multipliers * interval
            used = design.macs / possible if possible else None
            found.append(Point(interval, design.cycles.latency, design.multipliers, area.of(design), used))
    if not found:
        raise KerilogError(f"model '{graph.name}': no frame interval is reached")
    return pareto(found)


def pareto(points: list[Point]) -> list[Point]:
    """Those that no other one beats: as few multipliers and faster, or as fast with fewer; by interval."""
    best: list[Point] = []
    for point in sorted(points, key=lambda one: (one.interval, one.multipliers, one.area.luts)):
        if not best or point.multipliers < best[-1].multipliers:
            best.append(point)
    return best
