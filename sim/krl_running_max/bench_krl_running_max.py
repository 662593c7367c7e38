# SPDX-License-Identifier: Apache-2.0
"""krl_running_max: the largest of each channel over all pixels of an image, clamped."""

from collections.abc import Callable
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, extremes, pack, random_for, standing_tests, steps, test, unpack

LANES, BITS, GROUPS, PIXELS = (PARAMETERS[key] for key in ("LANES", "BITS", "GROUPS", "PIXELS"))
CLAMP_MIN, CLAMP_MAX = PARAMETERS["CLAMP_MIN"], PARAMETERS["CLAMP_MAX"]
BEATS = GROUPS * PIXELS
FRAMES = max(3, 60 // BEATS)


def beats(rng: Random) -> list[int]:
    """Draw whole images."""
    return [pack([extremes(rng, BITS) for _ in range(LANES)], BITS) for _ in range(FRAMES * BEATS)]


def model() -> Callable[[int], list[int]]:
    """Model a module that was just reset."""
    seen: list[list[int]] = []

    def put(beat: int) -> list[int]:
        seen.append(unpack(beat, BITS, LANES))
        place = len(seen) - 1
        if place < BEATS - GROUPS:
            return []
        best = [max(lane) for lane in zip(*seen[place % GROUPS :: GROUPS], strict=True)]
        if place == BEATS - 1:
            seen.clear()
        return [pack([min(CLAMP_MAX, max(CLAMP_MIN, value)) for value in best], BITS)]

    return put


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, model)


stream = standing_tests(bench_of, beats, cuts_ready=False)


@test()
async def runs_at_full_rate_with_latency_1(dut: Any) -> None:
    """One beat per cycle, and each result a cycle behind its last pixel."""
    bench = await bench_of(dut).start()
    await bench.transfer(beats(random_for("rate")))
    times = bench.inputs.times
    assert set(steps(times)) <= {1}
    last = [time for place, time in enumerate(times) if place % BEATS >= BEATS - GROUPS]
    assert bench.outputs.times == [time + 1 for time in last]


@test()
async def accepts_all_but_the_last_pixel_while_a_result_waits(dut: Any) -> None:
    """With a stalled output the first image and the next up to its last pixel get in."""
    bench = bench_of(dut)
    bench.sink.pause = iter(lambda: True, None)
    await bench.start()
    bench.source.send(*beats(random_for("stall")))
    await bench.cycles(3 * BEATS + 20)
    # the first result is held; where a pixel has several beats, the next of them wait already
    expected = BEATS + BEATS - 1 if GROUPS == 1 else BEATS - GROUPS + 1
    assert len(bench.inputs.times) == expected
    bench.resume()
    await bench.finish()
