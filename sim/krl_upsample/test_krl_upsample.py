# SPDX-License-Identifier: Apache-2.0
"""krl_upsample: rows of one pixel and of many, pixels of several beats, one axis alone, both memories."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "WIDTH COLUMNS BEATS REPEAT_ROWS REPEAT_COLUMNS BLOCK",
    (8, 4, 1, 2, 2, 0),
    (3, 1, 3, 2, 1, 0),
    (8, 5, 2, 3, 2, 1),
    (8, 1, 1, 3, 1, 0),
    (8, 2, 3, 2, 1, 0),
    (5, 3, 1, 1, 2, 0),
)

BUGS = [
    Bug("reads what is not there", "word_is_there", "write_beat > read_beat", "write_beat >= read_beat"),
    Bug("waits for whole pixels", "word_is_there", "held != 0 || write_column > read_column", "held != 0"),
    Bug("one place for two rows", "s_axis_tready", "pass_is_last &&"),
    Bug(
        "overwrites what is read",
        "s_axis_tready",
        "write_column < read_column",
        "write_column <= read_column",
    ),
    Bug("waits for the end of a row", "s_axis_tready", "|| (pass_is_last && write_column < read_column)"),
    Bug("rows once too often", "LAST_ROW_REPEAT", "REPEAT_ROWS - 1", "REPEAT_ROWS"),
    Bug("pixels once too often", "LAST_COLUMN_REPEAT", "REPEAT_COLUMNS - 1", "REPEAT_COLUMNS"),
    Bug("no way back to the row", "read_address", "(pass_ends && !pass_is_last) ? row_address :", ""),
    Bug(
        "no way back to the pixel",
        "read_address",
        "(read_pixel_ends && !pixel_is_done) ? pixel_address :",
        "",
    ),
    Bug("rows that are given stay", "held", "row_is_given && !row_is_gained", "1'b0"),
    Bug("never stands still", "step", "&& (!m_axis_tvalid || m_axis_tready)"),
    Bug("a beat is lost", "m_axis_tvalid", "|| (m_axis_tvalid && !m_axis_tready)"),
    survives_reset("m_axis_tvalid", "1'b0"),
    survives_reset("held"),
    survives_reset("write_column"),
    survives_reset("read_beat"),
    survives_reset("row_repeat"),
    survives_reset("column_repeat"),
    survives_reset("read_address"),
    survives_reset("row_address"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "WIDTH": rng.randint(1, 20),
        "COLUMNS": rng.randint(1, 6),
        "BEATS": rng.randint(1, 4),
        "REPEAT_ROWS": rng.randint(1, 4),
        "REPEAT_COLUMNS": rng.randint(1, 4),
        "BLOCK": rng.randint(0, 1),
    }


test_krl_upsample, test_a_seeded_bug_is_caught = module_tests(
    "krl_upsample", EDGES, draw, BUGS, drawn=4, full=30
)
