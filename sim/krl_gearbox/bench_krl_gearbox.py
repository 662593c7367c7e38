# SPDX-License-Identifier: Apache-2.0
"""krl_gearbox: the same elements in the same order, frame by frame."""

from collections.abc import Iterator
from random import Random
from typing import Any

from common.bench import (
    PARAMETERS,
    Bench,
    contract_of_handshake,
    drawn_beats,
    random_for,
    reset_midway,
    stalled_output,
    stalls,
    steps,
    test,
)
from common.scoreboard import Model

BITS, LANES_IN, LANES_OUT = PARAMETERS["BITS"], PARAMETERS["LANES_IN"], PARAMETERS["LANES_OUT"]
ELEMENTS = PARAMETERS["ELEMENTS"]
IN_BEATS = -(-ELEMENTS // LANES_IN)
OUT_BEATS = -(-ELEMENTS // LANES_OUT)
FRAMES = 4
# to more lanes: the last beat of a frame completes one of the output, and a partial one behind it
BEFORE_LAST = (IN_BEATS - 1) * LANES_IN
LAST_GIVES_TWO = LANES_IN < LANES_OUT < BEFORE_LAST % LANES_OUT + ELEMENTS - BEFORE_LAST


def beats(rng: Random) -> list[int]:
    """Draw whole frames; in their last beats, what is past the end is zero."""
    drawn = drawn_beats(LANES_IN * BITS, FRAMES * IN_BEATS)(rng)
    mask = (1 << ((ELEMENTS - (IN_BEATS - 1) * LANES_IN) * BITS)) - 1
    return [beat & mask if (i + 1) % IN_BEATS == 0 else beat for i, beat in enumerate(drawn)]


def make_model() -> Model:
    """Gather the elements of a frame, then deal them out again; as early as they are there."""
    gathered = lanes = count = 0

    def model(beat: int) -> Iterator[int]:
        nonlocal gathered, lanes, count
        gathered |= beat << (lanes * BITS)
        count += 1
        lanes += ELEMENTS - (IN_BEATS - 1) * LANES_IN if count == IN_BEATS else LANES_IN
        while lanes >= LANES_OUT or (count == IN_BEATS and lanes > 0):
            yield gathered & ((1 << (LANES_OUT * BITS)) - 1)
            gathered >>= LANES_OUT * BITS
            lanes = max(lanes - LANES_OUT, 0)
        count %= IN_BEATS

    return model


async def bench_of(dut: Any) -> Bench:
    """Give a bench."""
    return await Bench(dut, make_model).start()


@test()
async def keeps_order_under_stalls(dut: Any) -> None:
    """Random pauses on both sides."""
    await stalls(await bench_of(dut), beats)


@test()
async def runs_at_full_rate_with_latency_1(dut: Any) -> None:
    """A beat a cycle on the narrow side, and a beat out one cycle after the last one it needs.

    Only where the last beat of a frame gives two does a cycle go by before the next frame.
    """
    bench = await bench_of(dut)
    await bench.transfer(beats(random_for("rate")))
    times_in, times_out = bench.inputs.times, bench.outputs.times
    if LANES_IN <= LANES_OUT:
        due_steps = [1 + (beat % IN_BEATS == 0 and LAST_GIVES_TWO) for beat in range(1, FRAMES * IN_BEATS)]
        assert steps(times_in) == due_steps
        needed = [min((i + 1) * LANES_OUT, ELEMENTS) for i in range(OUT_BEATS)]
        ends = [-(-count // LANES_IN) - 1 for count in needed]
        due = [times_in[f * IN_BEATS + i] + 1 for f in range(FRAMES) for i in ends]
        assert all(out >= first for out, first in zip(times_out, due, strict=True))
        assert times_out[0] == due[0]
    else:
        assert set(steps(times_out)) <= {1}
        assert times_out[0] == times_in[0] + 1


@test()
async def survives_a_stalled_output(dut: Any) -> None:
    """Full, then drained."""
    await stalled_output(await bench_of(dut), beats(random_for("stall")))


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset puts it at the start of a frame."""
    await reset_midway(await bench_of(dut), beats)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """Ready is blind to valid."""
    await contract_of_handshake(await bench_of(dut), beats, cuts_ready=True)
