# SPDX-License-Identifier: Apache-2.0
"""krl_multiplier: a new exact product every cycle, extremes included; it stands still while not enabled."""

from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, extremes, random_for, signed, start_clock, test
from common.stream import number

A_BITS, B_BITS = PARAMETERS["A_BITS"], PARAMETERS["B_BITS"]
LATENCY = PARAMETERS["REGISTERS"]
CYCLES = 400


@test()
async def multiplies_every_cycle(dut: Any) -> None:
    """Operands go in, and products come out, only in enabled cycles."""
    rng = random_for("operands")
    dut.enable.value = 0
    start_clock(dut)
    await RisingEdge(dut.clk)
    ends = [(a, b) for a in (-1 << (A_BITS - 1), (1 << (A_BITS - 1)) - 1) for b in (-1 << (B_BITS - 1), -1)]
    products: list[int] = []
    for cycle in range(CYCLES):
        a, b = ends[cycle] if cycle < len(ends) else (extremes(rng, A_BITS), extremes(rng, B_BITS))
        enable = cycle < 20 or rng.random() < 0.7
        dut.a.value, dut.b.value = a & ((1 << A_BITS) - 1), b & ((1 << B_BITS) - 1)
        dut.enable.value = int(enable)
        await RisingEdge(dut.clk)
        if len(products) >= LATENCY:
            found = signed(number(dut.product), A_BITS + B_BITS)
            assert found == products[-LATENCY], f"cycle {cycle}"
        if enable:
            products.append(a * b)
