# SPDX-License-Identifier: Apache-2.0
"""krl_dot_xnor: a new exact count every cycle, extremes included, after the promised latency."""

from math import ceil, log2
from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, random_for, signed, start_clock, test
from common.stream import number

SIMD = PARAMETERS["SIMD"]
SUM_BITS = 3 + ceil(log2(SIMD))
LATENCY = 4 + ceil(log2(SIMD))
CYCLES = 400
ALL = (1 << SIMD) - 1


def operands() -> list[tuple[int, int]]:
    """Signs and weights: all equal and none, one place alone, then random ones, many of them nearly equal."""
    vectors = [(0, 0), (ALL, ALL), (0, ALL), (ALL, 0), (1, 0), (0, 1 << (SIMD - 1))]
    rng = random_for("signs")
    while len(vectors) < CYCLES:
        x = rng.getrandbits(SIMD)
        flips = rng.choice(
            [rng.getrandbits(SIMD), 1 << rng.randrange(SIMD), ALL ^ (1 << rng.randrange(SIMD))]
        )
        vectors.append((x, x ^ flips))
    return vectors


@test()
async def counts_equal_signs_every_cycle(dut: Any) -> None:
    """Weights one cycle ahead of the activations; a sum every cycle."""
    vectors = operands()
    start_clock(dut)
    for step in range(CYCLES + LATENCY):
        if step < CYCLES:
            dut.w.value = vectors[step][1]
        if 1 <= step <= CYCLES:
            dut.x.value = vectors[step - 1][0]
        await RisingEdge(dut.clk)
        # edge number `step` samples weight `step`; the output before it belongs to weight `step - LATENCY`
        if step >= LATENCY:
            x, w = vectors[step - LATENCY]
            products = [(-1) ** ((x ^ w) >> place & 1) for place in range(SIMD)]
            assert signed(number(dut.sum), SUM_BITS) == SIMD + sum(products), f"vector {step - LATENCY}"
