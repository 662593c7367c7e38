# SPDX-License-Identifier: Apache-2.0
"""When things happen: the control of all modules, run cycle by cycle.

That tells the frame interval, the latency and how full every queue gets, exactly; the tests hold simulation
of the RTL to these numbers.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Iterator, Sequence

from kerilog.errors import KerilogError
from kerilog.hardware.design import INPUT, Cycles, FifoStage, ForkStage, Stage
from kerilog.plan.control import Queue, modules_of
from kerilog.plan.module import NEVER, Module
from kerilog.plan.nodes import Fork, Join, ModuleNode, Node, Sink, Source, Stream

LONGEST_TRANSIENT = 200  # frames after which nothing new is expected


STANDSTILL = "the pipeline stands still: a queue is too short for the branch beside it"


class StandstillError(KerilogError):
    """The pipeline never moves again."""


class Schedule:
    """A pipeline from reset on: the input offers beats, the output takes one in every cycle.

    Only the nodes that are awake are looked at: those whose registers or wires have just changed, and those
    whose time has come. Where all sleep, time leaps.
    """

    def __init__(self, nodes: Sequence[Node], beats_in: int, beats_out: int, pace: int = 0) -> None:
        """``nodes`` in the order of the data; ``pace``: see ``Source``."""
        first, last = nodes[0].inputs[0], nodes[-1].outputs[0]
        self.cycle = 0
        self._source, self._sink = Source(beats_in, pace, first), Sink(beats_out, last)
        self._nodes = [self._source, *nodes, self._sink]
        for place, node in enumerate(self._nodes):
            node.place = place

    @property
    def entered(self) -> list[int]:
        """The cycles in which a frame's first beat went in."""
        return self._source.entered

    @property
    def first(self) -> list[int]:
        """The cycles in which a frame's first beat came out."""
        return self._sink.first

    @property
    def last(self) -> list[int]:
        """The cycles in which a frame's last beat came out."""
        return self._sink.last

    @property
    def queues(self) -> list[Queue]:
        """The FIFOs, in the order of the data."""
        modules = [node.module for node in self._nodes if isinstance(node, ModuleNode)]
        return [module for module in modules if isinstance(module, Queue)]

    @property
    def state(self) -> tuple[tuple[int, ...], ...]:
        """Everything that decides what happens next, if the pace does not."""
        return tuple(node.state for node in self._nodes)

    def run(self, frames: int) -> Schedule:
        """Go on until ``frames`` more frames have come out.

        Raises StandstillError if the pipeline stands still for ever: a queue is too short for its branch.
        """
        last = self.last
        end = len(last) + frames
        awake = list(self._nodes)
        alarms: list[tuple[int, int]] = []  # a heap of cycles, and the places of the nodes to wake then
        while len(last) < end:
            if not awake:
                if not alarms:
                    raise StandstillError(STANDSTILL)
                self.cycle = alarms[0][0]
            awake = self._clock(awake, alarms)
        for node in self._nodes:
            node.catch_up(self.cycle)
        return self

    def _clock(self, awake: list[Node], alarms: list[tuple[int, int]]) -> list[Node]:
        """One cycle; those that are awake in the next one."""
        cycle = self.cycle
        while alarms and alarms[0][0] == cycle:
            node = self._nodes[heapq.heappop(alarms)[1]]
            node.catch_up(cycle)
            awake.append(node)
        for node in awake:  # and all who join them on the way
            node.offer(awake)
        for node in awake:
            node.take(awake)
        busy = []
        for node in awake:
            if node.cycle == cycle:
                quiet = node.act()
                if not quiet:
                    busy.append(node)
                elif quiet < NEVER:
                    heapq.heappush(alarms, (cycle + quiet, node.place))
        self.cycle += 1
        return busy


def chain(modules: Sequence[Module]) -> list[Node]:
    """Modules one behind the other."""
    streams = [Stream() for _ in range(len(modules) + 1)]
    return [ModuleNode(*parts) for parts in zip(modules, streams, streams[1:], strict=False)]


def connect(stages: Sequence[Stage]) -> list[Node]:
    """All modules of ``stages``, in the order of the data."""
    streams = {INPUT: Stream()}
    nodes: list[Node] = []
    for stage in stages:
        left = [streams[source] for source in stage.sources]
        right = [Stream() for _ in stage.streams]
        nodes += _nodes_of(stage, left, right)
        streams.update(zip(stage.streams, right, strict=True))
    return nodes


def _nodes_of(stage: Stage, left: list[Stream], right: list[Stream]) -> Iterator[Node]:
    if isinstance(stage, ForkStage):
        yield Fork(left[0], right)
        return
    source = left[0]
    if len(left) == 2:
        source = Stream()
        yield Join(left, source)
    modules = list(modules_of(stage))
    streams = [source, *(Stream() for _ in modules[1:]), *right]
    for module, before, behind in zip(modules, streams, streams[1:], strict=False):
        yield ModuleNode(module, before, behind)


def schedule_of(stages: Sequence[Stage], pace: int = 0) -> Schedule:
    """``stages`` from reset on."""
    return Schedule(connect(stages), stages[0].input.beats, stages[-1].output.beats, pace)


def measure(schedule: Schedule) -> Cycles:
    """Run frames back to back until all stands as it stood after an earlier frame: from there on it repeats.

    The interval is the longest between two frames of what repeats.
    """
    seen: dict[tuple[tuple[int, ...], ...], int] = {}
    while len(schedule.last) < 2 or (schedule.state not in seen and len(schedule.last) < LONGEST_TRANSIENT):
        if schedule.last:
            seen[schedule.state] = len(schedule.last)
        schedule.run(1)
    settled = seen.get(schedule.state, len(schedule.last) // 2)
    ends = schedule.last[settled - 1 :]
    interval = max(later - earlier for earlier, later in itertools.pairwise(ends))
    start = schedule.entered[0]
    return Cycles(interval, schedule.last[0] - start, schedule.first[0] - start)


def reaches(stages: Sequence[Stage], interval: int) -> bool:
    """Whether ``stages`` give a frame at least every ``interval`` cycles."""
    try:
        return measure(schedule_of(stages)).frame_interval <= interval
    except StandstillError:
        return False


def queue_depths(stages: Sequence[Stage], pace: int, frames: int = 4) -> dict[str, int]:
    """How deep each FIFO must be for no beat to wait if a frame is offered every ``pace`` cycles, evenly.

    By stage name.
    """
    endless = [
        dataclasses.replace(stage, depth=NEVER) if isinstance(stage, FifoStage) else stage for stage in stages
    ]
    schedule = schedule_of(endless, pace).run(frames)
    return {stage.name: queue.room for stage, queue in zip(_queues(endless), schedule.queues, strict=True)}


def _queues(stages: Sequence[Stage]) -> list[FifoStage]:
    return [stage for stage in stages if isinstance(stage, FifoStage)]
