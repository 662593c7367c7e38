# SPDX-License-Identifier: Apache-2.0
"""A bench around a module that takes a beat of each of two streams at a time, s0_axis and s1_axis."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from common.bench import Bench, Pauses
from common.scoreboard import Model
from common.stream import Monitor, Source, Wires


class PairSource:
    """Sends pairs of beats, each beat from a source of its own."""

    def __init__(self, dut: Any, left_width: int) -> None:
        self.left_width = left_width
        self.left, self.right = self.sources = [Source(Wires(dut, f"s{side}_axis")) for side in (0, 1)]

    def send(self, *beats: int) -> None:
        """Queue pairs."""
        for beat in beats:
            self.left.send(beat & ((1 << self.left_width) - 1))
            self.right.send(beat >> self.left_width)

    def flush(self) -> None:
        """Forget what was not accepted."""
        for source in self.sources:
            source.flush()

    @property
    def queue(self) -> deque[int]:
        """The longer of the two queues."""
        return max((source.queue for source in self.sources), key=len)

    @property
    def idle(self) -> bool:
        """Whether everything was accepted."""
        return not self.queue


class PairBench(Bench):
    """A bench with two inputs, whose beats must be accepted in the same cycle.

    Its model gets the left beat in the low ``left_width`` bits, the right one above.
    """

    def __init__(self, dut: Any, make_model: Callable[[], Model], left_width: int) -> None:
        self.left_width = left_width
        super().__init__(dut, make_model)

    def input_side(self) -> tuple[Any, Any]:
        source = PairSource(self.dut, self.left_width)
        self.waiting: tuple[deque[int], deque[int]] = deque(), deque()
        left, self.right_inputs = (
            Monitor(side.wires, lambda beat, queue=queue: self._accepted(queue, beat))
            for side, queue in zip(source.sources, self.waiting, strict=True)
        )
        return source, left

    def _accepted(self, queue: deque[int], beat: int) -> None:
        queue.append(beat)
        if all(self.waiting):
            left, right = (side.popleft() for side in self.waiting)
            self.scoreboard.put_input(left | right << self.left_width)

    def paths(self, cuts_ready: bool) -> list[tuple[Any, Any]]:
        """List the paths that no stream may have; the inputs' ready may depend on each other's valid."""
        sides = [source.wires for source in self.source.sources]
        return [*((side.valid, side.ready) for side in sides), (self.sink.wires.ready, self.sink.wires.valid)]

    def pause(self, source: Pauses, sink: Pauses, rng: Random) -> None:
        """Pause all three sides; the right source as often as the sink."""
        self.source.left.pause, self.source.right.pause = source(rng), sink(rng)
        self.sink.pause = sink(rng)

    async def reset(self, cycles: int = 2) -> None:
        await super().reset(cycles)
        self.right_inputs.times.clear()
        for side in self.waiting:
            side.clear()

    async def finish(self, limit: int = 20000, extra: int = 20) -> None:
        await super().finish(limit, extra)
        assert self.inputs.times == self.right_inputs.times
