# SPDX-License-Identifier: Apache-2.0
"""krl_crop: the beats of a part of an image, in their order."""

import itertools
from collections.abc import Callable
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, steps, test

WIDTH = PARAMETERS["WIDTH"]
AXES = [
    (PARAMETERS[count], PARAMETERS[f"FIRST_{name}"], PARAMETERS[f"LAST_{name}"])
    for count, name in (("ROWS", "ROW"), ("COLUMNS", "COLUMN"), ("BEATS", "BEAT"))
]
KEPT = [
    all(first <= at <= last for at, (_, first, last) in zip(place, AXES, strict=True))
    for place in itertools.product(*(range(count) for count, *_ in AXES))
]
FRAMES = max(3, 100 // len(KEPT))


def beats(rng: Random) -> list[int]:
    """Draw whole images."""
    return drawn_beats(WIDTH, FRAMES * len(KEPT))(rng)


def model() -> Callable[[int], list[int]]:
    """Model a module that was just reset."""
    places = itertools.cycle(KEPT)
    return lambda beat: [beat] if next(places) else []


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, model)


stream = standing_tests(bench_of, beats, cuts_ready=False)


@test()
async def runs_at_full_rate_with_latency_1(dut: Any) -> None:
    """One beat per cycle, kept or not, and each that is kept a cycle later."""
    bench = await bench_of(dut).start()
    await bench.transfer(beats(random_for("rate")))
    times = bench.inputs.times
    assert set(steps(times)) <= {1}
    kept = [time for time, keep in zip(times, itertools.cycle(KEPT), strict=False) if keep]
    assert bench.outputs.times == [time + 1 for time in kept]


@test()
async def accepts_what_is_not_kept_while_a_beat_waits(dut: Any) -> None:
    """With a stalled output all gets in up to the second beat that is kept."""
    bench = bench_of(dut)
    bench.sink.pause = itertools.repeat(True)
    await bench.start()
    bench.source.send(*beats(random_for("stall")))
    await bench.cycles(FRAMES * len(KEPT) + 20)
    places = [place for place, keep in enumerate(KEPT * 2) if keep]
    assert len(bench.inputs.times) == places[1]
    bench.resume()
    await bench.finish()
