# SPDX-License-Identifier: Apache-2.0
"""krl_lanes: the same elements in the same order, frame by frame."""

from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, steps, test
from common.regroup import regrouped

BITS, LANES_IN, LANES_OUT = PARAMETERS["BITS"], PARAMETERS["LANES_IN"], PARAMETERS["LANES_OUT"]
IN_BEATS = -(-PARAMETERS["ELEMENTS"] // LANES_IN)
OUT_BEATS = -(-IN_BEATS * LANES_IN // LANES_OUT)
FRAMES = 4


def beats(rng: Random) -> list[int]:
    """Draw whole frames."""
    return drawn_beats(LANES_IN * BITS, FRAMES * IN_BEATS)(rng)


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, regrouped(BITS, LANES_OUT, [LANES_IN] * IN_BEATS))


stream = standing_tests(bench_of, beats, cuts_ready=False)


@test()
async def runs_at_full_rate_with_latency_1(dut: Any) -> None:
    """One beat per cycle on the narrow side, and a beat out one cycle after the last one it needs."""
    bench = await bench_of(dut).start()
    await bench.transfer(beats(random_for("rate")))
    times_in, times_out = bench.inputs.times, bench.outputs.times
    narrow = times_in if LANES_IN <= LANES_OUT else times_out
    assert set(steps(narrow)) <= {1}
    if LANES_IN > LANES_OUT:
        ratio = LANES_IN // LANES_OUT
        assert times_out[::ratio] == [t + 1 for t in times_in]
    else:
        ratio = LANES_OUT // LANES_IN
        ends = [min((i + 1) * ratio, IN_BEATS) - 1 for i in range(OUT_BEATS)]
        assert times_out == [times_in[f * IN_BEATS + i] + 1 for f in range(FRAMES) for i in ends]
