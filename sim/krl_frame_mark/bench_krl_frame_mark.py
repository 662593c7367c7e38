# SPDX-License-Identifier: Apache-2.0
"""krl_frame_mark: tlast and tuser of every beat, verdicts early and late, a last beat put aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, PAUSES, Bench, drawn_beats, random_for, share, standing_tests, test
from common.scoreboard import Model
from common.stream import always, never, number

WIDTH, BEATS = PARAMETERS["WIDTH"], PARAMETERS["BEATS"]
INPUTS, DEPTH = PARAMETERS["INPUTS"], PARAMETERS["DEPTH"]
LAST = 1 << WIDTH
beats = drawn_beats(WIDTH, 10 * BEATS)


def make_model() -> Model:
    """Mark the last beat of each frame."""
    count = 0

    def model(beat: int) -> Iterator[int]:
        nonlocal count
        count += 1
        yield beat | LAST if count % BEATS == 0 else beat

    return model


class Verdicts:
    """Gives verdicts on frames, and checks in every cycle what follows from those that were given."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.rng = random_for("verdicts")
        self.pauses: list[Iterator[bool]] = [never() for _ in range(INPUTS)]
        self.marked = 0
        self.flush()
        cocotb.start_soon(self._run())

    def flush(self) -> None:
        """Start over, as the module does at a reset."""
        self.given: list[list[bool]] = [[] for _ in range(INPUTS)]
        self.offered = [False] * INPUTS
        self.faults = [False] * INPUTS
        self.frame = 0
        self.waiting: bool | None = None

    async def _run(self) -> None:
        dut = self.bench.dut
        dut.settled.value = 0
        while True:
            await RisingEdge(dut.clk)
            if dut.rst.value == 1:
                self.flush()
                dut.settled.value = 0
                continue
            self._check(dut)
            self._give(dut)

    def _check(self, dut: Any) -> None:
        for place, given in enumerate(self.given):
            room = number(dut.room) >> place & 1
            assert room == (len(given) - self.frame < DEPTH), f"room of input {place} is {room}"
        if not number(dut.m_axis_tvalid):
            return
        here = [given[self.frame] for given in self.given if len(given) > self.frame]
        last, user = number(dut.m_axis_tlast), bool(number(dut.m_axis_tuser))
        assert not last or len(here) == INPUTS, "the last beat is offered before all is known"
        expected = any(here) if self.waiting is None else self.waiting
        assert user == expected, f"tuser is {user} in frame {self.frame}, expected {expected}"
        if last:
            assert user == any(here), f"tuser is {user} at the end of frame {self.frame}"
        self.waiting = None if number(dut.m_axis_tready) else user
        if self.waiting is None:
            self.marked += user
            self.frame += last

    def _give(self, dut: Any) -> None:
        """Verdicts that stood there are given; offer new ones where there is room behind this edge."""
        for place in range(INPUTS):
            if self.offered[place]:
                self.given[place].append(self.faults[place])
            room = len(self.given[place]) - self.frame < DEPTH
            self.offered[place] = room and not next(self.pauses[place])
            self.faults[place] = self.rng.random() < 0.4
        dut.settled.value = sum(offered << place for place, offered in enumerate(self.offered))
        dut.faulty.value = sum(fault << place for place, fault in enumerate(self.faults))


def bench_of(dut: Any) -> Bench:
    """Make a bench with prompt verdicts."""
    bench = Bench(dut, make_model)
    Verdicts(bench)
    return bench


stream = standing_tests(bench_of, beats, cuts_ready=False)


@test()
async def runs_at_full_rate(dut: Any) -> None:
    """Where verdicts are there in time, a beat moves in every cycle, in the cycle in which it comes."""
    bench = await bench_of(dut).start()
    await bench.cycles(4)
    if DEPTH > 1:
        await bench.transfer(beats(random_for("rate")))
        times = bench.inputs.times
        assert times == list(range(times[0], times[0] + len(times)))
        assert bench.outputs.times == times


@test()
async def marks_faults_whenever_they_come(dut: Any) -> None:
    """Verdicts of each input come at any time, before and behind the results."""
    bench = Bench(dut, make_model)
    verdicts = Verdicts(bench)
    await bench.start()
    for of_verdicts in (0.2, 0.7, 0.9, 0.97):
        for of_source, of_sink in (("none", "none"), ("some", "some"), ("none", "most")):
            rng = random_for(f"{of_verdicts} {of_source}/{of_sink}")
            verdicts.pauses = [share(of_verdicts)(rng) for _ in range(INPUTS)]
            bench.pause(PAUSES[of_source], PAUSES[of_sink], rng)
            await bench.transfer(beats(rng))
    assert verdicts.marked > 0


@test()
async def puts_the_last_beat_aside(dut: Any) -> None:
    """Without a verdict the whole frame is accepted, even if the sink is never ready for its end."""
    bench = Bench(dut, make_model)
    verdicts = Verdicts(bench)
    verdicts.pauses = [always() for _ in range(INPUTS)]
    await bench.start()
    bench.source.send(*beats(random_for("aside"))[:BEATS])
    await bench.cycles(BEATS + 5)
    assert len(bench.inputs.times) == BEATS, "the last beat waits in front"
    assert len(bench.outputs.times) == BEATS - 1, "the last beat is not held back"
    verdicts.pauses = [never() for _ in range(INPUTS)]
    await bench.finish()
