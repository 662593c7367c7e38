# SPDX-License-Identifier: Apache-2.0
"""krl_join: two streams in step, the larger, the smaller or the product of each pair."""

from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, extremes, pack, standing_tests, unpack
from common.pairs import PairBench

LANES, BITS, FUNCTION = PARAMETERS["LANES"], PARAMETERS["BITS"], PARAMETERS["FUNCTION"]
LEFT_BITS, RIGHT_BITS = PARAMETERS["LEFT_BITS"], PARAMETERS["RIGHT_BITS"]
LEFT_WIDTH = LANES * LEFT_BITS


def element(x: int, y: int) -> int:
    """Model one element."""
    if FUNCTION == 2:
        return (x - PARAMETERS["LEFT_ZERO"]) * (y - PARAMETERS["RIGHT_ZERO"])
    chosen = min(x, y) if FUNCTION == 1 else max(x, y)
    return min(PARAMETERS["CLAMP_MAX"], max(PARAMETERS["CLAMP_MIN"], chosen))


def results(beat: int) -> list[int]:
    """Model one pair of beats."""
    operands = zip(unpack(beat, LEFT_BITS, LANES), unpack(beat >> LEFT_WIDTH, RIGHT_BITS, LANES), strict=True)
    return [pack([element(x, y) for x, y in operands], BITS)]


def pairs(rng: Random) -> list[int]:
    """Draw pairs of beats, extremes and neighbours among them; the left one in the low bits."""
    drawn = []
    for _ in range(80):
        xs = [extremes(rng, LEFT_BITS) for _ in range(LANES)]
        ys = [rng.choice([extremes(rng, RIGHT_BITS), x + rng.randint(-1, 1)]) for x in xs]
        drawn.append(pack(xs, LEFT_BITS) | pack(ys, RIGHT_BITS) << LEFT_WIDTH)
    return drawn


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return PairBench(dut, lambda: results, LEFT_WIDTH)


stream = standing_tests(bench_of, pairs, cuts_ready=False, latency=3)
