# SPDX-License-Identifier: Apache-2.0
"""krl_window: every window of several frames, at any pace; latency and throughput."""

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

HEIGHT, WIDTH, PIXEL_BITS = PARAMETERS["HEIGHT"], PARAMETERS["WIDTH"], PARAMETERS["PIXEL_BITS"]
KERNEL_H, KERNEL_W = PARAMETERS["KERNEL_H"], PARAMETERS["KERNEL_W"]
STRIDE_H, STRIDE_W = PARAMETERS["STRIDE_H"], PARAMETERS["STRIDE_W"]
PAD_TOP, PAD_LEFT, PAD_PIXEL = PARAMETERS["PAD_TOP"], PARAMETERS["PAD_LEFT"], PARAMETERS["PAD_PIXEL"]
OUT_HEIGHT, OUT_WIDTH = PARAMETERS["OUT_HEIGHT"], PARAMETERS["OUT_WIDTH"]

PIXELS = PARAMETERS.get("PIXELS", 1)
BEATS = HEIGHT * WIDTH // PIXELS
ROW_BEATS = WIDTH // PIXELS
WINDOWS = OUT_HEIGHT * OUT_WIDTH
WAITING = PARAMETERS.get("WAITING", 1)
COLUMNS = (OUT_WIDTH - 1) * STRIDE_W + KERNEL_W
# beats of several pixels that are read for a row of windows, the first of which may begin left of the windows
READS = -(-(-PAD_LEFT % PIXELS + COLUMNS) // PIXELS)
# columns of single pixels, and the padding behind them that the next row's columns cannot stand for
COLUMNS_IN = min(WIDTH, COLUMNS - PAD_LEFT)
TAIL = max(0, COLUMNS - PAD_LEFT - WIDTH)
SHARED = min(TAIL, KERNEL_W - PAD_LEFT - 1, COLUMNS_IN)
ROW_CYCLES = COLUMNS_IN + TAIL - SHARED if PIXELS == 1 else max(READS, OUT_WIDTH)
# cycles from a window's last pixel to the window
IS_COLUMN = PIXELS == KERNEL_W == STRIDE_W == 1
HAS_MEMORY = KERNEL_H > 1 or STRIDE_H > 1 or (PIXELS > 1 and (PAD_LEFT > 0 or READS > WIDTH // PIXELS))
LATENCY = 1 + HAS_MEMORY + (0 if IS_COLUMN else WAITING if PIXELS == 1 else 1)
# enough rows that the reader never holds back the writer within a frame
AMPLE = PARAMETERS["ROWS"] >= KERNEL_H + PAD_TOP + 3 * HEIGHT


def beats(rng: Random, frames: int = 3) -> list[int]:
    """Draw whole frames."""
    return drawn_beats(PIXELS * PIXEL_BITS, frames * BEATS)(rng)


def window_at(frame: list[int], top: int, left: int) -> int:
    """Cut a window out of a frame; the place may lie outside."""
    pixels = []
    for y, x in product(range(top, top + KERNEL_H), range(left, left + KERNEL_W)):
        inside = 0 <= y < HEIGHT and 0 <= x < WIDTH
        pixels.append(frame[y * WIDTH + x] if inside else PAD_PIXEL)
    return pack(pixels, PIXEL_BITS)


def corners() -> Iterator[tuple[int, int]]:
    """Yield the top left corners of the windows of a frame, in the coordinates of the image."""
    for out_y, out_x in product(range(OUT_HEIGHT), range(OUT_WIDTH)):
        yield out_y * STRIDE_H - PAD_TOP, out_x * STRIDE_W - PAD_LEFT


def last_pixel(top: int, left: int) -> int:
    """Return the number of the pixel that completes a window."""
    return min(top + KERNEL_H, HEIGHT) * WIDTH - WIDTH + min(left + KERNEL_W, WIDTH) - 1


def make_model() -> Model:
    """Output each window of a frame with the pixel that completes it."""
    frame: list[int] = []
    places = list(corners())
    given = 0

    def model(beat: int) -> Iterator[int]:
        nonlocal given
        frame.extend(beat >> (i * PIXEL_BITS) & ((1 << PIXEL_BITS) - 1) for i in range(PIXELS))
        while given < len(places) and last_pixel(*places[given]) < len(frame):
            yield window_at(frame, *places[given])
            given += 1
        if len(frame) == HEIGHT * WIDTH:
            frame.clear()
            given = 0

    return model


class WindowBench(Bench):
    """A bench that checks, too, that the next window is made ready while the first one waits."""

    def check_drained(self) -> None:
        if OUT_WIDTH > 1 or AMPLE:
            assert steps(self.outputs.times)[0] == 1


def bench_of(dut: Any) -> Bench:
    """Make a bench."""
    return WindowBench(dut, make_model)


stream = standing_tests(bench_of, beats, cuts_ready=True)


def comes_at_once(top: int, left: int) -> bool:
    """Tell whether nothing delays a window once its last pixel has arrived."""
    last_read = ((OUT_WIDTH - 1) * STRIDE_W - PAD_LEFT + KERNEL_W - 1) // PIXELS
    if top + KERNEL_H > HEIGHT or left + KERNEL_W > WIDTH:
        return False  # padding is read after the pixel
    if (left + KERNEL_W - 1) // PIXELS == last_read < ROW_BEATS - 1:
        return False  # the row may have to end before its place can be freed
    # a queue releases a window, and so those behind it, together with the columns that it steps over
    return PIXELS == 1 or OUT_WIDTH == 1 or STRIDE_W <= KERNEL_W


@test()
async def follows_each_pixel_at_once(dut: Any) -> None:
    """Beats that arrive one at a time: a window follows a few cycles after its last pixel."""
    bench = await bench_of(dut).start()
    # the padding left of the first pixel is read before that arrives
    await bench.cycles(READS)
    for number, beat in enumerate(beats(random_for("latency"), 2)):
        bench.source.send(beat)
        # enough time for the windows of one beat and, after a row, for all that padding adds
        row_ends = number % ROW_BEATS == ROW_BEATS - 1
        await bench.cycles(8 + WAITING + PIXELS + (ROW_CYCLES + 4) * (KERNEL_H + 1) * row_ends)
    await bench.finish()
    assert len(bench.outputs.times) == 2 * WINDOWS
    first_of_beat: set[int] = set()
    for number, (top, left) in enumerate(corners()):
        beat = last_pixel(top, left) // PIXELS
        # of several windows that one beat completes, the first comes at once
        if comes_at_once(top, left) and beat not in first_of_beat:
            for frame in range(2):
                came = bench.inputs.times[frame * BEATS + beat]
                given = bench.outputs.times[frame * WINDOWS + number]
                assert given == came + LATENCY, f"window {top}, {left}"
        first_of_beat.add(beat)


@test()
async def rolls_from_frame_to_frame(dut: Any) -> None:
    """With enough rows no pixel waits, unless more is read or sent than there are beats."""
    bench = await bench_of(dut).start()
    frames = 6
    await bench.transfer(beats(random_for("rate"), frames))
    if not AMPLE:
        return
    if ROW_CYCLES * OUT_HEIGHT <= BEATS:
        assert set(steps(bench.inputs.times)) <= {1}
    lasts = bench.outputs.times[WINDOWS - 1 :: WINDOWS]
    # the padding before the first frame is read before any pixel arrives: that frame may take longer
    assert set(steps(lasts)[1:]) == {max(BEATS, ROW_CYCLES * OUT_HEIGHT)}
