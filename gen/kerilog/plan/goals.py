# SPDX-License-Identifier: Apache-2.0
"""From what a user asks for to a design: cycles, frames per second, a budget of multipliers, or a device."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction
from numbers import Integral, Real
from typing import get_args

from kerilog.area import devices
from kerilog.errors import ArgumentError, KerilogError, UnreachedError
from kerilog.hardware.design import Design
from kerilog.hardware.folding import Shares
from kerilog.manifest import ControlBus, Reset
from kerilog.plan import refusals, search, unmet
from kerilog.plan.bounds import DEFAULT_FILL, Bounds, count
from kerilog.plan.candidates import HASTES, Candidates, Hasty
from kerilog.plan.front import front
from kerilog.plan.jobs import is_dense, jobs
from kerilog.plan.planner import plan
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph

DEFAULT_MULTIPLIERS = 76
"""Multipliers of a design for which nothing is asked: they leave some of the 90 DSPs of an xc7a35t, on many
small boards, to the requantizers."""
EXTRA = (1.5, 1.25, 1.0)
"""How many times its fewest multipliers a layer may have where that takes less of an FPGA, if it is not
multipliers that are bounded: the less, the scarcer DSPs are."""
HURRIES = tuple(
    Shares(reads_input=reads, spares_dsps=spares) for spares in (False, True) for reads in (False, True)
)
"""What dense layers in haste may do; DSPs are spared only where there are too few."""
HASTY = 5
"""Designs that are looked at, from the one of the least haste that is in time."""
NEIGHBOURS = 3
"""Shorter intervals that are tried where the layers keep up with the one asked for only each alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Goal:
    """What a design is folded for: bounds, any of which may be given together.

    ``interval``: clock cycles per frame. ``fps``: the same as frames per second at ``clock_mhz``.
    ``latency``: clock cycles from a frame's first beat to its last result. ``multipliers``: at most as many.
    ``device``: a Xilinx 7-series FPGA that must hold the design, in ``fill`` percent of its LUTs and
    flip-flops, 80 by default. ``unroll``: names of layers that get a constant multiplier for every weight,
    with an interval or without any bound. ``register_borders``: a register slice stands at every
    stream of the border. ``reset``: the level that resets the core; None is active-high.
    ``control``: the bus of a control block beside it; None is none. ``loadable``: names of layers whose
    weights that bus can load at run time, "all" for every layer with weights; ``double_buffer``: in memories
    of two sets, so that a load is no pause.

    What is not bounded is minimized: the interval first, then area; with ``latency`` alone, area. For
    ``interval`` or ``fps`` alone each layer gets the fewest multipliers, or up to half as many again where
    that takes less of an FPGA. Without any bound it is the shortest
    interval that ``DEFAULT_MULTIPLIERS`` allow, or one multiplier per layer with weights if there are more of
    those. Raises KerilogError for values that cannot be.
    """

    interval: int | None = None
    fps: float | None = None
    clock_mhz: float | None = None
    multipliers: int | None = None
    device: str | None = None
    unroll: tuple[str, ...] = ()
    latency: int | None = None
    fill: float | None = None
    register_borders: bool = False
    reset: Reset | None = None
    control: ControlBus | None = None
    loadable: tuple[str, ...] = ()
    double_buffer: bool = False

    def __post_init__(self) -> None:
        self._check_types()
        if self.interval is not None and self.fps is not None:
            raise ArgumentError("{0} and {1} bound the same: expected one of them", "interval", "fps")
        if self.clock_mhz is not None and not 0 < self.clock_mhz < math.inf:
            raise ArgumentError("{0} must be above 0 MHz, found {found:g}", "clock_mhz", found=self.clock_mhz)
        if self.fps is not None:
            self._check_fps(self.fps)
        elif self.clock_mhz is not None:
            raise ArgumentError("{0} is for {1}: give the frames per second as well", "clock_mhz", "fps")
        if self.interval is not None and self.interval < 1:
            raise KerilogError(f"the frame interval must be at least 1 cycle, found {self.interval}")
        for name, value in (("multipliers", self.multipliers), ("latency", self.latency)):
            if value is not None and value < 1:
                unit = "" if name == "multipliers" else " cycle"
                raise ArgumentError(
                    "{0} must be at least 1{unit}, found {found}", name, unit=unit, found=value
                )
        self._check_device()
        self._check_ports()
        if self.unroll and (self.multipliers, self.device, self.latency) != (None, None, None):
            raise ArgumentError("{0} goes with {1} or {2}, not with a budget", "unroll", "interval", "fps")

    def _check_ports(self) -> None:
        for name, found, known in (
            ("reset", self.reset, get_args(Reset)),
            ("control", self.control, get_args(ControlBus)),
        ):
            if found not in (None, *known):
                wanted = " or ".join(known)
                raise ArgumentError("{0} must be {wanted}, found {found!r}", name, wanted=wanted, found=found)

    def check_loadable(self) -> None:
        """Raises KerilogError for weights to load without a bus that brings them: settings may give it."""
        if self.double_buffer and not self.loadable:
            raise ArgumentError("{0} is for {1}: name the layers as well", "double_buffer", "loadable")
        if self.loadable and self.control in (None, "none"):
            raise ArgumentError("{0} needs a bus: give {1} axi-lite as well", "loadable", "control")

    def _check_types(self) -> None:
        """From Python anything may come."""
        for name, value, kind, wanted in (
            ("interval", self.interval, Integral, "a whole number"),
            ("multipliers", self.multipliers, Integral, "a whole number"),
            ("latency", self.latency, Integral, "a whole number"),
            ("fill", self.fill, Real, "a number"),
            ("fps", self.fps, Real, "a number"),
            ("clock_mhz", self.clock_mhz, Real, "a number"),
            ("device", self.device, str, "a name"),
        ):
            if value is not None and not isinstance(value, kind):
                raise ArgumentError("{0} must be {wanted}, found {found!r}", name, wanted=wanted, found=value)
            if value is not None and kind is not str:  # a number of NumPy's as Python's own
                object.__setattr__(self, name, int(value) if kind is Integral else float(value))

    def _check_device(self) -> None:
        if self.device is not None:
            devices.seven_series(self.device)
        if self.fill is not None and not 0 < self.fill <= 100:
            raise ArgumentError(
                "{0} must be above 0 and up to 100 percent, found {found:g}", "fill", found=self.fill
            )
        if self.fill is not None and self.device is None:
            raise ArgumentError("{0} is for {1}: name the device as well", "fill", "device")

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
        """The goal in words: what is minimized, and every bound."""
        bounds = self.bounds
        if bounds == Bounds():
            default = count(DEFAULT_MULTIPLIERS, "multiplier")
            return f"none: the shortest interval with {default}, or one per layer if more"
        pace = f"a frame every {count(self.interval, 'cycle')}" if self.interval is not None else ""
        if self.fps is not None:
            pace = f"{self.fps:g} frames per second at {self.clock_mhz:g} MHz"
        if bounds == Bounds(bounds.interval):
            return pace
        least = "the least area" if bounds.for_area else "the shortest interval"
        return f"{least}{f' for {pace}' if pace else ''}{bounds.text}"

    @property
    def bounds(self) -> Bounds:
        """The bounds, all of them in cycles."""
        device = None if self.device is None else devices.seven_series(self.device)
        fill = DEFAULT_FILL if self.fill is None else self.fill
        return Bounds(self.cycles, self.latency, self.multipliers, device, fill)

    @property
    def cycles(self) -> int | None:
        """The frame interval that is asked for, if it is."""
        if self.fps is None or self.clock_mhz is None:
            return self.interval
        # in decimal: 0.06 MHz and 60 frames per second are 1000 cycles, not a binary place less
        return math.floor(Fraction(str(self.clock_mhz)) * 10**6 / Fraction(str(self.fps)))


def design_for(graph: QGraph, goal: Goal, name: str | None = None, progress: Progress = silent) -> Design:
    """The design of ``graph`` for ``goal``, named ``name``.

    Raises Unsupported for what has no hardware, KerilogError for bounds that no folding meets; it says what
    stands in the way and the best there is.
    """
    refusals.check(graph)
    goal.check_loadable()
    if goal.loadable:
        graph = refusals.loadable(graph, goal.loadable, goal.unroll, 2 if goal.double_buffer else 1)
    bounds = goal.bounds
    asks = _Asks(name, goal.unroll, goal.register_borders)
    if bounds == Bounds():
        design = _by_default(graph, asks, progress)
    elif bounds == Bounds(bounds.interval) and bounds.interval is not None:
        design = _at_interval(graph, bounds.interval, asks)
    else:
        design = _within(graph, bounds, asks, progress)
    asked = "" if bounds.device is None else bounds.device.name
    level, control = goal.reset or "active-high", goal.control or "none"
    return dataclasses.replace(design, goal=goal.text, device=asked, reset=level, control=control)


@dataclasses.dataclass(frozen=True)
class _Asks:
    """What is asked for besides bounds; see ``plan``."""

    name: str | None
    unroll: tuple[str, ...]
    registered: bool


def _by_default(graph: QGraph, asks: _Asks, progress: Progress) -> Design:
    layers = len(list(jobs(graph)))
    if not layers:
        return plan(graph, None, asks.name, registered=asks.registered)
    points = front(graph)
    budget = max(DEFAULT_MULTIPLIERS, points[-1].multipliers)
    if not asks.unroll:
        return _within(graph, Bounds(multipliers=budget), asks, progress)
    interval = next(point.interval for point in points if point.multipliers <= budget)
    return _at_interval(graph, interval, asks)


def _at_interval(graph: QGraph, interval: int, asks: _Asks) -> Design:
    """The design for ``interval``, or for a slightly shorter one where the layers keep up with it only each
    alone.
    """
    try:
        return plan(graph, interval, asks.name, asks.unroll, Shares(EXTRA[0]), asks.registered)
    except UnreachedError as missed:
        shorter = [point.interval for point in front(graph) if point.interval < interval]
        for neighbour in shorter[: -NEIGHBOURS - 1 : -1]:
            with contextlib.suppress(UnreachedError):
                return plan(graph, neighbour, asks.name, asks.unroll, Shares(EXTRA[0]), asks.registered)
        raise missed from None


def _within(graph: QGraph, bounds: Bounds, asks: _Asks, progress: Progress) -> Design:
    """The best design within ``bounds``: with extra multipliers as far as there are DSPs for them, and dense
    layers as slow as the latency allows.
    """
    extras = EXTRA if bounds.multipliers is None else EXTRA[-1:]
    families = [_candidates(graph, bounds, asks, Shares(extra)) for extra in extras]
    lean = families[-1]
    unmet.check(lean, bounds)
    design = _with_extra(families, bounds, progress)
    if bounds.latency is not None and (design is None or bounds.interval is not None) and is_dense(graph):
        hasty = _in_haste(families, bounds, progress, design is not None)
        design = min(filter(None, (design, hasty)), key=bounds.rank, default=None)
    if design is None:
        raise unmet.reason([lean, *(family for family in families if family is not lean)], bounds, progress)
    return design


def _candidates(graph: QGraph, bounds: Bounds, asks: _Asks, shares: Shares) -> Candidates:
    return Candidates(graph, asks.name, bounds.interval, shares, bounds.latency, asks.registered)


def _in_haste(families: list[Candidates], bounds: Bounds, progress: Progress, is_met: bool) -> Design | None:
    """The best design within ``bounds`` with just the haste of dense layers that the latency takes, or with
    slightly more. The ``families`` get what was looked at.

    Where there is none, and the bounds are not met otherwise, also those of the least latency within the
    other bounds.
    """
    # a device is no reason for more haste, but where the interval is not bounded it decides upon that
    for_latency = bounds if bounds.interval is None else dataclasses.replace(bounds, device=None)
    others = dataclasses.replace(bounds, latency=None)
    chosen: Design | None = None
    hasty = [Hasty(families[-1], shares) for shares in HURRIES]
    for some in hasty:
        if some.shares.spares_dsps and (is_met or chosen is not None):
            break
        least = some.least(lambda found: search.best(found, for_latency, progress) is not None)
        found = (search.best(some.family(haste), bounds, progress) for haste in HASTES[least:][:HASTY])
        chosen = min(filter(None, (chosen, *found)), key=bounds.rank, default=None)
    for some in hasty:
        if chosen is None and not is_met:
            some.least(lambda found: search.best(found, others, progress) is None)
        families += some.tried
    return chosen


def _with_extra(family: Sequence[Candidates], bounds: Bounds, progress: Progress) -> Design | None:
    """The best design within ``bounds`` with as much extra as it can have."""
    chosen: Design | None = None
    for candidates in family:
        if chosen is not None:
            shortest = chosen.cycles.frame_interval
            if bounds.for_area or shortest == 1:
                break
            bounds = dataclasses.replace(bounds, interval=shortest - 1)
        chosen = search.best(candidates, bounds, progress) or chosen
    return chosen
