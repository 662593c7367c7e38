# SPDX-License-Identifier: Apache-2.0
"""krl_frame_last: tlast on every BEATS-th transfer, checked in every cycle, whatever the handshake does."""

from typing import Any

from cocotb.triggers import ClockCycles, RisingEdge

from common.bench import PARAMETERS, random_for, start_clock, test
from common.stream import number

BEATS = PARAMETERS["BEATS"]


async def watch(dut: Any, name: str, cycles: int) -> None:
    """Reset, then drive a random handshake and check tlast in every cycle."""
    rng = random_for(name)
    dut.rst.value = 1
    dut.m_axis_tvalid.value = dut.m_axis_tready.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    transfers = 0
    valid = ready = True
    for _ in range(cycles):
        await RisingEdge(dut.clk)
        assert number(dut.m_axis_tlast) == (transfers % BEATS == BEATS - 1), f"after {transfers} transfers"
        transfers += valid and ready
        valid, ready = rng.random() < 0.7, rng.random() < 0.7
        dut.m_axis_tvalid.value, dut.m_axis_tready.value = valid, ready


@test()
async def marks_the_last_beat_and_restarts_at_reset(dut: Any) -> None:
    """Several frames, then resets in the middle of frames."""
    start_clock(dut)
    await watch(dut, "frames", 8 * BEATS + 20)
    for trial in range(8):
        await watch(dut, f"reset {trial}", random_for(f"length {trial}").randint(1, 3 * BEATS))
