# SPDX-License-Identifier: Apache-2.0
"""krl_max: the largest cell of each channel, clamped."""

from random import Random
from typing import Any

from common.bench import (
    PARAMETERS,
    Bench,
    contract_of_handshake,
    extremes,
    pack,
    random_for,
    reset_midway,
    stalled_output,
    stalls,
    steps,
    test,
    unpack,
)

CELLS, CHANNELS, BITS = PARAMETERS["CELLS"], PARAMETERS["CHANNELS"], PARAMETERS["BITS"]
CLAMP_MIN, CLAMP_MAX = PARAMETERS["CLAMP_MIN"], PARAMETERS["CLAMP_MAX"]


def beats(rng: Random) -> list[int]:
    """Draw windows; some lie all near one value, so that each cell is the largest at times."""
    windows = []
    for _ in range(80):
        centre = extremes(rng, BITS) if rng.random() < 0.5 else None
        elements = [extremes(rng, BITS) if centre is None else centre for _ in range(CELLS * CHANNELS)]
        elements[rng.randrange(len(elements))] = extremes(rng, BITS)
        windows.append(pack(elements, BITS))
    return windows


def largest(beat: int) -> list[int]:
    """Model one window."""
    elements = unpack(beat, BITS, CELLS * CHANNELS)
    best = [max(elements[channel::CHANNELS]) for channel in range(CHANNELS)]
    return [pack([min(CLAMP_MAX, max(CLAMP_MIN, value)) for value in best], BITS)]


async def bench_of(dut: Any) -> Bench:
    """Give a bench."""
    return await Bench(dut, lambda: largest).start()


@test()
async def finds_the_largest_under_stalls(dut: Any) -> None:
    """Random pauses on both sides."""
    await stalls(await bench_of(dut), beats)


@test()
async def runs_at_full_rate_with_its_latency(dut: Any) -> None:
    """A window a cycle, through one register a level of the tree."""
    bench = await bench_of(dut)
    await bench.transfer(beats(random_for("rate")))
    assert set(steps(bench.inputs.times)) == {1}
    levels = max(1, (CELLS - 1).bit_length())
    assert bench.outputs.times == [time + levels for time in bench.inputs.times]


@test()
async def survives_a_stalled_output(dut: Any) -> None:
    """Full, then drained."""
    await stalled_output(await bench_of(dut), beats(random_for("stall")))


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset drops what is held."""
    await reset_midway(await bench_of(dut), beats)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """Ready is blind to valid."""
    await contract_of_handshake(await bench_of(dut), beats, cuts_ready=False)
