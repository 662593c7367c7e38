# SPDX-License-Identifier: Apache-2.0
"""krl_interpolate: a new exact number between two others every cycle; it stands still while not enabled."""

from typing import Any

from cocotb.triggers import RisingEdge

from common.bench import PARAMETERS, extremes, random_for, signed, start_clock, test
from common.stream import number

X_BITS, WEIGHT_BITS = PARAMETERS["X_BITS"], PARAMETERS["WEIGHT_BITS"]
LOW, HIGH, MOST = -1 << (X_BITS - 1), (1 << (X_BITS - 1)) - 1, (1 << WEIGHT_BITS) - 1
LATENCY = 3
CYCLES = 400


@test()
async def interpolates_every_cycle(dut: Any) -> None:
    """Numbers go in, and what is between them comes out, only in enabled cycles."""
    rng = random_for("numbers")
    dut.enable.value = 0
    start_clock(dut)
    await RisingEdge(dut.clk)
    ends = [(a, b, weight) for a in (LOW, HIGH) for b in (LOW, HIGH) for weight in (0, 1, MOST)]
    found: list[int] = []
    for cycle in range(CYCLES):
        drawn = extremes(rng, X_BITS), extremes(rng, X_BITS), rng.choice([0, MOST, rng.randint(0, MOST)])
        a, b, weight = ends[cycle] if cycle < len(ends) else drawn
        enable = cycle < 20 or rng.random() < 0.7
        dut.a.value, dut.b.value = a & ((1 << X_BITS) - 1), b & ((1 << X_BITS) - 1)
        dut.weight.value = weight
        dut.enable.value = int(enable)
        await RisingEdge(dut.clk)
        if len(found) >= LATENCY:
            assert signed(number(dut.y), X_BITS + WEIGHT_BITS) == found[-LATENCY], f"cycle {cycle}"
        if enable:
            found.append(a * ((1 << WEIGHT_BITS) - weight) + b * weight)
