# SPDX-License-Identifier: Apache-2.0
"""The least hardware with which a layer by itself keeps up with a frame interval.

Whether it does follows from the shapes where that has been checked against the model; elsewhere its control
is run.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

from kerilog.errors import UnreachedError
from kerilog.hardware.folding import Candidate, MatrixJob, divisors, drained, ranked, whole
from kerilog.hardware.modules.matvec import Folding
from kerilog.hardware.modules.window import Window
from kerilog.timing.schedule import chain


def folding_of(job: MatrixJob, choice: Candidate) -> Folding:
    """The folding of ``job`` that ``choice`` stands for."""
    streams = job.streams
    return Folding(
        pe=choice.pe,
        simd=choice.simd,
        lanes=choice.simd if streams else job.inputs,
        beats_per_vector=-(-job.inputs // choice.simd) if streams else 1,
        groups=-(-job.outputs // choice.pe),
        outputs=job.outputs,
        result_lanes=choice.lanes,
        vectors=job.vectors,
    )


def folding_in_turns(job: MatrixJob, choice: Candidate) -> Folding:
    """The folding that ``choice`` stands for where the windows of ``job`` are read word by word."""
    vectors = max(1, choice.pe * job.vectors // job.outputs)
    return Folding(
        pe=choice.pe,
        simd=choice.simd,
        lanes=choice.simd,
        beats_per_vector=job.inputs // choice.simd,
        groups=1,
        outputs=job.outputs,
        result_lanes=choice.lanes,
        vectors=vectors,
        turns=-(-job.outputs // choice.pe),
    )


def fold(
    job: MatrixJob,
    window: Window | None,
    input_lanes: int | None,
    interval: int,
    layer: str,
    unrolled: bool = False,
    leaving: int | None = None,
) -> Folding:
    """The folding of ``job`` with the fewest multipliers with which ``layer`` keeps up with ``interval``.

    Its input comes through ``window``, or ``input_lanes`` elements per beat, None if that is free. If
    ``unrolled``, the one with a multiplier for each weight. The results of a vector have ``leaving`` cycles
    to leave in, as far as lanes allow; without, until the next ones come. Raises UnreachedError if none keeps
    up.
    """
    shortest = None
    choices = [whole(job, interval)] if unrolled else ranked(job, interval, input_lanes, layer)
    if leaving is not None:
        choices = [drained(job, choice, leaving) for choice in choices]
        choices.sort(key=lambda choice: job.outputs > choice.lanes * leaving)
    for choice in choices:
        folding = folding_of(job, choice)
        reached = _alone(window, job, folding)
        if reached <= interval:
            return folding
        shortest = min(reached, shortest or reached)
    assert shortest
    raise UnreachedError(layer, interval, shortest)


def windows_wide_enough(window: Window, interval: int) -> Iterator[tuple[Window, int]]:
    """Windows side by side that reach ``interval``, each with how many there are: as few as possible first,
    then as few pixels per beat.
    """
    for windows in divisors(window.out_width):
        wide = window.side_by_side(windows)
        for pixels in divisors(window.width):
            wider = dataclasses.replace(wide, pixels=pixels)
            if max(wider.cycles, wider.height * wider.row_words) <= interval and slides(wider) <= interval:
                yield wider, windows


def shortest_interval(window: Window) -> int:
    """The fewest cycles per frame that the windows allow: whole rows per beat, a row of windows per cycle."""
    widest = window.side_by_side(window.out_width)
    return slides(dataclasses.replace(widest, pixels=window.width))


def slides(window: Window) -> int:
    """Cycles per frame of the windows by themselves, fed and emptied without a pause.

    With single pixels they lose no cycle but those that the shapes force; else the model tells.
    """
    if window.pixels == 1:
        return max(window.cycles, window.height * window.row_words)
    return _run_slides(window)


@functools.lru_cache(maxsize=4096)
def _run_slides(window: Window) -> int:
    beats = window.height * window.row_words, window.out_height * window.out_width
    return chain(window.controls(), *beats).measure().interval


def _alone(window: Window | None, job: MatrixJob, folding: Folding) -> int:
    """Cycles per frame of the layer by itself, fed and emptied without a pause.

    It is what the shapes force where results leave as fast as they come and, with windows, single pixels are
    kept in a ring and come as fast as products are made; else the model tells.
    """
    steps = folding.steps
    if folding.outputs > folding.result_lanes * steps:
        return _run_alone(window, job, folding)
    if window is None:
        return job.turns * steps
    if window.pixels == 1 and (steps == 1 or (steps >= window.stride_w and not window.has_no_memory)):
        row = max(window.reads + window.unshared, window.out_width * steps)
        return max(window.height * window.row_words, window.out_height * row)
    return _run_alone(window, job, folding)


@functools.lru_cache(maxsize=4096)
def _run_alone(window: Window | None, job: MatrixJob, folding: Folding) -> int:
    windows = window.waiting_for(folding.steps).controls() if window else ()
    beats_in = window.height * window.row_words if window else job.turns * folding.beats_per_vector
    beats_out = job.turns * folding.outputs // folding.result_lanes
    controls = [*windows, *folding.controls()]
    return chain(controls, beats_in, beats_out).measure().interval
