# SPDX-License-Identifier: Apache-2.0
"""krl_fork: every output accepts every beat once, at its own pace; valid and ready in every cycle."""

from random import Random
from typing import Any

from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.types import LogicArray

from common.bench import PARAMETERS, drawn_beats, random_for, start_clock, test
from common.stream import number

WIDTH, OUTPUTS = PARAMETERS["WIDTH"], PARAMETERS["OUTPUTS"]
ALL = (1 << OUTPUTS) - 1


def offer(dut: Any, beat: int | None) -> None:
    """Put a beat on the wires; None is no beat, whose data are unknown."""
    dut.s_axis_tvalid.value = beat is not None
    dut.s_axis_tdata.value = LogicArray("X" * WIDTH) if beat is None else beat


def bits(rng: Random, share: float) -> int:
    """Draw one bit per output."""
    return sum((rng.random() < share) << output for output in range(OUTPUTS))


async def watch(dut: Any, name: str, cycles: int, sends: float, takes: float) -> list[int]:
    """Reset, check a random handshake for some cycles, and return those in which a beat was accepted.

    `sends` and `takes` are the shares of cycles in which the source sends and each output is ready.
    """
    rng = random_for(name)
    fresh = iter(drawn_beats(WIDTH, cycles + 1)(rng))
    dut.rst.value = 1
    offer(dut, None)
    dut.m_axis_tready.value = ALL
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    beat: int | None = None
    ready, done = ALL, 0
    accepted = []
    for cycle in range(cycles):
        await RisingEdge(dut.clk)
        assert number(dut.m_axis_tvalid) == (0 if beat is None else ALL & ~done), f"cycle {cycle}, {done:b}"
        assert number(dut.s_axis_tready) == (done | ready == ALL), f"cycle {cycle}, {done:b}, {ready:b}"
        if beat is not None:
            assert number(dut.m_axis_tdata) == beat
            done |= ready
            if done == ALL:
                accepted.append(cycle)
                beat, done = None, 0
        if beat is None and rng.random() < sends:
            beat = next(fresh)
        offer(dut, beat)
        ready = bits(rng, takes)
        dut.m_axis_tready.value = ready
    return accepted


@test()
async def hands_out_under_stalls(dut: Any) -> None:
    """Few and many pauses on both sides."""
    start_clock(dut)
    for sends, takes in [(1.0, 0.5), (0.5, 1.0), (0.3, 0.8), (0.9, 0.2), (0.7, 0.7)]:
        assert await watch(dut, f"{sends}/{takes}", 200, sends, takes)


@test()
async def runs_at_full_rate(dut: Any) -> None:
    """One beat per cycle when nobody pauses."""
    start_clock(dut)
    assert await watch(dut, "rate", 100, 1.0, 1.0) == list(range(1, 100))


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset forgets which outputs have accepted the beat."""
    start_clock(dut)
    for trial in range(12):
        await watch(dut, f"reset {trial}", random_for(f"length {trial}").randint(3, 20), 0.9, 0.4)
