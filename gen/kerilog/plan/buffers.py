# SPDX-License-Identifier: Apache-2.0
"""How deep the queues between the stages and the rings of rows are: as the schedule needs them, no deeper."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence

from kerilog.hardware.connectors import FifoStage
from kerilog.hardware.design import Stage
from kerilog.hardware.modules.window import Window
from kerilog.hardware.windowed import WindowedStage
from kerilog.plan import cycles
from kerilog.timing.fifo import Fifo

Shrink = Callable[[list[Stage], str], list[Stage]]  # of all stages, the one of that name
Check = Callable[[list[Stage]], bool]  # whether the stages reach the goal


def fit(stages: Sequence[Stage], interval: int, kept: Collection[str]) -> tuple[Stage, ...]:
    """``stages`` with buffers that reach ``interval``, or what the slowest stage allows.

    With rings of ample rows and endless queues, a frame every interval, its beats evenly spread, shows how
    deep each queue must be for no beat to wait; that is its depth: whatever moves earlier than in that run
    delays nothing. From there everything shrinks as long as the interval stands: queues vanish, from the end,
    where the buffers of the layers before often do as well, and rings lose rows. The queues ``kept`` stay, at
    least two beats deep: they are there for the handshake.
    """
    goal = max(interval, *(stage.minimum_interval for stage in stages))
    depths = cycles.queue_depths(stages, goal)
    fitted = [_with_depth(stage, depths) for stage in stages]
    reaches = _check(goal)
    if not reaches(fitted):
        return tuple(fitted)
    queues = [s.name for s in reversed(stages) if isinstance(s, FifoStage) and s.name not in kept]
    fitted = _shrunk(fitted, queues, _without, reaches)
    windows = [stage.name for stage in stages if isinstance(stage, WindowedStage)]
    fitted = _shrunk(fitted, windows, _with_fewest_rows, reaches)
    for name in windows:
        fitted = _with_few_rows(fitted, name, reaches)
    return tuple(fitted)


def _check(goal: int) -> Check:
    """Whether stages reach ``goal``; variants that come up again are not run again."""
    known: dict[tuple[tuple[str, int], ...], bool] = {}

    def check(stages: list[Stage]) -> bool:
        variant = tuple(
            (stage.name, stage.window.rows if isinstance(stage, WindowedStage) else 0) for stage in stages
        )
        if variant not in known:
            known[variant] = cycles.reaches(stages, goal)
        return known[variant]

    return check


def _shrunk(stages: list[Stage], names: Sequence[str], shrink: Shrink, reaches: Check) -> list[Stage]:
    """``stages`` with as many of ``names`` shrunk as the goal allows, the first ones rather than the last.

    All at once if that is possible; else each half by itself.
    """
    smaller = stages
    for name in names:
        smaller = shrink(smaller, name)
    if smaller == stages or reaches(smaller):
        return smaller
    if len(names) == 1:
        return stages
    half = (len(names) + 1) // 2
    return _shrunk(_shrunk(stages, names[:half], shrink, reaches), names[half:], shrink, reaches)


def as_used(stages: Sequence[Stage], queues: Mapping[str, Fifo]) -> tuple[Stage, ...]:
    """``stages`` whose FIFOs are no deeper than ``queues`` show, by stage name.

    Nothing happens at another time for that: no beat had to wait for a place.
    """
    return tuple(
        _as_used(stage, queues[stage.name]) if isinstance(stage, FifoStage) else stage for stage in stages
    )


def _as_used(stage: FifoStage, queue: Fifo) -> FifoStage:
    depth = max(2, min(stage.depth, int(queue.room)))
    return dataclasses.replace(stage.with_depth(depth), peak=int(queue.peak))


def _with_depth(stage: Stage, depths: dict[str, int]) -> Stage:
    """A queue with its depth, at least 2: a beat can come and go in every cycle."""
    return stage.with_depth(max(2, depths[stage.name])) if isinstance(stage, FifoStage) else stage


def _without(stages: list[Stage], name: str) -> list[Stage]:
    """``stages`` with those behind the queue ``name`` connected to what is before it."""
    (source,) = next(stage for stage in stages if stage.name == name).sources
    return [
        dataclasses.replace(stage, sources=tuple(source if old == name else old for old in stage.sources))
        for stage in stages
        if stage.name != name
    ]


def _rows(stages: list[Stage], name: str, rows: int) -> list[Stage]:
    """``stages`` with another ring of rows in the stage ``name``."""
    return [
        stage.with_rows(rows) if isinstance(stage, WindowedStage) and stage.name == name else stage
        for stage in stages
    ]


def _fewest_rows(window: Window) -> int:
    """Those of a band: a word's place is free as soon as it has been read for the last time."""
    return window.kernel_h


def _with_fewest_rows(stages: list[Stage], name: str) -> list[Stage]:
    return _rows(stages, name, _fewest_rows(_window(stages, name)))


def _with_few_rows(stages: list[Stage], name: str, reaches: Check) -> list[Stage]:
    """``stages`` with the fewest rows in the stage ``name`` that keep the goal."""
    window = _window(stages, name)
    for rows in range(_fewest_rows(window) + 1, window.rows):
        fewer = _rows(stages, name, rows)
        if reaches(fewer):
            return fewer
    return stages


def _window(stages: Sequence[Stage], name: str) -> Window:
    return next(stage.window for stage in stages if isinstance(stage, WindowedStage) and stage.name == name)
