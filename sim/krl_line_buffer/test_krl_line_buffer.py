# SPDX-License-Identifier: Apache-2.0
"""krl_line_buffer: bands with padding and without, strides above and below the height, few or many rows."""

from random import Random
from typing import Any

from common.bugs import Bug
from common.runner import module_tests, table

EDGES = table(
    "HEIGHT WIDTH WORD_BITS KERNEL_H STRIDE_H READS OUT_HEIGHT PAD_TOP PAD_WORDS PAD_WORD ROWS BLOCK",
    (6, 5, 8, 3, 5, 6, 2, 2, 1, 200, 5, 0),
    (6, 7, 8, 3, 1, 7, 4, 0, 0, 1, 4, 0),
    (5, 6, 8, 3, 1, 8, 5, 1, 1, 77, 5, 1),
    (6, 6, 8, 5, 1, 10, 6, 2, 2, 3, 8, 0),
    (6, 3, 16, 5, 1, 5, 6, 2, 1, 3, 5, 0),
    (4, 4, 9, 1, 1, 4, 4, 0, 0, 1, 1, 0),
    (6, 5, 4, 2, 2, 4, 3, 0, 0, 1, 2, 0),
    (9, 4, 8, 2, 3, 3, 3, 0, 0, 1, 30, 0),
    (5, 4, 8, 1, 2, 4, 3, 0, 0, 0, 2, 1),
    (1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0),
    (2, 2, 8, 4, 1, 6, 4, 3, 3, 9, 30, 0),
    (7, 5, 8, 4, 3, 7, 2, 2, 1, 200, 20, 0),
    (3, 1, 12, 2, 1, 2, 4, 1, 0, 5, 3, 1),
)

BUGS = [
    Bug(
        "a row that no band holds is kept",
        "row_is_used",
        "write_phase <= LAST_USED_PHASE",
        "write_phase <= LAST_PHASE",
    ),
    Bug("no padding above", "is_padding", "MAY_BE_ABOVE && y <= LAST_PAD_Y[Y_BITS-1:0]", "1'b0"),
    Bug("no padding below", "is_padding", "MAY_BE_BELOW && y > LAST_Y[Y_BITS-1:0]", "1'b0"),
    Bug("no padding at the sides", "is_padding", "HAS_PAD_WORDS && read_column >= WIDTH[X_BITS-1:0]", "1'b0"),
    Bug("padding with zeros", "g_padding.m_axis_tdata", "? PAD_WORD :", "? {WORD_BITS{1'b0}} :"),
    Bug("reads the word being written", "places_differ", "write_x != read_x", "1'b1"),
    Bug("a row is freed before it is complete", "word_is_there", "&& !(read_ends && all_are_given)"),
    Bug("a place too many", "g_ring.s_axis_tready", "held < PLACES", "held <= PLACES"),
    Bug("padding between frames not counted", "ROW_AND_GAP", "1 + GAP", "1"),
    Bug("the next frame starts in the wrong bank", "TURN_BANKS", "TURN % KERNEL_H", "STEP_BANKS"),
    Bug("bands in the padding free no row", "PART", "? PART_TOP + ROW_STEP - PAD_TOP :", "? 0 :"),
    Bug("valid waits for ready", "step", "!valid || m_axis_tready", "m_axis_tready"),
    Bug("a pause behind each beat", "step", "!valid || m_axis_tready", "!valid"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    kernel, stride = rng.choice([1, 2, 3, 3, 4, 5]), rng.choice([1, 1, 2, 3, 4])
    height, width, bits = rng.randint(1, 9), rng.randint(1, 6), rng.randint(1, 40)
    pad_top, pad_words = (
        rng.choice([0, (kernel - 1) // 2, rng.randint(0, kernel - 1)]),
        rng.choice([0, 0, 1, 2]),
    )
    # the last band has to hold a row of the image
    most = (pad_top + height - 1) // stride + 1
    return {
        "HEIGHT": height,
        "WIDTH": width,
        "WORD_BITS": bits,
        "KERNEL_H": kernel,
        "STRIDE_H": stride,
        "READS": pad_words + rng.randint(1, width + 2),
        "OUT_HEIGHT": rng.choice([most, rng.randint(1, most)]),
        "PAD_TOP": pad_top,
        "PAD_WORDS": pad_words,
        "PAD_WORD": rng.getrandbits(min(bits, 30)),
        "ROWS": kernel + rng.choice([0, 1, 1, pad_top + 1, 3 * height + 9]),
        "BLOCK": rng.randint(0, 1),
    }


test_krl_line_buffer, test_a_seeded_bug_is_caught = module_tests(
    "krl_line_buffer", EDGES, draw, BUGS, drawn=10, full=60
)
