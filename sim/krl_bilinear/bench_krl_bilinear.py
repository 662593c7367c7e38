# SPDX-License-Identifier: Apache-2.0
"""krl_bilinear: the exact sum of four pixels, rounded once; in exact integers."""

from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, extremes, pack, standing_tests, unpack

LANES, BITS, AWAY = PARAMETERS["LANES"], PARAMETERS["BITS"], PARAMETERS["AWAY"]
ROW_BITS, COLUMN_BITS = PARAMETERS["ROW_BITS"], PARAMETERS["COLUMN_BITS"]
ROW, COLUMN, WIDTH = 1 << ROW_BITS, 1 << COLUMN_BITS, LANES * BITS
HALF = ROW * COLUMN // 2


def between(beat: int) -> list[int]:
    """Model one beat."""
    pixels = [unpack(beat >> (place * WIDTH), BITS, LANES) for place in range(4)]
    row, column = beat >> (4 * WIDTH) & (ROW - 1), beat >> (4 * WIDTH + ROW_BITS)
    codes = []
    for near, far, below, opposite in zip(*pixels, strict=True):
        upper, lower = near * (COLUMN - column) + far * column, below * (COLUMN - column) + opposite * column
        total = upper * (ROW - row) + lower * row
        up = (total + HALF) // (ROW * COLUMN)
        codes.append(-((HALF - total) // (ROW * COLUMN)) if AWAY and total < 0 else up)
    return [pack(codes, BITS)]


def beats(rng: Random) -> list[int]:
    """Draw beats; among them halves, of which the sign decides, and equal pixels at the ends of the range."""
    drawn = []
    for _ in range(100):
        kinds = [extremes(rng, BITS) for _ in range(LANES)]
        pixels = [
            kinds if rng.random() < 0.4 else [extremes(rng, BITS) for _ in range(LANES)] for _ in range(4)
        ]
        row = rng.choice([0, ROW // 2, ROW - 1, rng.randrange(ROW)])
        column = rng.choice([0, COLUMN // 2, COLUMN - 1, rng.randrange(COLUMN)])
        words = [pack(pixel, BITS) << (place * WIDTH) for place, pixel in enumerate(pixels)]
        drawn.append(sum(words) | row << (4 * WIDTH) | column << (4 * WIDTH + ROW_BITS))
    return drawn


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, lambda: between)


stream = standing_tests(bench_of, beats, cuts_ready=False, latency=7)
