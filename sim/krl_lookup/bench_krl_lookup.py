# SPDX-License-Identifier: Apache-2.0
"""krl_lookup: each element's word of the table, from a file that the bench reads, too."""

from pathlib import Path
from random import Random
from typing import Any

from common.bench import (
    PARAMETERS,
    Bench,
    contract_of_handshake,
    drawn_beats,
    pack,
    random_for,
    reset_midway,
    stalled_output,
    stalls,
    steps,
    test,
    unpack,
)

LANES, X_BITS, BITS = PARAMETERS["LANES"], PARAMETERS["X_BITS"], PARAMETERS["BITS"]
TABLE = [int(line, 16) for line in Path(PARAMETERS["FILE"]).read_text().split()]


def beats(rng: Random) -> list[int]:
    """Draw beats."""
    return drawn_beats(LANES * X_BITS, 80)(rng)


def looked_up(beat: int) -> list[int]:
    """Model one beat; a negative code counts from the end of the table."""
    return [pack([TABLE[code] for code in unpack(beat, X_BITS, LANES)], BITS)]


async def bench_of(dut: Any) -> Bench:
    """Give a bench."""
    return await Bench(dut, lambda: looked_up).start()


@test()
async def looks_up_under_stalls(dut: Any) -> None:
    """Random pauses on both sides."""
    await stalls(await bench_of(dut), beats)


@test()
async def knows_every_code_at_full_rate_with_latency_1(dut: Any) -> None:
    """A beat a cycle, a cycle through; every code in every lane."""
    bench = await bench_of(dut)
    codes = range(1 << X_BITS)
    await bench.transfer([pack([code + lane for lane in range(LANES)], X_BITS) for code in codes])
    assert set(steps(bench.inputs.times)) <= {1}
    assert bench.outputs.times == [time + 1 for time in bench.inputs.times]


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
