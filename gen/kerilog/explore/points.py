# SPDX-License-Identifier: Apache-2.0
"""The Pareto front of a network: each design that no other one beats in both pace and multipliers."""

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
from kerilog.errors import KerilogError
from kerilog.plan import refusals
from kerilog.plan.candidates import reached
from kerilog.plan.front import front
from kerilog.progress import Progress, silent
from kerilog.qgraph import QGraph

POINTS_A_PROCESS = 8  # fewer are planned before another process has started

PARTS_A_PROCESS = 4  # of the intervals, so that all processes end at about the same time


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

    Large fronts are planned by as many processes as there are processors, with the same result. Raises
    Unsupported for what hardware does not take, KerilogError where no interval is reached.
    """
    refusals.check(graph)
    intervals = [candidate.interval for candidate in front(graph)]
    planned = functools.partial(_planned, graph)
    processes = min(os.cpu_count() or 1, len(intervals) // POINTS_A_PROCESS)
    if processes < 2:
        found = _collected(map(planned, intervals), intervals, progress)
    else:  # not forked: Keras may have started threads
        spawn = multiprocessing.get_context("spawn")
        # neighbours share what is costly to find, above all sums for constant weights
        share = -(-len(intervals) // (PARTS_A_PROCESS * processes))
        with concurrent.futures.ProcessPoolExecutor(processes, spawn) as pool, _ended_with_this():
            with _deaf_to_interrupts():
                points = pool.map(planned, intervals, chunksize=share)
            found = _collected(points, intervals, progress)
    if not found:
        raise KerilogError(f"model '{graph.name}': no frame interval is reached")
    return pareto(found)


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


def _collected(points: Iterator[Point | None], intervals: Sequence[int], progress: Progress) -> list[Point]:
    """Those of ``points`` that are reached, as they come."""
    found = []
    for number, interval in enumerate(intervals):
        progress(f"{interval} cycles per frame", number / len(intervals))
        point = next(points)
        if point is not None:
            found.append(point)
    return found


def _planned(graph: QGraph, interval: int) -> Point | None:
    """The design for ``interval``; None where it is not reached."""
    design = reached(graph, interval)
    if design is None:
        return None
    possible = design.products * design.cycles.frame_interval
    used = design.macs / possible if possible else None
    cycles = design.cycles
    return Point(cycles.frame_interval, cycles.latency, design.products, area.of(design), used)


def pareto(points: list[Point]) -> list[Point]:
    """Those that no other one beats: as few multipliers and faster, or as fast with fewer; by interval."""
    best: list[Point] = []
    for point in sorted(points, key=lambda one: (one.interval, one.multipliers, one.area.luts)):
        if not best or point.multipliers < best[-1].multipliers:
            best.append(point)
    return best
