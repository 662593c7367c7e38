# SPDX-License-Identifier: Apache-2.0
"""The foldings that bounds may choose from: one for each interval at which something is saved."""

from __future__ import annotations

import bisect
import dataclasses
import functools
from collections.abc import Callable

from kerilog import area
from kerilog.area import Area
from kerilog.hardware.design import Design
from kerilog.hardware.folding import FEWEST, Shares
from kerilog.hardware.naming import verilog_name
from kerilog.plan.front import Point, front, leaner
from kerilog.plan.planner import default_interval, elaborate, relaxed
from kerilog.plan.sketch import Sketch
from kerilog.qgraph import QGraph

HASTES = tuple(8 / 1.05**step for step in range(60))
"""``haste`` of dense layers, the least first; see ``Shares``."""


class Candidates:
    """The foldings of ``graph``, by their place from the fastest to the slowest; each is sketched once and
    planned once at most, when somebody asks.

    They are those of the front, those between them that take less area with as many multipliers, and one for
    the interval ``asked``, with multipliers as ``shares`` says; with haste that one alone, for then a shorter
    interval would be more haste once more. Designs are made smaller as far as their ``latency`` allows.
    """

    def __init__(
        self,
        graph: QGraph,
        name: str | None = None,
        asked: int | None = None,
        shares: Shares = FEWEST,
        latency: int | None = None,
        registered: bool = False,
    ) -> None:
        self.graph, self.name = graph, verilog_name(name or graph.name)
        self.asked, self.shares, self.latency, self.registered = asked, shares, latency, registered
        self.points = front(graph)
        if not self.points[0].multipliers:
            # no multipliers to save, but narrower streams are smaller, too
            self._add(default_interval(graph))
        self.least_multipliers = self.points[-1].multipliers
        for interval in sorted(leaner(graph) | ({asked} if asked else set())):
            self._add(interval)
        if asked and shares.hurries:
            self.points = [[point for point in self.points if point.interval <= asked][-1]]
        self.sketch = functools.cache(self._sketch)
        self.least_area = functools.cache(self._least_area)
        self.design = functools.cache(self._design)

    def _add(self, interval: int) -> None:
        """A candidate for ``interval``, with as many multipliers as the next faster one."""
        faster = [point for point in self.points if point.interval <= interval]
        if faster and faster[-1].interval < interval:
            self.points.insert(len(faster), Point(interval, faster[-1].multipliers))

    def sharing(self, shares: Shares) -> Candidates:
        """The same with other ``shares``."""
        return Candidates(self.graph, self.name, self.asked, shares, self.latency, self.registered)

    def within(self, interval: int | None, multipliers: int | None) -> list[int]:
        """The places of those that promise to keep within these bounds."""
        return [
            place
            for place, point in enumerate(self.points)
            if (interval is None or point.interval <= interval)
            and (multipliers is None or point.multipliers <= multipliers)
        ]

    def _sketch(self, place: int) -> Sketch:
        interval = self.points[place].interval
        return relaxed(self.graph, self.name, interval, shares=self.shares, registered=self.registered)

    def _least_area(self, place: int) -> Area:
        return least_area(self.sketch(place))

    def _design(self, place: int) -> Design | None:
        return _in_its_interval(self.graph, self.name, self.sketch(place), self.latency)


class Hasty:
    """The candidates ``like`` others, with each haste of dense layers that somebody asks for, and the other
    ``shares``.
    """

    def __init__(self, like: Candidates, shares: Shares) -> None:
        self._like, self.shares = like, shares
        self._tried: dict[float, Candidates] = {}

    @property
    def tried(self) -> list[Candidates]:
        """Those that were looked at."""
        return list(self._tried.values())

    def family(self, haste: float) -> Candidates:
        if haste not in self._tried:
            self._tried[haste] = self._like.sharing(dataclasses.replace(self.shares, haste=haste))
        return self._tried[haste]

    def least(self, suffices: Callable[[Candidates], bool]) -> int:
        """The place in ``HASTES`` from which on they suffice."""
        return bisect.bisect_left(HASTES, True, key=lambda haste: suffices(self.family(haste)))


def reached(
    graph: QGraph,
    interval: int,
    name: str | None = None,
    shares: Shares = FEWEST,
    latency: int | None = None,
    registered: bool = False,
) -> Design | None:
    """The design for ``interval``, or for the shortest one of a layer that is slower than it seemed; None
    where the layers keep up only each alone. With a ``latency`` that bounds it if there is such a design.
    """
    title = verilog_name(name or graph.name)
    drawn = relaxed(graph, title, interval, shares=shares, registered=registered)
    return _in_its_interval(graph, title, drawn, latency)


def _in_its_interval(graph: QGraph, name: str, drawn: Sketch, latency: int | None) -> Design | None:
    design = elaborate(graph, name, drawn, latency)
    return design if design.cycles.frame_interval <= drawn.interval else None


def least_area(drawn: Sketch) -> Area:
    """A lower bound of what a design takes."""
    return area.of_stages(drawn.smallest(), drawn.border())
