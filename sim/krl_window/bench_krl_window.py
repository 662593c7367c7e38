# SPDX-License-Identifier: Apache-2.0
"""krl_window: every window of several frames, at any pace; latency, throughput, reset."""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

from common.bench import (
    PARAMETERS,
    Bench,
    contract_of_handshake,
    drawn_beats,
    pack,
    random_for,
    reset_midway,
    stalled_output,
    stalls,
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
# rows enough that the reader never holds back the writer within a frame
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
    """Give the top left corners of the windows of a frame, in the coordinates of the image."""
    for out_y, out_x in product(range(OUT_HEIGHT), range(OUT_WIDTH)):
        yield out_y * STRIDE_H - PAD_TOP, out_x * STRIDE_W - PAD_LEFT


def last_pixel(top: int, left: int) -> int:
    """Number of the pixel that completes a window."""
    return min(top + KERNEL_H, HEIGHT) * WIDTH - WIDTH + min(left + KERNEL_W, WIDTH) - 1


def make_model() -> Model:
    """Give each window of a frame with the pixel that completes it."""
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


async def bench_of(dut: Any) -> Bench:
    """Give a bench."""
    return await Bench(dut, make_model).start()


@test()
async def cuts_windows_under_stalls(dut: Any) -> None:
    """Three frames each under random pauses on both sides."""
    await stalls(await bench_of(dut), beats)


def comes_at_once(top: int, left: int) -> bool:
    """Tell whether nothing holds a window back once its last pixel is there."""
    last_read = ((OUT_WIDTH - 1) * STRIDE_W - PAD_LEFT + KERNEL_W - 1) // PIXELS
    if top + KERNEL_H > HEIGHT or left + KERNEL_W > WIDTH:
        return False  # padding is read after the pixel
    if (left + KERNEL_W - 1) // PIXELS == last_read < ROW_BEATS - 1:
        return False  # the row may have to end before its place can be given back
    # a queue gives a window, and so those behind it, together with the columns that it steps over
    return PIXELS == 1 or OUT_WIDTH == 1 or STRIDE_W <= KERNEL_W


@test()
async def follows_each_pixel_at_once(dut: Any) -> None:
    """Beats that come one by one: a window is there a few cycles after its last pixel."""
    bench = await bench_of(dut)
    # the padding left of the first pixel is read before it comes
    await bench.cycles(READS)
    for number, beat in enumerate(beats(random_for("latency"), 2)):
        bench.source.send(beat)
        # time enough for the windows of one beat and, after a row, for all that padding adds
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
    """With rows enough no pixel waits, unless there is more to read or to give than there are beats."""
    bench = await bench_of(dut)
    frames = 6
    await bench.transfer(beats(random_for("rate"), frames))
    if not AMPLE:
        return
    if ROW_CYCLES * OUT_HEIGHT <= BEATS:
        assert set(steps(bench.inputs.times)) <= {1}
    lasts = bench.outputs.times[WINDOWS - 1 :: WINDOWS]
    # the padding before the first frame is read while nothing has come yet: that frame may take longer
    assert set(steps(lasts)[1:]) == {max(BEATS, ROW_CYCLES * OUT_HEIGHT)}


@test()
async def survives_a_stalled_output(dut: Any) -> None:
    """Full, then drained: the next window was made ready while the first one waited."""
    bench = await bench_of(dut)
    await stalled_output(bench, beats(random_for("stall")))
    if OUT_WIDTH > 1 or AMPLE:
        assert steps(bench.outputs.times)[0] == 1


@test()
async def recovers_from_reset(dut: Any) -> None:
    """A reset puts it at the start of a frame."""
    await reset_midway(await bench_of(dut), beats)


@test()
async def keeps_the_handshake_contract(dut: Any) -> None:
    """Nothing crosses the module within a cycle."""
    await contract_of_handshake(await bench_of(dut), beats, cuts_ready=True)
