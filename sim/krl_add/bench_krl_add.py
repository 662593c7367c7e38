# SPDX-License-Identifier: Apache-2.0
"""krl_add: two streams in step, scaled, added, rounded by the sign, clamped; in exact integers."""

from collections import deque
from pathlib import Path
from random import Random
from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import (
    PARAMETERS,
    PAUSE_PAIRS,
    PAUSES,
    Bench,
    extremes,
    pack,
    random_for,
    signed,
    stalled_output,
    start_clock,
    steps,
    test,
    unpack,
)
from common.scoreboard import Scoreboard
from common.stream import Monitor, Sink, Source, Wires, assert_no_path, never, randomly

LATENCY = 6
LANES, BITS, TOTAL_BITS = PARAMETERS["LANES"], PARAMETERS["BITS"], PARAMETERS["TOTAL_BITS"]
LEFT_BITS, RIGHT_BITS, SHIFT = PARAMETERS["LEFT_BITS"], PARAMETERS["RIGHT_BITS"], PARAMETERS["SHIFT"]
LEFT, RIGHT = PARAMETERS["LEFT_FACTOR"], PARAMETERS["RIGHT_FACTOR"]
CLAMP_MIN, CLAMP_MAX = PARAMETERS["CLAMP_MIN"], PARAMETERS["CLAMP_MAX"]
OFFSET, POSITIVE, NEGATIVE = (
    signed(PARAMETERS[name], TOTAL_BITS) for name in ("OFFSET", "ROUND_POSITIVE", "ROUND_NEGATIVE")
)
TABLE = [signed(int(line, 16), TOTAL_BITS) for line in Path(PARAMETERS["FILE"]).read_text().split()]
Pair = tuple[int, int]


def element(x: int, y: int) -> int:
    """Model one element."""
    left = TABLE[x] if PARAMETERS["TABLE"] == 1 else LEFT * x + OFFSET
    right = TABLE[y] if PARAMETERS["TABLE"] == 2 else RIGHT * y
    total = left - right if PARAMETERS["SUBTRACT"] else left + right
    return min(CLAMP_MAX, max(CLAMP_MIN, (total + (NEGATIVE if total < 0 else POSITIVE)) >> SHIFT))


def sums(left: int, right: int) -> list[int]:
    """Model one pair of beats."""
    pairs = zip(unpack(left, LEFT_BITS, LANES), unpack(right, RIGHT_BITS, LANES), strict=True)
    return [pack([element(x, y) for x, y in pairs], BITS)]


def near_zero(rng: Random, x: int) -> int:
    """Draw a right operand at which the sum is near the change of its sign."""
    ideal = (OFFSET + LEFT * x) // max(RIGHT, 1)
    return (ideal if PARAMETERS["SUBTRACT"] else -ideal) + rng.randint(-1, 1)


def pairs(rng: Random) -> list[Pair]:
    """Draw pairs of beats, ends and changes of the sign among them."""
    drawn = []
    for _ in range(80):
        xs = [extremes(rng, LEFT_BITS) for _ in range(LANES)]
        ys = [rng.choice([extremes(rng, RIGHT_BITS), near_zero(rng, x)]) for x in xs]
        drawn.append((pack(xs, LEFT_BITS), pack(ys, RIGHT_BITS)))
    return drawn


class AddBench(Bench):
    """A bench with two inputs, whose beats must be taken in the same cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.sources = [Source(Wires(dut, f"s{side}_axis")) for side in (0, 1)]
        self.sink = Sink(Wires(dut, "m_axis"))
        self.lefts: deque[int] = deque()
        self.rights: deque[int] = deque()
        self.scoreboard = Scoreboard(lambda: lambda beat: [beat])
        self.inputs, self.right_inputs = (
            Monitor(source.wires, lambda beat, queue=queue: self._entered(queue, beat))
            for source, queue in zip(self.sources, (self.lefts, self.rights), strict=True)
        )
        self.outputs = Monitor(self.sink.wires, self.scoreboard.put_output)

    def _entered(self, queue: "deque[int]", beat: int) -> None:
        queue.append(beat)
        if self.lefts and self.rights:
            for result in sums(self.lefts.popleft(), self.rights.popleft()):
                self.scoreboard.put_input(result)

    async def reset(self, cycles: int = 2) -> None:
        self.source = self.sources[0]
        await super().reset(cycles)
        self.sources[1].flush()
        self.right_inputs.times.clear()
        self.lefts.clear()
        self.rights.clear()

    def send(self, beats: list[Pair]) -> None:
        """Queue pairs of beats."""
        for left, right in beats:
            self.sources[0].send(left)
            self.sources[1].send(right)

    async def transfer_pairs(self, beats: list[Pair]) -> None:
        """Send pairs and check all that comes of them."""
        self.send(beats)
        for _ in range(20000):
            await RisingEdge(self.dut.clk)
            if all(source.idle for source in self.sources):
                break
        await self.finish()
        assert self.sources[1].idle
        assert self.inputs.times == self.right_inputs.times

    def pause(self, source: float, sink: float, rng: Random) -> None:
        """Pause all three sides at random."""
        for each in self.sources:
            each.pause = randomly(rng, source)
        self.sink.pause = randomly(rng, sink)


async def bench_of(dut: Any) -> AddBench:
    """Give a bench."""
    start_clock(dut)
    bench = AddBench(dut)
    await bench.reset()
    return bench


@test()
async def adds_under_stalls(dut: Any) -> None:
    """Random pauses on all three sides."""
    bench = await bench_of(dut)
    for of_source, of_sink in PAUSE_PAIRS:
        rng = random_for(f"{of_source}/{of_sink}")
        bench.sources[0].pause = PAUSES[of_source](rng)
        bench.sources[1].pause = PAUSES[of_sink](rng)
        bench.sink.pause = PAUSES[of_sink](rng)
        await bench.transfer_pairs(pairs(rng))


@test()
async def runs_at_full_rate_with_its_latency(dut: Any) -> None:
    """A beat a cycle, LATENCY cycles through."""
    bench = await bench_of(dut)
    await bench.transfer_pairs(pairs(random_for("rate")))
    assert set(steps(bench.inputs.times)) == {1}
    assert bench.outputs.times == [time + LATENCY for time in bench.inputs.times]


@test()
async def survives_a_stalled_output(dut: Any) -> None:
    """Full, then drained."""
    bench = await bench_of(dut)
    beats = pairs(random_for("stall"))
    bench.sources[1].send(*(right for _, right in beats))
    await stalled_output(bench, [left for left, _ in beats])


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset drops what is held."""
    bench = await bench_of(dut)
    rng = random_for("reset")
    for _ in range(6):
        bench.pause(0.2, 0.5, rng)
        bench.send(pairs(rng))
        await bench.cycles(rng.randint(1, 60))
        await bench.reset(rng.randint(1, 3))
        bench.pause(0.0, 0.0, rng)
        await bench.transfer_pairs(pairs(rng))


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """No stream's ready sees its own valid; valid at the output does not see ready."""
    bench = await bench_of(dut)
    probes = [(source.wires.valid, source.wires.ready) for source in bench.sources]
    probes.append((bench.sink.wires.ready, bench.sink.wires.valid))
    for driven, watched in probes:
        rng = random_for(f"path/{driven._name}")
        bench.pause(0.4, 0.4, rng)
        bench.send(pairs(rng))
        await assert_no_path(dut.clk, driven, watched, 120)
        await bench.finish()
    bench.sink.pause = never()
