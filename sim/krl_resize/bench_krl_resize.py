# SPDX-License-Identifier: Apache-2.0
"""krl_resize: the four pixels around each of another size, as soon as they are there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from common.bench import PARAMETERS, Bench, drawn_beats, pack, random_for, standing_tests, steps, test

WIDTH, HEIGHT, COLUMNS, BEATS = (PARAMETERS[key] for key in ("WIDTH", "HEIGHT", "COLUMNS", "BEATS"))
ROW_BITS, COLUMN_BITS = PARAMETERS["ROW_BITS"], PARAMETERS["COLUMN_BITS"]
ROW = COLUMNS * BEATS
IMAGES = max(3, 60 // (HEIGHT * ROW))


def words(file: str, bits: int) -> list[tuple[int, int]]:
    """Read a table as (weight, what stands above it)."""
    found = [int(line, 16) for line in Path(file).read_text().split()]
    return [(word & ((1 << bits) - 1), word >> bits) for word in found]


ROW_TABLE, COLUMN_TABLE = words("rows.hex", ROW_BITS), words("columns.hex", COLUMN_BITS)


def wanted() -> Iterator[tuple[list[int], int, int]]:
    """List all that comes out: the beats in, counted from the first, that it is made of, and both weights."""
    row = PARAMETERS["FIRST_ROW"]
    while True:
        for down, step in ROW_TABLE:
            for behind, column in COLUMN_TABLE:
                for beat in range(BEATS):
                    rows, columns = (row, row + (down > 0)), (column, column + (behind > 0))
                    places = [one * ROW + other * BEATS + beat for one in rows for other in columns]
                    yield places, down, behind
            row += step


def model() -> Callable[[int], list[int]]:
    """Model a module that was just reset: each beat is followed by what no later beat holds up."""
    seen: list[int] = []
    all_wanted = wanted()
    waiting = next(all_wanted)

    def put(beat: int) -> list[int]:
        nonlocal waiting
        seen.append(beat)
        given = []
        while max(waiting[0]) < len(seen):
            places, down, behind = waiting
            pixels = pack([seen[place] for place in places], WIDTH)
            given.append(pixels | down << (4 * WIDTH) | behind << (4 * WIDTH + ROW_BITS))
            waiting = next(all_wanted)
        return given

    return put


def beats(rng: Random) -> list[int]:
    """Draw whole images."""
    return drawn_beats(WIDTH, IMAGES * HEIGHT * ROW)(rng)


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, model)


stream = standing_tests(bench_of, beats, cuts_ready=True)


@test()
async def runs_at_full_rate(dut: Any) -> None:
    """The first comes two cycles behind its last beat; where images grow along both axes no cycle is lost."""
    bench = await bench_of(dut).start()
    await bench.transfer(beats(random_for("rate")))
    first = next(wanted())[0]
    assert bench.outputs.times[0] == bench.inputs.times[max(first)] + 2
    if PARAMETERS["FORM"] == 0 and COLUMNS > 1:
        if len(ROW_TABLE) >= 2 * HEIGHT and len(COLUMN_TABLE) >= COLUMNS:
            assert set(steps(bench.outputs.times)) <= {1}
        if len(ROW_TABLE) <= HEIGHT and 2 * len(COLUMN_TABLE) <= COLUMNS:
            assert set(steps(bench.inputs.times)) == {1}


@test()
async def holds_two_rows(dut: Any) -> None:
    """With a stalled output, of a row that is read again, two rows get in and nothing of the next."""
    bench = bench_of(dut)
    bench.sink.pause = iter(lambda: True, None)
    await bench.start()
    bench.source.send(*beats(random_for("stall")))
    count = (2 + PARAMETERS["FIRST_ROW"]) * ROW
    await bench.cycles(2 * count + 20)
    if ROW_TABLE[0][1] == 0 and BEATS * len(COLUMN_TABLE) > 1:
        assert len(bench.inputs.times) == count
    bench.resume()
    await bench.finish()
