# SPDX-License-Identifier: Apache-2.0
"""krl_channel_lookup: each lane of each beat by a table of its own, again and again."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, standing_tests

LANES, PERIOD = PARAMETERS["LANES"], PARAMETERS["PERIOD"]
X_BITS, BITS = PARAMETERS["X_BITS"], PARAMETERS["BITS"]
WORDS = [int(line, 16) for line in Path(PARAMETERS["FILE"]).read_text().split()]


def tables() -> Callable[[int], list[int]]:
    """Return a model at the first beat of a period."""
    count = 0

    def model(beat: int) -> list[int]:
        nonlocal count
        made = 0
        for lane in range(LANES):
            code = beat >> (lane * X_BITS) & ((1 << X_BITS) - 1)
            word = WORDS[(count % PERIOD << X_BITS) + code]
            made |= (word >> (lane * BITS) & ((1 << BITS) - 1)) << (lane * BITS)
        count += 1
        return [made]

    return model


def beats(rng: Random) -> list[int]:
    """Draw beats, more than a period has."""
    return drawn_beats(LANES * X_BITS, 40 + 2 * PERIOD)(rng)


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, tables)


stream = standing_tests(bench_of, beats, cuts_ready=False, latency=1)
