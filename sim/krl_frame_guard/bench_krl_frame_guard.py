# SPDX-License-Identifier: Apache-2.0
"""krl_frame_guard: whole, short and long frames; the error flag is checked in every cycle."""

from collections.abc import Iterator
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, Bench, standing_tests
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
    """Works out frame_error from the beats that are accepted, and checks it in every cycle."""

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
        # one beat too many is one error, however many follow
        if self.place <= BEATS and last != (self.place == BEATS):
            self.expected = 1
        if last:
            self.place = 0


def bench_of(dut: Any) -> Bench:
    """Make a bench that watches the error flag, too."""
    bench = Bench(dut, make_model)
    ErrorFlag(bench)
    return bench


stream = standing_tests(bench_of, frames, cuts_ready=False, latency=0, full_rate=whole_frames)
