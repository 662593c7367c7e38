# SPDX-License-Identifier: Apache-2.0
"""A bench around a module with one stream in and one out, and the standing tests of every such module."""

from __future__ import annotations

import functools
import itertools
import json
import os
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
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
    """Return random numbers that depend on the seed, the parameters and the purpose alone."""
    return random.Random(f"{SEED}/{sorted(PARAMETERS.items())}/{purpose}")


def pack(values: Sequence[int], bits: int) -> int:
    """Put elements side by side, the first in the low bits."""
    return sum((value & ((1 << bits) - 1)) << (i * bits) for i, value in enumerate(values))


def unpack(beat: int, bits: int, count: int) -> list[int]:
    """Split a beat into `count` signed elements."""
    return [signed(beat >> (i * bits), bits) for i in range(count)]


def signed(value: int, bits: int) -> int:
    """Read the low `bits` of a number as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def extremes(rng: random.Random, bits: int) -> int:
    """Draw a signed number; half of the draws are an end of the range, 0 or -1."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return rng.choice([low, high, 0, -1, rng.randint(low, high), *(rng.randint(low, high) for _ in range(3))])


# draws the beats of one transfer
Draw = Callable[[random.Random], Sequence[int]]


def drawn_beats(width: int, count: int) -> Callable[[random.Random], list[int]]:
    """Return a function that draws beats, among them all zeros and all ones."""

    def draw(rng: random.Random) -> list[int]:
        return [
            rng.choice([0, (1 << width) - 1, *(rng.getrandbits(width) for _ in range(4))])
            for _ in range(count)
        ]

    return draw


def start_clock(dut: Any) -> None:
    """Start the clock; its edges lie on whole periods."""
    cocotb.start_soon(Clock(dut.clk, PERIOD_NS, unit="ns").start())


# draws whether to pause, cycle by cycle
Pauses = Callable[[random.Random], Iterator[bool]]
PAUSES: dict[str, Pauses] = {
    "none": lambda rng: never(),
    "some": lambda rng: randomly(rng, 0.3),
    "most": lambda rng: randomly(rng, 0.8),
    "bursts": lambda rng: in_bursts(rng, 12),
}


def share(of_cycles: float) -> Pauses:
    """Pause in this share of the cycles."""
    return lambda rng: randomly(rng, of_cycles)


class Bench:
    """Source, sink, monitors and scoreboard of a module; `make_model` returns a model that was just reset.

    `ahead` are the beats that come out after a reset before any goes in. A module whose sides are not the
    streams s_axis and m_axis overrides `input_side` or `output_side`.
    """

    # kinds of pauses of the source and of the sink that every transfer has to survive
    pause_pairs: Sequence[tuple[str, str]] = (
        *(("none", "some"), ("some", "none"), ("most", "some"), ("some", "most")),
        ("bursts", "bursts"),
    )

    def __init__(self, dut: Any, make_model: Callable[[], Model], ahead: Sequence[int] = ()) -> None:
        self.dut = dut
        self.scoreboard = Scoreboard(make_model, ahead)
        self.source, self.inputs = self.input_side()
        self.sink, self.outputs = self.output_side()

    def input_side(self) -> tuple[Any, Any]:
        """Return what sends beats to the module, and the monitor that has seen them accepted."""
        source = Source(Wires(self.dut, "s_axis"))
        return source, Monitor(source.wires, self.scoreboard.put_input)

    def output_side(self) -> tuple[Any, Any]:
        """Return what accepts beats from the module, and the monitor that has seen them."""
        sink = Sink(Wires(self.dut, "m_axis"))
        return sink, Monitor(sink.wires, self.scoreboard.put_output)

    def paths(self, cuts_ready: bool) -> list[tuple[Any, Any]]:
        """List the pairs of wires of which the second must not depend on the first within a cycle.

        These are tvalid to tready, tready to tvalid and, if the module cuts that path, tready to tready.
        """
        into, out = self.source.wires, self.sink.wires
        pairs = [(into.valid, into.ready), (out.ready, out.valid)]
        return [*pairs, (out.ready, into.ready)] if cuts_ready else pairs

    async def start(self) -> Bench:
        """Start the clock and reset."""
        start_clock(self.dut)
        await self.reset()
        return self

    async def reset(self, cycles: int = 2) -> None:
        """Reset for some cycles and forget everything that was under way."""
        self.dut.rst.value = 1
        # everyone still sees what is under way at this very edge
        await ClockCycles(self.dut.clk, cycles)
        self.source.flush()
        self.scoreboard.flush()
        self.inputs.times.clear()
        self.outputs.times.clear()
        self.dut.rst.value = 0

    def pause(self, source: Pauses, sink: Pauses, rng: random.Random) -> None:
        """Pause both sides from now on."""
        self.source.pause, self.sink.pause = source(rng), sink(rng)

    def resume(self) -> None:
        """End all pauses."""
        self.pause(PAUSES["none"], PAUSES["none"], random_for("no pause"))

    def check_drained(self) -> None:
        """Check what else must hold once a stalled output was drained; by default nothing."""

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
        """Send beats and check everything that comes out."""
        self.source.send(*beats)
        await self.finish()


Make = Callable[[Any], Bench]


def standing_tests(
    make: Make,
    beats: Draw,
    *,
    cuts_ready: bool,
    latency: int | None = None,
    interval: int = 1,
    full_rate: Draw | None = None,
    output_waits: bool = True,
) -> Any:
    """Return the tests that every module between two streams passes, to be assigned to a name of the bench.

    `make` makes a bench around the module, and `beats` draws a transfer. With `cuts_ready` no path leads from
    the output's tready to the input's; valid and ready of one stream never depend on each other. With a
    `latency` the module answers every beat with one beat, `latency` cycles later, and beats are `interval`
    cycles apart when nobody pauses; `full_rate` draws the beats of that test where they must be others.
    `output_waits` is false for results that cannot wait and are paid for with credits.
    """
    checks: list[Callable[[Bench, Draw], Awaitable[None]]] = [works_under_stalls, recovers_from_reset]

    async def keeps_the_handshake_contract(bench: Bench, beats: Draw) -> None:
        await contract_of_handshake(bench, beats, cuts_ready)

    async def runs_at_full_rate(bench: Bench, beats: Draw) -> None:
        await bench.start()
        await bench.transfer((full_rate or beats)(random_for("rate")))
        assert set(steps(bench.inputs.times)) == {interval}
        assert bench.outputs.times == [time + latency for time in bench.inputs.times]

    checks.append(keeps_the_handshake_contract)
    if output_waits:
        checks.append(survives_a_stalled_output)
    if latency is not None:
        checks.append(runs_at_full_rate)

    async def stream(dut: Any, check: Callable[[Bench, Draw], Awaitable[None]]) -> None:
        await check(make(dut), beats)

    # reported as tests of the bench, not of this file
    stream.__module__, stream.__qualname__ = make.__module__, "stream"
    return test()(cocotb.parametrize(check=[cocotb.Param(check, check.__name__) for check in checks])(stream))


async def works_under_stalls(bench: Bench, beats: Draw) -> None:
    """Send fresh beats under pairs of pauses on the two sides."""
    await bench.start()
    for of_source, of_sink in bench.pause_pairs:
        rng = random_for(f"{of_source}/{of_sink}")
        bench.pause(PAUSES[of_source], PAUSES[of_sink], rng)
        await bench.transfer(beats(rng))


async def recovers_from_reset(bench: Bench, beats: Draw) -> None:
    """Reset again and again in the middle of traffic; a transfer after each shows that nothing is stuck."""
    await bench.start()
    rng = random_for("reset")
    for _ in range(6):
        bench.pause(share(0.2), share(0.5), rng)
        bench.source.send(*beats(rng))
        await bench.cycles(rng.randint(1, 60))
        await bench.reset(rng.randint(1, 3))
        bench.resume()
        await bench.transfer(beats(rng))


async def contract_of_handshake(bench: Bench, beats: Draw, cuts_ready: bool) -> None:
    """Look for paths within a cycle that the contract of the handshake forbids."""
    await bench.start()
    for driven, watched in bench.paths(cuts_ready):
        rng = random_for(f"path/{driven._name}")
        bench.pause(share(0.4), share(0.4), rng)
        bench.source.send(*beats(rng))
        await assert_no_path(bench.dut.clk, driven, watched, 120)
        await bench.finish()


async def survives_a_stalled_output(bench: Bench, beats: Draw) -> None:
    """Let the module fill up against a sink that is never ready, then drain it."""
    drawn = beats(random_for("stall"))
    # from before the reset on, for a module may have a beat ready as soon as that ends
    bench.sink.pause = always()
    await bench.start()
    bench.source.send(*drawn)
    await bench.cycles(len(drawn) + 40)
    assert not bench.outputs.times, "a beat was transferred while the sink was not ready"
    assert number(bench.sink.wires.valid), "valid waits for ready"
    bench.sink.pause = never()
    await bench.finish()
    bench.check_drained()


def steps(times: Sequence[int]) -> list[int]:
    """Return the cycles from each transfer to the next."""
    return [b - a for a, b in itertools.pairwise(times)]
