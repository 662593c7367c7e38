# SPDX-License-Identifier: Apache-2.0
"""From what a user asks for to a design: cycles, frames per second, a budget of multipliers, or a device."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import operator
from fractions import Fraction
from numbers import Integral, Real

from kerilog import area
from kerilog.area import Area, devices
from kerilog.area.devices import Device, shortfall
from kerilog.errors import ArgumentError, KerilogError, UnreachedError
from kerilog.hardware.design import Design
from kerilog.hardware.kind import title
from kerilog.hardware.naming import verilog_name
from kerilog.plan import refusals
from kerilog.plan.front import front, jobs
from kerilog.plan.planner import default_interval, elaborate, plan
from kerilog.plan.sketch import Sketch
from kerilog.plan.wiring import sketch
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph

DEFAULT_MULTIPLIERS = 76
"""Multipliers of a design for which nothing is asked: they leave some of the 90 DSPs of an xc7a35t, on many
small boards, to the requantizers."""
NEIGHBOURS = 3
"""Shorter intervals that are tried where the layers keep up with the one asked for only each alone."""


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a design is folded for: at most one of these. With none of them it is the shortest interval that
    ``DEFAULT_MULTIPLIERS`` allow, or one multiplier per layer with weights if there are more of those.

    ``interval``: clock cycles per frame. ``fps``: frames per second at ``clock_mhz``. ``multipliers``: at
    most as many, and then the shortest interval. ``device``: a Xilinx 7-series FPGA that must hold the
    design, and then the shortest interval. ``unroll``: names of layers that get a constant multiplier for
    every weight, not with a budget. Raises KerilogError for values that cannot be and for more than one goal.
    """

    interval: int | None = None
    fps: float | None = None
    clock_mhz: float | None = None
    multipliers: int | None = None
    device: str | None = None
    unroll: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_types()
        given = [name for name in ("interval", "fps", "multipliers", "device") if self._has(name)]
        if len(given) > 1:
            listed = " and ".join(f"{{{place}}}" for place in range(len(given)))
            raise ArgumentError(f"expected one goal at most, found {listed}", *given)
        if self.clock_mhz is not None and not 0 < self.clock_mhz < math.inf:
            raise ArgumentError("{0} must be above 0 MHz, found {found:g}", "clock_mhz", found=self.clock_mhz)
        if self.fps is not None:
            self._check_fps(self.fps)
        elif self.clock_mhz is not None:
            raise ArgumentError("{0} is for {1}: give the frames per second as well", "clock_mhz", "fps")
        if self.interval is not None and self.interval < 1:
            raise KerilogError(f"the frame interval must be at least 1 cycle, found {self.interval}")
        if self.multipliers is not None and self.multipliers < 1:
            found = self.multipliers
            raise ArgumentError("{0} must be at least 1, found {found}", "multipliers", found=found)
        if self.device is not None:
            devices.seven_series(self.device)
        if self.unroll and not (self.multipliers is None and self.device is None):
            raise ArgumentError("{0} goes with {1} or {2}, not with a budget", "unroll", "interval", "fps")

    def _check_types(self) -> None:
        """From Python anything may come."""
        for name, value, kind, wanted in (
            ("interval", self.interval, Integral, "a whole number"),
            ("multipliers", self.multipliers, Integral, "a whole number"),
            ("fps", self.fps, Real, "a number"),
            ("clock_mhz", self.clock_mhz, Real, "a number"),
            ("device", self.device, str, "a name"),
        ):
            if value is not None and not isinstance(value, kind):
                raise ArgumentError("{0} must be {wanted}, found {found!r}", name, wanted=wanted, found=value)
        # numbers of NumPy's as Python's own
        for name in ("interval", "multipliers"):
            if self._has(name):
                object.__setattr__(self, name, operator.index(getattr(self, name)))
        for name in ("fps", "clock_mhz"):
            if self._has(name):
                object.__setattr__(self, name, float(getattr(self, name)))

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None

    def _check_fps(self, fps: float) -> None:
        if not 0 < fps < math.inf:
            raise ArgumentError("{0} must be above 0, found {found:g}", "fps", found=fps)
        if self.clock_mhz is None:
            raise ArgumentError("{0} needs the clock as well: give {1} in MHz", "fps", "clock_mhz")
        if self.clock_mhz * 1e6 < fps:
            raise ArgumentError(
                "{0} {fps:g}: more than one frame a cycle of a clock of {clock:g} MHz",
                "fps",
                fps=fps,
                clock=self.clock_mhz,
            )

    @property
    def text(self) -> str:
        """The goal in words."""
        if self.multipliers is not None:
            return f"the shortest interval with {_count(self.multipliers, 'multiplier')}"
        if self.device is not None:
            return f"the shortest interval on {self.device}"
        if self.fps is not None:
            return f"{self.fps:g} frames per second at {self.clock_mhz:g} MHz"
        if self.interval is not None:
            return f"a frame every {_count(self.interval, 'cycle')}"
        return f"none: the shortest interval with {DEFAULT_MULTIPLIERS} multipliers, or one per layer if more"

    @property
    def cycles(self) -> int | None:
        """The frame interval that is asked for, if it is."""
        if self.fps is None or self.clock_mhz is None:
            return self.interval
        # in decimal: 0.06 MHz and 60 frames per second are 1000 cycles, not a binary place less
        return math.floor(Fraction(str(self.clock_mhz)) * 10**6 / Fraction(str(self.fps)))


def design_for(graph: QGraph, goal: Goal, name: str | None = None, progress: Progress = silent) -> Design:
    """The design of ``graph`` for ``goal``, named ``name``.

    Raises Unsupported for what has no hardware, KerilogError for a goal that no folding meets; it says what
    stands in the way.
    """
    refusals.check(graph)
    if goal.multipliers is not None:
        design = _within_budget(graph, goal.multipliers, name, progress)
    elif goal.device is not None:
        design = _on_device(graph, devices.seven_series(goal.device), name, progress)
    elif goal.cycles is not None:
        design = _at_interval(graph, goal.cycles, name, goal.unroll)
    else:
        design = _by_default(graph, name, goal.unroll, progress)
    asked = "" if goal.device is None else devices.seven_series(goal.device).name
    return dataclasses.replace(design, goal=goal.text, device=asked)


def _by_default(graph: QGraph, name: str | None, unroll: tuple[str, ...], progress: Progress) -> Design:
    layers = len(list(jobs(graph)))
    if not layers:
        return plan(graph, None, name)
    points = front(graph)
    budget = max(DEFAULT_MULTIPLIERS, points[-1].multipliers)
    if not unroll:
        return _within_budget(graph, budget, name, progress)
    interval = next(point.interval for point in points if point.multipliers <= budget)
    return _at_interval(graph, interval, name, unroll)


def _at_interval(graph: QGraph, interval: int, name: str | None, unroll: tuple[str, ...]) -> Design:
    """The design for ``interval``, or for a slightly shorter one where the layers keep up with it only each
    alone.
    """
    try:
        return plan(graph, interval, name, unroll)
    except UnreachedError as missed:
        shorter = [point.interval for point in front(graph) if point.interval < interval]
        for neighbour in shorter[: -NEIGHBOURS - 1 : -1]:
            with contextlib.suppress(UnreachedError):
                return plan(graph, neighbour, name, unroll)
        raise missed from None


# ---- a budget of multipliers ----


def _within_budget(graph: QGraph, budget: int, name: str | None, progress: Progress) -> Design:
    """The fastest design with ``budget`` multipliers. A few points of the front may fail, whose layers keep
    up only each alone.
    """
    points = front(graph)
    least = points[-1].multipliers
    if least > budget:
        names = [title(node) for node, _ in jobs(graph)]
        raise KerilogError(
            f"a budget of {_count(budget, 'multiplier')} is too small: {least} are needed, "
            f"one at least for each of the {_count(len(names), 'layer')} {', '.join(names)}"
        )
    affordable = [point for point in points if point.multipliers <= budget]
    best: Design | None = None
    for number, point in enumerate(affordable):
        if best is not None and best.cycles.frame_interval <= point.interval:
            break
        progress(f"{point.interval} cycles per frame", number / len(affordable))
        design = reached(graph, point.interval, name)
        if design is not None and design.products <= budget:
            best = design
    if best is None:
        raise KerilogError(f"no folding with {_count(budget, 'multiplier')} is found")
    return best


def reached(graph: QGraph, interval: int, name: str | None = None) -> Design | None:
    """The design for ``interval``, or for the shortest one of a layer that is slower than it seemed; None
    where the layers keep up only each alone.
    """
    drawn = _drawn(graph, interval, verilog_name(name or graph.name))
    design = elaborate(graph, verilog_name(name or graph.name), drawn)
    return design if design.cycles.frame_interval <= drawn.interval else None


def _drawn(graph: QGraph, interval: int, name: str) -> Sketch:
    """The sketch for ``interval``, or for the shortest one of a layer that is slower than it seemed."""
    while True:
        try:
            return sketch(graph, name, interval)
        except UnreachedError as error:
            interval = error.shortest


# ---- a device ----


def _on_device(graph: QGraph, device: Device, name: str | None, progress: Progress) -> Design:
    """The first design that fits, from the fastest on: a slower one may take more of a resource, DSPs for
    instance where the fastest has its weights as constants.

    Sketches tell the least that a design takes; what cannot fit is never elaborated.
    """
    intervals = [point.interval for point in front(graph)]
    if len(intervals) == 1:  # no multipliers to save, but narrower streams are smaller, too
        intervals += [usual for usual in [default_interval(graph)] if usual > intervals[0]]
    title = verilog_name(name or graph.name)
    slowest = _drawn(graph, intervals[-1], title)
    if _weight_bits(slowest) > 18432 * device.bram18 + 64 * device.lut:
        raise _too_small(slowest, device)
    late = False
    for number, interval in enumerate(intervals):
        progress(f"{interval} cycles per frame", number / len(intervals))
        if shortfall(least_area(_drawn(graph, interval, title)), device):
            continue
        design = reached(graph, interval, name)
        late |= design is None
        if design is not None and not shortfall(area.of(design), device):
            return design
    if late and not shortfall(least_area(slowest), device):
        raise KerilogError(f"model '{graph.name}': no frame interval is reached")
    raise _too_small(slowest, device)


def least_area(drawn: Sketch) -> Area:
    """A lower bound of what a design takes."""
    stages = drawn.stages
    return area.of_stages(drawn.smallest(), stages[0].input, stages[-1].output)


def _weight_bits(drawn: Sketch) -> int:
    return sum(stage.facts.weight_bits or 0 for stage in drawn.stages)


def _too_small(slowest: Sketch, device: Device) -> KerilogError:
    """Why not even the slowest folding fits."""
    missing = shortfall(least_area(slowest), device)
    weighted = [stage for stage in slowest.stages if stage.facts.weight_bits]
    if "RAMB18" in missing and weighted:
        wanted, there = missing["RAMB18"]
        largest = max(weighted, key=lambda stage: stage.facts.weight_bits or 0)
        return KerilogError(
            f"{device.name}: the weights do not fit its memory: {_weight_bits(slowest):,} bits, most of "
            f"them of layer '{largest.layer}', take {wanted} RAMB18 with the buffers, there are {there}: "
            f"{wanted - there} RAMB18 ({(wanted - there) * 18432:,} bits) are missing"
        )
    lacks = ", ".join(
        f"{wanted} {kind}, of which {there} may be used" for kind, (wanted, there) in missing.items()
    )
    lacks = lacks or f"{_weight_bits(slowest):,} bits of weights, more than it can hold"
    fewest = _count(slowest.products, "multiplier")
    return KerilogError(f"{device.name}: the network does not fit: with {fewest} it needs {lacks}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
