# SPDX-License-Identifier: Apache-2.0
"""krl_add: two streams in step, scaled, added, rounded by the sign, clamped; in exact integers."""

from pathlib import Path
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, extremes, pack, signed, standing_tests, unpack
from common.pairs import PairBench

LANES, BITS, TOTAL_BITS = PARAMETERS["LANES"], PARAMETERS["BITS"], PARAMETERS["TOTAL_BITS"]
LEFT_BITS, RIGHT_BITS, SHIFT = PARAMETERS["LEFT_BITS"], PARAMETERS["RIGHT_BITS"], PARAMETERS["SHIFT"]
LEFT, RIGHT = PARAMETERS["LEFT_FACTOR"], PARAMETERS["RIGHT_FACTOR"]
CLAMP_MIN, CLAMP_MAX = PARAMETERS["CLAMP_MIN"], PARAMETERS["CLAMP_MAX"]
OFFSET, POSITIVE, NEGATIVE = (
    signed(PARAMETERS[name], TOTAL_BITS) for name in ("OFFSET", "ROUND_POSITIVE", "ROUND_NEGATIVE")
)
TABLE = [signed(int(line, 16), TOTAL_BITS) for line in Path(PARAMETERS["FILE"]).read_text().split()]
LEFT_WIDTH = LANES * LEFT_BITS


def element(x: int, y: int) -> int:
    """Model one element."""
    left = TABLE[x] if PARAMETERS["TABLE"] == 1 else LEFT * x + OFFSET
    right = TABLE[y] if PARAMETERS["TABLE"] == 2 else RIGHT * y
    total = left - right if PARAMETERS["SUBTRACT"] else left + right
    return min(CLAMP_MAX, max(CLAMP_MIN, (total + (NEGATIVE if total < 0 else POSITIVE)) >> SHIFT))


def sums(beat: int) -> list[int]:
    """Model one pair of beats."""
    operands = zip(unpack(beat, LEFT_BITS, LANES), unpack(beat >> LEFT_WIDTH, RIGHT_BITS, LANES), strict=True)
    return [pack([element(x, y) for x, y in operands], BITS)]


def near_zero(rng: Random, x: int) -> int:
    """Draw a right operand that brings the sum close to zero."""
    ideal = (OFFSET + LEFT * x) // max(RIGHT, 1)
    return (ideal if PARAMETERS["SUBTRACT"] else -ideal) + rng.randint(-1, 1)


def pairs(rng: Random) -> list[int]:
    """Draw pairs of beats, extremes and sums close to zero among them; the left one in the low bits."""
    drawn = []
    for _ in range(80):
        xs = [extremes(rng, LEFT_BITS) for _ in range(LANES)]
        ys = [rng.choice([extremes(rng, RIGHT_BITS), near_zero(rng, x)]) for x in xs]
        drawn.append(pack(xs, LEFT_BITS) | pack(ys, RIGHT_BITS) << LEFT_WIDTH)
    return drawn


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return PairBench(dut, lambda: sums, LEFT_WIDTH)


stream = standing_tests(bench_of, pairs, cuts_ready=False, latency=6)
