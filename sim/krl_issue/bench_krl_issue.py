# SPDX-License-Identifier: Apache-2.0
"""krl_issue around generated constants, against NumPy; the bench plays the result buffer."""

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from common.bench import PARAMETERS, pack, random_for, standing_tests, steps, test, unpack
from common.result_buffer import ResultBench
from common.scoreboard import Model
from common.stream import always, never

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


def bench_of(dut: Any) -> ResultBench:
    """Make a bench."""
    return ResultBench(dut, make_model, CREDITS, LATENCY)


# tready must not depend on result_taken either, which stands for the ready of the results
stream = standing_tests(bench_of, vectors, cuts_ready=True, output_waits=False)


@test()
async def reaches_the_extremes_of_every_sum(dut: Any) -> None:
    """The inputs that make each output largest and smallest."""
    bench = await bench_of(dut).start()
    for weights in MATRIX.T:
        for up, down in [(HIGH, LOW), (LOW, HIGH)]:
            bench.source.send(pack([up if weight > 0 else down for weight in weights], X_BITS))
    await bench.finish()


@test()
async def accepts_a_vector_per_cycle(dut: Any) -> None:
    """A result returns its credit two cycles after it appears: with as many more, no vector waits."""
    bench = await bench_of(dut).start()
    await bench.transfer(vectors(random_for("rate")))
    if CREDITS >= LATENCY + 2:
        assert set(steps(bench.inputs.times)) == {1}


@test()
async def fills_all_places_and_no_more(dut: Any) -> None:
    """While no result is taken, exactly CREDITS vectors are accepted and as many results come out."""
    bench = await bench_of(dut).start()
    bench.sink.pause = always()
    beats = vectors(random_for("places"))
    bench.source.send(*beats)
    await bench.cycles(len(beats) + LATENCY + 10)
    assert len(bench.inputs.times) == len(bench.outputs.times) == min(CREDITS, len(beats))
    bench.sink.pause = never()
    await bench.finish()
