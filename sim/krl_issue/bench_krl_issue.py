# SPDX-License-Identifier: Apache-2.0
"""krl_issue around generated constants, against NumPy; the bench plays the result buffer."""

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from common.bench import PARAMETERS, PAUSES, Bench, pack, random_for, reset_midway, steps, test, unpack
from common.result_buffer import ResultBuffer
from common.scoreboard import Model, Scoreboard
from common.stream import Monitor, Source, Wires, always, assert_no_path, never, randomly

X_BITS, SUM_BITS = PARAMETERS["X_BITS"], PARAMETERS["SUM_BITS"]
LATENCY, CREDITS = PARAMETERS["LATENCY"], PARAMETERS["CREDITS"]
CASE = json.loads(Path("case.json").read_text())
MATRIX = np.array(CASE["matrix"], dtype=np.int64)
LOW, HIGH = CASE["low"], CASE["high"]


def vectors(rng: Random) -> list[int]:
    """Draw some vectors, many elements at the ends of the range."""
    drawn = [[rng.choice([LOW, HIGH, rng.randint(LOW, HIGH)]) for _ in MATRIX] for _ in range(40)]
    return [pack(vector, X_BITS) for vector in drawn]


def make_model() -> Model:
    """Multiply by the matrix."""

    def model(beat: int) -> Iterable[int]:
        sums = np.array(unpack(beat, X_BITS, len(MATRIX)), dtype=np.int64) @ MATRIX
        return [pack([int(value) for value in sums], SUM_BITS)]

    return model


class IssueBench(Bench):
    """A bench whose sink is the result buffer."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.source = Source(Wires(dut, "s_axis"))
        self.scoreboard = Scoreboard(make_model)
        self.inputs = Monitor(self.source.wires, self.scoreboard.put_input)
        self.outputs = self.sink = ResultBuffer(dut, self.scoreboard, CREDITS)

    def assert_latency(self) -> None:
        """Assert that every result follows its vector by the promised cycles."""
        assert self.outputs.times == [time + LATENCY for time in self.inputs.times]


async def bench_of(dut: Any) -> IssueBench:
    """Give a bench."""
    bench = IssueBench(dut)
    await bench.start()
    return bench


@test()
async def multiplies_under_stalls(dut: Any) -> None:
    """Random pauses of the source, results taken at random."""
    bench = await bench_of(dut)
    for of_source, of_sink in [("none", "most"), ("some", "none"), ("most", "some"), ("bursts", "bursts")]:
        rng = random_for(f"{of_source}/{of_sink}")
        bench.source.pause, bench.sink.pause = PAUSES[of_source](rng), PAUSES[of_sink](rng)
        await bench.transfer(vectors(rng))
        bench.assert_latency()


@test()
async def reaches_the_extremes_of_every_sum(dut: Any) -> None:
    """The inputs that make each output largest and smallest."""
    bench = await bench_of(dut)
    for weights in MATRIX.T:
        for up, down in [(HIGH, LOW), (LOW, HIGH)]:
            bench.source.send(pack([up if weight > 0 else down for weight in weights], X_BITS))
    await bench.finish()


@test()
async def takes_a_vector_a_cycle(dut: Any) -> None:
    """A result gives its credit back two cycles after it is there: with as many more, no vector waits."""
    bench = await bench_of(dut)
    await bench.transfer(vectors(random_for("rate")))
    bench.assert_latency()
    if CREDITS >= LATENCY + 2:
        assert set(steps(bench.inputs.times)) == {1}


@test()
async def fills_all_places_and_no_more(dut: Any) -> None:
    """Nothing is taken for a while: exactly CREDITS vectors come in and as many results out."""
    bench = await bench_of(dut)
    bench.sink.pause = always()
    beats = vectors(random_for("places"))
    bench.source.send(*beats)
    await bench.cycles(len(beats) + LATENCY + 10)
    assert len(bench.inputs.times) == len(bench.outputs.times) == min(CREDITS, len(beats))
    bench.sink.pause = never()
    await bench.finish()


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset drops what is under way and frees all places."""
    await reset_midway(await bench_of(dut), vectors)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """Ready is blind to valid and to what is taken."""
    bench = await bench_of(dut)
    for driven in (dut.s_axis_tvalid, dut.result_taken):
        rng = random_for(f"path/{driven._name}")
        bench.source.pause, bench.sink.pause = randomly(rng, 0.4), randomly(rng, 0.4)
        bench.source.send(*vectors(rng))
        await assert_no_path(dut.clk, driven, dut.s_axis_tready, 120)
        await bench.finish()
