# SPDX-License-Identifier: Apache-2.0
"""krl_frame_guard: whole, short and long frames; error flag and verdicts are checked in every cycle."""

from collections.abc import Iterator
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, Bench, random_for, share, standing_tests, test
from common.scoreboard import Model
from common.stream import never, number, randomly

WIDTH, BEATS, USE_TLAST = (PARAMETERS[name] for name in ("WIDTH", "BEATS", "USE_TLAST"))
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
    """Cut and fill each frame that comes in; without tlast, pass on what comes."""
    place = 0

    def model(beat: int) -> Iterator[int]:
        nonlocal place
        if not USE_TLAST:
            yield beat & (LAST - 1)
            return
        place += 1
        if place <= BEATS:
            yield beat & (LAST - 1)
        if beat & LAST:
            yield from [0] * (BEATS - place)
            place = 0

    return model


class Watch:
    """Works out frame_error and the verdicts from what is accepted, and checks them in every cycle.

    ``full`` says when there is no room behind a verdict.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.full = never()
        self.expected = self.place = 0
        bench.dut.room.value = 1
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut, wires = self.bench.dut, self.bench.source.wires
        while True:
            await RisingEdge(wires.clk)
            if wires.rst.value == 1:
                if wires.ready.value.is_resolvable:
                    assert number(wires.ready) == 0, "ready in reset"
                self.expected = self.place = 0
                dut.room.value = 1
                continue
            assert number(dut.frame_error) == self.expected, "frame_error is wrong"
            accepted = number(wires.valid) and number(wires.ready)
            settled = self._accept(bool(wires.beat() & LAST)) if accepted else False
            assert number(dut.settled) == settled, f"settled is wrong, expected {settled}"
            if settled:
                assert number(dut.faulty) == self.expected, "faulty is wrong"
            if not number(dut.room) or settled:  # it may fall behind a verdict only
                dut.room.value = not next(self.full)

    def _accept(self, last: bool) -> bool:
        """Whether the beat settles what its frame is."""
        self.place += 1
        if not USE_TLAST:
            last = self.place == BEATS
        if self.place == 1:
            self.expected = 0
        settled = self.place == BEATS or (last and self.place < BEATS)
        # one beat too many is one error, however many follow
        if settled and last != (self.place == BEATS):
            self.expected = 1
        if last:
            self.place = 0
        return settled


def bench_of(dut: Any) -> Bench:
    """Make a bench that watches the error flag and the verdicts, too."""
    bench = Bench(dut, make_model)
    Watch(bench)
    return bench


stream = standing_tests(bench_of, frames, cuts_ready=False, latency=0, full_rate=whole_frames)


@test()
async def waits_for_room(dut: Any) -> None:
    """While there is no room for a verdict nothing is lost, whatever comes."""
    bench = Bench(dut, make_model)
    watch = Watch(bench)
    await bench.start()
    for paused in (0.0, 0.3):
        rng = random_for(f"room {paused}")
        watch.full = randomly(rng, 0.7)
        bench.pause(share(paused), share(paused), rng)
        await bench.transfer(frames(rng))
