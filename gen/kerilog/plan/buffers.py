# SPDX-License-Identifier: Apache-2.0
"""How deep the queues between the stages and the rings of rows are: as the schedule needs them, no deeper."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from kerilog.plan import cycles
from kerilog.plan.design import FifoStage, Stage, SumStage
from kerilog.plan.operations import WindowedStage


def ample_rows(kernel_h: int, pad_top: int) -> int:
    """Rows with which a frame's first window is complete when the last one before it has been read."""
    return 2 * kernel_h + pad_top


def fit(stages: Sequence[Stage], interval: int, kept: Collection[str]) -> tuple[Stage, ...]:
    """``stages`` with buffers that reach ``interval``, or what the slowest stage allows.

    With rings of ample rows and queues that never fill, a frame every interval shows how full each queue
    gets; that is its depth. From there everything shrinks as long as the interval stands: queues vanish,
    from the end, where the buffers of the layers before often do as well, and rings lose rows. The queues
    ``kept`` stay, at least two beats deep: they are there for the handshake.
    """
    goal = max(interval, *(stage_cycles(stage) for stage in stages))
    peaks = cycles.queue_peaks(stages, goal)
    fitted = [_with_depth(stage, peaks) for stage in stages]
    if not cycles.reaches(fitted, goal):
        return tuple(fitted)
    for stage in reversed(stages):
        if isinstance(stage, FifoStage) and stage.name not in kept:
            without = _without(fitted, stage)
            if cycles.reaches(without, goal):
                fitted = without
    for place, stage in enumerate(fitted):
        if isinstance(stage, WindowedStage):
            fitted[place] = _with_few_rows(fitted, place, stage, goal)
    return tuple(fitted)


def with_peaks(stages: Sequence[Stage], peaks: Sequence[int]) -> tuple[Stage, ...]:
    """``stages`` with the ``peaks`` of their queues, in the order of the data."""
    left = iter(peaks)
    return tuple(
        dataclasses.replace(stage, peak=next(left)) if isinstance(stage, FifoStage) else stage
        for stage in stages
    )


def stage_cycles(stage: Stage) -> int:
    """The fewest cycles a frame that the stage can need by itself."""
    busy = [stage.input.beats, stage.output.beats]
    if isinstance(stage, WindowedStage):
        busy.append(stage.window.cycles)
    if isinstance(stage, SumStage):
        vectors = stage.output.elements // stage.serializer.units
        busy.append(vectors * stage.matvec.steps)
    return max(busy)


def _with_depth(stage: Stage, peaks: dict[str, int]) -> Stage:
    """A queue with its depth, at least 2 so that a beat can come and go in every cycle."""
    return (
        dataclasses.replace(stage, depth=max(2, peaks[stage.name])) if isinstance(stage, FifoStage) else stage
    )


def _without(stages: Sequence[Stage], queue: FifoStage) -> list[Stage]:
    """``stages`` with those behind ``queue`` connected to what is before it."""
    behind = dict(zip(queue.streams, next(s for s in stages if s.name == queue.name).sources, strict=True))
    return [
        dataclasses.replace(stage, sources=tuple(behind.get(source, source) for source in stage.sources))
        for stage in stages
        if stage.name != queue.name
    ]


def _with_few_rows(stages: Sequence[Stage], place: int, stage: WindowedStage, goal: int) -> WindowedStage:
    """The stage at ``place`` with the fewest rows that keep the goal.

    One is written while the others are read.
    """
    window = stage.window
    for rows in range(window.kernel_h + window.pad_top + 1, window.rows):
        fewer = dataclasses.replace(stage, window=dataclasses.replace(window, rows=rows))
        if cycles.reaches([*stages[:place], fewer, *stages[place + 1 :]], goal):
            return fewer
    return stage
