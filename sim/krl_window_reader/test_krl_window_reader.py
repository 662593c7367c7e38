# SPDX-License-Identifier: Apache-2.0
"""krl_window_reader: padding, strides above and below the kernel, passes, slices apart, few or many rows."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "HEIGHT WIDTH SLICES WORD_BITS KERNEL_H KERNEL_W STRIDE_H STRIDE_W PAD_TOP PAD_LEFT OUT_HEIGHT OUT_WIDTH"
    " PAD_WORD PASSES APART ROWS BLOCK",
    (5, 5, 2, 8, 3, 3, 1, 1, 0, 0, 3, 3, 1, 2, 0, 3, 0),
    (4, 4, 2, 8, 3, 3, 1, 1, 1, 1, 4, 4, 77, 1, 0, 4, 1),
    (4, 5, 3, 8, 3, 3, 1, 1, 1, 1, 4, 5, 200, 1, 1, 3, 0),
    (4, 4, 1, 9, 1, 1, 1, 1, 0, 0, 4, 4, 1, 3, 0, 1, 0),
    (6, 6, 2, 8, 2, 2, 2, 2, 0, 0, 3, 3, 1, 1, 1, 2, 0),
    (6, 5, 1, 8, 2, 2, 3, 3, 1, 1, 2, 2, 9, 2, 0, 20, 0),
    (5, 5, 2, 8, 5, 5, 1, 1, 2, 2, 5, 5, 3, 1, 0, 5, 0),
    (7, 4, 2, 8, 3, 2, 2, 2, 1, 0, 3, 2, 5, 2, 0, 4, 1),
    (1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0),
    (2, 2, 2, 8, 4, 4, 1, 1, 3, 3, 4, 4, 9, 1, 1, 30, 0),
    (5, 6, 2, 8, 3, 3, 1, 1, 0, 0, 2, 3, 9, 1, 0, 4, 0),
    (6, 1, 4, 8, 4, 1, 3, 1, 2, 0, 2, 1, 200, 2, 0, 4, 0),
    (1, 5, 3, 8, 1, 3, 1, 1, 0, 1, 1, 5, 200, 1, 1, 2, 0),
)

BUGS = [
    Bug(
        "a row that no window holds is kept",
        "row_is_used",
        "write_phase <= LAST_USED_PHASE",
        "write_phase <= LAST_PHASE",
    ),
    Bug("no padding above", "row_is_padding", "PAD_TOP > 0 && y <= LAST_PAD_Y[Y_BITS-1:0]", "1'b0"),
    Bug("no padding below", "row_is_padding", "y > LAST_Y[Y_BITS-1:0]", "1'b0"),
    Bug("no padding on the left", "is_padding", "column_is_padding ||"),
    Bug("no padding on the right", "column_is_padding", "x > LAST_X[X_BITS-1:0]", "1'b0"),
    Bug("padding on the right waits for a word", "word_is_there", "column_is_padding ||"),
    Bug("padding with zeros", "m_axis_tdata", "? PAD_WORD :", "? {WORD_BITS{1'b0}} :"),
    Bug("reads the word being written", "word_arrives", "x < write_x", "x <= write_x"),
    Bug("waits for the whole row", "word_is_there", "|| word_arrives"),
    Bug("a row is freed before it is complete", "word_is_there", "&& !row_is_missing"),
    Bug("a place too many", "s_axis_tready", "held < PLACES", "held <= PLACES"),
    Bug("the oldest row is written when its band ends", "s_axis_tready", "|| place_comes_free"),
    Bug("a word is overwritten before it is read", "reader_is_ahead", "left > write_x", "left >= write_x"),
    Bug("a word left of the image frees places", "reader_is_ahead", "!(PAD_X > 0 && left[X_BITS-1]) &&"),
    Bug("padding between frames not counted", "ROW_AND_GAP", "1 + GAP", "1"),
    Bug("the next frame starts in the wrong place", "TURN_PLACES", "TURN", "STEP_PLACES"),
    Bug("windows in the padding free no row", "PART", "? PART_TOP + ROW_STEP - PAD_TOP :", "? 0 :"),
    Bug("the next pass goes on", "x", "x <= next_left;", "x <= x + STEP_RUN[X_BITS-1:0];"),
    Bug("slices apart one pixel on", "STEP_WINDOW", "- ((APART != 0) ? SLICES - 1 : 0)"),
    Bug("valid waits for ready", "step", "!valid || m_axis_tready", "m_axis_tready"),
    Bug("a pause behind each beat", "step", "!valid || m_axis_tready", "!valid"),
    survives_reset("run"),
    survives_reset("tap"),
    survives_reset("round"),
    survives_reset("out"),
    survives_reset("held"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""

    def side(size: int) -> tuple[int, int, int, int]:
        kernel, stride = rng.choice([1, 2, 3, 3, 4]), rng.choice([1, 1, 2, 3])
        pad = rng.choice([0, (kernel - 1) // 2, rng.randint(0, kernel - 1)])
        # the last window has to hold a real pixel
        most = (pad + size - 1) // stride + 1
        return kernel, stride, pad, rng.choice([most, rng.randint(1, most)])

    height, width, slices = rng.randint(1, 6), rng.randint(1, 5), rng.randint(1, 3)
    (kernel_h, stride_h, top, out_height), (kernel_w, stride_w, left, out_width) = side(height), side(width)
    bits, apart = rng.randint(1, 24), rng.randint(0, 1)
    return {
        "HEIGHT": height,
        "WIDTH": width,
        "SLICES": slices,
        "WORD_BITS": bits,
        "KERNEL_H": kernel_h,
        "KERNEL_W": kernel_w,
        "STRIDE_H": stride_h,
        "STRIDE_W": stride_w,
        "PAD_TOP": top,
        "PAD_LEFT": left,
        "OUT_HEIGHT": out_height,
        "OUT_WIDTH": out_width,
        "PAD_WORD": rng.getrandbits(bits),
        "PASSES": 1 if apart else rng.randint(1, 3),
        "APART": apart,
        "ROWS": kernel_h + rng.choice([0, 0, 1, 2, top + 1, 3 * height + 9]),
        "BLOCK": rng.randint(0, 1),
    }


test_krl_window_reader, test_a_seeded_bug_is_caught = module_tests(
    "krl_window_reader", EDGES, draw, BUGS, drawn=20, full=100
)
