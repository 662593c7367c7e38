# SPDX-License-Identifier: Apache-2.0
"""krl_serializer: words in, slices out in channel order, the lanes past the last output left out."""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge
from cocotb.types import LogicArray

from common.bench import (
    PARAMETERS,
    Bench,
    drawn_beats,
    random_for,
    reset_midway,
    stalled_output,
    stalls,
    steps,
    test,
)
from common.scoreboard import Model, Scoreboard
from common.stream import Monitor, Sink, Wires, assert_no_path, cycle, never, number, randomly

PE, LANES, OUTPUTS = PARAMETERS["PE"], PARAMETERS["LANES"], PARAMETERS["OUTPUTS"]
DEPTH, BITS = PARAMETERS["DEPTH"], PARAMETERS["BITS"]
GROUPS = -(-OUTPUTS // PE)
SLICE = LANES * BITS
# used lanes of each word of a vector
USED = [PE] * (GROUPS - 1) + [OUTPUTS - (GROUPS - 1) * PE]


def words(rng: Random) -> list[int]:
    """Draw the words of some vectors."""
    return drawn_beats(PE * BITS, GROUPS * max(2, 60 // (GROUPS * PE)))(rng)


def make_model() -> Model:
    """Cut words into slices."""
    count = 0

    def model(word: int) -> Iterator[int]:
        nonlocal count
        for start in range(USED[count % GROUPS] // LANES):
            yield word >> (start * SLICE) & ((1 << SLICE) - 1)
        count += 1

    return model


class CreditedSource:
    """Sends words while it knows of a free place; lanes past the last output are unknown."""

    def __init__(self, dut: Any, scoreboard: Scoreboard) -> None:
        self.dut = dut
        self.scoreboard = scoreboard
        self.pause = never()
        self.queue: deque[int] = deque()
        self.times: list[int] = []
        self.flush()
        cocotb.start_soon(self._run())

    def send(self, *beats: int) -> None:
        """Queue words."""
        self.queue.extend(beats)

    def flush(self) -> None:
        """Forget what was not sent."""
        self.queue.clear()
        self.free = DEPTH
        self.sent = 0
        self.dut.result_tvalid.value = 0

    @property
    def idle(self) -> bool:
        """Whether everything was sent."""
        return not self.queue

    async def _run(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            if self.dut.rst.value == 1:
                continue
            self.free += number(self.dut.result_taken)
            assert self.free <= DEPTH, "more words taken than sent"
            paused = next(self.pause)
            send = bool(self.queue) and self.free > 0 and not paused
            self.dut.result_tvalid.value = send
            if send:
                self._put(self.queue.popleft())

    def _put(self, word: int) -> None:
        used = USED[self.sent % GROUPS] * BITS
        digits = f"{word & ((1 << used) - 1):0{used}b}"
        self.dut.result_tdata.value = LogicArray("X" * (PE * BITS - used) + digits)
        self.free -= 1
        self.sent += 1
        # it is taken at the next edge
        self.times.append(cycle() + 1)
        self.scoreboard.put_input(word)


class SerializerBench(Bench):
    """A bench whose source counts places."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.scoreboard = Scoreboard(make_model)
        self.source = self.inputs = CreditedSource(dut, self.scoreboard)
        self.sink = Sink(Wires(dut, "m_axis"))
        self.outputs = Monitor(self.sink.wires, self.scoreboard.put_output)


async def bench_of(dut: Any) -> SerializerBench:
    """Give a bench."""
    bench = SerializerBench(dut)
    await bench.start()
    return bench


@test()
async def serializes_under_stalls(dut: Any) -> None:
    """Random pauses on both sides."""
    bench = await bench_of(dut)
    await stalls(bench, words)
    assert bench.source.free == DEPTH, "a place was never given back"


@test()
async def gives_a_beat_a_cycle(dut: Any) -> None:
    """Two cycles through, and then no gap as long as there is a second place."""
    bench = await bench_of(dut)
    await bench.transfer(words(random_for("rate")))
    assert bench.outputs.times[0] == bench.inputs.times[0] + 2
    slices = [used // LANES for used in USED]
    # a place is free a cycle after its last beat: two places hide this behind words of two beats only
    if DEPTH > 3 or (DEPTH > 1 and min(slices) > 1):
        assert set(steps(bench.outputs.times)) <= {1}


@test()
async def offers_a_beat_to_a_stalled_output(dut: Any) -> None:
    """Full, then drained."""
    await stalled_output(await bench_of(dut), words(random_for("stall")))


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset empties it and puts it at the start of a vector."""
    await reset_midway(await bench_of(dut), words)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """Valid does not wait for ready."""
    bench = await bench_of(dut)
    rng = random_for("path")
    bench.source.pause, bench.sink.pause = randomly(rng, 0.4), randomly(rng, 0.4)
    bench.source.send(*words(rng))
    await assert_no_path(dut.clk, dut.m_axis_tready, dut.m_axis_tvalid, 120)
    await bench.finish()
