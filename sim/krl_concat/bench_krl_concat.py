# SPDX-License-Identifier: Apache-2.0
"""krl_concat: the beats of a pixel from input 0, then from input 1, ...; valid and ready in every cycle."""

import itertools
from collections.abc import Iterator
from typing import Any

from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.types import LogicArray

from common.bench import PARAMETERS, drawn_beats, pack, random_for, start_clock, test
from common.stream import number

WIDTH, INPUTS = PARAMETERS["WIDTH"], PARAMETERS["INPUTS"]
COUNTS = [PARAMETERS["COUNTS"] >> (32 * i) & 0xFFFFFFFF for i in range(INPUTS)]
PIXEL = [i for i, count in enumerate(COUNTS) for _ in range(count)]
Beats = list[int | None]


def offer(dut: Any, beats: Beats) -> None:
    """Put a beat on each input; None is no beat, whose data are unknown."""
    dut.s_axis_tvalid.value = pack([beat is not None for beat in beats], 1)
    words = ("X" * WIDTH if beat is None else f"{beat:0{WIDTH}b}" for beat in reversed(beats))
    dut.s_axis_tdata.value = LogicArray("".join(words))


async def reset(dut: Any, cycles: int) -> None:
    """Reset, with nothing on offer."""
    dut.rst.value = 1
    offer(dut, [None] * INPUTS)
    dut.m_axis_tready.value = 0
    await ClockCycles(dut.clk, cycles)
    dut.rst.value = 0


def check(dut: Any, held: int | None, turn: int, ready: bool) -> None:
    """Compare all wires; which input is ready depends on whose turn it is and on the output alone."""
    assert number(dut.m_axis_tvalid) == (held is not None)
    assert held is None or number(dut.m_axis_tdata) == held
    advance = ready or held is None
    assert number(dut.s_axis_tready) == advance << turn, f"turn of input {turn}, advance {advance}"


async def watch(dut: Any, name: str, cycles: int, sends: list[float], takes: float) -> list[int]:
    """Reset, check a random handshake for some cycles, and return those in which a beat was accepted.

    `sends` and `takes` are the shares of cycles in which each source sends and the output is ready.
    """
    rng = random_for(name)
    fresh: list[Iterator[int]] = [iter(drawn_beats(WIDTH, cycles)(rng)) for _ in range(INPUTS)]
    await reset(dut, rng.randint(1, 3))
    turns = itertools.cycle(PIXEL)
    turn = next(turns)
    beats: Beats = [None] * INPUTS
    held, ready, accepted = None, False, []
    for cycle in range(cycles):
        await RisingEdge(dut.clk)
        check(dut, held, turn, ready)
        if ready or held is None:
            held = beats[turn]
            if held is not None:
                accepted.append(cycle)
                beats[turn] = None
                turn = next(turns)
        for i, share in enumerate(sends):
            if beats[i] is None and rng.random() < share:
                beats[i] = next(fresh[i])
        offer(dut, beats)
        ready = rng.random() < takes
        dut.m_axis_tready.value = ready
    return accepted


@test()
async def concatenates_under_stalls(dut: Any) -> None:
    """Few and many pauses on all sides, and one input that is slower than the others."""
    start_clock(dut)
    for sends, takes in [(1.0, 0.5), (0.5, 1.0), (0.3, 0.8), (0.9, 0.2), (0.7, 0.7)]:
        assert await watch(dut, f"{sends}/{takes}", 200, [sends] * INPUTS, takes)
    for slow in range(INPUTS):
        sends_of = [0.2 if i == slow else 0.9 for i in range(INPUTS)]
        assert await watch(dut, f"slow {slow}", 200, sends_of, 0.8)


@test()
async def runs_at_full_rate(dut: Any) -> None:
    """One beat per cycle when nobody pauses, also from input to input and from pixel to pixel."""
    start_clock(dut)
    cycles = 3 * len(PIXEL) + 20
    assert await watch(dut, "rate", cycles, [1.0] * INPUTS, 1.0) == list(range(1, cycles))


@test()
async def survives_a_stalled_output(dut: Any) -> None:
    """One beat is held, and no more are accepted."""
    start_clock(dut)
    assert await watch(dut, "stall", 40, [1.0] * INPUTS, 0.0) == [1]


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset in the middle of a pixel leads back to its first beat."""
    start_clock(dut)
    for trial in range(12):
        length = random_for(f"length {trial}").randint(3, 2 * len(PIXEL) + 3)
        await watch(dut, f"reset {trial}", length, [0.9] * INPUTS, 0.6)
