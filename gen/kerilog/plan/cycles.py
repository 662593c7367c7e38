# SPDX-License-Identifier: Apache-2.0
"""When things happen: the control of all modules, run cycle by cycle.

That tells the frame interval, the latency and how full every queue gets, exactly; the tests hold simulation
of the RTL to these numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from kerilog.plan.control import Module, Queue, modules_of
from kerilog.plan.design import Cycles, FifoStage, Stage

UNBOUNDED = 1 << 60
LONGEST_TRANSIENT = 200  # frames after which nothing new is expected


class Line:
    """Modules in a row, from reset on: the input offers a beat in every cycle, the output takes every beat.

    ``entered``, ``first`` and ``last`` collect the cycles in which a frame's first beat went in, its first
    beat came out, and its last.
    """

    def __init__(self, modules: Sequence[Module], beats_in: int, beats_out: int, pace: int = 0) -> None:
        """Frames of ``beats_in`` beats; frame i is not offered before cycle ``i * pace``."""
        self.modules = modules
        self.beats_in, self.beats_out, self.pace = beats_in, beats_out, pace
        self.taken = self.given = self.cycle = 0
        self.entered: list[int] = []
        self.first: list[int] = []
        self.last: list[int] = []
        self._ready = [True] * (len(modules) + 1)

    def run(self, frames: int) -> Line:
        """Go on until ``frames`` more frames have come out."""
        end = len(self.last) + frames
        while len(self.last) < end:
            self._clock()
        return self

    @property
    def state(self) -> tuple[int, ...]:
        """Everything that decides what happens next, if the pace does not."""
        registers = (value for module in self.modules for value in vars(module).values())
        return (self.taken % self.beats_in, *(value for value in registers if isinstance(value, int)))

    def _clock(self) -> None:
        ready = self._ready
        for i in range(len(self.modules) - 1, -1, -1):
            ready[i] = self.modules[i].ready(ready[i + 1])
        frame, beat = divmod(self.taken, self.beats_in)
        left_valid = self.cycle >= frame * self.pace
        entered = left_valid and ready[0]
        if entered:
            self.taken += 1
            if beat == 0:
                self.entered.append(self.cycle)
        for i, module in enumerate(self.modules):
            valid = module.valid
            left = valid and ready[i + 1]
            module.clock(left_valid, entered, ready[i + 1], left)
            left_valid, entered = valid, left
        if entered:
            self._give()
        self.cycle += 1

    def _give(self) -> None:
        if self.given % self.beats_out == 0:
            self.first.append(self.cycle)
        self.given += 1
        if self.given % self.beats_out == 0:
            self.last.append(self.cycle)


def line_of(stages: Sequence[Stage]) -> Line:
    """The modules of ``stages``, with frames back to back."""
    modules = [module for stage in stages for module in modules_of(stage)]
    return Line(modules, stages[0].input.beats, stages[-1].output.beats)


def measure(stages: Sequence[Stage]) -> Cycles:
    """Run frames back to back until all stands as it stood after an earlier frame: from there on it repeats.

    The interval is the longest between two frames of what repeats.
    """
    line = line_of(stages)
    seen: dict[tuple[int, ...], int] = {}
    while len(line.last) < 2 or (line.state not in seen and len(line.last) < LONGEST_TRANSIENT):
        if line.last:
            seen[line.state] = len(line.last)
        line.run(1)
    settled = seen.get(line.state, len(line.last) // 2)
    ends = line.last[settled - 1 :]
    interval = max(later - earlier for earlier, later in itertools.pairwise(ends))
    return Cycles(interval, line.last[0] - line.entered[0], line.first[0] - line.entered[0])


def queue_peaks(stages: Sequence[Stage], interval: int, frames: int = 4) -> dict[str, int]:
    """How full each FIFO gets if it is never full and a frame starts every ``interval`` cycles.

    By stage name.
    """
    queues: dict[str, Queue] = {}
    modules: list[Module] = []
    for stage in stages:
        if isinstance(stage, FifoStage):
            queues[stage.name] = Queue(UNBOUNDED)
            modules.append(queues[stage.name])
        else:
            modules.extend(modules_of(stage))
    Line(modules, stages[0].input.beats, stages[-1].output.beats, interval).run(frames)
    return {name: queue.peak for name, queue in queues.items()}
