# SPDX-License-Identifier: Apache-2.0
"""krl_max: the largest cell of each channel, clamped."""

from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, extremes, pack, standing_tests, unpack

CELLS, CHANNELS, BITS = PARAMETERS["CELLS"], PARAMETERS["CHANNELS"], PARAMETERS["BITS"]
CLAMP_MIN, CLAMP_MAX = PARAMETERS["CLAMP_MIN"], PARAMETERS["CLAMP_MAX"]


def beats(rng: Random) -> list[int]:
    """Draw windows; in some all cells but one are equal, so that each cell is the largest at times."""
    windows = []
    for _ in range(80):
        centre = extremes(rng, BITS) if rng.random() < 0.5 else None
        elements = [extremes(rng, BITS) if centre is None else centre for _ in range(CELLS * CHANNELS)]
        elements[rng.randrange(len(elements))] = extremes(rng, BITS)
        windows.append(pack(elements, BITS))
    return windows


def largest(beat: int) -> list[int]:
    """Model one window."""
    elements = unpack(beat, BITS, CELLS * CHANNELS)
    best = [max(elements[channel::CHANNELS]) for channel in range(CHANNELS)]
    return [pack([min(CLAMP_MAX, max(CLAMP_MIN, value)) for value in best], BITS)]


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, lambda: largest)


# one register per level of the tree
stream = standing_tests(bench_of, beats, cuts_ready=False, latency=max(1, (CELLS - 1).bit_length()))
