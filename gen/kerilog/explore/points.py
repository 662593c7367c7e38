# SPDX-License-Identifier: Apache-2.0
"""The Pareto front of a network: each design that no other one beats in interval, latency and area."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import closing

from kerilog import area, parallel, storage
from kerilog.area import Area
from kerilog.area.devices import REFERENCE, occupancy
from kerilog.errors import KerilogError
from kerilog.hardware.folding import Shares
from kerilog.kept import Kept
from kerilog.plan import refusals
from kerilog.plan.candidates import reached
from kerilog.plan.front import front
from kerilog.plan.goals import EXTRA
from kerilog.plan.jobs import is_dense
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph
from kerilog.workers import Run, Spread, workers

PARTS_A_PROCESS = 4  # of the foldings, so that all processes end at about the same time

HASTY = tuple(Shares(haste=2, reads_input=reads_input) for reads_input in (False, True))

_Folding = tuple[int, Shares]  # for an interval, with multipliers shared out so


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

    @property
    def share(self) -> float:
        """The area as one number: the shares of LUTs, flip-flops, block RAMs and DSPs of ``REFERENCE``, added
        up.
        """
        return occupancy(self.area, REFERENCE)

    def frames_per_second(self, clock_mhz: float) -> float:
        return clock_mhz * 1e6 / self.interval


def explore(graph: QGraph, progress: Progress = silent, spread: Spread = Spread()) -> list[Point]:  # noqa: B008
    """The front of ``graph``, fastest first; ``kerilog build`` with the interval and the latency of a point
    as bounds finds a design that takes no more of an FPGA.

    Designs are planned where ``spread`` says, with the same result; those that an earlier command planned are
    not planned again. Raises Unsupported for what hardware does not take, KerilogError where no interval is
    reached.
    """
    refusals.check(graph)
    foldings = _foldings(graph)
    with workers(graph, spread, len(foldings)) as run, closing(_kept(graph)) as kept:
        found = _collected(run, kept, foldings, progress)
    if not found:
        raise KerilogError(f"model '{graph.name}': no frame interval is reached")
    return pareto(found)


def _kept(graph: QGraph) -> Kept[Point | None]:
    return Kept(f"explore {storage.digest(graph)}", Point | None)


def _foldings(graph: QGraph) -> list[_Folding]:
    """What is planned: every interval at which multipliers are saved, and of networks of dense layers with
    haste as well.
    """
    shares = [Shares(EXTRA[0]), *(HASTY if is_dense(graph) else ())]
    return [(point.interval, share) for point in front(graph) for share in shares]


def _collected(
    run: Run, kept: Kept[Point | None], foldings: Sequence[_Folding], progress: Progress
) -> list[Point]:
    """Those that are reached, as they come."""
    before = [kept.get(folding) for folding in foldings]
    new = [folding for folding, found in zip(foldings, before, strict=True) if found is None]
    # neighbours share what is costly to find, above all sums for constant weights
    points = run(_planned, new, -(-len(new) // (PARTS_A_PROCESS * parallel.processors())) or 1)
    reached: list[Point] = []
    for number, (folding, found) in enumerate(zip(foldings, before, strict=True)):
        progress(f"{folding[0]} cycles per frame", number / len(foldings))
        point = next(points) if found is None else found[0]
        if found is None:
            kept.put(folding, point)
        if point is not None:
            reached.append(point)
    return reached


def _planned(graph: QGraph, folding: _Folding) -> Point | None:
    """The design for an interval, with multipliers shared out so; None where it is not reached."""
    interval, shares = folding
    design = reached(graph, interval, shares=shares)
    if design is None:
        return None
    possible = design.products * design.cycles.frame_interval
    used = design.macs / possible if possible else None
    cycles = design.cycles
    return Point(cycles.frame_interval, cycles.latency, design.products, area.of(design), used)


def pareto(points: list[Point]) -> list[Point]:
    """Those that no other one beats or equals in interval, latency and share of an FPGA; by interval."""
    best: list[Point] = []
    for point in sorted(points, key=lambda one: (one.interval, one.latency, one.share)):
        if not any(one.latency <= point.latency and one.share <= point.share for one in best):
            best.append(point)
    return best
