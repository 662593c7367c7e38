# SPDX-License-Identifier: Apache-2.0
"""krl_dot: a new exact sum every cycle, extremes included, after the promised latency."""

from math import ceil, log2
from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, extremes, pack, random_for, signed, start_clock, test
from common.stream import number

SIMD, X_BITS, W_BITS = PARAMETERS["SIMD"], PARAMETERS["X_BITS"], PARAMETERS["W_BITS"]
LEVELS = ceil(log2(SIMD))
SUM_BITS = X_BITS + W_BITS + LEVELS
LATENCY = 4 + LEVELS
CYCLES = 300


def operands() -> list[tuple[list[int], list[int]]]:
    """Return vectors: first those that reach the largest and smallest sums, then random ones."""
    low_x, low_w = -(1 << (X_BITS - 1)), -(1 << (W_BITS - 1))
    vectors = [([x] * SIMD, [w] * SIMD) for x in (low_x, -low_x - 1) for w in (low_w, -low_w - 1)]
    rng = random_for("dot")
    while len(vectors) < CYCLES:
        vectors.append(
            ([extremes(rng, X_BITS) for _ in range(SIMD)], [extremes(rng, W_BITS) for _ in range(SIMD)])
        )
    return vectors


@test()
async def sums_products_every_cycle(dut: Any) -> None:
    """Weights one cycle ahead of the activations; a sum every cycle."""
    vectors = operands()
    start_clock(dut)
    for step in range(CYCLES + LATENCY):
        if step < CYCLES:
            dut.w.value = pack(vectors[step][1], W_BITS)
        if 1 <= step <= CYCLES:
            dut.x.value = pack(vectors[step - 1][0], X_BITS)
        await RisingEdge(dut.clk)
        # edge number `step` samples weight `step`; the output before it belongs to weight `step - LATENCY`
        if step >= LATENCY:
            x, w = vectors[step - LATENCY]
            expected = sum(a * b for a, b in zip(x, w, strict=True))
            assert signed(number(dut.sum), SUM_BITS) == expected, f"vector {step - LATENCY}: {x} . {w}"
