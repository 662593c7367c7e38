# SPDX-License-Identifier: Apache-2.0
"""krl_pad: rims on some sides, none at all, pixels apart, images of one pixel or one row, several beats."""

from random import Random
from typing import Any

import pytest

from common.bugs import Bug, survives_reset
from common.runner import BuildError, module_tests, run, table

KEYS = "WIDTH ROWS COLUMNS BEATS ROWS_OUT COLUMNS_OUT TOP LEFT STEP_ROWS STEP_COLUMNS PAD_BEAT"
EDGES = table(
    KEYS,
    (8, 3, 4, 1, 6, 7, 1, 2, 1, 1, 0x85),
    (8, 2, 3, 1, 2, 3, 0, 0, 1, 1, 0),
    (5, 1, 1, 3, 3, 4, 2, 0, 1, 1, 7),
    (8, 3, 2, 2, 10, 5, 1, 1, 3, 2, 0x11),
    (4, 1, 5, 1, 1, 16, 0, 3, 1, 3, 9),
)

BUGS = [
    Bug("a row of padding too few", "row_is_real", "row >= FIRST_ROW[ROW_BITS-1:0]", "1'b1"),
    Bug("pixels below the image", "row_is_real", "row <= LAST_REAL_ROW[ROW_BITS-1:0]", "1'b1"),
    Bug("pixels beside the image", "column_is_real", "column <= LAST_REAL_COLUMN[COLUMN_BITS-1:0]", "1'b1"),
    Bug("no rows between", "row_is_real", "row_phase == 0 &&"),
    Bug("no columns between", "column_is_real", "column_phase == 0 &&"),
    Bug("zeros in place of padding", "m_axis_tdata", ": PAD_BEAT", ": {WIDTH{1'b0}}"),
    Bug("padding waits for a pixel", "offered", "|| (!is_real && !image_begins)"),
    Bug("padding is there before the image", "offered", "&& !image_begins"),
    Bug("padding takes pixels", "s_axis_tready", "&& is_real"),
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("a pause behind each beat", "advance", "m_axis_tready || !m_axis_tvalid", "!m_axis_tvalid"),
    Bug("counts without a beat", "beat", "advance && offered", "advance"),
    Bug("rows run on", "row", "image_ends ? 0 : row + 1'b1", "row + 1'b1"),
    Bug("the phase runs on from row to row", "column_phase", "row_ends ?", "1'b0 ?"),
    Bug("the phase runs on from image to image", "row_phase", "image_ends ?", "1'b0 ?"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("row"),
    survives_reset("column"),
    survives_reset("beat"),
    survives_reset("row_phase", "START_ROW_PHASE[ROW_PHASE_BITS-1:0]"),
    survives_reset("column_phase", "START_COLUMN_PHASE[COLUMN_PHASE_BITS-1:0]"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    width = rng.randint(1, 24)
    size, steps = ([rng.randint(1, most) for _ in range(2)] for most in (5, 3))
    first, behind = ([rng.randint(0, 3) for _ in range(2)] for _ in range(2))
    out = [first[i] + (size[i] - 1) * steps[i] + 1 + behind[i] for i in range(2)]
    values = (width, *size, rng.randint(1, 3), *out, *first, *steps, rng.getrandbits(width))
    return dict(zip(KEYS.split(), values, strict=True))


test_krl_pad, test_a_seeded_bug_is_caught = module_tests("krl_pad", EDGES, draw, BUGS, drawn=3, full=30)


def test_pixels_beside_the_padded_image_do_not_compile() -> None:
    """They are refused by every tool."""
    (beside,) = table(KEYS, (8, 3, 3, 1, 4, 4, 2, 0, 1, 1, 0))
    with pytest.raises(BuildError, match="illegal_parameters_of_krl_pad"):
        run("krl_pad", beside)
