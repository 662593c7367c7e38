# SPDX-License-Identifier: Apache-2.0
"""When things happen: the control of all modules, run cycle by cycle.

That tells the frame interval, the latency and how full every queue gets, exactly; the tests hold simulation
of the RTL to these numbers.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from kerilog.errors import KerilogError
from kerilog.plan.control import Fork, Queue, modules_of
from kerilog.plan.design import INPUT, Cycles, FifoStage, ForkStage, Stage
from kerilog.plan.module import NEVER, Module

LONGEST_TRANSIENT = 200  # frames after which nothing new is expected


class StandstillError(KerilogError):
    """The pipeline never moves again."""


@dataclasses.dataclass(frozen=True)
class Node:
    """A module and the numbers of the streams on its left and on its right."""

    module: Module | Fork
    left: tuple[int, ...]
    right: tuple[int, ...]


class Schedule:
    """A pipeline from reset on: the input offers beats, the output takes one in every cycle.

    ``entered``, ``first`` and ``last`` collect the cycles in which a frame's first beat went in, its first
    beat came out, and its last.
    """

    def __init__(self, nodes: Sequence[Node], beats_in: int, beats_out: int, pace: int = 0) -> None:
        """Frames of ``beats_in`` beats, offered every ``pace`` cycles, evenly; 0: as fast as they are taken.

        Nodes are in the order of the data; stream 0 is the input, the last node's the output.
        """
        self.beats_in, self.beats_out, self.pace = beats_in, beats_out, pace
        self.taken = self.given = self.cycle = 0
        self.entered: list[int] = []
        self.first: list[int] = []
        self.last: list[int] = []
        self._nodes = nodes
        self._backwards = list(reversed(nodes))
        self._modules = [(n.module, n.left[0], n.right[0]) for n in nodes if isinstance(n.module, Module)]
        self._forks = [(n.module, n.left[0], n.right) for n in nodes if isinstance(n.module, Fork)]
        self._output = nodes[-1].right[0]
        count = 1 + max(number for node in nodes for number in node.right)
        self._valid = [False] * count
        self._ready = [True] * count

    def run(self, frames: int) -> Schedule:
        """Go on until ``frames`` more frames have come out.

        Raises StandstillError if the pipeline stands still for ever: a queue is too short for its branch.
        """
        end = len(self.last) + frames
        while len(self.last) < end:
            self._clock()
        return self

    @property
    def queues(self) -> list[Queue]:
        """The FIFOs, in the order of the data."""
        return [node.module for node in self._nodes if isinstance(node.module, Queue)]

    @property
    def state(self) -> tuple[int, ...]:
        """Everything that decides what happens next, if the pace does not."""
        registers = [self.taken % self.beats_in, self.given % self.beats_out]
        for node in self._nodes:
            if isinstance(node.module, Fork):
                registers.append(node.module.taken)
            else:
                registers += [value for value in vars(node.module).values() if isinstance(value, int)]
        return tuple(registers)

    def _clock(self) -> None:
        offered_at = self._offered_at()
        self._settle(self.cycle >= offered_at)
        valid, ready = self._valid, self._ready
        moves = [offered and taken for offered, taken in zip(valid, ready, strict=True)]
        if True not in moves:
            cycles = self._quiet(offered_at)
            if cycles > 1:
                self._skip(cycles)
                return
        self._count(moves[0], moves[self._output])
        for module, left, right in self._modules:
            if moves[left] or moves[right] or not module.still:
                module.clock(valid[left], moves[left], ready[right], moves[right])
        for fork, left, outputs in self._forks:
            waits = valid[left] and not ready[left]
            fork.done = [waits and (done or ready[out]) for done, out in zip(fork.done, outputs, strict=True)]
        self.cycle += 1

    def _offered_at(self) -> int:
        """The cycle from which the next beat is on offer."""
        frame, beat = divmod(self.taken, self.beats_in)
        return frame * self.pace + beat * self.pace // self.beats_in

    def _settle(self, offered: bool) -> None:
        """Work out valid from left to right, ready from right to left."""
        valid, ready = self._valid, self._ready
        valid[0] = offered
        for module, _, right in self._modules:
            valid[right] = module.valid
        for fork, left, outputs in self._forks:
            for out, done in zip(outputs, fork.done, strict=True):
                valid[out] = valid[left] and not done
        for node in self._backwards:
            if isinstance(node.module, Fork):
                taken = map(bool.__or__, node.module.done, (ready[out] for out in node.right))
                ready[node.left[0]] = all(taken)
                continue
            takes = node.module.ready(ready[node.right[0]])
            if len(node.left) == 1:
                ready[node.left[0]] = takes
            else:  # a join takes a beat of each together
                one, other = node.left
                ready[one], ready[other] = takes and valid[other], takes and valid[one]

    def _quiet(self, offered_at: int) -> int:
        """Cycles in which nothing moves, the present one included."""
        cycles = NEVER if self._valid[0] else offered_at - self.cycle
        for module, left, right in self._modules:
            cycles = min(cycles, module.quiet(self._valid[left], self._ready[right]))
        if cycles == NEVER:
            raise StandstillError("the pipeline stands still: a queue is too short for the branch beside it")
        return cycles

    def _skip(self, cycles: int) -> None:
        for module, left, right in self._modules:
            module.skip(cycles, self._valid[left], self._ready[right])
        self.cycle += cycles

    def _count(self, enters: bool, leaves: bool) -> None:
        """Note the beats that enter and leave the pipeline in this cycle."""
        if enters:
            if self.taken % self.beats_in == 0:
                self.entered.append(self.cycle)
            self.taken += 1
        if leaves:
            if self.given % self.beats_out == 0:
                self.first.append(self.cycle)
            self.given += 1
            if self.given % self.beats_out == 0:
                self.last.append(self.cycle)


def chain(modules: Sequence[Module]) -> list[Node]:
    """Modules one behind the other."""
    return [Node(module, (place,), (place + 1,)) for place, module in enumerate(modules)]


def connect(stages: Sequence[Stage]) -> list[Node]:
    """All modules of ``stages``, in the order of the data."""
    numbers = {INPUT: 0}
    free = itertools.count(1)
    nodes = []
    for stage in stages:
        left = tuple(numbers[source] for source in stage.sources)
        if isinstance(stage, ForkStage):
            right = tuple(next(free) for _ in stage.streams)
            nodes.append(Node(Fork(stage.outputs), left, right))
        else:
            for module in modules_of(stage):
                right = (next(free),)
                nodes.append(Node(module, left, right))
                left = right
        numbers.update(zip(stage.streams, right, strict=True))
    return nodes


def schedule_of(stages: Sequence[Stage], pace: int = 0) -> Schedule:
    """``stages`` from reset on."""
    return Schedule(connect(stages), stages[0].input.beats, stages[-1].output.beats, pace)


def measure(schedule: Schedule) -> Cycles:
    """Run frames back to back until all stands as it stood after an earlier frame: from there on it repeats.

    The interval is the longest between two frames of what repeats.
    """
    seen: dict[tuple[int, ...], int] = {}
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
