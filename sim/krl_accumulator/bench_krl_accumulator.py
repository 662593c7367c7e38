# SPDX-License-Identifier: Apache-2.0
"""krl_accumulator: running sums in random order, modulo the width, total in the same cycle."""

from typing import Any

from cocotb.triggers import FallingEdge, RisingEdge

from common.bench import PARAMETERS, extremes, random_for, signed, start_clock, test
from common.stream import number

DEPTH, SUM_BITS, ACC_BITS = PARAMETERS["DEPTH"], PARAMETERS["SUM_BITS"], PARAMETERS["ACC_BITS"]


@test()
async def keeps_running_sums(dut: Any) -> None:
    """A new addend every cycle, some not enabled; what was never started is never read."""
    rng = random_for("accumulator")
    start_clock(dut)
    sums: dict[int, int] = {}
    for step in range(600):
        await FallingEdge(dut.clk)
        index, addend, enable = rng.randrange(DEPTH), extremes(rng, SUM_BITS), rng.random() < 0.8
        first = index not in sums or rng.random() < 0.2
        dut.index.value, dut.addend.value = index, addend & ((1 << SUM_BITS) - 1)
        dut.enable.value, dut.first.value = enable, first
        total = signed((0 if first else sums[index]) + addend, ACC_BITS)
        if enable:
            sums[index] = total
        # half a cycle later, before the edge stores it
        await RisingEdge(dut.clk)
        assert signed(number(dut.total), ACC_BITS) == total, f"step {step}, sum {index}"
