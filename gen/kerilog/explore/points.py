# SPDX-License-Identifier: Apache-2.0
"""The Pareto front of a network: each design that no other one beats in interval, latency and area."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence

from kerilog import area
from kerilog.area import Area
from kerilog.area.devices import REFERENCE, occupancy
from kerilog.errors import KerilogError
from kerilog.hardware.folding import Shares
from kerilog.plan import refusals
from kerilog.plan.candidates import reached
from kerilog.plan.front import front
from kerilog.plan.goals import EXTRA
from kerilog.plan.jobs import is_dense
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph

POINTS_A_PROCESS = 8  # fewer are planned before another process has started

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


def explore(graph: QGraph, progress: Progress = silent) -> list[Point]:
    """The front of ``graph``, fastest first; ``kerilog build`` with the interval and the latency of a point
    as bounds finds a design that takes no more of an FPGA.

    Large fronts are planned by as many processes as there are processors, with the same result. Raises
    Unsupported for what hardware does not take, KerilogError where no interval is reached.
    """
    refusals.check(graph)
    foldings = _foldings(graph)
    planned = functools.partial(_planned, graph)
    processes = min(os.cpu_count() or 1, len(foldings) // POINTS_A_PROCESS)
    if processes < 2:
        found = _collected(map(planned, foldings), foldings, progress)
    else:  # not forked: Keras may have started threads
        spawn = multiprocessing.get_context("spawn")
        # neighbours share what is costly to find, above all sums for constant weights
        share = -(-len(foldings) // (PARTS_A_PROCESS * processes))
        with concurrent.futures.ProcessPoolExecutor(processes, spawn) as pool, _ended_with_this():
            with _deaf_to_interrupts():
                points = pool.map(planned, foldings, chunksize=share)
            found = _collected(points, foldings, progress)
    if not found:
        raise KerilogError(f"model '{graph.name}': no frame interval is reached")
    return pareto(found)


def _foldings(graph: QGraph) -> list[_Folding]:
    """What is planned: every interval at which multipliers are saved, and of networks of dense layers with
    haste as well.
    """
    shares = [Shares(EXTRA[0]), *(HASTY if is_dense(graph) else ())]
    return [(point.interval, share) for point in front(graph) for share in shares]


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started here see no SIGINT: Ctrl-C is for this one, which ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextlib.contextmanager
def _ended_with_this() -> Iterator[None]:
    """Where the block is left by an exception, the processes of the pool end, whatever they are doing."""
    others = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise


def _collected(
    points: Iterator[Point | None], foldings: Sequence[_Folding], progress: Progress
) -> list[Point]:
    """Those of ``points`` that are reached, as they come."""
    found = []
    for number, (interval, _) in enumerate(foldings):
        progress(f"{interval} cycles per frame", number / len(foldings))
        point = next(points)
        if point is not None:
            found.append(point)
    return found


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
