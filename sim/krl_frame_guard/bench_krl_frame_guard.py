# SPDX-License-Identifier: Apache-2.0
"""krl_frame_guard: whole, cut and overlong frames; the error flag in every cycle."""

from collections.abc import Iterator
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from common.bench import (
    PARAMETERS,
    Bench,
    contract_of_handshake,
    random_for,
    reset_midway,
    stalls,
    steps,
    test,
)
from common.scoreboard import Model
from common.stream import number

WIDTH, BEATS = PARAMETERS["WIDTH"], PARAMETERS["BEATS"]
LAST = 1 << WIDTH


def frame(rng: Random, length: int) -> list[int]:
    """Draw a frame of any length; its last beat carries tlast."""
    data = [rng.choice([rng.getrandbits(WIDTH), LAST - 1]) for _ in range(length)]
    return [*data[:-1], data[-1] | LAST]


def frames(rng: Random) -> list[int]:
    """Draw frames, about half of them of the right length."""
    lengths = [rng.choice([BEATS, BEATS, BEATS, rng.randint(1, 2 * BEATS), BEATS + 1, 1]) for _ in range(12)]
    return [beat for length in lengths for beat in frame(rng, length)]


def whole_frames(rng: Random) -> list[int]:
    """Draw frames of the right length."""
    return [beat for _ in range(8) for beat in frame(rng, BEATS)]


def make_model() -> Model:
    """Cut and fill each frame that comes in."""
    place = 0

    def model(beat: int) -> Iterator[int]:
        nonlocal place
        place += 1
        if place <= BEATS:
            yield beat & (LAST - 1)
        if beat & LAST:
            yield from [0] * (BEATS - place)
            place = 0

    return model


class ErrorFlag:
    """Says what frame_error must be, from the beats that are accepted, and checks it in every cycle."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.expected = self.place = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        wires = self.bench.source.wires
        while True:
            await RisingEdge(wires.clk)
            if wires.rst.value == 1:
                self.expected = self.place = 0
                continue
            assert number(self.bench.dut.frame_error) == self.expected, "frame_error is wrong"
            if number(wires.valid) and number(wires.ready):
                self._accept(bool(wires.beat() & LAST))

    def _accept(self, last: bool) -> None:
        self.place += 1
        if self.place == 1:
            self.expected = 0
        # a beat too many says nothing new
        if self.place <= BEATS and last != (self.place == BEATS):
            self.expected = 1
        if last:
            self.place = 0


async def bench_of(dut: Any) -> Bench:
    """Give a bench that watches the error flag, too."""
    bench = Bench(dut, make_model, last=True)
    ErrorFlag(bench)
    return await bench.start()


@test()
async def repairs_frames_under_stalls(dut: Any) -> None:
    """Right, short and long frames in random order."""
    await stalls(await bench_of(dut), frames)


@test()
async def passes_whole_frames_at_full_rate_without_latency(dut: Any) -> None:
    """A beat a cycle, in the cycle in which it arrives."""
    bench = await bench_of(dut)
    await bench.transfer(whole_frames(random_for("rate")))
    assert set(steps(bench.inputs.times)) == {1}
    assert bench.inputs.times == bench.outputs.times


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset puts it at the start of a frame, without error."""
    await reset_midway(await bench_of(dut), frames)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """Ready is blind to valid."""
    await contract_of_handshake(await bench_of(dut), frames, cuts_ready=False)
