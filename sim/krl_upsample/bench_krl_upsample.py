# SPDX-License-Identifier: Apache-2.0
"""krl_upsample: pixels several times, rows several times, as soon as they are there."""

from collections.abc import Callable
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, random_for, standing_tests, steps, test

WIDTH, COLUMNS, BEATS = (PARAMETERS[key] for key in ("WIDTH", "COLUMNS", "BEATS"))
REPEAT_ROWS, REPEAT_COLUMNS = PARAMETERS["REPEAT_ROWS"], PARAMETERS["REPEAT_COLUMNS"]
ROW = COLUMNS * BEATS
ROWS = max(4, 24 // ROW)


def beats(rng: Random) -> list[int]:
    """Draw whole rows."""
    return drawn_beats(WIDTH, ROWS * ROW)(rng)


def model() -> Callable[[int], list[int]]:
    """Model a module that was just reset: each beat is followed by what no later beat holds up."""
    row: list[int] = []

    def put(beat: int) -> list[int]:
        row.append(beat)
        if len(row) % BEATS:
            return [beat]
        pixel = row[-BEATS:]
        given = [beat, *pixel * (REPEAT_COLUMNS - 1)]
        if len(row) == ROW:
            pixels = [row[start : start + BEATS] for start in range(0, ROW, BEATS)]
            whole = [element for pixel in pixels for element in pixel * REPEAT_COLUMNS]
            given += whole * (REPEAT_ROWS - 1)
            row.clear()
        return given

    return put


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, model)


stream = standing_tests(bench_of, beats, cuts_ready=True)


@test()
async def runs_at_full_rate(dut: Any) -> None:
    """The first beat comes out two cycles later, and from then on one per cycle where any is repeated."""
    bench = await bench_of(dut).start()
    await bench.transfer(beats(random_for("rate")))
    times = bench.outputs.times
    assert times[0] == bench.inputs.times[0] + 2
    if REPEAT_ROWS > 1:
        assert set(steps(times)) <= {1}


@test()
async def holds_a_row(dut: Any) -> None:
    """With a stalled output one row gets in, or two of one pixel, and nothing of the next."""
    bench = bench_of(dut)
    bench.sink.pause = iter(lambda: True, None)
    await bench.start()
    bench.source.send(*beats(random_for("stall")))
    await bench.cycles(4 * ROW + 20)
    assert len(bench.inputs.times) == ROW * (1 if COLUMNS > 1 else 2) + (
        BEATS == REPEAT_COLUMNS == REPEAT_ROWS == 1
    )
    bench.resume()
    await bench.finish()
