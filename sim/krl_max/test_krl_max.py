# SPDX-License-Identifier: Apache-2.0
"""krl_max: one cell, one channel, narrow and wide elements, clamps of a single value."""

from random import Random
from typing import Any

from common.bugs import Bug, survives_reset
from common.runner import module_tests, table

EDGES = table(
    "CELLS CHANNELS BITS CLAMP_MIN CLAMP_MAX",
    (1, 1, 2, -2, 1),
    (4, 2, 8, -128, 127),
    (9, 3, 8, -100, -3),
    (2, 1, 16, 0, 30000),
    (3, 2, 5, -1, -1),
)

BUGS = [
    Bug(
        "compares without signs",
        "difference",
        "{first[BITS-1], first} - {second[BITS-1], second}",
        "{1'b0, first} - {1'b0, second}",
    ),
    Bug("the largest has no sign", "node", "wire signed", "wire"),
    Bug("mixes channels and cells", "g_cell.node", "(i*CHANNELS+c)*BITS", "(c*CELLS+i)*BITS"),
    Bug("finds the smallest", "larger", "? second : first", "? first : second"),
    Bug("no lower clamp", "too_low", "CLAMP_MIN > LOWEST && node[0] < $signed(CLAMP_MIN[BITS-1:0])", "1'b0"),
    Bug("an upper clamp without its sign", "too_high", "$signed(CLAMP_MAX[BITS-1:0])", "CLAMP_MAX[BITS-1:0]"),
    Bug(
        "no upper clamp", "too_high", "CLAMP_MAX < HIGHEST && node[0] > $signed(CLAMP_MAX[BITS-1:0])", "1'b0"
    ),
    Bug("a missing cell counts", "g_no_cell.node", "CLAMP_MIN", "CLAMP_MAX"),
    Bug("never stands still", "advance", "m_axis_tready || !m_axis_tvalid", "1'b1"),
    Bug("data moves while valid waits", "larger", "if (advance)"),
    survives_reset("valid_pipe"),
    Bug("a level too many", "LEVELS", "(CELLS > 2) ? $clog2(CELLS) : 1", "$clog2(CELLS) + 1"),
]


def draw(rng: Random) -> dict[str, Any]:
    """Draw a legal parameter set."""
    bits = rng.randint(2, 16)
    ends = sorted(rng.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for _ in range(2))
    return {
        "CELLS": rng.randint(1, 9),
        "CHANNELS": rng.randint(1, 5),
        "BITS": bits,
        "CLAMP_MIN": ends[0],
        "CLAMP_MAX": ends[1],
    }


test_krl_max, test_a_seeded_bug_is_caught = module_tests("krl_max", EDGES, draw, BUGS, drawn=4, full=30)
