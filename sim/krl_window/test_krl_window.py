# SPDX-License-Identifier: Apache-2.0
"""krl_window: padding, pools, strides above and below the kernel, unused rows, few and many places."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table
from krl_line_buffer.test_krl_line_buffer import BUGS as LINE_BUFFER_BUGS

SHAPES = table(
    "HEIGHT WIDTH PIXEL_BITS PIXELS KERNEL_H KERNEL_W STRIDE_H STRIDE_W PAD_TOP PAD_LEFT OUT_HEIGHT OUT_WIDTH"
    " ROWS BLOCK PAD_PIXEL",
    (5, 4, 8, 1, 1, 1, 2, 2, 0, 0, 3, 2, 2, 0, 1),
    (6, 9, 8, 1, 2, 3, 2, 3, 0, 0, 3, 3, 24, 0, 1),
    (6, 7, 8, 1, 3, 3, 1, 1, 0, 0, 4, 5, 4, 0, 1),
    (6, 7, 8, 1, 3, 3, 1, 1, 0, 0, 4, 5, 30, 1, 1),
    (5, 6, 4, 1, 3, 3, 1, 1, 1, 1, 5, 6, 5, 0, 1),
    (6, 6, 8, 1, 5, 5, 1, 1, 2, 2, 6, 6, 8, 0, 1),
    (6, 6, 8, 1, 5, 5, 1, 1, 2, 2, 6, 6, 7, 0, 1),
    (4, 4, 9, 1, 1, 1, 1, 1, 0, 0, 4, 4, 2, 0, 1),
    (4, 4, 9, 1, 1, 1, 1, 1, 0, 0, 4, 4, 1, 0, 1),
    (6, 6, 16, 1, 2, 2, 2, 2, 0, 0, 3, 3, 3, 0, 1),
    (7, 7, 8, 1, 2, 2, 2, 2, 0, 0, 3, 3, 2, 0, 1),
    (9, 8, 8, 1, 2, 2, 3, 4, 0, 0, 3, 2, 4, 0, 1),
    (7, 6, 8, 1, 3, 2, 2, 3, 1, 0, 4, 2, 4, 0, 1),
    (1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1),
    (1, 5, 8, 1, 1, 3, 1, 1, 0, 1, 1, 5, 2, 0, 1),
    (5, 1, 8, 1, 3, 1, 1, 1, 1, 0, 5, 1, 5, 0, 1),
    (3, 3, 40, 1, 3, 3, 1, 1, 0, 0, 1, 1, 3, 0, 1),
    (8, 8, 8, 1, 3, 3, 2, 2, 0, 0, 3, 3, 40, 0, 1),
    (2, 2, 8, 1, 4, 4, 1, 1, 3, 3, 4, 4, 9, 0, 1),
    (6, 5, 8, 1, 3, 3, 5, 3, 2, 1, 2, 2, 5, 0, 200),
    (4, 5, 8, 1, 4, 4, 1, 1, 1, 1, 4, 5, 16, 0, 1),
    (6, 8, 8, 2, 3, 3, 1, 1, 0, 0, 4, 6, 24, 0, 1),
    (6, 8, 8, 4, 3, 3, 1, 1, 1, 1, 6, 8, 24, 1, 77),
    (5, 6, 4, 3, 5, 5, 1, 1, 2, 2, 5, 6, 6, 0, 9),
    (6, 8, 8, 4, 2, 2, 2, 2, 0, 0, 3, 4, 30, 0, 1),
    (4, 4, 8, 4, 1, 1, 1, 1, 0, 0, 4, 4, 2, 0, 1),
    (6, 12, 8, 3, 2, 2, 3, 4, 0, 0, 2, 3, 24, 0, 1),
    (5, 8, 6, 2, 3, 2, 2, 3, 1, 1, 3, 3, 4, 0, 1),
    (4, 2, 8, 2, 3, 3, 1, 1, 1, 1, 4, 2, 5, 0, 1),
    (7, 10, 8, 5, 3, 4, 1, 1, 0, 3, 5, 10, 4, 0, 3),
    (3, 10, 8, 1, 1, 5, 1, 1, 0, 2, 3, 10, 1, 0, 9),
    (3, 1, 8, 1, 4, 4, 1, 1, 2, 2, 5, 1, 4, 0, 17),
    (4, 3, 8, 1, 2, 6, 1, 1, 1, 2, 4, 3, 2, 1, 17),
    (8, 6, 8, 1, 3, 3, 2, 2, 0, 0, 4, 3, 3, 0, 17),
    # windows side by side as one: six of three columns, a whole row with its padding, two of a pool
    (5, 14, 8, 7, 3, 8, 1, 6, 0, 0, 3, 2, 9, 0, 1),
    (5, 8, 8, 8, 3, 10, 1, 8, 1, 1, 5, 1, 6, 0, 3),
    (4, 8, 8, 4, 2, 4, 2, 4, 0, 0, 2, 2, 8, 0, 1),
    # a queue shorter than the power of two that columns are turned in
    (4, 10, 8, 5, 1, 1, 1, 1, 0, 0, 4, 10, 2, 0, 1),
)
EDGES = [{**shape, "WAITING": 1 + number % 3} for number, shape in enumerate(SHAPES)]

BUGS = [
    *(bug.of("krl_line_buffer") for bug in LINE_BUFFER_BUGS),
    Bug("the left padding is waited for", "FIRST", "KERNEL_W - PAD_LEFT", "KERNEL_W"),
    Bug("windows not stepped over", "WAIT_NEXT", "STRIDE_W - 1", "0"),
    Bug("too many columns share padding", "SHARED", "(TAIL < MOST_SHARED) ? TAIL : MOST_SHARED", "TAIL"),
    Bug("columns in padding not counted", "row_waits", "TAIL > 0 && take_column && tail != 0", "TAIL < 0"),
    Bug("padding moves the next row's columns", "moves", "take_column || RIGHT >= SHARED ||", "1'b1 ||"),
    Bug("columns wait for a free window", "may_shift", "!completes || window_is_free", "window_is_free"),
    Bug("a finished window is overwritten", "may_shift", "!completes || window_is_free", "1'b1"),
    Bug("padding overwrites a finished window", "shift", "(may_shift && tail != 0)", "tail != 0"),
    Bug("no padding on the left", "g_column.is_padding", "number <= BEFORE[OUT_BITS:0] ||"),
    Bug("no padding on the right", "g_column.is_padding", "UP_TO < OUT_WIDTH", "UP_TO < 0"),
    Bug("one window only may wait", "is_free", "!(&valid[WAITING-1:k])", "!valid[WAITING-1]"),
    survives_reset("columns_to_wait", "WAIT_FIRST[WAIT_BITS-1:0]"),
    Bug("a finished window survives reset", "valid", "if (rst)", "if (rst && valid[k] === 1'bx)"),
    Bug(
        "the first word counts as a whole one",
        "g_queue.gained",
        "word_is_first ? FIRST_COUNT[LEVEL_BITS-1:0] :",
    ),
    Bug(
        "the last word counts as a whole one", "g_queue.gained", ": word_is_last ? LAST_COUNT[LEVEL_BITS-1:0]"
    ),
    Bug("one word at a time", "band_tready", "level <= MOST_BEFORE_WORD[LEVEL_BITS-1:0]", "level == 0"),
    Bug(
        "the last window waits for the next row",
        "g_queue.m_axis_tvalid",
        "out_is_last ? ROW_COLUMNS[LEVEL_BITS-1:0] : NEED_INSIDE",
        "NEED_INSIDE",
    ),
    Bug("a queue too short", "QUEUE", "2 * ((", "(("),
    Bug("accepts a word when full", "MOST_BEFORE_WORD", "QUEUE - PIXELS", "QUEUE - PIXELS + 1"),
    survives_reset("g_queue.level"),
    survives_reset("g_queue.out"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""

    def side(size: int) -> dict[str, int]:
        kernel, stride = rng.choice([1, 2, 3, 3, 4, 5]), rng.choice([1, 1, 2, 3, 4])
        pad = rng.choice([0, (kernel - 1) // 2, rng.randint(0, kernel - 1)])
        # the last window has to hold a real pixel, and no more than that
        most = (pad + size - 1) // stride + 1
        return {
            "kernel": kernel,
            "stride": stride,
            "pad": pad,
            "out": rng.choice([most, rng.randint(1, most)]),
        }

    pixels = rng.choice([1, 1, 2, 3, 4])
    height, width = rng.randint(1, 9), pixels * rng.randint(1, 9 // pixels)
    v, h = side(height), side(width)
    bits = rng.randint(1, 24)
    return {
        "HEIGHT": height,
        "WIDTH": width,
        "PIXEL_BITS": bits,
        "PIXELS": pixels,
        "KERNEL_H": v["kernel"],
        "KERNEL_W": h["kernel"],
        "STRIDE_H": v["stride"],
        "STRIDE_W": h["stride"],
        "PAD_TOP": v["pad"],
        "PAD_LEFT": h["pad"],
        "OUT_HEIGHT": v["out"],
        "OUT_WIDTH": h["out"],
        "PAD_PIXEL": rng.getrandbits(bits),
        "ROWS": v["kernel"] + rng.choice([0, 1, 1, 2, v["pad"] + 1, 3 * height + 9]),
        "BLOCK": rng.randint(0, 1),
        "WAITING": rng.choice([1, 1, 2, 3]),
    }


test_krl_window, test_a_seeded_bug_is_caught = module_tests(
    "krl_window", EDGES, draw, BUGS, drawn=30, full=200
)
