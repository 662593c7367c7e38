# SPDX-License-Identifier: Apache-2.0
"""krl_window_reader: every word of every window of several frames, at any pace; every cycle of both sides."""

import itertools
from collections.abc import Iterator
from random import Random
from typing import Any

from common.bench import (
    PARAMETERS,
    Bench,
    drawn_beats,
    random_for,
    standing_tests,
    test,
)
from common.scoreboard import Model

HEIGHT, WIDTH, SLICES = PARAMETERS["HEIGHT"], PARAMETERS["WIDTH"], PARAMETERS["SLICES"]
KERNEL_H, KERNEL_W = PARAMETERS["KERNEL_H"], PARAMETERS["KERNEL_W"]
DILATION_H, DILATION_W = PARAMETERS["DILATION_H"], PARAMETERS["DILATION_W"]
STRIDE_H, STRIDE_W = PARAMETERS["STRIDE_H"], PARAMETERS["STRIDE_W"]
PAD_TOP, PAD_LEFT, PAD_WORD = PARAMETERS["PAD_TOP"], PARAMETERS["PAD_LEFT"], PARAMETERS["PAD_WORD"]
OUT_HEIGHT, OUT_WIDTH = PARAMETERS["OUT_HEIGHT"], PARAMETERS["OUT_WIDTH"]
PASSES, GROUPS, ROWS = PARAMETERS["PASSES"], PARAMETERS["GROUPS"], PARAMETERS["ROWS"]

SPAN_H = (KERNEL_H - 1) * DILATION_H + 1
ROW_WORDS = WIDTH * SLICES
WORDS = HEIGHT * ROW_WORDS
LATENCY = 2


def rounds_of_a_window() -> list[tuple[int, list[tuple[int, int, int]]]]:
    """Return the slice with which each round begins, and its beats: (row, column, slice) in the window."""
    rows, columns = range(0, SPAN_H, DILATION_H), range(0, KERNEL_W * DILATION_W, DILATION_W)
    cells = list(itertools.product(rows, columns))
    part = SLICES // GROUPS
    return [
        (first, [(y, x, slice_) for y, x in cells for slice_ in range(first, first + part)])
        for first in range(0, SLICES, part)
        for _ in range(PASSES)
    ]


def tops() -> list[int]:
    """Return the row of the image with which each row of windows begins."""
    return [oy * STRIDE_H - PAD_TOP for oy in range(OUT_HEIGHT)]


USED_ROWS = [y for y in range(HEIGHT) if any(top <= y < top + SPAN_H for top in tops())]
# of every beat of a frame: the number of its word, None for padding; and of the word that it waits for, -1 if
# none
PLACES: list[int | None] = []
NEEDS: list[int] = []
# the last row of windows that holds a row of the image, and the beat after which each of its words is free
FREED: dict[int, list[int]] = {}


def lay_out() -> None:
    """Fill the tables, from the definition of the windows alone."""
    for oy, top in enumerate(tops()):
        freed = [-1] * ROW_WORDS
        for ox in range(OUT_WIDTH):
            left = ox * STRIDE_W - PAD_LEFT
            rounds = rounds_of_a_window()
            for number, (_, beats) in enumerate(rounds):
                for row, column, slice_ in beats:
                    y, x = top + row, left + column
                    inside = 0 <= y < HEIGHT and 0 <= x < WIDTH
                    word = y * ROW_WORDS + x * SLICES + slice_
                    PLACES.append(word if inside else None)
                    below = USED_ROWS[-1] * ROW_WORDS + ROW_WORDS - 1
                    NEEDS.append(word if inside else below if y >= HEIGHT and 0 <= x < WIDTH else -1)
                # all words before the next round's first one have been read for the last time
                last_of_window = number == len(rounds) - 1
                start = (
                    (left + STRIDE_W) * SLICES if last_of_window else left * SLICES + rounds[number + 1][0]
                )
                for x in range(max(0, start) if ox < OUT_WIDTH - 1 or not last_of_window else ROW_WORDS):
                    if x < ROW_WORDS and freed[x] < 0:
                        freed[x] = len(PLACES) - 1
        # a row is given back only when it is complete
        given = SPAN_H if oy == OUT_HEIGHT - 1 else min(SPAN_H, STRIDE_H)
        bottom = min(top + given, HEIGHT) - 1
        NEEDS[-1] = max(NEEDS[-1], bottom * ROW_WORDS + ROW_WORDS - 1)
        for y in range(max(0, top), min(HEIGHT, top + SPAN_H)):
            FREED[y] = freed


lay_out()
BEATS = len(PLACES)


def need(number: int) -> int:
    """Return the number of the word that a beat waits for, counted over all frames; -1 if none."""
    frame, beat = divmod(number, BEATS)
    return frame * WORDS + NEEDS[beat] if NEEDS[beat] >= 0 else -1


def frees(number: int) -> int:
    """Return the number of the beat after which there is a place for a word; -1 if there is one anyway."""
    frame, word = divmod(number, WORDS)
    y, x = divmod(word, ROW_WORDS)
    if y not in USED_ROWS:
        return -1
    before = frame * len(USED_ROWS) + USED_ROWS.index(y) - ROWS
    if before < 0:
        return -1
    earlier, row = divmod(before, len(USED_ROWS))
    return earlier * BEATS + FREED[USED_ROWS[row]][x]


def beat_of(words: list[int], number: int) -> int:
    """Return a beat, counted over all frames."""
    frame, beat = divmod(number, BEATS)
    place = PLACES[beat]
    return PAD_WORD if place is None else words[frame * WORDS + place]


def words_of(rng: Random, frames: int = 3) -> list[int]:
    """Draw whole frames."""
    return drawn_beats(PARAMETERS["WORD_BITS"], frames * WORDS)(rng)


# beats of padding alone come before the first word of a frame
AHEAD = [PAD_WORD for _ in itertools.takewhile(lambda least: least < 0, NEEDS)]


def make_model() -> Model:
    """Output each beat with the word that it has to wait for."""
    words: list[int] = []
    given = len(AHEAD)

    def model(word: int) -> Iterator[int]:
        nonlocal given
        words.append(word)
        while need(given) < len(words):
            yield beat_of(words, given)
            given += 1

    return model


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, make_model, ahead=AHEAD)


stream = standing_tests(bench_of, words_of, cuts_ready=True)


def check_cycles(bench: Bench, began: int, offered: int | None = None) -> None:
    """Check that no cycle is lost: a beat comes when its word is there, a word goes in when a place is free.

    Looks at the beats from number ``began`` on; ``offered``: the words from this one on never paused.
    """
    ins, outs = bench.inputs.times, bench.outputs.times
    for number in range(max(began, 1), len(outs)):
        waits_for = need(number)
        earliest = max(outs[number - 1] + 1, ins[waits_for] + LATENCY if waits_for >= 0 else 0)
        assert outs[number] == earliest, f"beat {number}"
    for number in range(len(ins) if offered is None else offered + 1, len(ins)):
        waits_for = frees(number)
        earliest = max(ins[number - 1] + 1, outs[waits_for] if waits_for >= 0 else 0)
        assert ins[number] == earliest, f"word {number}"


@test()
async def loses_no_cycle(dut: Any) -> None:
    """Nobody pauses: every beat and every word passes in the very cycle in which it can."""
    bench = await bench_of(dut).start()
    await bench.transfer(words_of(random_for("rate"), 5))
    check_cycles(bench, len(AHEAD), offered=0)


@test()
async def follows_each_word_at_once(dut: Any) -> None:
    """Words that arrive now and then: what waits for one follows it at once."""
    bench = await bench_of(dut).start()
    rng = random_for("latency")
    for word in words_of(rng, 3):
        bench.source.send(word)
        await bench.cycles(rng.choice([1, 1, 2, 3, 5, 9, 20]))
    await bench.finish()
    check_cycles(bench, len(AHEAD))
