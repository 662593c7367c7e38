# SPDX-License-Identifier: Apache-2.0
"""Which queues and rows of a ring can be spared, and which queues can hold narrower beats: tried on the two
stages next to each, by themselves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence

from kerilog.hardware.connectors import FifoStage, ForkStage, LanesStage, fifo
from kerilog.hardware.design import Stage
from kerilog.hardware.windowed import RingStage
from kerilog.plan import cycles

WIDE = 1024
"""Bits of a beat from which a queue of two beats is worth a queue of narrow ones: it fills a look-up table of
32 places for each bit with two."""


def spare_queues(stages: Sequence[Stage], goal: int, kept: Collection[str]) -> Iterator[str]:
    """The names of the queues that are not ``kept`` and without which the stages next to them, connected to
    each other, still give a frame every ``goal`` cycles; or which have another queue next to them.

    What a queue in front of a join must hold depends on the other branch: those are ``queues_at_joins``.
    """
    neighbours, at_joins = Neighbours(stages), queues_at_joins(stages)
    for queue in stages:
        if not isinstance(queue, FifoStage) or queue.name in kept:
            continue
        next_to_queue = queue.sources[0] in kept or neighbours.user(queue).name in kept
        pair = [*neighbours.before(queue), *neighbours.behind(queue)]
        if queue.name not in at_joins and (next_to_queue or _interval(pair) <= goal):
            yield queue.name


def wide_queues(stages: Sequence[Stage], goal: int, kept: Collection[str]) -> Iterator[str]:
    """The names of the queues of ``WIDE`` beats behind a converter that makes them of narrow ones that could
    stand ahead of it: the stages next to both, with a queue for two of its beats there, still give a frame
    every ``goal`` cycles.

    Those that are ``kept`` are not, nor those in front of a join.
    """
    neighbours, at_joins = Neighbours(stages), queues_at_joins(stages)
    for queue in stages:
        if not isinstance(queue, FifoStage) or queue.output.width < WIDE or queue.name in {*kept, *at_joins}:
            continue
        converter = neighbours.driver(queue)
        if isinstance(converter, LanesStage) and converter.inputs[0].lanes < converter.output.lanes:
            two = queue.with_depth(2 * converter.output.lanes // converter.inputs[0].lanes)
            around = [*neighbours.before(queue), two, *neighbours.behind(queue)]
            if _interval(exchanged(around, {queue.name})) <= goal:
                yield queue.name


def exchanged(stages: Sequence[Stage], queues: Collection[str]) -> list[Stage]:
    """``stages`` with each of ``queues`` ahead of the converter that it stands behind."""
    converters = {stage.sources[0]: stage.name for stage in stages if stage.name in queues}
    behind = {stage.name: stage for stage in stages if stage.name in converters}
    given_by = {queue: converter for converter, queue in converters.items()}
    found: list[Stage] = []
    for stage in stages:
        if stage.name in converters:
            continue  # it comes with its queue
        if isinstance(stage, FifoStage) and stage.name in queues:
            converter = behind[stage.sources[0]]
            source = given_by.get(converter.sources[0], converter.sources[0])
            found.append(fifo(stage.name, stage.layer, source, converter.inputs[0], stage.depth))
            found.append(dataclasses.replace(converter, sources=(stage.name,)))
        elif given_by.keys() & set(stage.sources):
            sources = tuple(given_by.get(source, source) for source in stage.sources)
            found.append(dataclasses.replace(stage, sources=sources))
        else:
            found.append(stage)
    return found


def queues_at_joins(stages: Sequence[Stage]) -> set[str]:
    """The names of the queues with nothing but converters between them and a stage of several inputs."""
    neighbours = Neighbours(stages)
    behind = {stage.name: neighbours.behind(stage) for stage in stages if isinstance(stage, FifoStage)}
    return {name for name, found in behind.items() if found and len(found[-1].sources) > 1}


def fewest_rows(stages: Sequence[Stage], enough: dict[str, int], goal: int) -> dict[str, int]:
    """Of the rings that have more rows in ``enough``, by stage name, than a band, those with which the stage
    and the one before it, connected to each other, still give a frame every ``goal`` cycles.

    Behind a queue they stay as they are: what does not wait in the ring would wait there.
    """
    neighbours, found = Neighbours(stages), dict(enough)
    for stage in stages:
        if not isinstance(stage, RingStage) or stage.name not in enough:
            continue
        if not isinstance(neighbours.driver(stage), FifoStage):
            found[stage.name] = _fewest_rows(neighbours.before(stage), stage, enough[stage.name], goal)
    return found


def _fewest_rows(left: list[Stage], stage: RingStage, enough: int, goal: int) -> int:
    """By halving: more rows do no harm."""
    fewest = stage.fewest_rows
    while fewest < enough:
        rows = (fewest + enough) // 2
        if _interval([*left, stage.with_rows(rows)]) <= goal:
            enough = rows
        else:
            fewest = rows + 1
    return enough


def _interval(stages: Sequence[Stage]) -> int:
    """Cycles per frame of ``stages`` one behind the other, fed and emptied without a pause; 0 of none."""
    return cycles.interval_of_chain(stages) if stages else 0


class Neighbours:
    """Who drives a stage and who uses it."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._drivers = {stream: stage for stage in stages for stream in stage.streams}
        self._users = {stream: stage for stage in stages for stream in stage.sources}

    def driver(self, stage: Stage) -> Stage | None:
        """The stage before; None before the first."""
        return self._drivers.get(stage.sources[0])

    def user(self, stage: Stage) -> Stage:
        """The stage behind one that is not the last."""
        return self._users[stage.streams[0]]

    def before(self, stage: Stage) -> list[Stage]:
        """The stage that makes what ``stage`` is given, and the converters between, in the order of the data.

        Queues and forks end it: without a stage that computes if they come first.
        """
        found: list[Stage] = []
        stage_before = self.driver(stage)
        while stage_before and not isinstance(stage_before, FifoStage | ForkStage):
            found.insert(0, stage_before)
            if not isinstance(stage_before, LanesStage):
                break
            stage_before = self.driver(stage_before)
        return found

    def behind(self, stage: Stage) -> list[Stage]:
        """The same behind ``stage``: the converters, and the stage that computes with what they give."""
        found: list[Stage] = []
        stage_behind = self._users.get(stage.streams[0])
        while stage_behind and not isinstance(stage_behind, FifoStage | ForkStage):
            found.append(stage_behind)
            if not isinstance(stage_behind, LanesStage):
                break
            stage_behind = self._users.get(stage_behind.streams[0])
        return found
