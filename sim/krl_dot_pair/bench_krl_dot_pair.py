# SPDX-License-Identifier: Apache-2.0
"""krl_dot_pair: two exact sums every cycle, extremes included, after the promised latency."""

import itertools
from math import ceil, log2
from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, extremes, pack, random_for, signed, start_clock, test
from common.stream import number

SIMD, X_BITS, W_BITS = PARAMETERS["SIMD"], PARAMETERS["X_BITS"], PARAMETERS["W_BITS"]
LEVELS = ceil(log2(SIMD))
SUM_BITS = X_BITS + W_BITS + LEVELS
LATENCY = 4 + LEVELS
CYCLES = 400

# an activation and the two weights that it is multiplied by
Triple = tuple[int, int, int]


def critical(bits: int) -> list[int]:
    """Return the ends of the range, and what is next to 0."""
    low = -(1 << (bits - 1))
    return [low, low + 1, -1, 0, 1, -low - 1]


def vectors() -> list[list[Triple]]:
    """Return vectors: every combination of critical operands in all places at once, then random ones."""
    drawn = [[t] * SIMD for t in itertools.product(critical(X_BITS), critical(W_BITS), critical(W_BITS))]
    rng = random_for("dot pair")
    while len(drawn) < CYCLES:
        drawn.append(
            [(extremes(rng, X_BITS), extremes(rng, W_BITS), extremes(rng, W_BITS)) for _ in range(SIMD)]
        )
    return drawn


@test()
async def sums_two_products_every_cycle(dut: Any) -> None:
    """Weights one cycle ahead of the activations; two sums every cycle."""
    drawn = vectors()
    start_clock(dut)
    for step in range(CYCLES + LATENCY):
        if step < CYCLES:
            dut.w_0.value = pack([t[1] for t in drawn[step]], W_BITS)
            dut.w_1.value = pack([t[2] for t in drawn[step]], W_BITS)
        if 1 <= step <= CYCLES:
            dut.x.value = pack([t[0] for t in drawn[step - 1]], X_BITS)
        await RisingEdge(dut.clk)
        # edge number `step` samples weight `step`; the output before it belongs to weight `step - LATENCY`
        if step >= LATENCY:
            triples = drawn[step - LATENCY]
            for place, sum_of_products in [(1, dut.sum_0), (2, dut.sum_1)]:
                expected = sum(t[0] * t[place] for t in triples)
                assert signed(number(sum_of_products), SUM_BITS) == expected, f"{triples}, weight {place - 1}"
