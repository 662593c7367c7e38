# SPDX-License-Identifier: Apache-2.0
"""Which queues and rows of a ring can be spared: tried on the two stages next to each, by themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from kerilog.hardware.connectors import FifoStage, ForkStage, LanesStage
from kerilog.hardware.design import Stage
from kerilog.hardware.windowed import RingStage
from kerilog.plan import cycles


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
