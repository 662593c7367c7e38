# SPDX-License-Identifier: Apache-2.0
"""A bench around a module with one stream in and one out, and the tests that every such module must pass."""

from __future__ import annotations

import functools
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from common.scoreboard import Model, Scoreboard
from common.stream import (
    PERIOD_NS,
    Monitor,
    Sink,
    Source,
    Wires,
    always,
    assert_no_path,
    in_bursts,
    never,
    number,
    randomly,
)

SEED = os.environ.get("KERILOG_SEED", "0")
PARAMETERS: dict[str, Any] = json.loads(os.environ.get("KERILOG_PARAMETERS", "{}"))

# a test with a timeout: a bench that hangs is a bench that fails
test = functools.partial(cocotb.test, timeout_time=2, timeout_unit="ms")


def random_for(purpose: str) -> random.Random:
    """Random numbers that the seed, the parameters and the purpose give alone."""
    return random.Random(f"{SEED}/{sorted(PARAMETERS.items())}/{purpose}")


def pack(values: Sequence[int], bits: int) -> int:
    """Put elements side by side, the first in the low bits."""
    return sum((value & ((1 << bits) - 1)) << (i * bits) for i, value in enumerate(values))


def unpack(beat: int, bits: int, count: int) -> list[int]:
    """Take `count` signed elements apart."""
    return [signed(beat >> (i * bits), bits) for i in range(count)]


def signed(value: int, bits: int) -> int:
    """Read the low `bits` of a number as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def extremes(rng: random.Random, bits: int) -> int:
    """Draw a signed number; half of the draws lie at the ends of the range or around 0."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return rng.choice([low, high, 0, -1, rng.randint(low, high), *(rng.randint(low, high) for _ in range(3))])


def drawn_beats(width: int, count: int) -> Callable[[random.Random], list[int]]:
    """Give a function that draws beats, among them those of all zeros and all ones."""

    def draw(rng: random.Random) -> list[int]:
        return [
            rng.choice([0, (1 << width) - 1, *(rng.getrandbits(width) for _ in range(4))])
            for _ in range(count)
        ]

    return draw


def start_clock(dut: Any) -> None:
    """Let the clock run; edges lie on whole periods."""
    cocotb.start_soon(Clock(dut.clk, PERIOD_NS, unit="ns").start())


class Bench:
    """Source, sink, monitors and scoreboard of a module; `make_model` gives a model that was just reset."""

    def __init__(
        self, dut: Any, make_model: Callable[[], Model], last: bool = False, ahead: Sequence[int] = ()
    ) -> None:
        self.dut = dut
        self.source = Source(Wires(dut, "s_axis", last=last))
        self.sink = Sink(Wires(dut, "m_axis"))
        self.scoreboard = Scoreboard(make_model, ahead)
        self.inputs = Monitor(self.source.wires, self.scoreboard.put_input)
        self.outputs = Monitor(self.sink.wires, self.scoreboard.put_output)

    async def start(self) -> Bench:
        """Start the clock and reset."""
        start_clock(self.dut)
        await self.reset()
        return self

    async def reset(self, cycles: int = 2) -> None:
        """Reset for some cycles and forget everything that was under way."""
        self.dut.rst.value = 1
        # what is under way at this very edge is still seen by everyone
        await ClockCycles(self.dut.clk, cycles)
        self.source.flush()
        self.scoreboard.flush()
        self.inputs.times.clear()
        self.outputs.times.clear()
        self.dut.rst.value = 0

    async def cycles(self, count: int) -> None:
        """Wait."""
        await ClockCycles(self.dut.clk, count)

    async def finish(self, limit: int = 20000, extra: int = 20) -> None:
        """Wait until everything was sent and came out, then a while longer for what should not come."""
        for _ in range(limit):
            await RisingEdge(self.dut.clk)
            if self.source.idle and not self.scoreboard.waiting:
                break
        await self.cycles(extra)
        assert self.source.idle, f"{len(self.source.queue)} beats were never accepted"
        self.scoreboard.assert_empty()

    async def transfer(self, beats: Sequence[int]) -> None:
        """Send beats and check all that comes of them."""
        self.source.send(*beats)
        await self.finish()


async def serve_constants(dut: Any, words: Sequence[int]) -> None:
    """Be the ROM of constants beside a requantizer: a cycle of latency, the word holds while not enabled."""
    while True:
        await RisingEdge(dut.clk)
        if dut.rst.value == 0 and number(dut.constant_enable):
            dut.constant_data.value = words[number(dut.constant_address)]


Pauses = Callable[[random.Random], Iterator[bool]]
PAUSES: dict[str, Pauses] = {
    "none": lambda rng: never(),
    "some": lambda rng: randomly(rng, 0.3),
    "most": lambda rng: randomly(rng, 0.8),
    "bursts": lambda rng: in_bursts(rng, 12),
}
PAUSE_PAIRS = [("none", "some"), ("some", "none"), ("most", "some"), ("some", "most"), ("bursts", "bursts")]


async def stalls(bench: Bench, beats: Callable[[random.Random], Sequence[int]]) -> None:
    """Send fresh beats under pairs of pauses on the two sides."""
    for of_source, of_sink in PAUSE_PAIRS:
        rng = random_for(f"{of_source}/{of_sink}")
        bench.source.pause, bench.sink.pause = PAUSES[of_source](rng), PAUSES[of_sink](rng)
        await bench.transfer(beats(rng))
    bench.source.pause = bench.sink.pause = never()


async def reset_midway(bench: Bench, beats: Callable[[random.Random], Sequence[int]]) -> None:
    """Reset again and again in the middle of traffic; a full transfer after each shows that nothing stuck."""
    rng = random_for("reset")
    for _ in range(6):
        bench.source.pause, bench.sink.pause = randomly(rng, 0.2), randomly(rng, 0.5)
        bench.source.send(*beats(rng))
        await bench.cycles(rng.randint(1, 60))
        await bench.reset(rng.randint(1, 3))
        bench.source.pause = bench.sink.pause = never()
        await bench.transfer(beats(rng))


async def contract_of_handshake(
    bench: Bench, beats: Callable[[random.Random], Sequence[int]], cuts_ready: bool
) -> None:
    """Look for paths within a cycle: tvalid to tready, tready to tvalid, and, if cut, tready to tready."""
    into, out = bench.source.wires, bench.sink.wires
    probes = [(into.valid, into.ready), (out.ready, out.valid)]
    probes += [(out.ready, into.ready)] if cuts_ready else []
    for driven, watched in probes:
        rng = random_for(f"path/{driven._name}")
        bench.source.pause, bench.sink.pause = randomly(rng, 0.4), randomly(rng, 0.4)
        bench.source.send(*beats(rng))
        await assert_no_path(bench.dut.clk, driven, watched, 120)
        await bench.finish()
    bench.source.pause = bench.sink.pause = never()


async def stalled_output(bench: Bench, beats: Sequence[int]) -> None:
    """Let the module fill up against a sink that takes nothing, then drain it."""
    bench.sink.pause = always()
    bench.source.send(*beats)
    await bench.cycles(len(beats) + 40)
    assert not bench.outputs.times, "a beat was transferred while the sink was not ready"
    assert number(bench.sink.wires.valid), "valid waits for ready"
    bench.sink.pause = never()
    await bench.finish()


def steps(times: Sequence[int]) -> list[int]:
    """Cycles from each transfer to the next."""
    return [b - a for a, b in itertools.pairwise(times)]
