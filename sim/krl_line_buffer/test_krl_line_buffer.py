# SPDX-License-Identifier: Apache-2.0
"""krl_line_buffer: bands with and without padding, strides over and under the band, few and many places."""

from random import Random
from typing import Any

import pytest

from common.runner import assert_caught, parameter_sets, run

KEYS = (
    *("HEIGHT", "WIDTH", "WORD_BITS", "KERNEL_H", "STRIDE_H", "READS", "OUT_HEIGHT"),
    *("PAD_TOP", "PAD_WORDS", "PAD_WORD", "ROWS", "BLOCK"),
)
SHAPES = [
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
]
EDGES: list[dict[str, Any]] = [dict(zip(KEYS, shape, strict=True)) for shape in SHAPES]

MUTATIONS = [
    ("STRIDE_H <= KERNEL_H || write_phase <= LAST_USED", "write_phase <= LAST"),
    ("(MAY_BE_ABOVE && y <= LAST_PAD_Y[Y_BITS-1:0])", "1'b0"),
    ("(MAY_BE_BELOW && y > LAST_Y[Y_BITS-1:0])", "1'b0"),
    ("(HAS_PAD_WORDS && read_column >= WIDTH[X_BITS-1:0])", "1'b0"),
    ("? PAD_WORD : word", "? {WORD_BITS{1'b0}} : word"),
    ("wire places_differ = write_x != read_x;", "wire places_differ = 1'b1;"),
    (" && !(read_ends && all_are_given)", ""),
    ("held < PLACES[HELD_BITS-1:0] ||", "held <= PLACES[HELD_BITS-1:0] ||"),
    ("ROW_AND_GAP = 1 + GAP;", "ROW_AND_GAP = 1;"),
    ("TURN_BANKS = TURN % KERNEL_H;", "TURN_BANKS = STEP_BANKS;"),
    ("PAD_TOP) ? PART_TOP + ROW_STEP - PAD_TOP : 0;", "PAD_TOP) ? 0 : 0;"),
    ("(!valid || m_axis_tready)", "m_axis_tready"),
    ("(!valid || m_axis_tready)", "!valid"),
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


@pytest.mark.parametrize("parameters", parameter_sets("krl_line_buffer", EDGES, draw, 10, 60))
def test_krl_line_buffer(parameters: dict[str, Any]) -> None:
    """Run the bench."""
    run("krl_line_buffer", parameters)


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m[1][:30])
def test_mutation_is_caught(mutation: tuple[str, str]) -> None:
    """The bench fails on a module with a bug."""
    assert_caught("krl_line_buffer", EDGES, mutation)
