# SPDX-License-Identifier: Apache-2.0
"""krl_add: two streams in step, scaled, added, rounded by the sign, clamped; in exact integers."""

from collections import deque
from pathlib import Path
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, Pauses, extremes, pack, signed, standing_tests, unpack
from common.stream import Monitor, Source, Wires

LANES, BITS, TOTAL_BITS = PARAMETERS["LANES"], PARAMETERS["BITS"], PARAMETERS["TOTAL_BITS"]
LEFT_BITS, RIGHT_BITS, SHIFT = PARAMETERS["LEFT_BITS"], PARAMETERS["RIGHT_BITS"], PARAMETERS["SHIFT"]
LEFT, RIGHT = PARAMETERS["LEFT_FACTOR"], PARAMETERS["RIGHT_FACTOR"]
CLAMP_MIN, CLAMP_MAX = PARAMETERS["CLAMP_MIN"], PARAMETERS["CLAMP_MAX"]
OFFSET, POSITIVE, NEGATIVE = (
    signed(PARAMETERS[name], TOTAL_BITS) for name in ("OFFSET", "ROUND_POSITIVE", "ROUND_NEGATIVE")
)
TABLE = [signed(int(line, 16), TOTAL_BITS) for line in Path(PARAMETERS["FILE"]).read_text().split()]
LEFT_WIDTH = LANES * LEFT_BITS


def element(x: int, y: int) -> int:
    """Model one element."""
    left = TABLE[x] if PARAMETERS["TABLE"] == 1 else LEFT * x + OFFSET
    right = TABLE[y] if PARAMETERS["TABLE"] == 2 else RIGHT * y
    total = left - right if PARAMETERS["SUBTRACT"] else left + right
    return min(CLAMP_MAX, max(CLAMP_MIN, (total + (NEGATIVE if total < 0 else POSITIVE)) >> SHIFT))


def sums(beat: int) -> list[int]:
    """Model one pair of beats."""
    operands = zip(unpack(beat, LEFT_BITS, LANES), unpack(beat >> LEFT_WIDTH, RIGHT_BITS, LANES), strict=True)
    return [pack([element(x, y) for x, y in operands], BITS)]


def near_zero(rng: Random, x: int) -> int:
    """Draw a right operand that brings the sum close to zero."""
    ideal = (OFFSET + LEFT * x) // max(RIGHT, 1)
    return (ideal if PARAMETERS["SUBTRACT"] else -ideal) + rng.randint(-1, 1)


def pairs(rng: Random) -> list[int]:
    """Draw pairs of beats, extremes and sums close to zero among them; the left one in the low bits."""
    drawn = []
    for _ in range(80):
        xs = [extremes(rng, LEFT_BITS) for _ in range(LANES)]
        ys = [rng.choice([extremes(rng, RIGHT_BITS), near_zero(rng, x)]) for x in xs]
        drawn.append(pack(xs, LEFT_BITS) | pack(ys, RIGHT_BITS) << LEFT_WIDTH)
    return drawn


class PairSource:
    """Sends pairs of beats, each beat from a source of its own."""

    def __init__(self, dut: Any) -> None:
        self.left, self.right = self.sources = [Source(Wires(dut, f"s{side}_axis")) for side in (0, 1)]

    def send(self, *beats: int) -> None:
        """Queue pairs."""
        for beat in beats:
            self.left.send(beat & ((1 << LEFT_WIDTH) - 1))
            self.right.send(beat >> LEFT_WIDTH)

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


class AddBench(Bench):
    """A bench with two inputs, whose beats must be accepted in the same cycle."""

    def input_side(self) -> tuple[Any, Any]:
        source = PairSource(self.dut)
        self.waiting: tuple[deque[int], deque[int]] = deque(), deque()
        left, self.right_inputs = (
            Monitor(side.wires, lambda beat, queue=queue: self._accepted(queue, beat))
            for side, queue in zip(source.sources, self.waiting, strict=True)
        )
        return source, left

    def _accepted(self, queue: "deque[int]", beat: int) -> None:
        queue.append(beat)
        if all(self.waiting):
            left, right = (side.popleft() for side in self.waiting)
            self.scoreboard.put_input(left | right << LEFT_WIDTH)

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


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return AddBench(dut, lambda: sums)


stream = standing_tests(bench_of, pairs, cuts_ready=False, latency=6)
