# SPDX-License-Identifier: Apache-2.0
"""krl_accumulator: running sums in random order, modulo the width; the total follows one cycle later."""

from typing import Any

from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge

from common.bench import PARAMETERS, extremes, random_for, signed, start_clock, test
from common.stream import number

DEPTH, SUM_BITS, ACC_BITS = PARAMETERS["DEPTH"], PARAMETERS["SUM_BITS"], PARAMETERS["ACC_BITS"]


@test()
async def keeps_running_sums(dut: Any) -> None:
    """A new addend every cycle, some not enabled; a sum that was never started is never read."""
    rng = random_for("accumulator")
    start_clock(dut)
    sums: dict[int, int] = {}
    last_index, last_enabled, total = -1, False, 0
    # the first addend starts a sum
    index, first = 0, True
    for step in range(-1, 600):
        await FallingEdge(dut.clk)
        enable, addend = step >= 0 and rng.random() < 0.8, extremes(rng, SUM_BITS)
        again = index == last_index and not first and (last_enabled or rng.random() < 0.5)
        dut.enable.value, dut.again.value, dut.index.value = enable, again, index
        dut.addend.value = addend & ((1 << SUM_BITS) - 1)
        if enable:
            total = sums[index] = signed((0 if first else sums[index]) + addend, ACC_BITS)
            last_index = index
        elif first and DEPTH == 1:
            sums.clear()
        last_enabled = enable
        if step >= 0:
            index = rng.randrange(DEPTH)
            first = index not in sums or rng.random() < 0.2
        dut.first_ahead.value, dut.index_ahead.value = first, index
        # the edge stores the total, which holds until the next enabled edge
        await RisingEdge(dut.clk)
        await ReadOnly()
        if last_index >= 0:
            assert signed(number(dut.total), ACC_BITS) == total, f"step {step}"
