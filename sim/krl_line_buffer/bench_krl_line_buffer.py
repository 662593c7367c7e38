# SPDX-License-Identifier: Apache-2.0
"""krl_line_buffer: every word of every band of several frames, at any pace; latency and throughput."""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

from common.bench import (
    PARAMETERS,
    Bench,
    drawn_beats,
    pack,
    random_for,
    standing_tests,
    steps,
    test,
)
from common.scoreboard import Model

HEIGHT, WIDTH, WORD_BITS = PARAMETERS["HEIGHT"], PARAMETERS["WIDTH"], PARAMETERS["WORD_BITS"]
KERNEL_H, STRIDE_H = PARAMETERS["KERNEL_H"], PARAMETERS["STRIDE_H"]
READS, OUT_HEIGHT = PARAMETERS["READS"], PARAMETERS["OUT_HEIGHT"]
PAD_TOP, PAD_WORDS, PAD_WORD = PARAMETERS["PAD_TOP"], PARAMETERS["PAD_WORDS"], PARAMETERS["PAD_WORD"]

WORDS = HEIGHT * WIDTH
BEATS = OUT_HEIGHT * READS
# enough rows that the reader never holds back the writer within a frame
AMPLE = PARAMETERS["ROWS"] >= KERNEL_H + PAD_TOP + 3 * HEIGHT
LATENCY = 2 if KERNEL_H > 1 or STRIDE_H > 1 or PAD_WORDS or READS > PAD_WORDS + WIDTH else 1
# the top row of the band and the word within the band, of every beat of a frame
PLACES = [
    (band * STRIDE_H - PAD_TOP, read - PAD_WORDS) for band, read in product(range(OUT_HEIGHT), range(READS))
]


def words(rng: Random, frames: int = 3) -> list[int]:
    """Draw whole frames."""
    return drawn_beats(WORD_BITS, frames * WORDS)(rng)


def beat_at(frame: list[int], top: int, x: int) -> int:
    """Cut the words of a beat out of a frame."""
    column = []
    for y in range(top, top + KERNEL_H):
        inside = 0 <= y < HEIGHT and 0 <= x < WIDTH
        column.append(frame[y * WIDTH + x] if inside else PAD_WORD)
    return pack(column, WORD_BITS)


def last_word(top: int, x: int) -> int:
    """Return the number of the word that a beat has to wait for; -1 if none."""
    bottom = top + KERNEL_H - 1
    if bottom >= HEIGHT:
        return WORDS - 1
    return bottom * WIDTH + min(max(x, -1), WIDTH - 1)


# beats of padding alone come before the first word of a frame
AHEAD = [pack([PAD_WORD] * KERNEL_H, WORD_BITS) for place in PLACES if last_word(*place) < 0]


def make_model() -> Model:
    """Output each beat with the word that it has to wait for."""
    frame: list[int] = []
    given = len(AHEAD)

    def model(word: int) -> Iterator[int]:
        nonlocal given
        frame.append(word)
        while given < BEATS and last_word(*PLACES[given]) < len(frame):
            yield beat_at(frame, *PLACES[given])
            given += 1
        if len(frame) == WORDS:
            frame.clear()
            given = len(AHEAD)
            yield from AHEAD

    return model


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return Bench(dut, make_model, ahead=AHEAD)


stream = standing_tests(bench_of, words, cuts_ready=True)


@test()
async def follows_each_word_at_once(dut: Any) -> None:
    """Words that arrive one at a time: the beat that waits for one follows a cycle or two after it."""
    bench = await bench_of(dut).start()
    # the padding left of the first word is read before that arrives
    await bench.cycles(READS + 2)
    for number, word in enumerate(words(random_for("latency"), 2)):
        bench.source.send(word)
        # after a row, enough time for all that padding adds
        await bench.cycles(6 + (READS + 4) * (KERNEL_H + 1) * (number % WIDTH == WIDTH - 1))
    await bench.finish()
    for number, (top, x) in enumerate(PLACES):
        # at the end of a band a row may have to end before its place can be freed
        waits_for_row = x == READS - PAD_WORDS - 1 and x < WIDTH - 1
        if top + KERNEL_H <= HEIGHT and 0 <= x < WIDTH and not waits_for_row:
            for frame in range(2):
                came = bench.inputs.times[frame * WORDS + last_word(top, x)]
                assert bench.outputs.times[frame * BEATS + number] == came + LATENCY, f"beat {top}, {x}"


@test()
async def rolls_from_frame_to_frame(dut: Any) -> None:
    """With enough rows no word waits, unless padding makes more to read than there are words."""
    bench = await bench_of(dut).start()
    await bench.transfer(words(random_for("rate"), 6))
    if not AMPLE:
        return
    if BEATS <= WORDS:
        assert set(steps(bench.inputs.times)) <= {1}
    lasts = bench.outputs.times[BEATS - 1 :: BEATS]
    # the padding before the first frame is read before any word arrives: that frame may take longer
    assert set(steps(lasts)[1:]) == {max(WORDS, BEATS)}
