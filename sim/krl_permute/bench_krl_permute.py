# SPDX-License-Identifier: Apache-2.0
"""krl_permute: the beats of a block in another order, block after block."""

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, steps, test

WIDTH = PARAMETERS["WIDTH"]
SIZES = [PARAMETERS[f"SIZE_{axis}"] for axis in "ABC"]
STRIDES = [PARAMETERS[f"STRIDE_{axis}"] for axis in "ABC"]
ORDER = [
    sum(place * stride for place, stride in zip(places, STRIDES, strict=True))
    for places in product(*map(range, SIZES))
]
BEATS = len(ORDER)
BLOCKS = max(4, 24 // BEATS)


def beats(rng: Random) -> list[int]:
    """Draw whole blocks."""
    return drawn_beats(WIDTH, BLOCKS * BEATS)(rng)


def model() -> Callable[[int], list[int]]:
    """Model a module that was just reset: nothing comes before a block is whole."""
    block: list[int] = []

    def put(beat: int) -> list[int]:
        block.append(beat)
        if len(block) < BEATS:
            return []
        given = [block[place] for place in ORDER]
        block.clear()
        return given

    return put


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, model)


stream = standing_tests(bench_of, beats, cuts_ready=True)


@test()
async def runs_at_full_rate(dut: Any) -> None:
    """A beat per cycle on both sides, the first one two cycles behind the last one of its block."""
    bench = await bench_of(dut).start()
    await bench.transfer(beats(random_for("rate")))
    assert set(steps(bench.inputs.times)) <= {1} and set(steps(bench.outputs.times)) <= {1}
    assert bench.outputs.times[0] == bench.inputs.times[BEATS - 1] + 2


@test()
async def holds_two_blocks(dut: Any) -> None:
    """With a stalled output two blocks get in, and nothing of the next."""
    bench = bench_of(dut)
    bench.sink.pause = iter(lambda: True, None)
    await bench.start()
    bench.source.send(*beats(random_for("stall")))
    await bench.cycles(4 * BEATS + 20)
    assert len(bench.inputs.times) == 2 * BEATS
    bench.resume()
    await bench.finish()
