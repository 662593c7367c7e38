# SPDX-License-Identifier: Apache-2.0
"""How deep the queues between the stages and the rings of rows are: as the schedule needs them, no deeper."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence

from kerilog.hardware.connectors import FifoStage
from kerilog.hardware.design import Cycles, Stage
from kerilog.hardware.windowed import RingStage
from kerilog.plan import cycles, spare
from kerilog.plan.sketch import FEWEST_FRAMES
from kerilog.plan.slices import sliced
from kerilog.timing.control import NEVER
from kerilog.timing.fifo import Fifo
from kerilog.timing.line_buffer import LineBuffer
from kerilog.timing.schedule import LONGEST_TRANSIENT, STANDSTILL, Schedule, StandstillError
from kerilog.timing.window_reader import WindowReader

OBSERVED = 8
"""Frames after which a run at a steady pace shows nothing new."""
FEWEST_OBSERVED = 3
"""Frames of a run without a pause before it is asked whether it keeps the pace of the slowest stage."""
MOST_BEATS = 50_000_000
"""Beats between all stages after which one that does not repeat itself is no longer waited for."""


@dataclasses.dataclass(frozen=True)
class Fitted:
    """Stages with their final buffers, what they promise, and the most frames that are under way at once."""

    stages: tuple[Stage, ...]
    cycles: Cycles
    in_flight: int


def fit(stages: Sequence[Stage], interval: int, kept: Collection[str], registered: bool = False) -> Fitted:
    """``stages`` with buffers that reach ``interval``, or what the slowest stage allows.

    ``registered``: they stand between register slices.

    The stages' rings have ample rows. The queues ``kept`` stay, at least two beats deep: they are there for
    the handshake. The first of a few attempts counts that reaches the interval, or the fastest of them.
    Raises StandstillError if none of them moves.
    """
    goal = max(interval, pace_of(stages))
    found: list[Fitted] = []
    for attempt in _attempts(stages, goal, kept, registered):
        try:
            found.append(measured(attempt, registered))
        except StandstillError:
            continue
        if found[-1].cycles.frame_interval <= goal:
            return found[-1]
    if not found:
        raise StandstillError(STANDSTILL)
    return min(found, key=lambda fitted: fitted.cycles.frame_interval)


def _attempts(
    stages: Sequence[Stage], goal: int, kept: Collection[str], registered: bool
) -> Iterator[list[Stage]]:
    """Buffers from small to large.

    Without the queues that stages next to each other do not need, a run at the pace of the goal shows what
    the others and the rings must hold. First with queues of narrow beats ahead of converters in the place of
    wide ones behind them, last with all queues, and ample rows. Where no queue is left, there may be register
    slices.
    """
    lean = _without(stages, spare.spare_queues(stages, goal, kept))
    wide = set(spare.wide_queues(lean, goal, kept))
    for tried in (spare.exchanged(lean, wide), lean) if wide else (lean,):
        seen = _observed(sliced(tried), goal, registered)
        idle = (seen.idle & spare.queues_at_joins(tried)) - set(kept)
        rows = spare.fewest_rows(tried, seen.rows, goal)
        yield _sized(sliced(_without(tried, idle)), seen.depths, rows)
        if idle or rows != seen.rows:
            yield _sized(sliced(tried), seen.depths, seen.rows)
    whole = sliced(stages)
    yield _sized(whole, _observed(whole, goal, registered).depths, {})


@dataclasses.dataclass(frozen=True)
class _Observed:
    """What buffers must hold, by stage name, for no beat to wait for a place.

    ``depths``: beats in a queue; ``idle``: queues that never held more than one beat; ``rows``: in a ring.
    """

    depths: dict[str, int]
    idle: set[str]
    rows: dict[str, int]


def _observed(stages: Sequence[Stage], goal: int, registered: bool) -> _Observed:
    """With endless queues and the rings that ``stages`` have, a frame every ``goal`` cycles, its beats evenly
    spread. Whatever moves earlier than in that run delays nothing.
    """
    endless = [stage.with_depth(NEVER) if isinstance(stage, FifoStage) else stage for stage in stages]
    pipeline = cycles.pipeline_of(endless, goal, registered)
    pipeline.schedule.settle(OBSERVED)
    queues, controls = pipeline.queues, pipeline.controls
    return _Observed(
        {name: int(queue.room) for name, queue in queues.items()},
        {name for name, queue in queues.items() if queue.peak <= 1},
        {
            name: int(control.need)
            for name, parts in controls.items()
            for control in parts
            if isinstance(control, LineBuffer | WindowReader)
        },
    )


def _sized(stages: Sequence[Stage], depths: Mapping[str, int], rows: Mapping[str, int]) -> list[Stage]:
    """Queues with their depths, at least 2 so that a beat can come and go in every cycle, and the rings of
    ``rows`` with as many rows.
    """
    sized: list[Stage] = []
    for stage in stages:
        if isinstance(stage, FifoStage):
            sized.append(stage.with_depth(max(2, depths[stage.name])))
        elif isinstance(stage, RingStage) and stage.name in rows:
            sized.append(stage.with_rows(rows[stage.name]))
        else:
            sized.append(stage)
    return sized


def _without(stages: Sequence[Stage], names: Collection[str] | Iterator[str]) -> list[Stage]:
    """``stages`` with those behind each of the queues ``names`` connected to what is before it."""
    gone = set(names)
    source_of = {stage.name: stage.sources[0] for stage in stages if stage.name in gone}

    def source(stream: str) -> str:
        while stream in source_of:
            stream = source_of[stream]
        return stream

    return [
        dataclasses.replace(stage, sources=tuple(source(stream) for stream in stage.sources))
        if gone.intersection(stage.sources)
        else stage
        for stage in stages
        if stage.name not in gone
    ]


def measured(stages: Sequence[Stage], registered: bool = False) -> Fitted:
    """``stages`` run without a pause, their queues no deeper than that shows.

    Nothing happens at another time for that: no beat had to wait for a place.
    """
    pipeline = cycles.pipeline_of(stages, registered=registered)
    schedule, queues = pipeline.schedule, pipeline.queues
    period = schedule.settle(_patience(stages))
    if period == 0 and keeps_pace(stages, registered):
        return _filling(stages, schedule)
    timing = schedule.measure(period)
    used = [
        _as_used(stage, queues[stage.name]) if isinstance(stage, FifoStage) else stage for stage in stages
    ]
    frames = max(FEWEST_FRAMES, cycles.in_flight(schedule))
    return Fitted(tuple(used), Cycles(timing.interval, timing.latency, timing.first_output), frames)


def _patience(stages: Sequence[Stage]) -> int:
    """Frames that a run without a pause may take to repeat itself."""
    beats = sum(stage.output.beats_per_frame for stage in stages)
    return min(LONGEST_TRANSIENT, max(FEWEST_OBSERVED, MOST_BEATS // beats))


def keeps_pace(stages: Sequence[Stage], registered: bool = False) -> bool:
    """Whether ``stages`` are as fast as the slowest of them, shown without waiting for queues to fill.

    At that pace all is as it was after an earlier frame, so frames leave at that pace for ever. Given without
    a pause no beat comes later than then, hence no result does; and no network is faster than a stage of it.
    """
    pace = pace_of(stages)
    alone = max(cycles.interval_of_chain([stage]) for stage in stages if stage.minimum_interval == pace)
    return alone == pace and cycles.schedule_of(stages, pace, registered).settle(OBSERVED) != 0


def pace_of(stages: Sequence[Stage]) -> int:
    """The cycles that the slowest of ``stages`` needs for a frame."""
    return max(stage.minimum_interval for stage in stages)


def _filling(stages: Sequence[Stage], schedule: Schedule) -> Fitted:
    """``stages`` that keep the pace of the slowest, while their queues fill for longer than ``schedule`` was
    run: all of a queue may come to be used.
    """
    timing = schedule.promise(pace_of(stages))
    used = [
        dataclasses.replace(stage, peak=stage.depth) if isinstance(stage, FifoStage) else stage
        for stage in stages
    ]
    frames = max(FEWEST_FRAMES, schedule.most_in_flight())
    return Fitted(tuple(used), Cycles(timing.interval, timing.latency, timing.first_output), frames)


def _as_used(stage: FifoStage, queue: Fifo) -> FifoStage:
    depth = max(2, min(stage.depth, int(queue.room)))
    return dataclasses.replace(stage.with_depth(depth), peak=int(queue.peak))
