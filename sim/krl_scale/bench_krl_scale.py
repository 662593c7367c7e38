# SPDX-License-Identifier: Apache-2.0
"""krl_scale: the product and the constant, for every x or for many."""

from typing import Any

from cocotb.triggers import Timer

from common.bench import PARAMETERS, extremes, random_for, signed, test
from common.stream import number

X_BITS, BITS = PARAMETERS["X_BITS"], PARAMETERS["BITS"]
FACTOR, OFFSET = PARAMETERS["FACTOR"], PARAMETERS["OFFSET"]


@test()
async def multiplies(dut: Any) -> None:
    """All numbers if x has few bits, drawn ones and the extremes otherwise."""
    rng = random_for("x")
    drawn = range(1 << X_BITS) if X_BITS <= 8 else [extremes(rng, X_BITS) for _ in range(300)]
    for x in drawn:
        dut.x.value = x & ((1 << X_BITS) - 1)
        await Timer(1, "ns")
        expected = FACTOR * signed(x, X_BITS) + OFFSET
        assert number(dut.y) == expected & ((1 << BITS) - 1), f"{FACTOR} * {x} + {OFFSET}"
