# SPDX-License-Identifier: Apache-2.0
"""krl_adder_tree: a new exact sum every cycle, extremes included, after the promised latency."""

from math import ceil, log2
from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, extremes, pack, random_for, signed, start_clock, test
from common.stream import number

COUNT, BITS = PARAMETERS["COUNT"], PARAMETERS["BITS"]
LATENCY = ceil(log2(COUNT))
SUM_BITS = BITS + LATENCY
CYCLES = 300


@test()
async def sums_every_cycle(dut: Any) -> None:
    """First the largest and the smallest sum, then random ones."""
    rng = random_for("tree")
    low = -(1 << (BITS - 1))
    vectors = [[low] * COUNT, [-low - 1] * COUNT]
    vectors += [[extremes(rng, BITS) for _ in range(COUNT)] for _ in range(CYCLES - len(vectors))]
    start_clock(dut)
    for step in range(CYCLES + LATENCY):
        if step < CYCLES:
            dut.terms.value = pack(vectors[step], BITS)
        await RisingEdge(dut.clk)
        # edge number `step` samples vector `step`; the output before it belongs to `step - LATENCY`
        if step >= max(1, LATENCY):
            vector = vectors[step - LATENCY]
            assert signed(number(dut.sum), SUM_BITS) == sum(vector), f"vector {step - LATENCY}: {vector}"
