# SPDX-License-Identifier: Apache-2.0
"""krl_window_reader: padding, strides, dilation, passes and groups of any size; few rows or many."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "HEIGHT WIDTH SLICES WORD_BITS KERNEL_H KERNEL_W STRIDE_H STRIDE_W PAD_TOP PAD_LEFT OUT_HEIGHT OUT_WIDTH"
    " PAD_WORD PASSES GROUPS ROWS BLOCK DILATION_H DILATION_W",
    # cells apart, words of a pixel together; groups; an image smaller than a window
    (5, 5, 2, 8, 3, 2, 1, 1, 2, 1, 5, 5, 9, 1, 1, 5, 0, 2, 2),
    (6, 5, 4, 8, 2, 2, 1, 1, 0, 0, 2, 3, 9, 2, 2, 4, 1, 3, 2),
    (4, 5, 4, 8, 3, 2, 1, 2, 1, 0, 4, 2, 200, 3, 2, 3, 0, 1, 1),
    (3, 2, 2, 8, 3, 3, 1, 1, 5, 4, 3, 2, 77, 1, 2, 3, 0, 5, 4),
    # no window has a column of the image, or one has none
    (4, 2, 1, 8, 1, 2, 1, 1, 0, 2, 4, 2, 7, 2, 1, 1, 0, 1, 4),
    (5, 3, 1, 8, 2, 2, 1, 1, 1, 2, 4, 3, 7, 1, 1, 3, 0, 2, 4),
    # cells side by side
    (5, 5, 2, 8, 3, 3, 1, 1, 0, 0, 3, 3, 1, 2, 1, 3, 0, 1, 1),
    (4, 4, 2, 8, 3, 3, 1, 1, 1, 1, 4, 4, 77, 1, 1, 4, 1, 1, 1),
    (4, 5, 3, 8, 3, 3, 1, 1, 1, 1, 4, 5, 200, 1, 3, 3, 0, 1, 1),
    (4, 4, 1, 9, 1, 1, 1, 1, 0, 0, 4, 4, 1, 3, 1, 1, 0, 1, 1),
    (6, 6, 2, 8, 2, 2, 2, 2, 0, 0, 3, 3, 1, 1, 2, 2, 0, 1, 1),
    (6, 5, 1, 8, 2, 2, 3, 3, 1, 1, 2, 2, 9, 2, 1, 20, 0, 1, 1),
    (5, 5, 2, 8, 5, 5, 1, 1, 2, 2, 5, 5, 3, 1, 1, 5, 0, 1, 1),
    (7, 4, 2, 8, 3, 2, 2, 2, 1, 0, 3, 2, 5, 2, 1, 4, 1, 1, 1),
    (1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1),
    (2, 2, 2, 8, 4, 4, 1, 1, 3, 3, 4, 4, 9, 1, 2, 30, 0, 1, 1),
    (5, 6, 2, 8, 3, 3, 1, 1, 0, 0, 2, 3, 9, 1, 1, 4, 0, 1, 1),
    (6, 1, 4, 8, 4, 1, 3, 1, 2, 0, 2, 1, 200, 2, 1, 4, 0, 1, 1),
    (1, 5, 3, 8, 1, 3, 1, 1, 0, 1, 1, 5, 200, 1, 3, 2, 0, 1, 1),
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
    Bug("the next pass goes on", "x", "x <= next_left;", "x <= x + 1'b1;"),
    Bug("groups one pixel on", "STEP_WINDOW", "- (SLICES - WORDS)"),
    Bug("every pass another group", "next_left", ": group_ends ? left", ": pass_ends ? left"),
    Bug("cells of a row side by side", "PIXEL_STEP", "DILATION_W * SLICES", "SLICES"),
    Bug("rows of a window side by side", "STEP_TAP", "DILATION_H", "1"),
    Bug("rows out of the next place", "TAP_PLACES", "DILATION_H % ROWS", "1 % ROWS"),
    Bug("rows between cells given back", "ROW_STEP", "? STRIDE_H : SPAN_H", "? STRIDE_H : KERNEL_H"),
    Bug("a band of padding outruns its rows", "row_is_missing", "DILATION_W > 1 &&", "1'b0 &&"),
    Bug("valid waits for ready", "step", "!valid || m_axis_tready", "m_axis_tready"),
    Bug("a pause behind each beat", "step", "!valid || m_axis_tready", "!valid"),
    survives_reset("run"),
    survives_reset("tap"),
    survives_reset("pass"),
    survives_reset("group"),
    survives_reset("g_slice.slice"),
    survives_reset("out"),
    survives_reset("held"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""

    def side(size: int) -> tuple[int, int, int, int, int]:
        kernel, stride, apart = (
            rng.choice([1, 2, 3, 3, 4]),
            rng.choice([1, 1, 2, 3]),
            rng.choice([1, 1, 2, 3]),
        )
        span = (kernel - 1) * apart + 1
        pad = rng.choice([0, (span - 1) // 2, rng.randint(0, span - 1)])
        # the last window has to meet the image
        most = (pad + size - 1) // stride + 1
        return kernel, stride, apart, pad, rng.choice([most, rng.randint(1, most)])

    height, width, slices = rng.randint(1, 6), rng.randint(1, 5), rng.choice([1, 2, 3, 4])
    kernel_h, stride_h, dilation_h, top, out_height = side(height)
    kernel_w, stride_w, dilation_w, left, out_width = side(width)
    bits, groups = rng.randint(1, 24), rng.choice([count for count in (1, 2, 3, 4) if slices % count == 0])
    fewest = min(height, (kernel_h - 1) * dilation_h + 1)
    return {
        "HEIGHT": height,
        "WIDTH": width,
        "SLICES": slices,
        "WORD_BITS": bits,
        "KERNEL_H": kernel_h,
        "KERNEL_W": kernel_w,
        "DILATION_H": dilation_h,
        "DILATION_W": dilation_w,
        "STRIDE_H": stride_h,
        "STRIDE_W": stride_w,
        "PAD_TOP": top,
        "PAD_LEFT": left,
        "OUT_HEIGHT": out_height,
        "OUT_WIDTH": out_width,
        "PAD_WORD": rng.getrandbits(bits),
        "PASSES": rng.randint(1, 3),
        "GROUPS": groups,
        "ROWS": fewest + rng.choice([0, 0, 1, 2, top + 1, 3 * height + 9]),
        "BLOCK": rng.randint(0, 1),
    }


test_krl_window_reader, test_a_seeded_bug_is_caught = module_tests(
    "krl_window_reader", EDGES, draw, BUGS, drawn=20, full=100
)
