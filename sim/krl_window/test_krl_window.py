# SPDX-License-Identifier: Apache-2.0
"""krl_window: padding, pools, strides over and under the kernel, unused rows, few and many places."""

from random import Random
from typing import Any

import pytest

from common.runner import Mutation, assert_caught, parameter_sets, run

KEYS = (
    *("HEIGHT", "WIDTH", "PIXEL_BITS", "PIXELS"),
    *("KERNEL_H", "KERNEL_W", "STRIDE_H", "STRIDE_W", "PAD_TOP", "PAD_LEFT", "OUT_HEIGHT", "OUT_WIDTH"),
    *("ROWS", "BLOCK", "PAD_PIXEL"),
)
SHAPES = [
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
]
EDGES: list[dict[str, Any]] = [
    {**dict(zip(KEYS, shape, strict=True)), "WAITING": 1 + number % 3} for number, shape in enumerate(SHAPES)
]

MUTATIONS = [
    ("STRIDE_H <= KERNEL_H || write_phase <= LAST_USED", "write_phase <= LAST", "krl_line_buffer"),
    ("(MAY_BE_ABOVE && y <= LAST_PAD_Y[Y_BITS-1:0])", "1'b0", "krl_line_buffer"),
    ("(MAY_BE_BELOW && y > LAST_Y[Y_BITS-1:0])", "1'b0", "krl_line_buffer"),
    ("(HAS_PAD_WORDS && read_column >= WIDTH[X_BITS-1:0])", "1'b0", "krl_line_buffer"),
    ("? PAD_WORD : word", "? {WORD_BITS{1'b0}} : word", "krl_line_buffer"),
    ("wire places_differ = write_x != read_x;", "wire places_differ = 1'b1;", "krl_line_buffer"),
    (" && !(read_ends && all_are_given)", "", "krl_line_buffer"),
    ("held < PLACES[HELD_BITS-1:0] ||", "held <= PLACES[HELD_BITS-1:0] ||", "krl_line_buffer"),
    ("ROW_AND_GAP = 1 + GAP;", "ROW_AND_GAP = 1;", "krl_line_buffer"),
    ("TURN_BANKS = TURN % KERNEL_H;", "TURN_BANKS = STEP_BANKS;", "krl_line_buffer"),
    ("PAD_TOP) ? PART_TOP + ROW_STEP - PAD_TOP : 0;", "PAD_TOP) ? 0 : 0;", "krl_line_buffer"),
    ("(!valid || m_axis_tready)", "m_axis_tready", "krl_line_buffer"),
    ("(!valid || m_axis_tready)", "!valid", "krl_line_buffer"),
    ("FIRST = KERNEL_W - PAD_LEFT;", "FIRST = KERNEL_W;"),
    ("WAIT_NEXT = STRIDE_W - 1", "WAIT_NEXT = 0"),
    ("SHARED = (TAIL < MOST_SHARED) ? TAIL : MOST_SHARED;", "SHARED = TAIL;"),
    ("TAIL > 0 && take_column && tail != 0)", "TAIL < 0)"),
    ("take_column || RIGHT >= SHARED || ", "1'b1 || "),
    ("!completes || window_is_free", "window_is_free"),
    ("!completes || window_is_free", "1'b1"),
    ("(may_shift && tail != 0)", "tail != 0"),
    ("number <= BEFORE[OUT_BITS:0] || ", ""),
    ("UP_TO < OUT_WIDTH && ", "UP_TO < 0 && "),
    ("m_axis_tready || !(&valid[WAITING-1:k])", "m_axis_tready || !valid[WAITING-1]"),
    ("          columns_to_wait <= WAIT_FIRST[WAIT_BITS-1:0];\n          row", "          row"),
    ("          if (rst) valid[k] <= 1'b0;\n", "          if (rst && valid[k] === 1'bx) valid[k] <= 1'b0;\n"),
    (
        "word_is_first ? FIRST_COUNT[LEVEL_BITS-1:0]\n                                   : word_is_last",
        "word_is_last",
    ),
    (": word_is_last ? LAST_COUNT[LEVEL_BITS-1:0]\n", ""),
    ("level <= MOST_BEFORE_WORD[LEVEL_BITS-1:0]", "level == 0"),
    (
        "out_is_last ? ROW_COLUMNS[LEVEL_BITS-1:0] : NEED_INSIDE[LEVEL_BITS-1:0])",
        "NEED_INSIDE[LEVEL_BITS-1:0])",
    ),
    ("localparam QUEUE = 2 * ((", "localparam QUEUE = (("),
    ("MOST_BEFORE_WORD = QUEUE - PIXELS;", "MOST_BEFORE_WORD = QUEUE - PIXELS + 1;"),
    (
        "          level <= 0;\n          word <= 0;",
        "          if (level === {LEVEL_BITS{1'bx}}) level <= 0;\n          word <= 0;",
    ),
    ("          out <= 0;\n        end", "          if (out === {OUT_BITS{1'bx}}) out <= 0;\n        end"),
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


@pytest.mark.parametrize("parameters", parameter_sets("krl_window", EDGES, draw, 30, 200))
def test_krl_window(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_window", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: Mutation) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_window", EDGES, mutation)
