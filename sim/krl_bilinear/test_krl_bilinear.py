# SPDX-License-Identifier: Apache-2.0
"""krl_bilinear: both ways of rounding, weights of few and of many bits, one lane and more."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "LANES BITS ROW_BITS COLUMN_BITS AWAY",
    (1, 8, 11, 11, 0),
    (2, 8, 10, 10, 1),
    (3, 8, 2, 2, 0),
    (1, 8, 1, 11, 1),
    (2, 5, 3, 1, 1),
    (1, 16, 11, 2, 0),
)

BUGS = [
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("valid waits for ready", "advance", "|| !m_axis_tvalid"),
    Bug("ready while the pipeline is not", "s_axis_tready", "advance", "1'b1"),
    Bug("the column's weight a cycle early", "g_lane.between", ".weight(column_3)", ".weight(column_2)"),
    Bug("rounds down", "half", "!less", "1'b0"),
    Bug("halves never away from zero", "less", "(AWAY != 0) && total[TOTAL_BITS-1]", "1'b0"),
    Bug("halves always away from zero", "less", "(AWAY != 0) &&"),
    Bug("below and beside exchanged", "g_lane.left", "s_axis_tdata[2*WIDTH+", "s_axis_tdata[WIDTH+"),
    Bug("all lanes the first", "g_lane.right", "s_axis_tdata[3*WIDTH+i*BITS +:", "s_axis_tdata[3*WIDTH +:"),
    survives_reset("valid_pipe"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    return {
        "LANES": rng.randint(1, 4),
        "BITS": rng.randint(2, 16),
        "ROW_BITS": rng.randint(1, 11),
        "COLUMN_BITS": rng.randint(1, 11),
        "AWAY": rng.randint(0, 1),
    }


test_krl_bilinear, test_a_seeded_bug_is_caught = module_tests(
    "krl_bilinear", EDGES, draw, BUGS, drawn=3, full=20
)
