# SPDX-License-Identifier: Apache-2.0
"""krl_dot_signs: a new exact sum every cycle, extremes included, after the promised latency."""

from math import ceil, log2
from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, extremes, pack, random_for, signed, start_clock, test
from common.stream import number

SIMD, X_BITS, W_BITS = PARAMETERS["SIMD"], PARAMETERS["X_BITS"], PARAMETERS["W_BITS"]
LEVELS = ceil(log2(SIMD))
SUM_BITS = X_BITS + 1 + LEVELS
LATENCY = 4 + LEVELS
CYCLES = 400
# what each code of a weight stands for; of two bits, both that end in 0 drop the term
VALUES = {1: (1, -1), 2: (0, 1, 0, -1)}[W_BITS]


def operands() -> list[tuple[list[int], list[int]]]:
    """Activations and codes of weights: the largest and smallest sums first, then random ones."""
    low, high = -(1 << (X_BITS - 1)), (1 << (X_BITS - 1)) - 1
    vectors = [([x] * SIMD, [w] * SIMD) for x in (low, high) for w in range(1 << W_BITS)]
    rng = random_for("signs")
    while len(vectors) < CYCLES:
        codes = [rng.randrange(1 << W_BITS) for _ in range(SIMD)]
        same = [low if VALUES[code] < 0 else high for code in codes]
        drawn = [extremes(rng, X_BITS) for _ in range(SIMD)]
        vectors.append((rng.choice([same, drawn, drawn]), codes))
    return vectors


@test()
async def adds_subtracts_and_drops_every_cycle(dut: Any) -> None:
    """Weights one cycle ahead of the activations; a sum every cycle."""
    vectors = operands()
    start_clock(dut)
    for step in range(CYCLES + LATENCY):
        if step < CYCLES:
            dut.w.value = sum(code << (i * W_BITS) for i, code in enumerate(vectors[step][1]))
        if 1 <= step <= CYCLES:
            dut.x.value = pack(vectors[step - 1][0], X_BITS)
        await RisingEdge(dut.clk)
        # edge number `step` samples weight `step`; the output before it belongs to weight `step - LATENCY`
        if step >= LATENCY:
            x, w = vectors[step - LATENCY]
            expected = sum(a * VALUES[code] for a, code in zip(x, w, strict=True))
            assert signed(number(dut.sum), SUM_BITS) == expected, f"vector {step - LATENCY}: {x} . {w}"
