# SPDX-License-Identifier: Apache-2.0
"""krl_gearbox: the same elements in the same order, frame by frame."""

from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, steps, test
from common.regroup import regrouped

BITS, LANES_IN, LANES_OUT = PARAMETERS["BITS"], PARAMETERS["LANES_IN"], PARAMETERS["LANES_OUT"]
ELEMENTS = PARAMETERS["ELEMENTS"]
IN_BEATS = -(-ELEMENTS // LANES_IN)
OUT_BEATS = -(-ELEMENTS // LANES_OUT)
FRAMES = 4
BEFORE_LAST = (IN_BEATS - 1) * LANES_IN
LAST_LANES = ELEMENTS - BEFORE_LAST
# to more lanes: the last beat of a frame completes one of the output, and a partial one behind it
LAST_GIVES_TWO = LANES_IN < LANES_OUT < BEFORE_LAST % LANES_OUT + LAST_LANES


def beats(rng: Random) -> list[int]:
    """Draw whole frames; in their last beats, what is past the end is zero."""
    drawn = drawn_beats(LANES_IN * BITS, FRAMES * IN_BEATS)(rng)
    mask = (1 << (LAST_LANES * BITS)) - 1
    return [beat & mask if (i + 1) % IN_BEATS == 0 else beat for i, beat in enumerate(drawn)]


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, regrouped(BITS, LANES_OUT, [LANES_IN] * (IN_BEATS - 1) + [LAST_LANES]))


stream = standing_tests(bench_of, beats, cuts_ready=True)


@test()
async def runs_at_full_rate_with_latency_1(dut: Any) -> None:
    """One beat per cycle on the narrow side, and a beat out one cycle after the last one it needs.

    Only where the last beat of a frame gives two does a cycle pass before the next frame.
    """
    bench = await bench_of(dut).start()
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
