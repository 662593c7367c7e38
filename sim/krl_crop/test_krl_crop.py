# SPDX-License-Identifier: Apache-2.0
"""krl_crop: all of it, a rim, one pixel, some beats of every pixel, sizes around powers of two."""

from random import Random
from typing import Any

import pytest

from common.bugs import Bug, survives_reset
from common.runner import BuildError, module_tests, run, table

KEYS = "WIDTH ROWS COLUMNS BEATS FIRST_ROW LAST_ROW FIRST_COLUMN LAST_COLUMN FIRST_BEAT LAST_BEAT"
EDGES = table(
    KEYS,
    (8, 5, 6, 1, 1, 3, 2, 4, 0, 0),
    (3, 4, 4, 2, 0, 3, 0, 3, 0, 1),
    (8, 1, 1, 7, 0, 0, 0, 0, 3, 4),
    (1, 3, 8, 3, 2, 2, 7, 7, 2, 2),
    (16, 1, 9, 1, 0, 0, 3, 8, 0, 0),
)

BUGS = [
    Bug("a row too many", "row_is_kept", "row <= BOTTOM[ROW_BITS-1:0]", "1'b1"),
    Bug("a row too early", "row_is_kept", "row >= TOP[ROW_BITS-1:0]", "1'b1"),
    Bug("a column too few", "column_is_kept", "column >= LEFT", "column > LEFT"),
    Bug("columns to the end", "column_is_kept", "column <= RIGHT[COLUMN_BITS-1:0]", "1'b1"),
    Bug("all beats of a pixel", "keep", "&& beat_is_kept"),
    Bug("a beat is lost", "m_axis_tvalid", "|| !advance"),
    Bug("what is not kept goes on", "m_axis_tvalid", "accept && keep", "accept"),
    Bug("never stands still", "s_axis_tready", "advance || !keep", "1'b1"),
    Bug("stands still without need", "s_axis_tready", "|| !keep"),
    Bug("a pause behind each beat", "advance", "m_axis_tready || !m_axis_tvalid", "!m_axis_tvalid"),
    Bug("rows run on", "row", "(row == ROWS_END[ROW_BITS-1:0]) ? 0 : row + 1'b1", "row + 1'b1"),
    Bug("columns run on", "column", "row_ends ? 0 : column + 1'b1", "column + 1'b1"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("row"),
    survives_reset("column"),
    survives_reset("beat"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    drawn: dict[str, Any] = {"WIDTH": rng.randint(1, 40)}
    for count, name in (("ROWS", "ROW"), ("COLUMNS", "COLUMN"), ("BEATS", "BEAT")):
        drawn[count] = rng.randint(1, 8)
        ends = sorted(rng.randrange(drawn[count]) for _ in range(2))
        drawn[f"FIRST_{name}"], drawn[f"LAST_{name}"] = ends
    return drawn


test_krl_crop, test_a_seeded_bug_is_caught = module_tests("krl_crop", EDGES, draw, BUGS, drawn=3, full=30)


def test_a_part_beside_the_image_does_not_compile() -> None:
    """It is refused by every tool."""
    (beside,) = table(KEYS, (8, 4, 4, 1, 0, 4, 0, 3, 0, 0))
    with pytest.raises(BuildError, match="illegal_parameters_of_krl_crop"):
        run("krl_crop", beside)
